"""A claim under review for tests: sealed, signed, taken up, and two persons who decide."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.domain.settlement_terms import SignatureForm
from gateway.people.approvals import Proposal, approve
from gateway.people.roles import Role, Signatory, permissions_of
from gateway.registry.signing import OutcomeSigner
from settlement.claims.model import LineVerdict
from settlement.claims.states import ClaimState
from settlement.review.deciding import execute_decision, make_payable, propose_decision, take_up
from settlement.review.objections import Objection, answer_objection, object_to
from settlement.review.verdicts import Verdict, approve_rest, judge_lines, refuse_rest
from settlement.signing.keeping import take_signature
from settlement.signing.seal import seal_claim
from tests.review_kit import OPERATOR, SALES, Archive, Line
from tests.signing_kit import Signed

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

    async def object_to(self, *numbers: int) -> Objection:
        """Object to refused lines."""
        async with self.archive.connection.transaction():
            return await object_to(
                self.archive.connection, self.claim_id, "чек есть", line_numbers=numbers, by=OPERATOR
            )

    async def answer(self, number: int, *, is_upheld: bool) -> Objection:
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
