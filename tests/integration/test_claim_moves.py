"""Every pair of state and step: what `STEPS` names leads where it says, and nothing else happens at all."""

import asyncio
from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from gateway.runtime.database import driver_connection, make_engine
from settlement.claims.moving import FOUR_EYES, WITH_REASON, move
from settlement.claims.states import LIVE, STEPS, ClaimState, ClaimStep
from settlement.errors import SettlementError
from tests.review_kit import OPERATOR, Archive, refusal

REASON = "обоснование"
HISTORY = """
SELECT c.state, c.filed_at IS NOT NULL AS is_filed, h.n, h.step, h.from_state, h.to_state, h.reason,
  h.made_by, h.approved_by
FROM claim c JOIN claim_history h ON h.claim_id = c.id WHERE c.id = $1"""


async def test_every_step_from_every_state_leads_where_the_table_says_or_is_refused(archive: Archive) -> None:
    """And a refused one leaves not a row behind."""
    allowed = 0
    for number, (state, step) in enumerate(product(ClaimState, ClaimStep)):
        claim_id = await archive.claim(state=state, first_day=month(number), operations_from=number * 10)
        before = await archive.everything()
        attempt = moved(archive, claim_id, step)
        if (state, step) not in STEPS:
            assert "STEP_NOT_ALLOWED" == await refusal(attempt), (state, step)
            assert before == await archive.everything()
            continue
        allowed += 1
        assert STEPS[state, step] is await attempt
        row = await archive.connection.fetchrow(HISTORY, claim_id)
        to = STEPS[state, step]
        assert tuple(row) == (
            to,
            to is not ClaimState.DISCARDED,
            1,
            step,
            state,
            to,
            REASON,
            "operator",
            "second",
        )
    assert len(STEPS) == allowed


def month(number: int) -> date:
    """One month for each claim, since an agreement has one claim for each."""
    return date(2000 + number // 12, 1 + number % 12, 1)


async def moved(archive: Archive, claim_id: int, step: ClaimStep) -> ClaimState:
    """Take a step in a transaction of its own."""
    async with archive.connection.transaction():
        return await move(
            archive.connection, claim_id, step, by=OPERATOR, reason=REASON, approved_by="second"
        )


async def test_a_step_is_in_the_history_and_in_the_audit_log(archive: Archive) -> None:
    """Filing, review and decision, with who approved."""
    claim_id = await archive.claim(state=ClaimState.DRAFT)
    for step in (ClaimStep.FILE, ClaimStep.TAKE_UP, ClaimStep.APPROVE, ClaimStep.MAKE_PAYABLE):
        await moved(archive, claim_id, step)
    history = await archive.connection.fetch("SELECT n, step FROM claim_history ORDER BY n")
    assert [(1, "FILE"), (2, "TAKE_UP"), (3, "APPROVE"), (4, "MAKE_PAYABLE")] == [
        tuple(row) for row in history
    ]
    logged = await archive.connection.fetch("SELECT action, approved_by FROM audit_entry ORDER BY id")
    assert ["claim.filed", "claim.moved", "claim.decided", "claim.moved"] == [row["action"] for row in logged]
    assert {"second"} == {row["approved_by"] for row in logged}


@pytest.mark.parametrize("step", sorted(FOUR_EYES))
async def test_a_decision_takes_a_second_person(archive: Archive, step: ClaimStep) -> None:
    """Nobody, and the same person, are none."""
    claim_id = await archive.claim(state=ClaimState.UNDER_REVIEW)
    for second in (None, "", OPERATOR.id):
        async with archive.connection.transaction():
            code = await refusal(
                move(archive.connection, claim_id, step, by=OPERATOR, reason=REASON, approved_by=second)
            )
        assert "FOUR_EYES" == code


@pytest.mark.parametrize("step", sorted(WITH_REASON))
async def test_what_the_merchant_is_told_needs_a_reason(archive: Archive, step: ClaimStep) -> None:
    """Blanks are none."""
    state = ClaimState.REFUSED if step is ClaimStep.REOPEN else ClaimState.UNDER_REVIEW
    claim_id = await archive.claim(state=state)
    async with archive.connection.transaction():
        attempt = move(archive.connection, claim_id, step, by=OPERATOR, reason="  ", approved_by="second")
        assert "REASON_MISSING" == await refusal(attempt)


async def test_a_card_number_in_a_reason_is_not_kept(archive: Archive) -> None:
    """The merchant reads the history; whoever typed a number there did not mean to."""
    claim_id = await archive.claim(state=ClaimState.UNDER_REVIEW)
    async with archive.connection.transaction():
        reason = "нет чека, карта 9643100000000000001"
        await move(archive.connection, claim_id, ClaimStep.RETURN_TO_MERCHANT, by=OPERATOR, reason=reason)
    kept = await archive.connection.fetchval("SELECT reason FROM claim_history")
    assert "нет чека, карта [card]" == kept


async def test_a_claim_that_there_is_not_does_not_move(archive: Archive) -> None:
    """It is named."""
    async with archive.connection.transaction():
        assert "CLAIM_UNKNOWN" == await refusal(move(archive.connection, 999, ClaimStep.FILE, by=OPERATOR))


async def test_of_two_who_take_the_same_step_at_once_one_does(archive: Archive, database_url: str) -> None:
    """The other finds the claim where it is by then."""
    claim_id = await archive.claim()
    engine = make_engine(database_url)
    async with driver_connection(engine) as connection:
        beside = replace(archive, connection=connection)
        done = await asyncio.gather(
            *(moved(one, claim_id, ClaimStep.TAKE_UP) for one in (archive, beside)), return_exceptions=True
        )
    await engine.dispose()
    assert [ClaimState.UNDER_REVIEW] == [one for one in done if isinstance(one, ClaimState)]
    assert 1 == sum(isinstance(one, SettlementError) for one in done)
    assert 1 == await archive.connection.fetchval("SELECT count(*) FROM claim_history")


def test_every_state_can_be_reached_and_what_is_over_has_no_step() -> None:
    """Superseded, discarded: the end. Nothing that is not live leads to what is, but a draft."""
    reached = {ClaimState.DRAFT, *STEPS.values()}
    assert set(ClaimState) == reached
    over = {ClaimState.DISCARDED, ClaimState.SUPERSEDED}
    assert not any(state in over for state, _ in STEPS)
    assert {ClaimState.DRAFT} == {
        state for (state, _), to in STEPS.items() if state not in LIVE and to in LIVE
    }
