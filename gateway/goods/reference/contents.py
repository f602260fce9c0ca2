"""What versions say: bodies as canonical JSON, and the sorted lines by which contents are compared.

The SHA-256 of a version is that of its lines, each ended by a line feed, sorted by the bytes of their keys.
A list that is written in another order, or with other blanks, is the same list.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import singledispatch
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Annotated, Any, Final

from msgspec import Struct
from pydantic import AfterValidator, Field

from gateway.goods.reference.kinds import Kind
from gateway.goods.rows import Classes, Programs, Row, Rules


class Entry(Struct, frozen=True):
    """One line of a version by its key, or the news that a key is gone: then `line` is None."""

    key: str
    line: str | None


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or parts[0] == "/" or ".." in parts or PurePosixPath(path).as_posix() != path:
        raise ValueError(f"{path!r} is no path inside a folder")
    return path


class Okpd2Names(Row):
    """Names by ОКПД2 code and, apart from them, by the letter of a section."""

    names: Annotated[dict[str, str], Field(min_length=1)]
    sections: dict[str, str]


class StoredFile(Row):
    """A file of a classifier: where it lies in its folder, its size and SHA-256."""

    path: Annotated[str, AfterValidator(_inside)]
    size_bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Classifier(Row):
    """A trained classifier of names: its card, which is free-form, and its files (the card among them)."""

    card: dict[str, Any]
    files: Annotated[list[StoredFile], Field(min_length=1)]


_MODELS: Final[Mapping[Kind, type[Row]]] = {
    Kind.PROHIBITED: Rules,
    Kind.CLASSES: Classes,
    Kind.PROGRAMS: Programs,
    Kind.OKPD2: Okpd2Names,
    Kind.NAMES: Classifier,
}


def canonical(value: Any) -> str:
    """JSON with sorted keys and without blanks."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def body_of(content: Row) -> str:
    """The content as it is stored."""
    return canonical(content.model_dump(mode="json"))


def parsed(kind: Kind, body: str) -> Row:
    """A stored body as its model; raises pydantic's ValidationError for one that no longer fits."""
    return _MODELS[kind].model_validate_json(body)


def lines_of(content: Row) -> dict[str, str]:
    """Every line by its key, sorted by key."""
    return dict(sorted((key, canonical(value)) for key, value in _keyed(content)))


def sha256_of(lines: Iterable[str]) -> bytes:
    """The hash of lines that are in the order of their keys."""
    found = sha256()
    for line in lines:
        found.update(f"{line}\n".encode())
    return found.digest()


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Entry]:
    """What makes the new lines of the old ones, sorted by key."""
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield Entry(key, new.get(key))


@singledispatch
def _keyed(content: Row) -> Iterator[tuple[str, Any]]:
    """What a content consists of: (key, value) pairs in any order."""
    raise NotImplementedError(type(content).__name__)


@_keyed.register
def _(content: Rules) -> Iterator[tuple[str, Any]]:
    for rule in content.rule:
        yield rule.id, rule.model_dump(mode="json")


@_keyed.register
def _(content: Classes) -> Iterator[tuple[str, Any]]:
    for code, classes in content.classes.items():
        yield code, {"okpd2": code, "classes": sorted(classes)}


@_keyed.register
def _(content: Programs) -> Iterator[tuple[str, Any]]:
    """Both begin with their sort, so that a program can never be taken for a nominal."""
    for row in content.program:
        fields = row.model_dump(mode="json")
        fields["allowed_classes"] = sorted(fields["allowed_classes"])
        fields["ceiling"] = sorted(fields["ceiling"], key=lambda ceiling: str(ceiling["okpd2"]))
        yield f"program {row.code} {row.version}", {"program": fields}
    for nominal in content.nominal:
        fields = nominal.model_dump(mode="json")
        fields["nominals_kopecks"] = sorted(fields["nominals_kopecks"])
        yield f"nominal {nominal.goods_class} {nominal.effective_from}", {"nominal": fields}


@_keyed.register
def _(content: Okpd2Names) -> Iterator[tuple[str, Any]]:
    for code, name in (*content.names.items(), *content.sections.items()):
        yield code, {"code": code, "name": name}


@_keyed.register
def _(content: Classifier) -> Iterator[tuple[str, Any]]:
    """The card lies among the files, and so takes part by its hash."""
    for file in content.files:
        yield file.path, file.model_dump(mode="json")
