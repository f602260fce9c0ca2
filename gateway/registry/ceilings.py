"""Ceilings of agreements: signals as they fill, and closed sales where the agreement says so.

What is used comes from the ledger's entries (`gateway.ledger.agreement_use`), counted beside the tills' work:
no purchase waits for it, so purchases of the interval between two counts may go beyond a ceiling. What is
beyond is not paid, and is carried or refused by the claim.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.registry.agreements import SubsidyAgreement, list_agreements, lock_agreement
from gateway.registry.enrolment_schema import ceiling_signal
from gateway.registry.history import Subject, record
from gateway.registry.machine import AgreementState
from gateway.registry.schema import agreement

COUNTER: Final = "tillgate: ceiling"
"""Who stands in the history for what a count did."""


class CeilingUse(Struct, frozen=True):
    """How full an agreement is; `percent` is rounded down, and beyond 100 where more was sold."""

    agreement_id: int
    merchant_id: int
    number: str
    ceiling_kopecks: int
    used_kopecks: int
    is_closed: bool

    @property
    def percent(self) -> int:
        """Used of the ceiling, in whole percent."""
        return max(self.used_kopecks, 0) * 100 // self.ceiling_kopecks


class CeilingSignal(Struct, frozen=True):
    """The first time that so many percent of a ceiling were reached."""

    agreement_id: int
    merchant_id: int
    number: str
    percent: int
    used_kopecks: int
    ceiling_kopecks: int


async def ceilinged(connection: AsyncConnection) -> list[SubsidyAgreement]:
    """Agreements that are concluded and have a ceiling, or were closed by the one they had."""
    found = await list_agreements(connection, state=AgreementState.CONCLUDED)
    return [one for one in found if one.ceiling_kopecks is not None or one.sales_closed_at is not None]


async def apply_use(connection: AsyncConnection, used: Mapping[int, int]) -> list[CeilingSignal]:
    """Take a count of used kopecks by agreement: signal, close and open. The new signals.

    A percentage is signalled once for each height of a ceiling. A closed agreement opens again when a
    ceiling was raised or dropped, or refunds gave back enough. Works in the transaction of its caller.
    """
    signals: list[CeilingSignal] = []
    for agreement_id in sorted(used):
        one = await lock_agreement(connection, agreement_id)
        if one.state is not AgreementState.CONCLUDED:
            continue
        if one.ceiling_kopecks is not None:
            signals += await _signal(connection, one, one.ceiling_kopecks, used[agreement_id])
        await _close_or_open(connection, one, used[agreement_id])
    return signals


def uses_of(agreements: list[SubsidyAgreement], used: Mapping[int, int]) -> list[CeilingUse]:
    """How full agreements with a ceiling are, the fullest first."""
    found = [
        CeilingUse(
            one.id, one.merchant_id, one.number, one.ceiling_kopecks, used[one.id],
            one.sales_closed_at is not None,
        )
        for one in agreements
        if one.ceiling_kopecks is not None
    ]  # fmt: skip
    return sorted(found, key=lambda use: (-use.used_kopecks / use.ceiling_kopecks, use.agreement_id))


async def signals_since(connection: AsyncConnection, since: datetime) -> list[CeilingSignal]:
    """Signals from an instant on, the earliest first."""
    t = ceiling_signal.c
    statement = (
        select(
            t.agreement_id, agreement.c.merchant_id, agreement.c.number, t.percent, t.used_kopecks,
            t.ceiling_kopecks,
        )
        .join(agreement, agreement.c.id == t.agreement_id)
        .where(t.signalled_at >= since)
        .order_by(t.signalled_at, t.agreement_id, t.percent)
    )  # fmt: skip
    return [CeilingSignal(*row) for row in await connection.execute(statement)]


async def _signal(
    connection: AsyncConnection, one: SubsidyAgreement, ceiling: int, used: int
) -> list[CeilingSignal]:
    reached = sorted({p for p in one.settings.signals_percent if used * 100 >= p * ceiling})
    if not reached:
        return []
    rows = [
        {"agreement_id": one.id, "ceiling_kopecks": ceiling, "percent": p, "used_kopecks": used}
        for p in reached
    ]
    new = insert(ceiling_signal).values(rows).on_conflict_do_nothing().returning(ceiling_signal.c.percent)
    return [
        CeilingSignal(one.id, one.merchant_id, one.number, percent, used, ceiling)
        for percent in sorted((await connection.execute(new)).scalars())
    ]


async def _close_or_open(connection: AsyncConnection, one: SubsidyAgreement, used: int) -> None:
    is_full = one.ceiling_kopecks is not None and used >= one.ceiling_kopecks
    is_to_close = is_full and one.settings.stops_sales_at_ceiling
    if is_to_close is (one.sales_closed_at is not None):
        return
    closed_at = func.tillgate_now() if is_to_close else None
    await connection.execute(
        update(agreement).where(agreement.c.id == one.id).values(sales_closed_at=closed_at)
    )
    step = "close sales" if is_to_close else "open sales"
    reason = f"использовано {used} из {one.ceiling_kopecks or '—'} коп."
    await record(
        connection, Subject.AGREEMENT, one.id, step, (one.state, one.state), by=COUNTER, reason=reason
    )
