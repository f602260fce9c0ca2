"""What a running gateway keeps in order in its database beside the tills' work."""

import asyncio
from functools import partial
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.ledger.partitions import ensure_partitions, missing_partitions, stray_rows
from gateway.ledger.seals.making import DayNotQuietError, Signer, seal_due_days
from gateway.runtime.ceilings import CEILINGS_INTERVAL_S, watch_ceilings
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.tasks import every, uncut

log = structlog.get_logger(__name__)

PARTITIONS_INTERVAL_S: Final = 3600.0
SEALS_INTERVAL_S: Final = 300.0

_PARTITIONS_LOCK_KEY: Final = 0x7061_7274
"""Advisory lock of making partitions: two processes at once would only run into each other."""


def keep_in_order(migrator_url: str, signer: Signer) -> list[asyncio.Task[None]]:
    """Begin what only the migrator may do: months ahead, ceilings of agreements, seals of days."""
    return [
        every(PARTITIONS_INTERVAL_S, lambda: uncut(keep_partitions(migrator_url)), "partitions"),
        every(CEILINGS_INTERVAL_S, lambda: uncut(watch_ceilings(migrator_url)), "ceilings"),
        every(SEALS_INTERVAL_S, partial(keep_sealed, migrator_url, signer), "day-seals"),
    ]


async def check_partitions(engine: AsyncEngine) -> None:
    """Return if the partitions of the months to come are there; raises LookupError that names the others."""
    async with driver_connection(engine) as connection:
        missing = await missing_partitions(connection)
    if missing:
        raise LookupError(f"missing: {', '.join(missing)}; run `tillgate database partitions`")


async def keep_partitions(migrator_url: str) -> None:
    """Make the partitions of the months to come, unless another process does. Raises asyncpg's errors."""
    engine = make_engine(migrator_url, pool_size=1)
    try:
        async with driver_connection(engine) as connection:
            # The lock ends with the connection, which is this work's own.
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _PARTITIONS_LOCK_KEY):
                return
            made = await ensure_partitions(connection)
            strays = await stray_rows(connection)
    finally:
        await engine.dispose()
    if made:
        log.info("partitions made", names=made)
    if any(strays.values()):
        log.error("rows in a DEFAULT partition", rows=strays)


async def keep_sealed(migrator_url: str, signer: Signer) -> None:
    """Seal the days that are due, unless another process does. Raises asyncpg's errors."""
    engine = make_engine(migrator_url, pool_size=1)
    try:
        async with driver_connection(engine) as connection:
            await seal_due_days(
                connection,
                signer,
                progress=lambda seal: log.info(
                    "day sealed", day=str(seal.day), outcomes=seal.outcome_count, hash=seal.hash.hex()
                ),
            )
    except DayNotQuietError as error:
        log.warning("a day is sealed later", why=str(error))
    finally:
        await engine.dispose()
