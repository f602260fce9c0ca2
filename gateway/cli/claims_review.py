"""tillgate claims review take-up, verdicts, approve, refuse, return, payable."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import asyncpg
import click

from gateway.cli.claims_operator import bytes_of, operator
from gateway.cli.claims_support import shown_sum, with_claims
from gateway.cli.merchants_proposed import approver_named
from gateway.cli.people_support import by_option, signatory
from gateway.cli.registry_support import FILE, optional_approver_option, reason_option
from gateway.people.approvals import Proposal, approve
from gateway.people.roles import Signatory
from gateway.record.words import Actor
from gateway.runtime.settings import Settings
from settlement.claims.model import LineVerdict
from settlement.claims.states import ClaimState
from settlement.review import deciding
from settlement.review.verdict_file import BYTES_MAX, read_verdicts
from settlement.review.verdicts import Verdict, approve_rest, judge_lines, refuse_rest

_CLAIM = click.argument("claim_id", metavar="CLAIM", type=int)


@click.group("review")
def review_group() -> None:
    """The department's review of filed claims. See docs/review.md."""


@review_group.command("take-up")
@_CLAIM
@by_option
def take_up_command(claim_id: int, by: str) -> None:
    """Take a filed and signed claim under review."""
    _step(claim_id, by, deciding.take_up)


@review_group.command("return")
@_CLAIM
@by_option
@reason_option
def return_command(claim_id: int, by: str, reason: str) -> None:
    """Give a claim back to the merchant, who files a correction."""

    async def step(connection: asyncpg.Connection, claim_id: int, *, by: Signatory) -> ClaimState:
        return await deciding.return_to_merchant(connection, claim_id, by=by, reason=reason)

    _step(claim_id, by, step)


@review_group.command("payable")
@_CLAIM
@by_option
def payable_command(claim_id: int, by: str) -> None:
    """Let an approved claim be paid."""
    _step(claim_id, by, deciding.make_payable)


@review_group.command("verdicts")
@_CLAIM
@click.option("--file", type=FILE, help="CSV of n;verdict;reason.")
@click.option("--line", "numbers", type=click.IntRange(1), multiple=True, help="A line; again for more.")
@click.option(
    "--verdict",
    type=click.Choice(LineVerdict, case_sensitive=False),
    default=LineVerdict.REFUSED,
    show_default=True,
    help="What is said of these lines.",
)
@click.option("--reason", default="", help="Why these lines are refused.")
@click.option("--rest", "is_rest", is_flag=True, help="Approve every line that has no verdict yet.")
@by_option
def verdicts_command(
    claim_id: int,
    file: Path | None,
    numbers: tuple[int, ...],
    verdict: LineVerdict,
    reason: str,
    is_rest: bool,
    by: str,
) -> None:
    """Say line by line what is approved and what is refused; a return goes with its sale.

    A later verdict takes the place of an earlier one as long as nothing is decided.
    """
    if not (file or numbers or is_rest):
        raise click.UsageError("nothing is said: --file, --line or --rest")

    def said() -> list[Verdict]:
        named = [Verdict(n, verdict, reason) for n in numbers]
        return [*read_verdicts(bytes_of(file, BYTES_MAX)), *named] if file else named

    async def work(connection: asyncpg.Connection, settings: Settings) -> tuple[int, int]:
        verdicts = said()
        actor = await operator(settings, by)
        async with connection.transaction():
            judged = await judge_lines(connection, claim_id, verdicts, by=actor) if verdicts else 0
            return judged, await approve_rest(connection, claim_id, by=actor) if is_rest else 0

    judged, approved = with_claims(work)
    click.echo(f"claim {claim_id}: {judged} verdicts, {approved} more lines approved")


@review_group.command("approve")
@_CLAIM
@by_option
@optional_approver_option
@reason_option
def approve_command(claim_id: int, by: str, approved_by: str | None, reason: str) -> None:
    """Decide a claim by its verdicts, in full or in part; a second person approves it."""
    _decide(claim_id, by, approved_by, reason)


@review_group.command("refuse")
@_CLAIM
@click.option("--for-good", is_flag=True, help="No line of it can be claimed again.")
@by_option
@optional_approver_option
@reason_option
def refuse_command(claim_id: int, for_good: bool, by: str, approved_by: str | None, reason: str) -> None:
    """Refuse every line that is not refused yet, and so the claim; a second person approves it."""

    async def refuse(connection: asyncpg.Connection, who: Signatory) -> None:
        actor = Actor.person(who.login)
        await refuse_rest(connection, claim_id, reason=reason, by=actor, for_good=for_good)

    _decide(claim_id, by, approved_by, reason, refuse)


async def execute_approved(connection: asyncpg.Connection, number: int, by: Signatory) -> str:
    """Execute an approved proposal of a decision; returns what to tell."""
    async with connection.transaction():
        state = await deciding.execute_decision(connection, number, by=by)
    return f"the claim is {state.value}"


def _decide(
    claim_id: int,
    by: str,
    approved_by: str | None,
    reason: str,
    first: Callable[[asyncpg.Connection, Signatory], Awaitable[None]] | None = None,
) -> None:
    """Propose the decision; in development, where two persons are named, approve and execute it at once."""

    async def work(connection: asyncpg.Connection, settings: Settings) -> str:
        second = approver_named(settings, approved_by)
        who = await signatory(settings, by)
        async with connection.transaction():
            if first:
                await first(connection, who)
            lifetime = timedelta(hours=settings.proposal_lifetime_h)
            made = await deciding.propose_decision(
                connection, claim_id, by=who, reason=reason, lifetime=lifetime
            )
            if settings.enforces_four_eyes:
                return _waits(made)
            other = Signatory.named(second)
            await approve(connection, made.id, by=other, payload_sha256=made.payload_sha256)
            state = await deciding.execute_decision(connection, made.id, by=who)
        return f"claim {claim_id} is {state.value}: {_sums(made)}"

    click.echo(with_claims(work))


def _waits(made: Proposal) -> str:
    until = made.expires_at.isoformat(timespec="minutes")
    return (
        f"proposal {made.id} waits until {until} for the approval of another person ({_sums(made)});"
        f" then: tillgate proposals execute {made.id}"
    )


def _sums(made: Proposal) -> str:
    approved, payload = made.payload["approved_kopecks"], made.payload
    refused = payload["refused_kopecks"] + payload["refused_for_good_kopecks"]
    signature = payload["signature_answer"]
    return f"{shown_sum(approved)} approved, {shown_sum(refused)} refused, SIGNATURE_{signature}"


def _step(claim_id: int, by: str, step: Callable[..., Awaitable[ClaimState]]) -> None:
    async def work(connection: asyncpg.Connection, settings: Settings) -> ClaimState:
        who = await signatory(settings, by)
        async with connection.transaction():
            return await step(connection, claim_id, by=who)

    click.echo(f"claim {claim_id} is {with_claims(work).value}")
