"""Reads a folder of list files into the one snapshot that decisions go by, or refuses it as a whole."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from gateway.domain.category import ListBook
from gateway.domain.policy import day_start
from gateway.goods.meaning import class_map, nominals, program, prohibited_list
from gateway.goods.rows import ClassesFile, NominalsFile, ProgramFile, ProhibitedFile, Row

SHIPPED: Final = Path(__file__).parent / "lists"
"""The example lists that come with the gateway."""

_File = TypeVar("_File", bound=Row)


class ListFileError(ValueError):
    """A list file cannot be used; `path` is the file, `problems` name the keys."""

    def __init__(self, path: Path, *problems: str) -> None:
        super().__init__(f"{path}: {'; '.join(problems)}")
        self.path = path
        self.problems = problems


@dataclass(frozen=True)
class ListFiles:
    """The rows of every list file of a folder, with its prohibited lists by their first day."""

    prohibited: tuple[ProhibitedFile, ...]
    classes: ClassesFile
    programs: tuple[ProgramFile, ...]
    nominals: NominalsFile


def load_list_book(folder: Path | None = None) -> ListBook:
    """Every version of every list below `folder`, by default the shipped examples.

    Raises ListFileError for the first file that is wrong; a folder is used whole or not at all.
    """
    files = read_list_files(folder)
    return ListBook(
        prohibited=tuple(
            prohibited_list(
                row, version=row.version, effective_from=day_start(row.effective_from), act=row.act
            )
            for row in files.prohibited
        ),
        class_map=class_map(files.classes, version=files.classes.version),
        programs={(row.code, row.version): program(row) for row in files.programs},
        nominals=tuple(nominals(files.nominals.nominal)),
    )


def read_list_files(folder: Path | None = None) -> ListFiles:
    """The same as rows; raises what `load_list_book` raises."""
    root = SHIPPED if folder is None else folder
    _check_names(root)
    return ListFiles(
        prohibited=_prohibited(root / "prohibited"),
        classes=read_list_file(root / "classes.toml", ClassesFile),
        programs=read_programs(root / "programs"),
        nominals=read_list_file(root / "nominals.toml", NominalsFile),
    )


def _check_names(root: Path) -> None:
    """A misspelt file name must not quietly leave a list out."""
    known = {"README.md", "categories", "classes.toml", "lexicon", "nominals.toml", "prohibited", "programs"}
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        if path.name not in known:
            raise ListFileError(path, "is no list file; README.md says what goes where")
    for folder in ("categories", "lexicon", "prohibited", "programs"):
        for path in sorted(root.glob(f"{folder}/*")):
            if path.suffix != ".toml" and path.name != "README.md":
                raise ListFileError(path, "is no list file; README.md says what goes where")


def read_list_file(path: Path, model: type[_File]) -> _File:
    """One list file as its model. Raises ListFileError that names every wrong key."""
    try:
        return model.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise ListFileError(
            path, *(_problem(entry["loc"], entry["msg"]) for entry in error.errors())
        ) from None
    except RecursionError:
        raise ListFileError(path, "is nested too deeply") from None
    except (OSError, ValueError) as error:  # no text, no TOML, or a number too long for Python
        raise ListFileError(path, str(error)) from None


def _problem(location: tuple[int | str, ...], message: str) -> str:
    key = ".".join(str(part) for part in location if part != "[key]")
    return f"{key}: {message.removeprefix('Value error, ')}" if key else message.removeprefix("Value error, ")


def _prohibited(folder: Path) -> tuple[ProhibitedFile, ...]:
    by_day: dict[date, ProhibitedFile] = {}
    for path in sorted(folder.glob("*.toml")):
        row = read_list_file(path, ProhibitedFile)
        if row.version != path.stem:
            raise ListFileError(path, f"version: {row.version!r} is not the file's name")
        if row.effective_from in by_day:
            other = by_day[row.effective_from].version
            raise ListFileError(path, f"effective_from: {row.effective_from} is that of version {other}, too")
        by_day[row.effective_from] = row
    if not by_day:
        raise ListFileError(folder, "holds no prohibited list")
    return tuple(by_day[day] for day in sorted(by_day))


def read_programs(folder: Path) -> tuple[ProgramFile, ...]:
    """Every version of every program of a folder, by the names of the files. Raises ListFileError."""
    programs = []
    for path in sorted(folder.glob("*.toml")):
        row = read_list_file(path, ProgramFile)
        if path.stem != f"{row.code}-{row.version}":
            raise ListFileError(path, f"code, version: {row.code}-{row.version} is not the file's name")
        programs.append(row)
    if not programs:
        raise ListFileError(folder, "holds no program")
    return tuple(programs)
