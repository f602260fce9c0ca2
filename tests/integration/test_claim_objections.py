"""Objections: in their term, about what was refused, and what becomes of it when one is upheld."""

from datetime import date
from pathlib import Path

from settlement.claims.states import ClaimState
from settlement.review.objections import ObjectionState, object_to
from settlement.review.verdicts import Verdict
from tests.review_desk import FOR_GOOD, REFUSED, WITH_RETURNS, Review, under_review
from tests.review_kit import OPERATOR, SALES, Archive, refusal
from tests.signing_kit import AT


async def test_an_upheld_objection_opens_the_review_again(review: Review) -> None:
    """The line it was about is undecided and live, the others keep their verdicts; then it is approved."""
    await review.judge(Verdict(1, REFUSED, "чека нет"), Verdict(2, REFUSED, "сумма другая"))
    await review.rest()
    await review.decide()
    objection = await review.object_to(1)
    assert "OBJECTION_OPEN" == await refusal(review.pay())
    assert ObjectionState.UPHELD is (await review.answer(objection.id, is_upheld=True)).state
    assert ("UNDER_REVIEW", None) == await review.state()
    assert [(1, None, True), (2, REFUSED, True), (3, "APPROVED", True)] == await review.lines()
    await review.rest()
    assert ClaimState.APPROVED_IN_PART is await review.decide()
    assert ("APPROVED_IN_PART", 140_00) == await review.state()


async def test_a_dismissed_objection_changes_nothing_and_is_answered_once(review: Review) -> None:
    """Then the claim is payable."""
    await review.judge(Verdict(1, REFUSED, "чека нет"))
    await review.rest()
    await review.decide()
    objection = await review.object_to()
    lines = await review.lines()
    assert ObjectionState.DISMISSED is (await review.answer(objection.id, is_upheld=False)).state
    assert lines == await review.lines()
    assert "OBJECTION_ANSWERED" == await refusal(review.answer(objection.id, is_upheld=True))
    assert "OBJECTION_UNKNOWN" == await refusal(review.answer(999, is_upheld=True))
    assert ClaimState.PAYABLE is await review.pay()


async def test_an_objection_upheld_once_payable_lets_go_of_what_was_refused_for_good(
    archive: Archive, tmp_path: Path
) -> None:
    """With the returns of the same purchase; what is paid is not touched."""
    review = await under_review(archive, tmp_path, WITH_RETURNS)
    await review.judge(Verdict(2, FOR_GOOD, "запрещённый товар"))
    await review.rest()
    await review.decide()
    await review.pay()
    objection = await review.object_to(2)
    await review.answer(objection.id, is_upheld=True)
    assert ("PAYABLE", 70_00) == await review.state()
    assert [(1, "APPROVED", True), (2, REFUSED, False), (3, REFUSED, False), (4, "APPROVED", True)] == (
        await review.lines()
    )


async def test_the_review_does_not_open_again_for_lines_of_another_claim(
    review: Review, archive: Archive
) -> None:
    """The refused line was claimed again: truth 9 holds, and the objection stays open."""
    await review.judge(Verdict(1, REFUSED, "чека нет"))
    await review.rest()
    await review.decide()
    objection = await review.object_to(1)
    await archive.claim(SALES[:1], first_day=AT.date().replace(day=1))
    before = await archive.everything()
    assert "LINES_CLAIMED_AGAIN" == await refusal(review.answer(objection.id, is_upheld=True))
    assert before == await archive.everything()


async def test_the_review_does_not_open_again_beyond_the_ceiling(review: Review, archive: Archive) -> None:
    """What a refusal had freed may be used up by now: nothing is changed, and the objection stays open."""
    await review.judge(Verdict(1, REFUSED, "чека нет"))
    await review.rest()
    await review.decide()
    objection = await review.object_to(1)
    _, approved_kopecks = await review.state()
    await archive.connection.execute("UPDATE agreement SET ceiling_kopecks = $1", approved_kopecks)
    before = await archive.everything()
    assert "LIMIT_EXCEEDED" == await refusal(review.answer(objection.id, is_upheld=True))
    assert before == await archive.everything()
    await review.answer(objection.id, is_upheld=False)


async def test_objections_have_a_term_and_something_refused_to_object_to(
    review: Review, archive: Archive
) -> None:
    """Five working days from Tuesday 15 December; an approved line, an unknown one, no text are nothing."""
    assert "NOTHING_TO_OBJECT" == await refusal(review.object_to())
    await review.judge(Verdict(1, REFUSED, "чека нет"))
    await review.rest()
    await review.decide()
    for numbers in ((2,), (1, 4)):
        assert "NOTHING_TO_OBJECT" == await refusal(review.object_to(*numbers))
    assert "TEXT_UNFIT" == await refusal(object_to(archive.connection, review.claim_id, "  ", by=OPERATOR))
    await archive.set_clock(AT.replace(day=22))
    objection = await review.object_to(1)
    assert date(2027, 1, 14) == objection.answer_by
    await archive.set_clock(AT.replace(day=23))
    assert objection == await review.object_to(1), "said again, it is the same"
    assert "OBJECTION_LATE" == await refusal(review.object_to())
