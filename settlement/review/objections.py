"""Objections: the merchant's, against a decision, and the department's answers, each in its term.

An objection that is upheld before the claim is payable opens the review again. Later it lets go of the lines
that were refused for good: the next claim of the agreement may hold them.
"""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

import asyncpg
from msgspec import Struct

from gateway.domain.policy import moscow_date
from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record
from gateway.workdays import last_day_of_term
from settlement.claims.limits import require_room
from settlement.claims.locking import lock_agreement
from settlement.claims.moving import move, state_of
from settlement.claims.states import ClaimState, ClaimStep
from settlement.errors import SettlementError
from settlement.ledger_reader.claim_terms import terms_of_claim
from settlement.ledger_reader.claims_registry import read_agreement
from settlement.review.errors import ReviewCode
from settlement.review.texts import fitting
from settlement.review.verdicts import shown

REOPENS: Final = frozenset({ClaimState.APPROVED_IN_PART, ClaimState.REFUSED})
OBJECTABLE: Final = REOPENS | {
    ClaimState.PAYABLE,
    ClaimState.PARTLY_PAID,
    ClaimState.PAID,
    ClaimState.RETURNED_BY_BANK,
}

_DECIDED_AT: Final = """
SELECT max(made_at) FROM claim_history
WHERE claim_id = $1 AND step IN ('APPROVE', 'APPROVE_IN_PART', 'REFUSE')"""

_REFUSED: Final = """
SELECT n FROM claim_line
WHERE claim_id = $1 AND verdict IN ('REFUSED', 'REFUSED_FOR_GOOD')
  AND (cardinality($2::integer[]) = 0 OR n = ANY ($2::integer[]))"""

# Those that are meant, with the returns of the same purchases.
_MEANT: Final = """
meant AS (
  SELECT l.n FROM claim_line AS l
  WHERE l.claim_id = $1 AND l.verdict IN ('REFUSED', 'REFUSED_FOR_GOOD') AND (
    cardinality($2::integer[]) = 0 OR l.n = ANY ($2::integer[]) OR (
      l.amount_kopecks < 0 AND (l.purchase_id, l.program_code) IN (
        SELECT s.purchase_id, s.program_code FROM claim_line AS s
        WHERE s.claim_id = $1 AND s.n = ANY ($2::integer[]) AND s.amount_kopecks > 0)))
)"""

_ELSEWHERE: Final = """
SELECT l.n FROM claim_line AS l JOIN claim_line AS o USING (operation_id, program_code)
WHERE l.claim_id = $1 AND l.verdict = 'REFUSED' AND NOT l.is_live AND o.is_live"""

_LIVE_AGAIN: Final = "UPDATE claim_line SET is_live = true WHERE claim_id = $1 AND verdict = 'REFUSED'"

_OPEN_AGAIN: Final = f"""
WITH {_MEANT}
UPDATE claim_line AS l SET verdict = NULL, verdict_reason = '' FROM meant
WHERE l.claim_id = $1 AND l.n = meant.n"""

_LET_GO: Final = f"""
WITH {_MEANT}
UPDATE claim_line AS l SET verdict = 'REFUSED', is_live = false FROM meant
WHERE l.claim_id = $1 AND l.n = meant.n AND l.verdict = 'REFUSED_FOR_GOOD'"""

_SAME: Final = """
SELECT * FROM claim_objection
WHERE claim_id = $1 AND line_numbers = $2::integer[] AND text = $3 AND made_at >= $4"""

_CLAIM_OF: Final = """
SELECT o.claim_id, c.agreement_id, c.sale_kopecks - c.returned_kopecks AS net_kopecks
FROM claim_objection o JOIN claim c ON c.id = o.claim_id
WHERE o.id = $1"""

_ANSWER: Final = """
UPDATE claim_objection SET state = $2, answer = $3, answered_by = $4, answered_at = tillgate_now()
WHERE id = $1 RETURNING *"""


class ObjectionState(StrEnum):
    """Where an objection stands."""

    OPEN = "OPEN"
    UPHELD = "UPHELD"
    DISMISSED = "DISMISSED"


class Objection(Struct, frozen=True):
    """An objection; no `line_numbers` mean the whole decision. `answer_by` is the last day of the term."""

    id: int
    claim_id: int
    line_numbers: tuple[int, ...]
    text: str
    made_by: str
    made_at: datetime
    answer_by: date
    state: ObjectionState
    answer: str
    answered_by: str
    answered_at: datetime | None


async def object_to(
    connection: asyncpg.Connection, claim_id: int, text: str, *, line_numbers: Sequence[int] = (), by: Actor
) -> Objection:
    """Take in an objection to a decision or to refused lines of it, in the caller's transaction.

    The same text on the same lines since that decision is the objection that was taken.
    Raises SettlementError CLAIM_UNKNOWN, NOTHING_TO_OBJECT, OBJECTION_LATE, TEXT_UNFIT.
    """
    state = await state_of(connection, claim_id)
    text = _said("text", text)
    numbers = sorted(set(line_numbers))
    found = {row["n"] for row in await connection.fetch(_REFUSED, claim_id, numbers)}
    if state not in OBJECTABLE or not found or found < set(numbers):
        missing = shown(set(numbers) - found)
        raise SettlementError(
            ReviewCode.NOTHING_TO_OBJECT, claim_id=claim_id, state=state.value, numbers=missing
        )
    terms = await terms_of_claim(connection, claim_id)
    decided_at = await connection.fetchval(_DECIDED_AT, claim_id)
    if terms is None or decided_at is None:
        raise SettlementError(ReviewCode.NOTHING_TO_OBJECT, claim_id=claim_id, state=state.value, numbers="")
    same = await connection.fetchrow(_SAME, claim_id, numbers, text, decided_at)
    if same is not None:
        return _objection(same)
    today = moscow_date(await connection.fetchval("SELECT tillgate_now()"))
    last = last_day_of_term(moscow_date(decided_at), terms.terms.object_within_working_days).day
    if today > last:
        raise SettlementError(ReviewCode.OBJECTION_LATE, day=last)
    answer_by = last_day_of_term(today, terms.terms.answer_within_working_days).day
    row = await connection.fetchrow(
        "INSERT INTO claim_objection (claim_id, line_numbers, text, made_by, answer_by)"
        " VALUES ($1, $2, $3, $4, $5) RETURNING *",
        claim_id, numbers, text, by.id, answer_by,
    )  # fmt: skip
    made = _objection(row)
    details = {"objection": made.id, "lines": numbers, "answer_by": answer_by.isoformat()}
    await _record(connection, made, by, Action.CLAIM_OBJECTED, details)
    return made


