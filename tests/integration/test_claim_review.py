"""From filing to payable: verdicts, the decision of two persons, objections, and what stays live."""

from datetime import date
from pathlib import Path

from gateway.people.approvals import approve
from gateway.people.roles import Signatory
from settlement.claims.model import LineVerdict
from settlement.claims.states import ClaimState
from settlement.review.deciding import (
    make_payable,
    return_to_merchant,
    take_up,
)
from settlement.review.verdicts import RETURN_REFUSED, Verdict, refuse_rest
from settlement.signing.keeping import answer_signature, signatures_of
from settlement.signing.verifier import Answer
from settlement.signing.verifier import Verdict as Said
from tests.review_desk import FIRST, FOR_GOOD, REFUSED, SECOND, WITH_RETURNS, Review, under_review
from tests.review_kit import OPERATOR, Archive, Line, refusal


async def test_a_claim_of_which_all_lines_are_approved_is_approved_and_payable(review: Review) -> None:
    """By two persons; every line stays live."""
    assert 3 == await review.rest()
    assert ClaimState.APPROVED is await review.decide()
    assert ("APPROVED", 390_00) == await review.state()
    assert [(1, "APPROVED", True), (2, "APPROVED", True), (3, "APPROVED", True)] == await review.lines()
    assert ClaimState.PAYABLE is await review.pay()
    query = "SELECT step, made_by, approved_by FROM claim_history ORDER BY n"
    history = [tuple(row) for row in await review.archive.connection.fetch(query)]
    assert ("APPROVE", "first", "second") == history[1]


async def test_a_refused_line_can_be_claimed_again_and_one_refused_for_good_cannot(review: Review) -> None:
    """The one is live no more, the other for ever; the rest is approved."""
    await review.judge(Verdict(1, REFUSED, "чека нет"), Verdict(2, FOR_GOOD, "запрещённый товар"))
    assert 1 == await review.rest()
    assert ClaimState.APPROVED_IN_PART is await review.decide()
    assert ("APPROVED_IN_PART", 40_00) == await review.state()
    assert [(1, REFUSED, False), (2, FOR_GOOD, True), (3, "APPROVED", True)] == await review.lines()


async def test_a_claim_without_an_approved_sale_is_refused(review: Review) -> None:
    """By two persons too; what was refused for good before stays so."""
    await review.judge(Verdict(2, FOR_GOOD, "запрещённый товар"))
    assert 2 == await review.refuse()
    assert ClaimState.REFUSED is await review.decide()
    assert ("REFUSED", 0) == await review.state()
    assert [(1, REFUSED, False), (2, FOR_GOOD, True), (3, REFUSED, False)] == await review.lines()


async def test_a_return_goes_with_its_sale(archive: Archive, tmp_path: Path) -> None:
    """And one without its sale in the claim stands: the merchant was paid for it once."""
    review = await under_review(archive, tmp_path, WITH_RETURNS)
    await review.judge(Verdict(2, FOR_GOOD, "запрещённый товар"))
    await review.rest()
    assert ClaimState.APPROVED_IN_PART is await review.decide()
    assert ("APPROVED_IN_PART", 100_00 - 30_00) == await review.state()
    assert [(1, "APPROVED", True), (2, FOR_GOOD, True), (3, FOR_GOOD, True), (4, "APPROVED", True)] == (
        await review.lines()
    )


async def test_a_return_alone_is_never_lost_by_a_refusal(archive: Archive, tmp_path: Path) -> None:
    """With the whole claim refused for good, the return of an earlier sale goes to the next claim."""
    review = await under_review(archive, tmp_path, WITH_RETURNS)
    await review.refuse(for_good=True)
    assert ClaimState.REFUSED is await review.decide()
    assert (4, REFUSED, False) == (await review.lines())[3]
    query = "SELECT verdict_reason FROM claim_line WHERE n = 4"
    assert RETURN_REFUSED == await archive.connection.fetchval(query)


