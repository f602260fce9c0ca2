"""One step of a claim: what `STEPS` allows, written with its history and its entry of the audit log."""

from collections.abc import Mapping
from enum import Enum, unique
from typing import Final

import asyncpg

from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import kept_text, record
from settlement.claims.states import STEPS, ClaimState, ClaimStep
from settlement.errors import SettlementError


@unique
class MovingCode(Enum):
    """Why a claim does not move; the texts are Russian and English."""

    CLAIM_UNKNOWN = ("расчёта {claim_id} нет", "there is no claim {claim_id}")
    STEP_NOT_ALLOWED = (
        "расчёт {claim_id} в состоянии {state}: действие «{step}» невозможно",
        "claim {claim_id} is {state}: the step {step} is not possible",
    )
    REASON_MISSING = ("действие «{step}»: нужно обоснование", "the step {step} needs a reason")
    FOUR_EYES = (
        "действие «{step}»: нужен второй человек, кроме {by}",
        "the step {step} needs a second person beside {by}",
    )


WITH_REASON: Final = frozenset({ClaimStep.RETURN_TO_MERCHANT, ClaimStep.REFUSE, ClaimStep.REOPEN})
"""Steps that the merchant is told the reason of."""

FOUR_EYES: Final = frozenset({ClaimStep.APPROVE, ClaimStep.APPROVE_IN_PART, ClaimStep.REFUSE})
"""Steps that two persons take."""

ACTIONS: Final[Mapping[ClaimStep, Action]] = {
    ClaimStep.FILE: Action.CLAIM_FILED,
    ClaimStep.APPROVE: Action.CLAIM_DECIDED,
    ClaimStep.APPROVE_IN_PART: Action.CLAIM_DECIDED,
    ClaimStep.REFUSE: Action.CLAIM_DECIDED,
}
"""What the audit log calls a step; every other one is CLAIM_MOVED."""

_STATE: Final = "SELECT state FROM claim WHERE id = $1 FOR UPDATE"

_MOVE: Final = """
UPDATE claim SET state = $2, changed_at = tillgate_now(),
  filed_at = CASE WHEN $3 THEN tillgate_now() ELSE filed_at END
WHERE id = $1"""

_HISTORY: Final = """
INSERT INTO claim_history (claim_id, n, step, from_state, to_state, reason, made_by, approved_by,
  approved_kopecks)
SELECT $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5, $6, $7,
  (SELECT approved_kopecks FROM claim WHERE id = $1)
FROM claim_history WHERE claim_id = $1"""


async def state_of(connection: asyncpg.Connection, claim_id: int) -> ClaimState:
    """Where a claim stands, with its row locked until the transaction ends; raises CLAIM_UNKNOWN."""
    state = await connection.fetchval(_STATE, claim_id)
    if state is None:
        raise SettlementError(MovingCode.CLAIM_UNKNOWN, claim_id=claim_id)
    return ClaimState(state)


async def move(
    connection: asyncpg.Connection,
    claim_id: int,
    step: ClaimStep,
    *,
    by: Actor,
    reason: str = "",
    approved_by: str | None = None,
) -> ClaimState:
    """Take a step inside the caller's transaction and return the new state; FILE sets `filed_at`.

    Call it last: it records the step, and whoever records next waits for the transaction's end. Under READ
    COMMITTED alone, as `gateway.record` asks. Raises SettlementError CLAIM_UNKNOWN, STEP_NOT_ALLOWED,
    REASON_MISSING, FOUR_EYES, and nothing is changed.
    """
    reason = kept_text(reason.strip())
    state = await state_of(connection, claim_id)
    found = STEPS.get((state, step))
    if found is None:
        raise SettlementError(
            MovingCode.STEP_NOT_ALLOWED, claim_id=claim_id, state=state.value, step=step.value
        )
    if step in WITH_REASON and not reason:
        raise SettlementError(MovingCode.REASON_MISSING, step=step.value)
    if approved_by == by.id or (step in FOUR_EYES and not approved_by):
        raise SettlementError(MovingCode.FOUR_EYES, step=step.value, by=by.id)
    await connection.execute(_MOVE, claim_id, found, step is ClaimStep.FILE)
    await connection.execute(_HISTORY, claim_id, step, state, found, reason, by.id, approved_by or "")
    await record(
        connection,
        actor=by,
        action=ACTIONS.get(step, Action.CLAIM_MOVED),
        subject=Subject(SubjectKind.CLAIM, str(claim_id)),
        details={"step": step.value, "from": state.value, "to": found.value, "reason": reason},
        approved_by=approved_by,
    )
    return found
