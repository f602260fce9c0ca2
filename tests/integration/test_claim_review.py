"""From filing to payable: verdicts, the decision of two persons, objections, and what stays live."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from gateway.domain.settlement_terms import SignatureForm
from gateway.people.approvals import Proposal, approve
from gateway.people.roles import Role, Signatory, permissions_of
from gateway.registry.signing import OutcomeSigner
from settlement.claims.model import LineVerdict
from settlement.claims.states import ClaimState
from settlement.review import objections
from settlement.review.deciding import (
    execute_decision,
    make_payable,
    propose_decision,
    return_to_merchant,
    take_up,
)
from settlement.review.objections import ObjectionState, answer_objection, object_to
from settlement.review.verdicts import RETURN_REFUSED, Verdict, approve_rest, judge_lines, refuse_rest
from settlement.signing.keeping import answer_signature, signatures_of, take_signature
from settlement.signing.seal import seal_claim
from settlement.signing.verifier import Answer
from settlement.signing.verifier import Verdict as Said
from tests.review_kit import OPERATOR, SALES, Archive, Line, refusal
from tests.signing_kit import AT, Signed

FIRST = Signatory("first", permissions_of([Role.OPERATOR]))
SECOND = Signatory("second", permissions_of([Role.APPROVER]))
REFUSED, FOR_GOOD = LineVerdict.REFUSED, LineVerdict.REFUSED_FOR_GOOD
WITH_RETURNS = (Line(100_00, 1), Line(250_00, 2), Line(-60_00, 2), Line(-30_00, 9))
"""A sale; a sale of which something came back; a return of what an earlier claim holds."""


@dataclass
class Review:
    """One claim under review, signed."""

    archive: Archive
    claim_id: int

    async def judge(self, *verdicts: Verdict) -> int:
        """Verdicts on some lines."""
        async with self.archive.connection.transaction():
            return await judge_lines(self.archive.connection, self.claim_id, verdicts, by=OPERATOR)

    async def rest(self) -> int:
        """Approve the rest."""
        async with self.archive.connection.transaction():
            return await approve_rest(self.archive.connection, self.claim_id, by=OPERATOR)

    async def refuse(self, *, for_good: bool = False) -> int:
        """Refuse the rest."""
        async with self.archive.connection.transaction():
            return await refuse_rest(
                self.archive.connection, self.claim_id, reason="чека нет", by=OPERATOR, for_good=for_good
            )

    async def propose(self) -> Proposal:
        """Propose what the verdicts come to."""
        async with self.archive.connection.transaction():
            return await propose_decision(self.archive.connection, self.claim_id, by=FIRST, reason="акт 1")

    async def approve(self, proposal: Proposal) -> None:
        """Approve it as another person."""
        async with self.archive.connection.transaction():
            await approve(
                self.archive.connection, proposal.id, by=SECOND, payload_sha256=proposal.payload_sha256
            )

    async def execute(self, number: int) -> ClaimState:
        """Execute it."""
        async with self.archive.connection.transaction():
            return await execute_decision(self.archive.connection, number, by=FIRST)

    async def decide(self) -> ClaimState:
        """All of that."""
        proposal = await self.propose()
        await self.approve(proposal)
        return await self.execute(proposal.id)

    async def pay(self) -> ClaimState:
        """Make it payable."""
        async with self.archive.connection.transaction():
            return await make_payable(self.archive.connection, self.claim_id, by=FIRST)

    async def object_to(self, *numbers: int) -> objections.Objection:
        """Object to refused lines."""
        async with self.archive.connection.transaction():
            return await object_to(
                self.archive.connection, self.claim_id, "чек есть", line_numbers=numbers, by=OPERATOR
            )

    async def answer(self, number: int, *, is_upheld: bool) -> objections.Objection:
        """Answer an objection."""
        async with self.archive.connection.transaction():
            return await answer_objection(
                self.archive.connection, number, is_upheld=is_upheld, answer="рассмотрено", by=OPERATOR
            )

    async def state(self) -> tuple[str, int | None]:
        """The state, and what is approved."""
        query = "SELECT state, approved_kopecks FROM claim WHERE id = $1"
        row = await self.archive.connection.fetchrow(query, self.claim_id)
        return row["state"], row["approved_kopecks"]

    async def lines(self) -> list[tuple[int, str | None, bool]]:
        """Verdicts, and what is live."""
        return await self.archive.verdicts(self.claim_id)


async def under_review(archive: Archive, tmp_path: Path, lines: Sequence[Line] = SALES) -> Review:
    """A claim that was filed, sealed, signed and taken up."""
    claim_id = await archive.claim(lines)
    connection, path = archive.connection, tmp_path / "key.pem"
    signer = OutcomeSigner.load(path) if path.exists() else OutcomeSigner.create(path)
    async with connection.transaction():
        await seal_claim(connection, claim_id, signer, documents={}, by=OPERATOR)
        await take_signature(connection, claim_id, Signed().der(), form=SignatureForm.QUALIFIED, by=OPERATOR)
        await take_up(connection, claim_id, by=FIRST)
    return Review(archive, claim_id)


@pytest.fixture
async def review(archive: Archive, tmp_path: Path) -> Review:
    """Three sales under review."""
    return await under_review(archive, tmp_path)


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
