"""The decision on a claim: what its verdicts come to is proposed by one person and approved by another.

The proposal holds SHA-256 of lines and verdicts and the sums, so that what is executed is what was looked at:
any other verdict in between, and nothing happens. Execution, its record and the claim's step commit together.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct

from gateway.people.approvals import LIFETIME, Proposal, ProposalKind, begin, finish, propose
from gateway.people.errors import PeopleCode, PeopleError
from gateway.people.roles import Permission, Signatory
from gateway.record.words import Actor
from settlement.claims.model import LineVerdict
from settlement.claims.moving import move, state_of
from settlement.claims.states import ClaimState, ClaimStep
from settlement.errors import SettlementError
from settlement.ledger_reader.claim_terms import terms_of_claim
from settlement.review.errors import ReviewCode
from settlement.review.objections import require_no_open_objection
from settlement.review.verdicts import let_returns_follow, require_under_review
from settlement.signing.keeping import require_signature

_LINES: Final = """
SELECT n, amount_kopecks, verdict, verdict_reason, extract(year FROM sale_date)::integer AS year
FROM claim_line
WHERE claim_id = $1 AND treatment = 'INCLUDED' ORDER BY n"""
_PREFETCH: Final = 10_000

_UNDECIDED: Final = """
SELECT count(*) AS count, min(n) AS n FROM claim_line
WHERE claim_id = $1 AND treatment = 'INCLUDED' AND verdict IS NULL AND amount_kopecks > 0"""

_LINES_SHA256: Final = "SELECT lines_sha256 FROM claim WHERE id = $1"
_CLAIM: Final = "SELECT first_day, last_day, correction_number FROM claim WHERE id = $1"
_APPROVED: Final = "UPDATE claim SET approved_kopecks = $2 WHERE id = $1"
_LET_GO: Final = "UPDATE claim_line SET is_live = false WHERE claim_id = $1 AND verdict = 'REFUSED'"

_SHOWN_ONLY: Final = "signature_answer"
"""What a proposal shows and may change until it is executed: a verifier's answer may come any time."""


class Decision(Struct, frozen=True):
    """What the verdicts on a claim come to; sums are kopecks, net of returns."""

    claim_id: int
    step: ClaimStep
    lines_sha256: str
    verdicts_sha256: str
    approved_lines: int
    approved_kopecks: int
    refused_lines: int
    refused_kopecks: int
    refused_for_good_kopecks: int


async def decision_of(connection: asyncpg.Connection, claim_id: int) -> Decision:
    """What the verdicts come to now, in the caller's transaction, with the claim locked.

    Raises SettlementError CLAIM_UNKNOWN, NOT_UNDER_REVIEW, LINES_UNDECIDED, APPROVED_NOT_POSITIVE.
    """
    await require_under_review(connection, claim_id)
    undecided = await connection.fetchrow(_UNDECIDED, claim_id)
    if undecided["count"]:
        raise SettlementError(ReviewCode.LINES_UNDECIDED, count=undecided["count"], n=undecided["n"])
    await let_returns_follow(connection, claim_id)
    lines = dict.fromkeys(LineVerdict, 0)
    kopecks = dict.fromkeys(LineVerdict, 0)
    approved_of_year: Counter[int] = Counter()
    digest, sale_approved = sha256(), False
    async for row in connection.cursor(_LINES, claim_id, prefetch=_PREFETCH):
        verdict = LineVerdict(row["verdict"])
        digest.update(f"{row['n']};{verdict};{row['verdict_reason']}\n".encode())
        lines[verdict] += 1
        kopecks[verdict] += row["amount_kopecks"]
        if verdict is LineVerdict.APPROVED:
            approved_of_year[row["year"]] += row["amount_kopecks"]
        sale_approved |= verdict is LineVerdict.APPROVED and row["amount_kopecks"] > 0
    approved_kopecks = kopecks[LineVerdict.APPROVED]
    # Returns net inside their own budget year alone, so that none of them may come below zero.
    least_kopecks = min((approved_kopecks, *approved_of_year.values()))
    if sale_approved and (approved_kopecks <= 0 or least_kopecks < 0):
        raise SettlementError(ReviewCode.APPROVED_NOT_POSITIVE, amount_kopecks=least_kopecks)
    refused_lines = lines[LineVerdict.REFUSED] + lines[LineVerdict.REFUSED_FOR_GOOD]
    return Decision(
        claim_id=claim_id,
        step=_step(sale_approved, refused_lines),
        lines_sha256=(await connection.fetchval(_LINES_SHA256, claim_id)).hex(),
        verdicts_sha256=digest.hexdigest(),
        approved_lines=lines[LineVerdict.APPROVED],
        approved_kopecks=approved_kopecks,
        refused_lines=refused_lines,
        refused_kopecks=kopecks[LineVerdict.REFUSED],
        refused_for_good_kopecks=kopecks[LineVerdict.REFUSED_FOR_GOOD],
    )


