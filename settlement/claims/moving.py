"""Steps of a claim: the one place where its state changes."""

import asyncpg

from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record
from settlement.claims.states import STEPS, ClaimState, ClaimStep


async def move(
    connection: asyncpg.Connection,
    claim_id: int,
    step: ClaimStep,
    *,
    by: Actor,
    reason: str = "",
    approved_by: str | None = None,
) -> ClaimState:
    """Take a step in the transaction of the caller; raises ValueError for one that is not allowed."""
    state = ClaimState(
        await connection.fetchval("SELECT state FROM claim WHERE id = $1 FOR UPDATE", claim_id)
    )
    to = STEPS.get((state, step))
    if to is None:
        raise ValueError(f"claim {claim_id} is {state}: the step {step} is not possible")
    update = "UPDATE claim SET state = $2, changed_at = tillgate_now() WHERE id = $1"
    await connection.execute(update, claim_id, to)
    await connection.execute(
        """
        INSERT INTO claim_history (claim_id, n, step, from_state, to_state, reason, made_by, approved_by)
        SELECT $1, count(*) + 1, $2, $3, $4, $5, $6, $7 FROM claim_history WHERE claim_id = $1
        """,
        claim_id, step, state, to, reason, by.id, approved_by or "",
    )  # fmt: skip
    await record(
        connection,
        actor=by,
        action=Action.CLAIM_DECIDED,
        subject=Subject(SubjectKind.CLAIM, str(claim_id)),
        details={"step": step.value, "state": to.value},
        approved_by=approved_by,
    )
    return to
