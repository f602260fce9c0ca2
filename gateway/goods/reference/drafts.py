"""Drafts: a content becomes a version that can be looked at and rehearsed, and decides nothing yet."""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
from msgspec import Struct, field

from gateway.domain.policy import moscow_date
from gateway.goods.reference.contents import body_of, lines_of, parsed, sha256_of
from gateway.goods.reference.errors import ListCode, ListError
from gateway.goods.reference.files import store_files
from gateway.goods.reference.kinds import Kind, State
from gateway.goods.reference.programs import check_programs
from gateway.goods.reference.sources import Source
from gateway.goods.reference.versions import (
    ReferenceVersion,
    last_published,
    named,
    published,
    take_turn,
    versions_of,
)
from gateway.goods.rows import Row
from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record

_INSERT: Final = """
INSERT INTO reference_version
  (kind, version, number, body, entry_count, content_sha256, imported_by, import_summary)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""

_BODY: Final = "SELECT body::text FROM reference_version WHERE kind = $1 AND version = $2"


class Counts(Struct, frozen=True):
    """How a version differs from the published one before it; `rows` are those of the version."""

    rows: int
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0


class Imported(Struct, frozen=True):
    """The version that an import made, or found to have the same content (`is_new` False).

    `problems` counts what could not be used, or is worth a look, by kind of problem.
    """

    kind: Kind
    version: str
    content_sha256: str
    is_new: bool
    counts: Counts
    problems: Mapping[str, int] = field(default_factory=dict)


async def import_draft(
    connection: asyncpg.Connection,
    source: Source,
    *,
    by: str,
    version: str = "",
    problems: Mapping[str, int] | None = None,
    folder: Path | None = None,
) -> Imported:
    """Make a draft of a content, unless an open draft or the last published version says the same.

    Its name is `version`, else the file's own, else the day in Moscow. `folder` is where the files of a
    classifier lie. Raises ListError VERSION_EXISTS, PROGRAM_CHANGED, SOURCE_CHANGED; nothing is kept then.
    """
    kind, lines = source.kind, lines_of(source.content)
    sha256 = sha256_of(lines.values())
    async with connection.transaction():
        now = await take_turn(connection, kind)
        versions = await versions_of(connection, kind)
        if same := same_content(versions, sha256):
            return Imported(kind, same.version, sha256.hex(), False, Counts(len(lines)), problems or {})
        last = last_published(versions)
        if kind is Kind.PROGRAMS:
            await check_programs(connection, source.content, published(versions), now)
        counts = compared(await lines_of_version(connection, last) if last else {}, lines)
        name = free_name(versions, version or source.version, now)
        summary = {"counts": counts, "problems": dict(problems or {})}
        await insert_draft(connection, kind, name, versions, body_of(source.content), sha256, by, summary)
        if folder is not None:
            await store_files(connection, kind, name, source.content, folder)
    return Imported(kind, name, sha256.hex(), True, counts, problems or {})


async def lines_of_version(connection: asyncpg.Connection, one: ReferenceVersion) -> dict[str, str]:
    """The lines of a version of any kind but the catalogue, by their keys."""
    body = await connection.fetchval(_BODY, one.kind, one.version)
    # Tens of thousands of names take a while, in which an event loop has other things to do.
    return await asyncio.to_thread(lambda: lines_of(parsed(one.kind, body)))


async def content_of(connection: asyncpg.Connection, one: ReferenceVersion) -> Row:
    """What a version of any kind but the catalogue says.

    Raises pydantic's ValidationError for one that no longer fits its model.
    """
    body = await connection.fetchval(_BODY, one.kind, one.version)
    return await asyncio.to_thread(parsed, one.kind, body)


def compared(old: Mapping[str, str], new: Mapping[str, str]) -> Counts:
    """How new lines differ from old ones."""
    both = old.keys() & new.keys()
    unchanged = sum(old[key] == new[key] for key in both)
    return Counts(len(new), len(new) - len(both), len(both) - unchanged, len(old) - len(both), unchanged)


def same_content(versions: Iterable[ReferenceVersion], sha256: bytes) -> ReferenceVersion | None:
    """An open draft or the last published version with this content.

    An older one does not count: to go back to it takes a publication of its own.
    """
    known = [one for one in versions if one.is_open]
    last = last_published(versions)
    return next((one for one in (*known, last) if one and one.content_sha256 == sha256.hex()), None)


def free_name(versions: Sequence[ReferenceVersion], wanted: str, now: datetime) -> str:
    """The wanted name, or one by the day; raises ListError VERSION_EXISTS if the wanted one is taken."""
    taken = {one.version: one for one in versions}
    if wanted:
        if wanted in taken:
            raise ListError(ListCode.VERSION_EXISTS, kind=taken[wanted].kind, version=wanted)
        return wanted
    day = moscow_date(now).isoformat()
    count = 1
    name = day
    while name in taken:
        count += 1
        name = f"{day}.{count}"
    return name


async def insert_draft(
    connection: asyncpg.Connection,
    kind: Kind,
    name: str,
    versions: Sequence[ReferenceVersion],
    body: str | None,
    sha256: bytes,
    by: str,
    summary: Mapping[str, Any],
) -> int:
    """Write the row of a draft; returns its number. The caller has taken its turn."""
    number = max((one.number for one in versions), default=0) + 1
    counts = summary["counts"]
    told = json.dumps({**summary, "counts": {f: getattr(counts, f) for f in counts.__struct_fields__}})
    await connection.execute(_INSERT, kind, name, number, body, counts.rows, sha256, by, told)
    return number


async def mark_rehearsed(
    connection: asyncpg.Connection, kind: Kind, version: str, *, by: str, summary: Mapping[str, Any]
) -> None:
    """Record that a draft was rehearsed, and what came of it; a later rehearsal replaces an earlier one.

    Raises ListError UNKNOWN_VERSION, ALREADY_PUBLISHED and DISCARDED.
    """
    async with connection.transaction():
        now = await take_turn(connection, kind)
        require_open(named(await versions_of(connection, kind), kind, version))
        await connection.execute(
            "UPDATE reference_version SET state = $3, rehearsed_by = $4, rehearsed_at = $5, rehearsal = $6"
            " WHERE kind = $1 AND version = $2",
            kind, version, State.REHEARSED, by, now, json.dumps(summary, ensure_ascii=False),
        )  # fmt: skip


async def discard(connection: asyncpg.Connection, kind: Kind, version: str, *, by: str) -> None:
    """Give up a draft: its row stays and says so, its files and catalogue items go.

    Raises ListError UNKNOWN_VERSION, ALREADY_PUBLISHED and DISCARDED.
    """
    async with connection.transaction():
        now = await take_turn(connection, kind)
        one = require_open(named(await versions_of(connection, kind), kind, version))
        await connection.execute(
            "UPDATE reference_version SET state = $3, discarded_by = $4, discarded_at = $5"
            " WHERE kind = $1 AND version = $2",
            kind, version, State.DISCARDED, by, now,
        )  # fmt: skip
        await connection.execute("DELETE FROM reference_file WHERE kind = $1 AND version = $2", kind, version)
        if kind is Kind.CATALOGUE:
            await connection.execute("DELETE FROM catalogue_item WHERE since = $1", one.number)
            await connection.execute("UPDATE catalogue_item SET until = NULL WHERE until = $1", one.number)
        subject = Subject(SubjectKind.LIST_VERSION, f"{kind}/{version}")
        await record(connection, actor=Actor.person(by), action=Action.LIST_DISCARDED, subject=subject)


def require_open(one: ReferenceVersion) -> ReferenceVersion:
    """The version itself, if it is a draft; raises ListError ALREADY_PUBLISHED or DISCARDED."""
    if one.state is State.PUBLISHED:
        raise ListError(ListCode.ALREADY_PUBLISHED, kind=one.kind, version=one.version)
    if one.state is State.DISCARDED:
        raise ListError(ListCode.DISCARDED, kind=one.kind, version=one.version)
    return one
