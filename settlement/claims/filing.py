"""Filing: a draft becomes a claim that counts, if everything that it claims still stands."""

from typing import Final

import asyncpg
import msgspec

from gateway.domain.settlement_terms import OverLimit
from gateway.record.words import Actor
from settlement.checks.filing import blockers
from settlement.claims.building import REPLACEABLE, filed_periods
from settlement.claims.drawing import MATCHED, stage, stage_lines
from settlement.claims.errors import ClaimCode
from settlement.claims.limits import require_room
from settlement.claims.locking import lock_agreement
from settlement.claims.model import Claim
from settlement.claims.moving import move
from settlement.claims.periods import days_of
from settlement.claims.reading import parties_now, read_claim
from settlement.claims.states import ClaimState, ClaimStep
from settlement.errors import SettlementError
from settlement.ledger_reader.claims_registry import AgreementRead, read_agreement
from settlement.matching.mismatches import REPORTED_ONLY

NAMED_MAX: Final = 20
"""How many changed lines an error names; all are counted."""

_CLAIM: Final = """
SELECT agreement_id, merchant_id, first_day, last_day, state, supersedes_id,
  sale_kopecks - returned_kopecks AS net_kopecks
FROM claim WHERE id = $1"""

_STATE: Final = "SELECT state FROM claim WHERE id = $1"

# A draft's line still stands if its operation is as open as it was and matches as it did; a sale, if besides
# nothing gave it back since. What is new stands in no line of the draft: it is the next claim's.
_CHANGED: Final = f"""
WITH {MATCHED}
SELECT m.n FROM claim_drawn m LEFT JOIN weighed w USING (operation_id, program_code)
WHERE m.treatment IN ('INCLUDED', 'OVER_LIMIT') AND (
  w.operation_id IS NULL OR w.is_unfit
  OR (m.kind, m.amount_kopecks, m.receipt_drive_number, m.receipt_document_number) IS DISTINCT FROM
     (w.kind, w.amount_kopecks, w.receipt_drive_number, w.receipt_document_number))
UNION
SELECT m.n FROM claim_drawn m JOIN claim_wanted w USING (purchase_id, program_code)
LEFT JOIN claim_drawn known
  ON known.operation_id = w.operation_id AND known.program_code = w.program_code
WHERE m.treatment IN ('INCLUDED', 'OVER_LIMIT') AND m.kind = 'SALE' AND w.kind <> 'SALE' AND known.n IS NULL
ORDER BY n"""

# What an addendum may have changed since: its budget, and what becomes of refunds and of lines over a limit.
_AGAINST_TERMS: Final = """
SELECT EXISTS (SELECT FROM claim_year WHERE claim_id = $1 AND kbk <> $2) AS kbk,
  NOT $3 AND EXISTS (
    SELECT FROM claim_drawn JOIN claim_wanted w USING (operation_id, program_code)
    WHERE treatment = 'INCLUDED' AND w.is_pending) AS may_net_refunds,
  NOT $4 AND EXISTS (SELECT FROM claim_drawn WHERE treatment = 'OVER_LIMIT') AS over_limit"""


# Lines of decided claims that were refused, but not for good, and that this claim takes over.
_FREE_REFUSED: Final = """
UPDATE claim_line old SET is_live = false
FROM claim_line l, claim c
WHERE l.claim_id = $1 AND old.operation_id = l.operation_id AND old.program_code = l.program_code
  AND old.is_live AND old.claim_id <> $1 AND c.id = old.claim_id AND c.id IS DISTINCT FROM $2::bigint
  AND (old.verdict = 'REFUSED' OR c.state = 'REFUSED')"""
_FREE_SUPERSEDED: Final = "UPDATE claim_line SET is_live = false WHERE claim_id = $1 AND is_live"
_MAKE_LIVE: Final = """
UPDATE claim_line SET is_live = true WHERE claim_id = $1 AND treatment IN ('INCLUDED', 'OVER_LIMIT')"""

_FILED_AS: Final = "INSERT INTO claim_filed_as (claim_id, facts) VALUES ($1, $2::text::jsonb)"

_OFFSET: Final = """
UPDATE return_demand d SET offset_claim_id = $1, changed_at = tillgate_now()
FROM claim_line l
WHERE l.claim_id = $1 AND l.is_live AND d.operation_id = l.operation_id AND d.program_code = l.program_code
  AND d.state = 'OFFSET' AND d.offset_claim_id IS DISTINCT FROM $1::bigint"""


