"""Catalogues in the database: each item once for the range of versions in which it is the same.

A file is read into a staging table a block at a time, in transactions of their own, so that no purchase's
table waits for a vacuum while millions of rows arrive. One transaction then makes the draft of it, or leaves
everything as it was.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from itertools import islice
from typing import Final

import asyncpg

from gateway.goods.identity.gtin import is_restricted
from gateway.goods.importing.catalogue import CatalogueFile, CatalogueRow
from gateway.goods.importing.merging import merged
from gateway.goods.importing.problems import RowProblem, row_problem
from gateway.goods.reference.catalogue_lines import copy_lines
from gateway.goods.reference.drafts import Counts, Imported, free_name, insert_draft, same_content
from gateway.goods.reference.errors import ListCode, ListError
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.problems import Problems
from gateway.goods.reference.versions import (
    LOCK_CLASS,
    ReferenceVersion,
    last_published,
    take_turn,
    versions_of,
)

Progress = Callable[[str, int, int], None]
"""Called with the step, and how much of it is done: bytes of the file, else 0 or 1 of 1."""

BLOCK_ROWS: Final = 50_000
WORK_MEM: Final = "128MB"
"""What a sort or a hash of the merge may take in the database before it goes to disk."""

_LOCK: Final = (LOCK_CLASS, -1)
"""Held by the connection that fills the staging table."""

_RESTRICTED: Final = (
    "номер для внутреннего использования: вне магазина ничего не значит",
    "is a number of restricted circulation: it means nothing outside one shop",
)

_STAGING: Final = "catalogue_staging"
_STAGED_COLUMNS: Final = ("gtin", "line", "okpd2", "name")

_MERGED: Final = """
CREATE TEMP TABLE catalogue_merged ON COMMIT DROP AS
SELECT gtin,
  coalesce(array_agg(DISTINCT okpd2 ORDER BY okpd2) FILTER (WHERE okpd2 <> ''), '{}')::text[] AS okpd2,
  (array_agg(name ORDER BY line))[1] AS name
FROM catalogue_staging GROUP BY gtin"""

_CONFLICTS: Final = """
SELECT gtin, line, okpd2, name FROM catalogue_staging
WHERE gtin IN (SELECT gtin FROM catalogue_merged WHERE cardinality(okpd2) > 1) ORDER BY gtin, line"""

_CONTENT: Final = """
SELECT gtin, okpd2, name FROM catalogue_merged"""

_CONTENT_ADDED: Final = """
SELECT gtin, okpd2, name FROM catalogue_merged
UNION ALL SELECT gtin, okpd2, name FROM catalogue_item c WHERE since <= $1 AND (until IS NULL OR until > $1)
  AND NOT EXISTS (SELECT FROM catalogue_merged m WHERE m.gtin = c.gtin)"""

_REMOVE: Final = """
UPDATE catalogue_item c SET until = $1
WHERE until IS NULL AND NOT EXISTS (SELECT FROM catalogue_merged m WHERE m.gtin = c.gtin)"""

_CHANGE: Final = """
UPDATE catalogue_item c SET until = $1 FROM catalogue_merged m
WHERE c.gtin = m.gtin AND c.until IS NULL AND (c.okpd2 <> m.okpd2 OR c.name <> m.name)"""

_ADD: Final = """
INSERT INTO catalogue_item (gtin, since, okpd2, name)
SELECT gtin, $1, okpd2, name FROM catalogue_merged m
WHERE NOT EXISTS (SELECT FROM catalogue_item c WHERE c.gtin = m.gtin AND c.until IS NULL)"""


async def import_catalogue(
    connection: asyncpg.Connection,
    file: CatalogueFile,
    *,
    by: str,
    version: str = "",
    is_addition: bool = False,
    problems: Problems | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Make a draft of a catalogue file: the whole catalogue, or what is added to the last published one.

    Rows that cannot be used are left out and told, as are GTINs that mean nothing outside a shop; a GTIN with
    several codes keeps them all. Raises ListError BUSY, DRAFT_EXISTS, VERSION_EXISTS and NOTHING_USABLE, what
    `CatalogueFile.rows` raises, and the database's errors; then nothing but the staging table has changed.
    """
    told = problems or Problems()
    step = progress or (lambda *_: None)
    async with _staging(connection):
        await _stage(connection, file, told, step)
        async with connection.transaction():
            return await _draft(connection, by, version, is_addition, told, step)


