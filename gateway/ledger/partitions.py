"""Month partitions of `purchase` and `entry`, bounded by the UUIDv7 of the month's first instant.

They exist three months ahead; a DEFAULT partition catches what should never come, and alarms.
"""

from datetime import UTC, datetime
from typing import Final

import asyncpg
import structlog

from gateway.ledger.ids import lowest_uuid7

PARTITIONED: Final = ("purchase", "entry")
MONTHS_AHEAD: Final = 3
LOCK_WAIT_MS: Final = 200

log = structlog.get_logger(__name__)


def month_after(month: datetime, count: int = 1) -> datetime:
    """The first instant (UTC) of the month `count` months after the one of an instant."""
    index = month.year * 12 + month.month - 1 + count
    return datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)


def partition_name(table: str, month: datetime) -> str:
    """purchase_2026_11: the partition of a table for the month of an instant."""
    return f"{table}_{month:%Y_%m}"


async def ensure_partitions(
    connection: asyncpg.Connection, *, first: datetime | None = None, months_ahead: int = MONTHS_AHEAD
) -> list[str]:
    """Create what is missing from the month of `first` (default: now) on; returns the names made.

    What cannot be made without making tills wait is left to the next time: there are months to go.
    """
    now: datetime = await connection.fetchval("SELECT tillgate_now()")
    start = month_after(first or now, 0)
    months = [start]
    while months[-1] < month_after(now, months_ahead):
        months.append(month_after(months[-1]))
    made = []
    for table in PARTITIONED:
        for month in months:
            name = partition_name(table, month)
            if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name):
                continue
            try:
                await _create(connection, table, name, month)
            except asyncpg.LockNotAvailableError:
                log.warning("a partition waits for a quieter moment", name=name)
            else:
                made.append(name)
    return made


async def _create(connection: asyncpg.Connection, table: str, name: str, month: datetime) -> None:
    """Create a partition, or give up soon.

    It needs a lock that every reader of the table keeps it from, and while it waits every command waits
    behind it: beside a long report (`tillgate ledger verify`) that would stop all tills.
    """
    low, high = lowest_uuid7(month), lowest_uuid7(month_after(month))
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}")
        await connection.execute(
            f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} FOR VALUES FROM ('{low}') TO ('{high}')"
        )


async def missing_partitions(connection: asyncpg.Connection) -> list[str]:
    """Partitions of this month and the next that do not exist: readiness is red while there are any."""
    now: datetime = await connection.fetchval("SELECT tillgate_now()")
    names = [partition_name(table, month_after(now, ahead)) for table in PARTITIONED for ahead in (0, 1)]
    rows = await connection.fetch(
        "SELECT n FROM unnest($1::text[]) AS n WHERE to_regclass(n) IS NULL ORDER BY n", names
    )
    return [row["n"] for row in rows]


async def stray_rows(connection: asyncpg.Connection) -> dict[str, int]:
    """Rows in the DEFAULT partitions, by table; anything but zeros is an alarm."""
    return {
        table: await connection.fetchval(f"SELECT count(*) FROM {table}_default") for table in PARTITIONED
    }
