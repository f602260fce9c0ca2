"""tillgate proposals: what one person proposed and another decides, and its execution."""

import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import asyncpg
import click
from rich.table import Table

from gateway.cli import merchants_proposed, users_changing
from gateway.cli.certificates_issue import Issued, copied, issued, result_of, tell
from gateway.cli.claims_review import execute_approved
from gateway.cli.ledger_commands import Told, correction_of, decided
from gateway.cli.ledger_support import with_ledger
from gateway.cli.lists_publish import publish_proposed
from gateway.cli.people_support import by_option, owners_connection, signatory, told_refusals, with_people
from gateway.cli.support import FAILED, console
from gateway.ledger.issuing import BATCH
from gateway.people import approvals
from gateway.people.approvals import Proposal, ProposalKind
from gateway.people.errors import PeopleCode, PeopleError
from gateway.people.roles import Signatory
from gateway.record.reports import shown_moment
from gateway.runtime.bootstrap import LedgerParts
from gateway.runtime.settings import Settings
from settlement.errors import SettlementError

_OPTIONAL_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("proposals")
def proposals_group() -> None:
    """What takes two persons: look, approve or refuse what another proposed, execute what was approved."""


@proposals_group.command("list")
@click.option("--all", "is_all", is_flag=True, help="Closed ones too.")
def list_command(is_all: bool) -> None:
    """Those that wait for a decision or for their execution, the newest first."""
    found = with_people(
        lambda connection, _: approvals.proposals(connection, open_only=not is_all), reads_only=True
    )
    table = Table(
        "number", "kind", "state", "proposed by", "at (Moscow)", "until", "reason", title="Proposals"
    )
    for one in found:
        table.add_row(
            str(one.id), one.kind, one.state, one.proposed_by,
            shown_moment(one.proposed_at), shown_moment(one.expires_at), one.reason,
        )  # fmt: skip
    console().print(table, markup=False)


@proposals_group.command("show")
@click.argument("number", type=int)
def show_command(number: int) -> None:
    """One proposal with its payload, as JSON."""
    one = with_people(lambda connection, _: approvals.proposal_of(connection, number), reads_only=True)
    click.echo(json.dumps(_as_json(one), ensure_ascii=False, indent=1))


def _as_json(one: Proposal) -> Mapping[str, object]:
    return {
        "number": one.id,
        "kind": one.kind,
        "state": one.state,
        "reason": one.reason,
        "proposed_by": one.proposed_by,
        "proposed_at": one.proposed_at.isoformat(),
        "expires_at": one.expires_at.isoformat(),
        "decided_by": one.decided_by,
        "because": one.because,
        "executed_by": one.executed_by,
        "result": one.result,
        "payload_sha256": one.payload_sha256.hex(),
        "payload": one.payload,
    }


@proposals_group.command("approve")
@click.argument("number", type=int)
@click.option("--sha256", "digest", required=True, help="Of the payload, as `show` tells it.")
@click.option("--because", default="", help="What to remember.")
@by_option
def approve_command(number: int, digest: str, because: str, by: str) -> None:
    """Approve what another person proposed, exactly as it is."""
    try:
        wanted = bytes.fromhex(digest)
    except ValueError:
        raise click.BadParameter("should be 64 hex digits", param_hint="--sha256") from None
    step = partial(approvals.approve, payload_sha256=wanted, because=because)
    _decide(number, by, lambda connection, who: step(connection, number, by=who))


@proposals_group.command("refuse")
@click.argument("number", type=int)
@click.option("--because", required=True, help="Why.")
@by_option
def refuse_command(number: int, because: str, by: str) -> None:
    """Refuse what another person proposed."""
    _decide(number, by, lambda connection, who: approvals.refuse(connection, number, by=who, because=because))


@proposals_group.command("withdraw")
@click.argument("number", type=int)
@by_option
def withdraw_command(number: int, by: str) -> None:
    """Take back one's own proposal, or one's approval, before it is executed."""
    _decide(number, by, lambda connection, who: approvals.withdraw(connection, number, by=who))