async def test_a_return_is_not_judged_by_itself(archive: Archive, tmp_path: Path) -> None:
    """Refusing one would pay for what came back."""
    review = await under_review(archive, tmp_path, WITH_RETURNS)
    for number in (3, 4):
        assert "RETURN_NOT_JUDGED" == await refusal(review.judge(Verdict(number, REFUSED, "нет")))


async def test_approved_sales_below_the_returns_are_not_decided(archive: Archive, tmp_path: Path) -> None:
    """Nothing would be left to pay: the claim is refused as a whole, or given back."""
    review = await under_review(archive, tmp_path, (Line(20_00, 1), Line(90_00, 2), Line(-30_00, 9)))
    await review.judge(Verdict(2, REFUSED, "чека нет"))
    await review.rest()
    assert "APPROVED_NOT_POSITIVE" == await refusal(review.propose())


BEFORE = date(2025, 12, 31)
OVER_NEW_YEAR = (Line(100_00, 1), Line(50_00, 2, sold_on=BEFORE), Line(-30_00, 9, sold_on=BEFORE))


async def test_a_return_is_not_taken_from_the_sales_of_another_year(archive: Archive, tmp_path: Path) -> None:
    """All sales of its year are refused: it is free like them, and this year's sales are paid whole."""
    review = await under_review(archive, tmp_path, OVER_NEW_YEAR)
    await review.judge(Verdict(2, REFUSED, "чека нет"))
    await review.rest()
    assert ClaimState.APPROVED_IN_PART is await review.decide()
    assert ("APPROVED_IN_PART", 100_00) == await review.state()
    assert (3, "REFUSED", False) == (await review.lines())[2]


async def test_no_year_is_approved_below_zero(archive: Archive, tmp_path: Path) -> None:
    """What is left of last year does not cover its return, however much is left of this one."""
    review = await under_review(archive, tmp_path, (*OVER_NEW_YEAR, Line(20_00, 3, sold_on=BEFORE)))
    await review.judge(Verdict(2, REFUSED, "чека нет"))
    await review.rest()
    assert "APPROVED_NOT_POSITIVE" == await refusal(review.propose())
    await review.judge(Verdict(4, REFUSED, "чека нет"))
    assert ClaimState.APPROVED_IN_PART is await review.decide()


async def test_wrong_verdicts_are_named_and_change_nothing(review: Review) -> None:
    """An unknown line, one twice, no reason, a reason that turns the text around, one too long."""
    before = await review.archive.everything()
    for verdicts, code in (
        ([Verdict(4, REFUSED, "нет")], "LINE_UNKNOWN"),
        ([Verdict(1, REFUSED, "нет"), Verdict(1, REFUSED, "нет")], "LINE_TWICE"),
        ([Verdict(1, REFUSED, "  ")], "REASON_MISSING"),
        ([Verdict(1, REFUSED, "a\u202eb")], "REASON_UNFIT"),
        ([Verdict(1, REFUSED, "a" * 1001)], "REASON_UNFIT"),
    ):
        assert code == await refusal(review.judge(*verdicts))
    assert "TEXT_UNFIT" == await refusal(
        refuse_rest(review.archive.connection, review.claim_id, reason=" ", by=OPERATOR)
    )
    assert before == await review.archive.everything()


async def test_an_undecided_line_keeps_the_claim_from_being_decided(review: Review) -> None:
    """The first of them is named."""
    await review.judge(Verdict(1, LineVerdict.APPROVED))
    assert "LINES_UNDECIDED" == await refusal(review.propose())


async def test_what_was_approved_is_executed_and_nothing_else(review: Review) -> None:
    """Another verdict after the proposal, also of the same sum, stops it; so does another reason."""
    await review.judge(Verdict(1, REFUSED, "чека нет"))
    await review.rest()
    proposal = await review.propose()
    await review.approve(proposal)
    await review.judge(Verdict(1, REFUSED, "чек другой"))
    before = await review.archive.everything()
    assert "OTHER_CONTENT" == await refusal(review.execute(proposal.id))
    assert before == await review.archive.everything()
    await review.judge(Verdict(1, REFUSED, "чека нет"))
    assert ClaimState.APPROVED_IN_PART is await review.execute(proposal.id)
    assert "NOT_APPROVED" == await refusal(review.execute(proposal.id))


