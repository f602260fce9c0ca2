"""Ceilings of subsidy agreements, counted beside the tills' work by one process at a time."""

from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ledger.agreement_use import used_kopecks
from gateway.registry.ceilings import CeilingSignal, CeilingUse, apply_use, ceilinged, uses_of
from gateway.registry.enrolment_schema import ceiling_count
from gateway.runtime.database import make_engine

log = structlog.get_logger(__name__)

CEILINGS_INTERVAL_S: Final = 60.0
"""How often a process asks whether it is time to count."""

COUNTED_EVERY: Final = timedelta(minutes=5)
"""How often ceilings are counted by whichever process asks first; purchases go on meanwhile."""


async def watch_ceilings(migrator_url: str) -> list[CeilingSignal]:
    """Count if it is time and nobody else does; log and return the new signals. Raises database errors."""
    engine = make_engine(migrator_url, pool_size=1)
    try:
        async with engine.begin() as connection:
            if not await _is_my_turn(connection):
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
    # The driver's own connection under this one: what reads the ledger speaks to it, in this transaction.
    pooled = await connection.get_raw_connection()
    used = await used_kopecks(pooled.driver_connection, [one.id for one in agreements])
    signals = await apply_use(connection, used)
    return signals, uses_of(await ceilinged(connection), used)


async def _is_my_turn(connection: AsyncConnection) -> bool:
    """Take the turn, and keep it until the transaction ends; whoever fails gives it back."""
    due = ceiling_count.c.counted_at <= func.tillgate_now() - COUNTED_EVERY
    mine = select(ceiling_count.c.id).where(due).with_for_update(skip_locked=True)
    taken = update(ceiling_count).where(ceiling_count.c.id.in_(mine)).values(counted_at=func.tillgate_now())
    return (await connection.execute(taken)).rowcount == 1