def _decide(
    number: int, by: str, step: Callable[[asyncpg.Connection, Signatory], Awaitable[Proposal]]
) -> None:
    async def work(connection: asyncpg.Connection, settings: Settings) -> Proposal:
        who = await signatory(settings, by)
        async with connection.transaction():
            return await step(connection, who)

    click.echo(f"proposal {number} is {with_people(work).state}")


@proposals_group.command("execute")
@click.argument("number", type=int)
@click.option("--file", type=_OPTIONAL_FILE, help="The file of a bulk issue: the very one that was approved.")
@click.option(
    "--result", "result_file", type=click.Path(dir_okay=False, path_type=Path),
    help="Where the answer of each of its rows goes.  [default: FILE.result.csv]",
)  # fmt: skip
@by_option
def execute_command(number: int, file: Path | None, result_file: Path | None, by: str) -> None:
    """Do exactly what was approved, once. What broke off is executed again, and does nothing twice."""

    async def work(parts: LedgerParts, settings: Settings) -> Told | Issued:
        who = await signatory(settings, by)
        async with owners_connection(settings) as connection:
            found = await approvals.proposal_of(connection, number)
            if found.kind is ProposalKind.PUBLISH_LIST:
                return Told(True, await publish_proposed(connection, settings, found, who))
            if found.kind is ProposalKind.CORRECT:
                return await _correct(connection, parts, number, who)
            if found.kind is ProposalKind.CHANGE_PERSON:
                return Told(True, await users_changing.execute(connection, settings, number, who))
            if found.kind is ProposalKind.APPROVE_CLAIM:
                return Told(True, await execute_approved(connection, number, who))
            if found.kind is ProposalKind.ISSUE_CERTIFICATES:
                return await _issue(connection, parts, settings, number, who, file, result_file)
        if found.kind in merchants_proposed.KINDS:
            return Told(True, await merchants_proposed.execute(settings, found, who))
        raise click.ClickException(f"proposal {number} ({found.kind}) is executed by another command")

    try:
        with told_refusals():
            done = with_ledger(work, batch_limit=BATCH)
    except SettlementError as error:
        raise click.ClickException(str(error)) from error
    if isinstance(done, Issued):
        tell(done)
        return
    click.echo(done.text)
    if not done.is_approved:
        sys.exit(FAILED)


async def _begun(connection: asyncpg.Connection, number: int, kind: ProposalKind, by: Signatory) -> Proposal:
    async with connection.transaction():
        return await approvals.begin(connection, number, kind=kind, by=by, resumes=True)


async def _finished(connection: asyncpg.Connection, number: int, by: Signatory, result: str) -> None:
    async with connection.transaction():
        await approvals.finish(connection, number, by=by, result=result)


async def _correct(connection: asyncpg.Connection, parts: LedgerParts, number: int, by: Signatory) -> Told:
    """The command has a request id: however often it is executed, it is decided once."""
    approved = await _begun(connection, number, ProposalKind.CORRECT, by)
    command = correction_of(approved.payload)
    told = await decided(parts, command, by=by, approved_by=approved.decided_by)
    await _finished(connection, number, by, told.text)
    return told


async def _issue(
    connection: asyncpg.Connection,
    parts: LedgerParts,
    settings: Settings,
    number: int,
    by: Signatory,
    file: Path | None,
    result_file: Path | None,
) -> Issued:
    """Each row has an issue_ref: however often the file is loaded, it credits nothing twice."""
    if file is None:
        raise click.UsageError("--file: a bulk issue needs the file that was approved")
    result = result_of(file, result_file)
    found = await approvals.proposal_of(connection, number)
    with copied(file) as (copy, sha256):
        if sha256 != found.payload["file_sha256"]:
            raise PeopleError(PeopleCode.OTHER_CONTENT, number=number, what=file.name)
        approved = await _begun(connection, number, ProposalKind.ISSUE_CERTIFICATES, by)
        done = await issued(copy, result, parts, settings, by=by, approved_by=approved.decided_by)
    if done.stopped is None:
        await _finished(connection, number, by, done.told)
    return done