@asynccontextmanager
async def _staging(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """The staging table, empty, for one import at a time."""
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", *_LOCK):
        raise ListError(ListCode.BUSY, kind=Kind.CATALOGUE)
    try:
        await connection.execute("TRUNCATE catalogue_staging")
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("TRUNCATE catalogue_staging")
            await connection.execute("SELECT pg_advisory_unlock($1, $2)", *_LOCK)


async def _stage(
    connection: asyncpg.Connection, file: CatalogueFile, problems: Problems, step: Progress
) -> None:
    records = _records(file.rows(lambda done, total: step("reading", done, total)), problems)
    staged = 0
    while block := list(islice(records, BLOCK_ROWS)):
        await connection.copy_records_to_table(_STAGING, records=block, columns=_STAGED_COLUMNS)
        staged += len(block)
    if not staged:
        raise ListError(ListCode.NOTHING_USABLE)


def _records(
    rows: Iterator[CatalogueRow | RowProblem], problems: Problems
) -> Iterator[tuple[int, int, str, str]]:
    for row in rows:
        if isinstance(row, RowProblem):
            problems.add(row)
        elif is_restricted(row.gtin14):
            problems.add(row_problem(row.line, "gtin", _RESTRICTED, row.gtin14))
        else:
            yield int(row.gtin14), row.line, row.okpd2, row.name


async def _draft(
    connection: asyncpg.Connection,
    by: str,
    version: str,
    is_addition: bool,
    problems: Problems,
    step: Progress,
) -> Imported:
    now = await take_turn(connection, Kind.CATALOGUE)
    versions = await versions_of(connection, Kind.CATALOGUE)
    await connection.execute(f"SET LOCAL work_mem = '{WORK_MEM}'")
    # Of a table that was analysed while it was empty the planner expects one row, and would read all of what
    # it has just inserted for each row to come: 200,000 rows took longer than five minutes.
    await connection.execute("SET LOCAL enable_nestloop = off")
    step("joining the rows of a GTIN", 0, 1)
    await connection.execute(_MERGED)
    await connection.execute("ANALYZE catalogue_merged")
    await _tell_conflicts(connection, problems)
    step("computing the SHA-256", 0, 1)
    digest = await _digest(connection, versions, is_addition)
    if same := same_content(versions, digest):
        counts = Counts(same.entry_count, unchanged=same.entry_count)
        return Imported(Kind.CATALOGUE, same.version, digest.hex(), False, counts, problems.counts)
    if draft := next((one for one in versions if one.is_open), None):
        raise ListError(ListCode.DRAFT_EXISTS, kind=Kind.CATALOGUE, version=draft.version)
    name = free_name(versions, version, now)
    step("comparing with the published catalogue", 0, 1)
    number = max((one.number for one in versions), default=0) + 1
    counts = await _merge(connection, number, is_addition)
    summary = {"counts": counts, "problems": problems.counts, "is_addition": is_addition}
    await insert_draft(connection, Kind.CATALOGUE, name, versions, None, digest, by, summary)
    step("committing", 0, 1)
    return Imported(Kind.CATALOGUE, name, digest.hex(), True, counts, problems.counts)


async def _tell_conflicts(connection: asyncpg.Connection, problems: Problems) -> None:
    """GTINs with several codes, each further code by the row that brought it."""
    group: list[CatalogueRow] = []
    async for gtin, line, okpd2, name in connection.cursor(_CONFLICTS, prefetch=BLOCK_ROWS):
        row = CatalogueRow(f"{gtin:014}", name, okpd2, "", "", line)
        if group and group[0].gtin14 != row.gtin14:
            _tell(group, problems)
            group = []
        group.append(row)
    _tell(group, problems)


def _tell(group: Sequence[CatalogueRow], problems: Problems) -> None:
    for goods in merged(group):
        for conflict in goods.conflicts:
            problems.add(conflict)


async def _digest(
    connection: asyncpg.Connection, versions: Sequence[ReferenceVersion], is_addition: bool
) -> bytes:
    """The SHA-256 that the draft would have, before anything is written."""
    found = sha256()
    last = last_published(versions)
    if is_addition and last is not None:
        await copy_lines(connection, _CONTENT_ADDED, last.number, write=found.update)
    else:
        await copy_lines(connection, _CONTENT, write=found.update)
    return found.digest()


async def _merge(connection: asyncpg.Connection, number: int, is_addition: bool) -> Counts:
    """Close the ranges of what goes or changes, and begin those of what is new."""
    before: int = await connection.fetchval("SELECT count(*) FROM catalogue_item WHERE until IS NULL")
    removed = 0 if is_addition else _count(await connection.execute(_REMOVE, number))
    changed = _count(await connection.execute(_CHANGE, number))
    added = _count(await connection.execute(_ADD, number)) - changed
    unchanged = before - removed - changed
    return Counts(added + changed + unchanged, added, changed, removed, unchanged)


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])
