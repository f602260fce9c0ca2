"""Ceilings of subsidy agreements, counted beside the tills' work by one process at a time."""

from typing import Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ledger.agreement_use import used_kopecks
from gateway.registry.ceilings import CeilingSignal, CeilingUse, apply_use, ceilinged, uses_of
from gateway.runtime.database import make_engine

log = structlog.get_logger(__name__)

CEILINGS_INTERVAL_S: Final = 300.0

_LOCK_KEY: Final = 0x6365_696C
"""Advisory lock of counting: a second count at once would only cost."""


async def watch_ceilings(migrator_url: str) -> list[CeilingSignal]:
    """Count once, unless another process does; log and return the new signals. Raises database errors."""
    engine = make_engine(migrator_url, pool_size=1)
    try:
        async with engine.begin() as connection:
            mine = select(func.pg_try_advisory_xact_lock(_LOCK_KEY))
            if not (await connection.execute(mine)).scalar_one():
                return []
            signals, _ = await count_ceilings(connection)
    finally:
        await engine.dispose()
    for one in signals:
        log.warning(
            "ceiling of an agreement",
            agreement=one.number,
            merchant_id=one.merchant_id,
            percent=one.percent,
            used_kopecks=one.used_kopecks,
            ceiling_kopecks=one.ceiling_kopecks,
        )
    return signals


async def count_ceilings(connection: AsyncConnection) -> tuple[list[CeilingSignal], list[CeilingUse]]:
    """Count what is used in this transaction and act on it: the new signals, and how full each is."""
    agreements = await ceilinged(connection)
    if not agreements:
        return [], []
    pooled = await connection.get_raw_connection()
    # Raw, as every reading of the ledger: the same connection, so the same transaction.
    used = await used_kopecks(pooled.driver_connection, [one.id for one in agreements])
    signals = await apply_use(connection, used)
    return signals, uses_of(await ceilinged(connection), used)