async def answer_objection(
    connection: asyncpg.Connection, objection_id: int, *, is_upheld: bool, answer: str, by: Actor
) -> Objection:
    """Answer an objection in the caller's transaction; one that is upheld takes its effect.

    Raises SettlementError OBJECTION_UNKNOWN, OBJECTION_ANSWERED, TEXT_UNFIT, and, if the review cannot open
    again, LINES_CLAIMED_AGAIN because another claim holds its lines by now, or LIMIT_EXCEEDED because others
    have used up the ceiling or the budget that its refusal had freed.
    """
    of = await connection.fetchrow(_CLAIM_OF, objection_id)
    if of is None:
        raise SettlementError(ReviewCode.OBJECTION_UNKNOWN, objection_id=objection_id)
    claim_id = of["claim_id"]
    # In the order of filing: the agreement before its claims.
    await lock_agreement(connection, of["agreement_id"])
    claim_state = await state_of(connection, claim_id)
    found = _objection(await connection.fetchrow("SELECT * FROM claim_objection WHERE id = $1", objection_id))
    if found.state is not ObjectionState.OPEN:
        raise SettlementError(
            ReviewCode.OBJECTION_ANSWERED, objection_id=objection_id, state=found.state.value
        )
    answer = _said("answer", answer)
    state = ObjectionState.UPHELD if is_upheld else ObjectionState.DISMISSED
    row = await connection.fetchrow(_ANSWER, objection_id, state, answer, by.id)
    reopens = is_upheld and claim_state in REOPENS
    if reopens:
        await _open_again(connection, found)
    elif is_upheld:
        await connection.execute(_LET_GO, claim_id, list(found.line_numbers))
    if reopens:
        agreement = await read_agreement(connection, of["agreement_id"])
        await require_room(connection, claim_id, agreement, of["net_kopecks"], without=claim_id)
        await move(connection, claim_id, ClaimStep.REOPEN, by=by, reason=answer)
    answered = _objection(row)
    details = {"objection": objection_id, "state": state.value, "reopens": reopens}
    await _record(connection, answered, by, Action.CLAIM_ANSWERED, details)
    return answered


async def objections_of(connection: asyncpg.Connection, claim_id: int) -> list[Objection]:
    """All objections to the decisions on a claim, the oldest first."""
    query = "SELECT * FROM claim_objection WHERE claim_id = $1 ORDER BY id"
    return [_objection(row) for row in await connection.fetch(query, claim_id)]


async def require_no_open_objection(connection: asyncpg.Connection, claim_id: int) -> None:
    """Raise SettlementError OBJECTION_OPEN while an objection is not answered."""
    query = "SELECT min(id) FROM claim_objection WHERE claim_id = $1 AND state = 'OPEN'"
    number = await connection.fetchval(query, claim_id)
    if number is not None:
        raise SettlementError(ReviewCode.OBJECTION_OPEN, objection_id=number)


async def _open_again(connection: asyncpg.Connection, found: Objection) -> None:
    """All lines of the claim are live again, and those that are meant have no verdict."""
    if taken := [row["n"] for row in await connection.fetch(_ELSEWHERE, found.claim_id)]:
        raise SettlementError(ReviewCode.LINES_CLAIMED_AGAIN, numbers=shown(taken))
    try:
        await connection.execute(_LIVE_AGAIN, found.claim_id)
    except asyncpg.UniqueViolationError:
        # Another claim was filed with one of them in this very moment.
        raise SettlementError(ReviewCode.LINES_CLAIMED_AGAIN, numbers="?") from None
    await connection.execute(_OPEN_AGAIN, found.claim_id, list(found.line_numbers))
    await connection.execute("UPDATE claim SET approved_kopecks = NULL WHERE id = $1", found.claim_id)


def _said(what: str, text: str) -> str:
    said = fitting(text, ReviewCode.TEXT_UNFIT, what=what)
    if not said:
        raise SettlementError(ReviewCode.TEXT_UNFIT, what=what, limit=0)
    return said


def _objection(row: Any) -> Objection:
    fields = dict(row) | {
        "line_numbers": tuple(row["line_numbers"]),
        "state": ObjectionState(row["state"]),
    }
    return Objection(**fields)


async def _record(
    connection: asyncpg.Connection, of: Objection, by: Actor, action: Action, details: dict[str, Any]
) -> None:
    subject = Subject(SubjectKind.CLAIM, str(of.claim_id))
    await record(connection, actor=by, action=action, subject=subject, details=details)
