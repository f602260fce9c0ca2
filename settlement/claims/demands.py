"""Demanding back what a refund made undue after its sale was paid, where no claim can be lowered by it."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import asyncpg

from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record
from gateway.workdays import last_day_of_term
from settlement.claims.demand_model import DEMAND_STEPS, Demand, DemandReason, DemandState, DemandStep
from settlement.claims.errors import ClaimCode
from settlement.claims.locking import lock_agreement
from settlement.claims.states import ClaimState
from settlement.errors import SettlementError
from settlement.ledger_reader.claims_operations import PENDING_REFUNDS, SALE_DATE
from settlement.ledger_reader.claims_registry import AgreementRead, read_agreement

_EVER: Final = date(9999, 12, 31)

_COLUMNS: Final = """
  id, agreement_id, operation_id, program_code, amount_kopecks, state, reason, revenue_kbk, purpose,
  demanded_on, due_on, returned_kopecks, offset_claim_id"""

_LAST_CLAIMED_DAY: Final = """
SELECT max(last_day) FROM claim
WHERE agreement_id = $1 AND state NOT IN ('DRAFT', 'DISCARDED', 'SUPERSEDED')"""

# A demand that was offset and whose refund then found no claim may be made once more.
_INSERT: Final = f"""
  INSERT INTO return_demand (agreement_id, operation_id, program_code, amount_kopecks, reason, revenue_kbk,
    purpose, demanded_on, due_on)
  VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8)
  ON CONFLICT (operation_id, program_code) DO UPDATE
    SET state = 'DEMANDED', reason = excluded.reason, revenue_kbk = excluded.revenue_kbk,
      demanded_on = excluded.demanded_on, due_on = excluded.due_on, offset_claim_id = NULL,
      changed_at = tillgate_now()
    WHERE return_demand.state = 'OFFSET'
  RETURNING {_COLUMNS}"""

_PURPOSE: Final = "UPDATE return_demand SET purpose = $2 WHERE id = $1"

_PURPOSE_TEXT: Final = (
    "Возврат субсидии по договору {number}, требование № {id}: возвращена покупка от {sold:%d.%m.%Y}"
)

_LOCKED: Final = f"SELECT {_COLUMNS} FROM return_demand WHERE id = $1 FOR UPDATE"

_MOVE: Final = """
UPDATE return_demand SET state = $2, returned_kopecks = $3, changed_at = tillgate_now() WHERE id = $1"""

_LIST: Final = f"""
SELECT {_COLUMNS} FROM return_demand
WHERE ($1::bigint IS NULL OR agreement_id = $1) AND (NOT $2 OR state IN ('DEMANDED', 'IN_COURT'))
ORDER BY due_on, id"""


async def demand_refunds(
    connection: asyncpg.Connection,
    agreement_id: int,
    *,
    on: date,
    by: Actor,
    is_last: bool = False,
) -> list[Demand]:
    """Demand back, on a day, every refund of a paid sale that can lower no claim; returns the new demands.

    That is so where the agreement lets nothing be netted, or a claim that reaches the end of the sale's year
    is filed: refunds net inside one budget year only. `is_last` says that no claim of the agreement is to
    come. Works in the caller's transaction. Raises SettlementError AGREEMENT_UNKNOWN, REVENUE_KBK_MISSING.
    """
    await lock_agreement(connection, agreement_id)
    of = await read_agreement(connection, agreement_id)
    claimed_until = await connection.fetchval(_LAST_CLAIMED_DAY, agreement_id)
    made = []
    for row in await connection.fetch(PENDING_REFUNDS, agreement_id, _EVER, None):
        reason = _reason(of, row["sale_date"], claimed_until, is_last=is_last)
        if reason is None or row["state"] != ClaimState.PAID:
            continue
        made.append(await _demand(connection, of, row, reason, on))
    for demand in made:
        details = {"step": "DEMAND", "amount_kopecks": demand.amount_kopecks, "reason": demand.reason}
        await _record(connection, demand, by, details)
    return made


async def returned(
    connection: asyncpg.Connection, demand_id: int, amount_kopecks: int, *, by: Actor
) -> Demand:
    """Note money that came back, in the caller's transaction; all of it makes the demand RETURNED.

    Raises SettlementError DEMAND_UNKNOWN, DEMAND_STEP_NOT_ALLOWED, DEMAND_SUM_UNFIT.
    """
    demand = await _locked(connection, demand_id)
    after = _after(demand, DemandStep.RETURN)
    if not 0 < amount_kopecks <= demand.left_kopecks:
        raise SettlementError(
            ClaimCode.DEMAND_SUM_UNFIT,
            demand_id=demand_id, left_kopecks=demand.left_kopecks, amount_kopecks=amount_kopecks,
        )  # fmt: skip
    is_whole = amount_kopecks == demand.left_kopecks
    total = demand.returned_kopecks + amount_kopecks
    await connection.execute(_MOVE, demand_id, after if is_whole else demand.state, total)
    details = {"step": DemandStep.RETURN.value, "amount_kopecks": amount_kopecks}
    await _record(connection, demand, by, details)
    return await _locked(connection, demand_id)


async def offset(connection: asyncpg.Connection, demand_id: int, *, on: date, by: Actor) -> Demand:
    """Give a demand up, so that its refund lowers the next claim of the same budget year.

    Raises SettlementError DEMAND_UNKNOWN, DEMAND_STEP_NOT_ALLOWED (also once a part came back),
    DEMAND_OTHER_YEAR.
    """
    demand = await _locked(connection, demand_id)
    after = _after(demand, DemandStep.OFFSET)
    if demand.returned_kopecks:
        raise _not_allowed(demand, DemandStep.OFFSET)
    sold = await connection.fetchval(SALE_DATE, demand.operation_id)
    if sold.year != on.year:
        raise SettlementError(
            ClaimCode.DEMAND_OTHER_YEAR, demand_id=demand_id, year=sold.year, this_year=on.year
        )
    await connection.execute(_MOVE, demand_id, after, 0)
    await _record(connection, demand, by, {"step": DemandStep.OFFSET.value})
    return await _locked(connection, demand_id)


async def sue(connection: asyncpg.Connection, demand_id: int, *, by: Actor) -> Demand:
    """Note that a demand went to court. Raises SettlementError DEMAND_UNKNOWN, DEMAND_STEP_NOT_ALLOWED."""
    demand = await _locked(connection, demand_id)
    await connection.execute(_MOVE, demand_id, _after(demand, DemandStep.SUE), demand.returned_kopecks)
    await _record(connection, demand, by, {"step": DemandStep.SUE.value})
    return await _locked(connection, demand_id)


async def demands_of(
    connection: asyncpg.Connection, *, agreement_id: int | None = None, waiting_only: bool = False
) -> list[Demand]:
    """Demands, those due first; `waiting_only` those whose money is still to come."""
    return [_read(row) for row in await connection.fetch(_LIST, agreement_id, waiting_only)]


async def _demand(
    connection: asyncpg.Connection,
    of: AgreementRead,
    row: Mapping[str, Any],
    reason: DemandReason,
    on: date,
) -> Demand:
    if not of.terms.revenue_kbk:
        raise SettlementError(ClaimCode.REVENUE_KBK_MISSING, number=of.number)
    due_on = last_day_of_term(on, of.terms.return_within_working_days).day
    demand = _read(
        await connection.fetchrow(
            _INSERT, of.id, row["operation_id"], row["program_code"], row["amount_kopecks"],
            reason.value[0], of.terms.revenue_kbk, on, due_on,
        )
    )  # fmt: skip
    await connection.execute(
        _PURPOSE, demand.id, _PURPOSE_TEXT.format(id=demand.id, number=of.number, sold=row["sale_date"])
    )
    return await _locked(connection, demand.id)


def _reason(
    of: AgreementRead, sold: date, claimed_until: date | None, *, is_last: bool
) -> DemandReason | None:
    if not of.terms.may_net_refunds:
        return DemandReason.NETTING_NOT_AGREED
    if claimed_until is not None and claimed_until >= date(sold.year, 12, 31):
        return DemandReason.YEAR_CLOSED
    return DemandReason.NO_FURTHER_CLAIM if is_last else None


def _after(demand: Demand, step: DemandStep) -> DemandState:
    found = DEMAND_STEPS.get((demand.state, step))
    if found is None:
        raise _not_allowed(demand, step)
    return found


def _not_allowed(demand: Demand, step: DemandStep) -> SettlementError:
    return SettlementError(
        ClaimCode.DEMAND_STEP_NOT_ALLOWED, demand_id=demand.id, state=demand.state.value, step=step.value
    )


async def _locked(connection: asyncpg.Connection, demand_id: int) -> Demand:
    row = await connection.fetchrow(_LOCKED, demand_id)
    if row is None:
        raise SettlementError(ClaimCode.DEMAND_UNKNOWN, demand_id=demand_id)
    return _read(row)


def _read(row: Mapping[str, Any]) -> Demand:
    return Demand(**{**row, "state": DemandState(row["state"])})


async def _record(
    connection: asyncpg.Connection, demand: Demand, by: Actor, details: Mapping[str, Any]
) -> None:
    subject = Subject(SubjectKind.RETURN_DEMAND, str(demand.id))
    await record(connection, actor=by, action=Action.RETURN_DEMAND_CHANGED, subject=subject, details=details)