async def test_one_person_decides_nothing(review: Review) -> None:
    """What nobody else approved is not executed, and the proposer approves nothing."""
    await review.rest()
    proposal = await review.propose()
    assert "NOT_APPROVED" == await refusal(review.execute(proposal.id))
    both = replace_login(SECOND, FIRST.login)
    async with review.archive.connection.transaction():
        attempt = approve(
            review.archive.connection, proposal.id, by=both, payload_sha256=proposal.payload_sha256
        )
        assert "SAME_PERSON" == await refusal(attempt)
    assert ("UNDER_REVIEW", None) == await review.state()


def replace_login(signatory: Signatory, login: str) -> Signatory:
    """The permissions of one under the name of another."""
    return Signatory(login, signatory.permissions)


async def test_a_verifiers_answer_between_proposal_and_execution_counts(review: Review) -> None:
    """VALID changes nothing of what was approved; INVALID stops it, before and after the decision."""
    await review.rest()
    proposal = await review.propose()
    assert "UNVERIFIED" == proposal.payload["signature_answer"]
    await review.approve(proposal)
    await say(review, Answer.INVALID)
    assert "SIGNATURE_INVALID" == await refusal(review.execute(proposal.id))


async def test_a_valid_answer_does_not_stop_what_was_approved(review: Review) -> None:
    """It was shown as unverified, and is better by now."""
    await review.rest()
    proposal = await review.propose()
    await review.approve(proposal)
    await say(review, Answer.VALID)
    assert ClaimState.APPROVED is await review.execute(proposal.id)


async def test_a_signature_found_invalid_after_the_decision_stops_the_payment(review: Review) -> None:
    """The claim stays approved and is not payable."""
    await review.rest()
    await review.decide()
    await say(review, Answer.INVALID)
    assert "SIGNATURE_INVALID" == await refusal(review.pay())


async def say(review: Review, answer: Answer) -> None:
    """A verifier answers of the claim's signature."""
    connection = review.archive.connection
    (signature,) = await signatures_of(connection, review.claim_id)
    async with connection.transaction():
        await answer_signature(connection, signature.id, Said(answer, "ответ"), by=OPERATOR)


async def test_an_unsigned_claim_is_not_taken_up(archive: Archive) -> None:
    """Whoever filed it has to sign."""
    claim_id = await archive.claim()
    async with archive.connection.transaction():
        assert "SIGNATURE_MISSING" == await refusal(take_up(archive.connection, claim_id, by=FIRST))


async def test_a_claim_given_back_is_not_judged_any_more(review: Review) -> None:
    """With a reason; its lines stay live until the correction takes them over."""
    connection = review.archive.connection
    async with connection.transaction():
        state = await return_to_merchant(connection, review.claim_id, by=FIRST, reason="нет магазина 2")
    assert ClaimState.RETURNED_TO_MERCHANT is state
    assert all(is_live for _, _, is_live in await review.lines())
    assert "NOT_UNDER_REVIEW" == await refusal(review.rest())
    assert "NOT_UNDER_REVIEW" == await refusal(review.propose())


async def test_permissions_of_people_hold(archive: Archive) -> None:
    """An approver does not work on claims, an operator approves none."""
    claim_id = await archive.claim()
    async with archive.connection.transaction():
        for attempt in (
            take_up(archive.connection, claim_id, by=SECOND),
            return_to_merchant(archive.connection, claim_id, by=SECOND, reason="нет"),
            make_payable(archive.connection, claim_id, by=SECOND),
        ):
            assert "NOT_PERMITTED" == await refusal(attempt)