async def propose_decision(
    connection: asyncpg.Connection,
    claim_id: int,
    *,
    by: Signatory,
    reason: str,
    lifetime: timedelta = LIFETIME,
) -> Proposal:
    """Propose what the verdicts come to, in the caller's transaction; another person approves it.

    Raises SettlementError of `decision_of` and of `require_signature`, and PeopleError.
    """
    payload = await _payload(connection, claim_id)
    return await propose(
        connection,
        kind=ProposalKind.APPROVE_CLAIM,
        payload=payload,
        by=by,
        reason=reason,
        lifetime=lifetime,
    )


async def execute_decision(connection: asyncpg.Connection, number: int, *, by: Signatory) -> ClaimState:
    """Decide a claim exactly as it was approved, once, in the caller's transaction; returns its state.

    Refused lines can be claimed again, but for those that are refused for good. Raises PeopleError, also
    OTHER_CONTENT if anything changed since, and SettlementError.
    """
    approved = await begin(connection, number, kind=ProposalKind.APPROVE_CLAIM, by=by)
    claim_id: int = approved.payload["claim_id"]
    if _fixed(await _payload(connection, claim_id)) != _fixed(approved.payload):
        raise PeopleError(PeopleCode.OTHER_CONTENT, number=number, what=f"claim {claim_id}")
    step = ClaimStep(approved.payload["step"])
    await let_go(connection, claim_id, approved.payload["approved_kopecks"])
    state = await move(
        connection,
        claim_id,
        step,
        by=Actor.person(approved.proposed_by),
        reason=approved.reason,
        approved_by=approved.decided_by,
    )
    await finish(connection, number, by=by, result=f"claim {claim_id}: {state.value}")
    return state


async def let_go(connection: asyncpg.Connection, claim_id: int, approved_kopecks: int) -> None:
    """Write down what is approved, and free the refused lines; the claim's step follows."""
    await connection.execute(_APPROVED, claim_id, approved_kopecks)
    await connection.execute(_LET_GO, claim_id)


async def take_up(connection: asyncpg.Connection, claim_id: int, *, by: Signatory) -> ClaimState:
    """Take a filed and signed claim under review; raises SettlementError, also SIGNATURE_MISSING."""
    by.require(Permission.PROPOSE)
    await state_of(connection, claim_id)
    await require_signature(connection, claim_id)
    return await move(connection, claim_id, ClaimStep.TAKE_UP, by=Actor.person(by.login))


async def return_to_merchant(
    connection: asyncpg.Connection, claim_id: int, *, by: Signatory, reason: str
) -> ClaimState:
    """Give a claim back to be corrected: the merchant files the next correction. Raises SettlementError."""
    by.require(Permission.PROPOSE)
    actor = Actor.person(by.login)
    return await move(connection, claim_id, ClaimStep.RETURN_TO_MERCHANT, by=actor, reason=reason)


async def make_payable(connection: asyncpg.Connection, claim_id: int, *, by: Signatory) -> ClaimState:
    """Let an approved claim be paid; raises SettlementError, also OBJECTION_OPEN and SIGNATURE_INVALID."""
    by.require(Permission.EXECUTE)
    # Locked before anything is read: an objection or an answer comes before or after, not in between.
    await state_of(connection, claim_id)
    await require_signature(connection, claim_id)
    await require_no_open_objection(connection, claim_id)
    return await move(connection, claim_id, ClaimStep.MAKE_PAYABLE, by=Actor.person(by.login))


def _step(sale_approved: bool, refused_lines: int) -> ClaimStep:
    if not sale_approved:
        return ClaimStep.REFUSE
    return ClaimStep.APPROVE_IN_PART if refused_lines else ClaimStep.APPROVE


async def _payload(connection: asyncpg.Connection, claim_id: int) -> dict[str, Any]:
    decision = await decision_of(connection, claim_id)
    signature = await require_signature(connection, claim_id)
    terms = await terms_of_claim(connection, claim_id)
    claim = await connection.fetchrow(_CLAIM, claim_id)
    return {
        **msgspec.to_builtins(decision),
        "agreement_number": "" if terms is None else terms.agreement_number,
        "merchant_inn": "" if terms is None else terms.merchant_inn,
        "first_day": claim["first_day"].isoformat(),
        "last_day": claim["last_day"].isoformat(),
        "correction_number": claim["correction_number"],
        "signature_id": signature.id,
        _SHOWN_ONLY: signature.answer.value,
    }


def _fixed(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name != _SHOWN_ONLY}
