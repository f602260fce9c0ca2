"""Reads versions of the catalogue in bounded memory: as items, as changes between two, as lines.

A line is the GTIN in 14 digits, its codes joined by commas and its name, with tabs between; lines are sorted
by GTIN. A download's SHA-256 is made of nothing else.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from typing import Any, Final
from uuid import uuid4

import asyncpg
from msgspec import Struct

from gateway.goods.reference.contents import Entry

FETCHED_ROWS: Final = 200
"""So many take an event loop less than a millisecond."""

_ITEMS: Final = """
SELECT gtin, okpd2, name FROM catalogue_item WHERE since <= $1 AND (until IS NULL OR until > $1)"""

_IN_ORDER: Final = " ORDER BY gtin"

_CHANGES: Final = """
SELECT t.gtin, n.okpd2, n.name
FROM (
  SELECT DISTINCT gtin FROM catalogue_item
  WHERE since > least($1::int, $2::int) AND since <= greatest($1, $2)
  OR until > least($1, $2) AND until <= greatest($1, $2)
) t
LEFT JOIN catalogue_item o ON o.gtin = t.gtin AND o.since <= $1 AND (o.until IS NULL OR o.until > $1)
LEFT JOIN catalogue_item n ON n.gtin = t.gtin AND n.since <= $2 AND (n.until IS NULL OR n.until > $2)
WHERE (o.okpd2, o.name) IS DISTINCT FROM (n.okpd2, n.name)
ORDER BY t.gtin"""

_ENTRIES: Final = r"""
SELECT key, CASE WHEN name IS NOT NULL THEN concat_ws(E'\t', key, array_to_string(okpd2, ','), name) END
FROM (SELECT *, lpad(gtin::text, 14, '0') AS key FROM ({}) i) k ORDER BY gtin"""

# COPY as CSV writes a value as it is, unless it holds the delimiter, the quote or the end of a line. Names
# hold nothing unprintable, so no value is ever quoted; COPY as text would write backslashes twice.
_LINES: Final = (
    "SELECT lpad(gtin::text, 14, '0'), array_to_string(okpd2, ','), name FROM ({}) i ORDER BY gtin"
)
_AS_THEY_ARE: Final = {
    "format": "csv",
    "delimiter": "\t",
    "quote": "\x01",
    "escape": "\x01",
    "null": "\x02",
    "encoding": "utf-8",
}


class CatalogueItem(Struct, frozen=True, gc=False):
    """What a version of the catalogue says of a GTIN of 14 digits; `okpd2` has any number of codes."""

    gtin14: str
    okpd2: tuple[str, ...]
    name: str

    @property
    def line(self) -> str:
        """The item as a line of a download, without its line feed."""
        return f"{self.gtin14}\t{','.join(self.okpd2)}\t{self.name}"


class ItemChange(Struct, frozen=True, gc=False):
    """A GTIN of which a later version says something else; `item` is None if it is gone."""

    gtin14: str
    item: CatalogueItem | None


async def items_of(connection: asyncpg.Connection, number: int) -> AsyncGenerator[CatalogueItem, None]:
    """Every item of the version with that number, sorted by GTIN. Close it if you leave it early."""
    async with aclosing(_held(connection, _ITEMS + _IN_ORDER, number)) as pages:
        async for page in pages:
            for gtin, okpd2, name in page:
                yield CatalogueItem(f"{gtin:014}", tuple(okpd2), name)


async def item_changes(
    connection: asyncpg.Connection, from_number: int, to_number: int
) -> AsyncGenerator[ItemChange, None]:
    """What makes one version of the other, sorted by GTIN; either may be the older. Close it likewise."""
    async with aclosing(_held(connection, _CHANGES, from_number, to_number)) as pages:
        async for page in pages:
            for gtin, okpd2, name in page:
                gtin14 = f"{gtin:014}"
                item = None if name is None else CatalogueItem(gtin14, tuple(okpd2), name)
                yield ItemChange(gtin14, item)


async def entry_pages(
    connection: asyncpg.Connection, number: int, from_number: int | None = None
) -> AsyncGenerator[list[Entry], None]:
    """The same as lines by their keys, many at a time, which the database makes: an event loop has no time.

    Every item of a version, or what makes it of another. Close it likewise.
    """
    query = _ENTRIES.format(_ITEMS if from_number is None else _CHANGES)
    numbers = (number,) if from_number is None else (from_number, number)
    async with aclosing(_held(connection, query, *numbers)) as pages:
        async for page in pages:
            yield [Entry(key, line) for key, line in page]


async def _held(
    connection: asyncpg.Connection, query: str, *numbers: int
) -> AsyncGenerator[Sequence[asyncpg.Record], None]:
    """The rows of a query as they are at its beginning, some at a time.

    The database puts them aside, on its disk if they are many: however long they take to travel, no
    transaction is open meanwhile that would keep purchases' dead rows from being cleaned up.
    """
    name = f"held_{uuid4().hex}"
    await connection.execute(f"DECLARE {name} NO SCROLL CURSOR WITH HOLD FOR {query}", *numbers)
    try:
        while rows := await connection.fetch(f"FETCH {FETCHED_ROWS} FROM {name}"):
            yield rows
    finally:
        # One that broke is gone with its connection.
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await connection.execute(f"CLOSE {name}")


async def copy_version(connection: asyncpg.Connection, number: int, write: Callable[[bytes], object]) -> None:
    """Give every line of a version to `write`, some thousands of bytes at a time."""
    await copy_lines(connection, _ITEMS, number, write=write)


async def copy_lines(
    connection: asyncpg.Connection, items: str, *arguments: Any, write: Callable[[bytes], object]
) -> None:
    """The same for what a query of items gives."""

    async def take(data: bytes) -> None:
        write(data)

    await connection.copy_from_query(_LINES.format(items), *arguments, output=take, **_AS_THEY_ARE)
