"""Reading the audit log: entries by who, what, to what and when."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Final

import asyncpg
from msgspec import Struct

from gateway.record.chain import Entry

_COLUMNS: Final = (
    "id, at, actor_kind, actor_id, action, subject_kind, subject_id, details::text, approved_by,"
    " previous_hash, hash"
)
_PREFETCH: Final = 1000

_SELECT: Final = f"""
SELECT {_COLUMNS} FROM audit_entry
WHERE ($1::timestamptz IS NULL OR at >= $1) AND ($2::timestamptz IS NULL OR at < $2)
  AND ($3::text IS NULL OR actor_id = $3) AND ($4::text IS NULL OR starts_with(action, $4))
  AND ($5::text IS NULL OR subject_kind = $5) AND ($6::text IS NULL OR subject_id = $6)
  AND ($7::bigint IS NULL OR id < $7)
ORDER BY id DESC LIMIT $8"""

_ALL: Final = f"SELECT {_COLUMNS} FROM audit_entry ORDER BY id"

_OF_ACTIONS: Final = f"""
SELECT {_COLUMNS} FROM audit_entry
WHERE action = ANY ($1::text[]) AND ($2::timestamptz IS NULL OR at >= $2)
  AND ($3::timestamptz IS NULL OR at < $3)
ORDER BY id"""


class Filter(Struct, frozen=True):
    """Which entries are wanted; None means any.

    `since` ≤ at < `until`; `action` is how the dotted name begins; `before` is a number that entries are
    below, for the next page.
    """

    since: datetime | None = None
    until: datetime | None = None
    actor_id: str | None = None
    action: str | None = None
    subject_kind: str | None = None
    subject_id: str | None = None
    before: int | None = None


async def entries(connection: asyncpg.Connection, wanted: Filter, limit: int) -> list[Entry]:
    """The newest entries that are wanted, newest first."""
    rows = await connection.fetch(
        _SELECT, wanted.since, wanted.until, wanted.actor_id, wanted.action, wanted.subject_kind,
        wanted.subject_id, wanted.before, limit,
    )  # fmt: skip
    return [entry_of(row) for row in rows]


async def entries_of_actions(
    connection: asyncpg.Connection, actions: tuple[str, ...], since: datetime | None, until: datetime | None
) -> list[Entry]:
    """All entries of some actions in a time, oldest first."""
    return [entry_of(row) for row in await connection.fetch(_OF_ACTIONS, list(actions), since, until)]


async def all_entries(connection: asyncpg.Connection) -> AsyncIterator[Entry]:
    """Every entry in the order of their numbers, from a cursor: the caller is in a transaction."""
    async for row in connection.cursor(_ALL, prefetch=_PREFETCH):
        yield entry_of(row)


def entry_of(row: Mapping[str, Any]) -> Entry:
    """An entry as the database has it."""
    return Entry(**{**row, "details": json.loads(row["details"])})
