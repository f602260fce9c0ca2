"""The archive: month partitions that are older than what must be at hand, detached and never dropped.

They stand as tables of the schema `archive`, which nobody may change and the reader may read. Whoever
recomputes the ledger takes them in by `archive_prefix`: a sum over entries is one over all that ever were.
"""

import re
from datetime import UTC, datetime
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.ledger.partitions import LOCK_WAIT_MS, PARTITIONED, month_after
from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record

SCHEMA: Final = "archive"

_NAME: Final = re.compile(rf"({'|'.join(PARTITIONED)})_([0-9]{{4}})_([0-9]{{2}})")

_ATTACHED: Final = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = ANY (SELECT t::regclass FROM unnest($1::text[]) AS t) ORDER BY c.relname"""

_ARCHIVED: Final = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = to_regnamespace($1) AND c.relkind = 'r'
ORDER BY c.relname"""

_COLUMNS: Final = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped"""


class Partition(Struct, frozen=True, order=True):
    """A month of a table."""

    name: str
    table: str
    month: datetime

    @property
    def end(self) -> datetime:
        """The first instant after it, UTC."""
        return month_after(self.month)


class Retiring(Struct, frozen=True):
    """What became of the partitions that are due: moved, or left for another time with the reason."""

    retired: tuple[str, ...]
    waiting: tuple[tuple[str, str], ...]


def partition_of(name: str) -> Partition | None:
    """The partition of a name, None if it is that of another table."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    return Partition(name, found[1], datetime(int(found[2]), int(found[3]), 1, tzinfo=UTC))


async def archived(connection: asyncpg.Connection) -> list[Partition]:
    """The partitions in the archive, by name."""
    rows = await connection.fetch(_ARCHIVED, SCHEMA)
    return [found for row in rows if (found := partition_of(row["relname"])) is not None]


async def archive_prefix(connection: asyncpg.Connection) -> str:
    """What goes before a query, so that `purchase` and `entry` mean the archived months too; or nothing.

    The query is to run in the same snapshot, and both tables are locked (ACCESS SHARE) since before it was
    taken, so that no month leaves between.
    """
    found = await archived(connection)
    parts = []
    for table in PARTITIONED:
        names = [f"{SCHEMA}.{partition.name}" for partition in found if partition.table == table]
        if not names:
            continue
        columns = await connection.fetchval(_COLUMNS, table)
        schema = await connection.fetchval(
            "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = $1::text::regclass", table
        )
        every = " UNION ALL ".join(f"SELECT {columns} FROM {name}" for name in (f"{schema}.{table}", *names))
        parts.append(f"{table} AS NOT MATERIALIZED ({every})")
    return f"WITH {', '.join(parts)}\n" if parts else ""


async def due_partitions(connection: asyncpg.Connection, years: int) -> list[Partition]:
    """The attached months that ended at least so many years ago, the oldest first."""
    now: datetime = await connection.fetchval("SELECT tillgate_now()")
    today = now.astimezone(UTC)
    is_leap_day = (today.month, today.day) == (2, 29)
    before = today.replace(year=today.year - years, day=28 if is_leap_day else today.day)
    rows = await connection.fetch(_ATTACHED, list(PARTITIONED))
    found = [partition for row in rows if (partition := partition_of(row["relname"])) is not None]
    return sorted((p for p in found if p.end <= before), key=lambda p: (p.month, p.name))


async def retire(connection: asyncpg.Connection, years: int) -> Retiring:
    """Detach what is due and move it to the archive, as the owner; each partition by itself, or not at all.

    A partition waits for another time if readers hold its table (tills would wait behind this), or if a hold
    of it is alive.
    """
    retired, waiting = [], []
    for partition in await due_partitions(connection, years):
        try:
            await _retire(connection, partition)
        except asyncpg.LockNotAvailableError:
            waiting.append((partition.name, "readers hold the table"))
        except asyncpg.DuplicateTableError:
            waiting.append((partition.name, "the archive has one of this name"))
        except _HoldsAliveError:
            waiting.append((partition.name, "holds of it are alive"))
        else:
            retired.append(partition.name)
    return Retiring(tuple(retired), tuple(waiting))


class _HoldsAliveError(Exception):
    """Not to be retired yet."""


async def _retire(connection: asyncpg.Connection, partition: Partition) -> None:
    name = f"{SCHEMA}.{partition.name}"
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}")
        await connection.execute(f"ALTER TABLE {partition.table} DETACH PARTITION {partition.name}")
        if partition.table == "purchase" and await connection.fetchval(
            f"SELECT EXISTS (SELECT FROM {partition.name} WHERE state = 'AUTHORIZED')"
        ):
            raise _HoldsAliveError
        await connection.execute(
            f"ALTER TABLE {partition.name} SET SCHEMA {SCHEMA};"
            f"CREATE TRIGGER archive_kept BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {name}"
            " FOR EACH STATEMENT EXECUTE FUNCTION archive_refuse_change();"
            f"REVOKE ALL ON {name} FROM tillgate_gateway;"
            f"GRANT SELECT ON {name} TO tillgate_reader"
        )
        await record(
            connection,
            actor=Actor.system("retention"),
            action=Action.PARTITION_RETIRED,
            subject=Subject(SubjectKind.PARTITION, partition.name),
        )
