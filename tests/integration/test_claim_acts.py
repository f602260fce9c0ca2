"""The act of reconciliation: what was agreed on for one period does not change by what comes later."""

from datetime import date, timedelta

from settlement.documents.act import Act, MovementKind, act_of
from settlement.documents.act_reading import movements_of
from settlement.ledger_reader.documents import parties_of
from settlement.review.verdicts import Verdict
from tests.review_desk import REFUSED, Review
from tests.signing_kit import AT

DAY = AT.date()
WEEK = timedelta(days=7)


async def act(review: Review, first_day: date, last_day: date) -> Act:
    """The act of a period as it is made now."""
    archive = review.archive
    participant, _ = await parties_of(archive.connection, archive.merchant_id, None)
    movements = await movements_of(archive.connection, archive.merchant_id, None)
    return act_of(participant, None, first_day, last_day, 0, movements)


async def test_a_decision_that_is_taken_back_stays_in_the_act_of_its_day(review: Review) -> None:
    """The next period opens with what it approved, takes it back, and has the new decision."""
    await review.judge(Verdict(1, REFUSED, "чека нет"))
    await review.rest()
    await review.decide()
    signed = await act(review, DAY.replace(day=1), DAY)
    _, approved_kopecks = await review.state()
    assert approved_kopecks == signed.closing_kopecks
    objection = await review.object_to(1)
    await review.archive.set_clock(AT + WEEK)
    await review.answer(objection.id, is_upheld=True)
    await review.rest()
    await review.decide()
    _, in_the_end_kopecks = await review.state()
    assert signed == await act(review, DAY.replace(day=1), DAY)
    later = await act(review, DAY + timedelta(days=1), DAY + WEEK)
    assert (approved_kopecks, in_the_end_kopecks) == (later.opening_kopecks, later.closing_kopecks)
    assert [
        (MovementKind.APPROVED, in_the_end_kopecks),
        (MovementKind.REOPENED, approved_kopecks),
    ] == [(one.kind, one.kopecks) for one in later.movements]


async def test_a_refusal_that_is_taken_back_moves_no_money(review: Review) -> None:
    """Nothing was approved before, all is in the end."""
    await review.refuse()
    await review.decide()
    objection = await review.object_to()
    await review.answer(objection.id, is_upheld=True)
    await review.rest()
    await review.decide()
    _, approved_kopecks = await review.state()
    found = await act(review, DAY.replace(day=1), DAY)
    assert approved_kopecks == found.closing_kopecks
    assert [MovementKind.FILED, MovementKind.APPROVED] == [one.kind for one in found.movements]