async def file(connection: asyncpg.Connection, claim_id: int, *, by: Actor) -> Claim:
    """File a draft: its lines are live from now on, and those of the claim that it corrects no more.

    Everything is read again in one transaction: the draft's claimed lines must stand as they did, and be
    within ceiling and budget. What came since the draft and is in no line of it waits for the next claim.

    Raises SettlementError CLAIM_UNKNOWN, NOT_A_DRAFT, AGREEMENT_SETTLED, CLAIM_ACCEPTED, NET_NOT_POSITIVE,
    PERIOD_UNFIT, PERIOD_FILED, TERMS_CHANGED, CLAIM_STALE, LIMIT_EXCEEDED, FILING_BLOCKED, and nothing is
    changed.
    """
    async with connection.transaction():
        agreement_id = await connection.fetchval("SELECT agreement_id FROM claim WHERE id = $1", claim_id)
        if agreement_id is None:
            raise SettlementError(ClaimCode.CLAIM_UNKNOWN, claim_id=claim_id)
        await lock_agreement(connection, agreement_id)
        # Read under the lock: whoever held it may have discarded the draft.
        draft = await connection.fetchrow(_CLAIM, claim_id)
        of = await read_agreement(connection, agreement_id)
        await _check_fileable(connection, claim_id, draft, of)
        await _check_period(connection, claim_id, draft, of)
        await _check_unchanged(connection, claim_id, draft, of)
        await _check_terms(connection, claim_id, of)
        await require_room(connection, claim_id, of, draft["net_kopecks"], without=draft["supersedes_id"])
        await _check_unblocked(connection, claim_id)
        await connection.execute(_FREE_REFUSED, claim_id, draft["supersedes_id"])
        if draft["supersedes_id"] is not None:
            await connection.execute(_FREE_SUPERSEDED, draft["supersedes_id"])
        await connection.execute(_MAKE_LIVE, claim_id)
        await connection.execute(_OFFSET, claim_id)
        parties = await parties_now(connection, of.id, draft["merchant_id"])
        await connection.execute(_FILED_AS, claim_id, msgspec.json.encode(parties).decode())
        if draft["supersedes_id"] is not None:
            reason = f"заменён расчётом {claim_id}"
            await move(connection, draft["supersedes_id"], ClaimStep.SUPERSEDE, by=by, reason=reason)
        await move(connection, claim_id, ClaimStep.FILE, by=by)
    return await read_claim(connection, claim_id)


async def _check_fileable(
    connection: asyncpg.Connection, claim_id: int, draft: asyncpg.Record, of: AgreementRead
) -> None:
    if draft["state"] != ClaimState.DRAFT:
        raise SettlementError(ClaimCode.NOT_A_DRAFT, claim_id=claim_id, state=draft["state"])
    if of.state == "SETTLED":
        raise SettlementError(ClaimCode.AGREEMENT_SETTLED, number=of.number)
    if draft["net_kopecks"] <= 0:
        raise SettlementError(ClaimCode.NET_NOT_POSITIVE, claim_id=claim_id, net_kopecks=draft["net_kopecks"])
    if draft["supersedes_id"] is not None:
        state = await connection.fetchval(_STATE, draft["supersedes_id"])
        if state not in REPLACEABLE:
            raise SettlementError(ClaimCode.CLAIM_ACCEPTED, claim_id=draft["supersedes_id"], state=state)


async def _check_period(
    connection: asyncpg.Connection, claim_id: int, draft: asyncpg.Record, of: AgreementRead
) -> None:
    if draft["supersedes_id"] is not None:
        return
    days = days_of(of.terms.period, draft["first_day"], await filed_periods(connection, of.id))
    if days != (draft["first_day"], draft["last_day"]):
        raise SettlementError(ClaimCode.TERMS_CHANGED, claim_id=claim_id, what="period")


async def _check_terms(connection: asyncpg.Connection, claim_id: int, of: AgreementRead) -> None:
    refuses = of.terms.over_limit is OverLimit.REFUSE
    row = await connection.fetchrow(_AGAINST_TERMS, claim_id, of.terms.kbk, of.terms.may_net_refunds, refuses)
    if changed := [name for name, is_other in row.items() if is_other]:
        raise SettlementError(ClaimCode.TERMS_CHANGED, claim_id=claim_id, what=", ".join(changed))


async def _check_unblocked(connection: asyncpg.Connection, claim_id: int) -> None:
    if blocking := await blockers(connection, claim_id):
        what = "; ".join(str(one) for one in blocking[:NAMED_MAX])
        raise SettlementError(ClaimCode.FILING_BLOCKED, claim_id=claim_id, what=what)


async def _check_unchanged(
    connection: asyncpg.Connection, claim_id: int, draft: asyncpg.Record, of: AgreementRead
) -> None:
    await stage(connection, of.id, draft["last_day"], draft["supersedes_id"])
    await stage_lines(connection, claim_id)
    rows = await connection.fetch(_CHANGED, of.terms.evidence, REPORTED_ONLY)
    if rows:
        named = ", ".join(str(row["n"]) for row in rows[:NAMED_MAX]) + (" …" if len(rows) > NAMED_MAX else "")
        raise SettlementError(ClaimCode.CLAIM_STALE, claim_id=claim_id, count=len(rows), lines=named)
