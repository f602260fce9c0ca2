"""Months that went into the archive: what has to count them reads them as if they had never left."""

import asyncpg

from gateway.ledger.archive import archive_prefix
from gateway.ledger.partitions import PARTITIONED


async def lock_ledger(connection: asyncpg.Connection) -> None:
    """Keep months from leaving for the archive: the transaction's first statement, before its snapshot."""
    await connection.execute(f"LOCK TABLE {', '.join(PARTITIONED)} IN ACCESS SHARE MODE")


async def over_all_months(connection: asyncpg.Connection, query: str) -> str:
    """A query in which `purchase` and `entry` mean archived months too; to be run after `lock_ledger`."""
    prefix = await archive_prefix(connection)
    return f"{prefix}SELECT * FROM ({query}) AS found" if prefix else query
