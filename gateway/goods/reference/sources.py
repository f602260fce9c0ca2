"""Reads what an operator imports as a version: list files, the ОКПД2 table, a trained classifier's folder."""

import json
from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path
from typing import Final

from msgspec import Struct

from gateway.goods.importing.okpd2 import read_okpd2_table
from gateway.goods.importing.tables import Progress
from gateway.goods.loader import read_list_file, read_programs
from gateway.goods.reference.contents import Classifier, Okpd2Names, StoredFile
from gateway.goods.reference.errors import ListCode, ListError
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.problems import Problems
from gateway.goods.rows import Classes, ClassesFile, NominalsFile, Programs, ProhibitedFile, Row, Rules

CARD: Final = "card.json"
CLASSIFIER_BYTES_MAX: Final = 256 << 20


class Source(Struct, frozen=True):
    """A content as a file gives it, and the name that the file gives the version ("" if none)."""

    kind: Kind
    content: Row
    version: str = ""


def read_source(kind: Kind, path: Path, problems: Problems, progress: Progress | None = None) -> Source:
    """The content of any kind but the catalogue; `progress` is told how much of the ОКПД2 table is read.

    Raises ListFileError, ImportFileError, ListError NOTHING_USABLE, SOURCE_MALFORMED and TOO_LARGE, OSError.
    Rows of the ОКПД2 table that cannot be used are left out and added to `problems`.
    """
    if kind is Kind.PROHIBITED:
        prohibited = read_list_file(path, ProhibitedFile)
        return Source(kind, Rules(rule=prohibited.rule), prohibited.version)
    if kind is Kind.CLASSES:
        classes = read_list_file(path, ClassesFile)
        return Source(kind, Classes(classes=classes.classes), classes.version)
    if kind is Kind.PROGRAMS:
        return Source(kind, _programs(path))
    if kind is Kind.OKPD2:
        return Source(kind, _okpd2(path, problems, progress))
    if kind is Kind.NAMES:
        return Source(kind, _classifier(path))
    raise ValueError(f"{kind} is read row by row")


def _programs(folder: Path) -> Programs:
    nominals = read_list_file(folder / "nominals.toml", NominalsFile)
    return Programs(program=list(read_programs(folder / "programs")), nominal=nominals.nominal)


def _okpd2(path: Path, problems: Problems, progress: Progress | None) -> Okpd2Names:
    table = read_okpd2_table(path, progress)
    for problem in table.problems:
        problems.add(problem)
    if not table.names:
        raise ListError(ListCode.NOTHING_USABLE)
    return Okpd2Names(names=dict(table.names), sections=dict(table.sections))


def _classifier(folder: Path) -> Classifier:
    card = folder / CARD
    try:
        described = json.loads(card.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _malformed(card, str(error)) from None
    if not isinstance(described, dict):
        raise _malformed(card, "is no JSON object")
    files = list(_files(folder))
    total_bytes = sum(file.size_bytes for file in files)
    if total_bytes > CLASSIFIER_BYTES_MAX:
        raise ListError(ListCode.TOO_LARGE, bytes=total_bytes, limit=CLASSIFIER_BYTES_MAX)
    return Classifier(card=described, files=files)


def _files(folder: Path) -> Iterator[StoredFile]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise _malformed(path, "is neither a file nor a folder")
        if path.is_file():
            with path.open("rb") as file:
                digest = file_digest(file, "sha256").hexdigest()
            name = path.relative_to(folder).as_posix()
            yield StoredFile(path=name, size_bytes=path.stat().st_size, sha256=digest)


def _malformed(path: Path, problem: str) -> ListError:
    return ListError(ListCode.SOURCE_MALFORMED, what=f"{path}: {problem}")
