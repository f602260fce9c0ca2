"""Reads a folder of list files into the one snapshot that decisions go by, or refuses it as a whole."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from gateway.domain.category import (
    ClassMap,
    ListBook,
    PrefixRule,
    PriceCeiling,
    Program,
    ProhibitedList,
    PublishedNominal,
)
from gateway.domain.policy import day_start
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


def load_list_book(folder: Path | None = None) -> ListBook:
    """Every version of every list below `folder`, by default the shipped examples.

    Raises ListFileError for the first file that is wrong; a folder is used whole or not at all.
    """
    root = SHIPPED if folder is None else folder
    _check_names(root)
    return ListBook(
        prohibited=_prohibited(root / "prohibited"),
        class_map=_class_map(root / "classes.toml"),
        programs=_programs(root / "programs"),
        nominals=tuple(_nominals(root / "nominals.toml")),
    )


def _check_names(root: Path) -> None:
    """A misspelt file name must not quietly leave a list out."""
    known = {"README.md", "categories", "classes.toml", "nominals.toml", "prohibited", "programs"}
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        if path.name not in known:
            raise ListFileError(path, "is no list file; README.md says what goes where")
    for folder in ("categories", "prohibited", "programs"):
        for path in sorted(root.glob(f"{folder}/*")):
            if path.suffix != ".toml":
                raise ListFileError(path, "is no list file; README.md says what goes where")


def read_list_file(path: Path, model: type[_File]) -> _File:
    """One list file as its model. Raises ListFileError that names every wrong key."""
    try:
        return model.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ListFileError(path, str(error)) from None
    except ValidationError as error:
        raise ListFileError(
            path, *(_problem(entry["loc"], entry["msg"]) for entry in error.errors())
        ) from None


def _problem(location: tuple[int | str, ...], message: str) -> str:
    key = ".".join(str(part) for part in location if part != "[key]")
    return f"{key}: {message.removeprefix('Value error, ')}" if key else message.removeprefix("Value error, ")


def _prohibited(folder: Path) -> tuple[ProhibitedList, ...]:
    by_day: dict[date, ProhibitedList] = {}
    for path in sorted(folder.glob("*.toml")):
        row = read_list_file(path, ProhibitedFile)
        if row.version != path.stem:
            raise ListFileError(path, f"version: {row.version!r} is not the file's name")
        if row.effective_from in by_day:
            other = by_day[row.effective_from].version
            raise ListFileError(path, f"effective_from: {row.effective_from} is that of version {other}, too")
        rules = tuple(PrefixRule(r.id, r.okpd2, r.decision == "deny", r.title) for r in row.rule)
        by_day[row.effective_from] = ProhibitedList(
            row.version, day_start(row.effective_from), row.act, rules
        )
    if not by_day:
        raise ListFileError(folder, "holds no prohibited list")
    return tuple(by_day[day] for day in sorted(by_day))


def _class_map(path: Path) -> ClassMap:
    row = read_list_file(path, ClassesFile)
    return ClassMap(row.version, {code: frozenset(classes) for code, classes in row.classes.items()})


def _programs(folder: Path) -> Mapping[tuple[str, int], Program]:
    programs: dict[tuple[str, int], Program] = {}
    for path in sorted(folder.glob("*.toml")):
        row = read_list_file(path, ProgramFile)
        if path.stem != f"{row.code}-{row.version}":
            raise ListFileError(path, f"code, version: {row.code}-{row.version} is not the file's name")
        fields = row.model_dump(exclude={"ceiling", "allowed_classes", "unknown_goods_up_to_kopecks"})
        programs[row.code, row.version] = Program(
            **fields,
            allowed_classes=frozenset(row.allowed_classes),
            ceilings=tuple(PriceCeiling(c.okpd2, c.unit_kopecks) for c in row.ceiling),
            unknown_goods_up_to_kopecks=row.unknown_goods_up_to_kopecks or 0,
        )
    if not programs:
        raise ListFileError(folder, "holds no program")
    return programs


def _nominals(path: Path) -> Iterator[PublishedNominal]:
    for row in read_list_file(path, NominalsFile).nominal:
        for nominal_kopecks in row.nominals_kopecks:
            yield PublishedNominal(row.goods_class, nominal_kopecks, row.effective_from)
