"""tillgate lists publish: a draft becomes what decisions go by, by one person's word or by two persons'."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import click
import msgspec

from gateway.cli.ledger_commands import proposed, reason_option
from gateway.cli.lists_support import KIND, MOMENT, by_option, notice_rules, shown_moment, with_lists
from gateway.cli.people_support import signatory, told_refusals
from gateway.domain.commands import Act
from gateway.goods.reference.drafts import require_open
from gateway.goods.reference.errors import ListError
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.publishing import Publication, Published, publish
from gateway.goods.reference.versions import named, versions_of
from gateway.people.approvals import Proposal, ProposalKind, begin, finish
from gateway.people.errors import PeopleCode, PeopleError
from gateway.people.roles import Signatory
from gateway.runtime.settings import Settings


@click.command("publish")
@click.argument("kind", type=KIND)
@click.argument("version")
@click.option("--act-body", required=True, help="Who decided.")
@click.option("--act-number", required=True, help="The number of the act.")
@click.option("--act-date", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Its date.")
@click.option("--address", required=True, help="Where the list was made known.")
@click.option("--announced-at", required=True, type=MOMENT, help="When it was made known there.")
@click.option("--effective-from", required=True, type=MOMENT, help="From when it holds.")
@click.option("--urgent", "is_urgent", is_flag=True, help="Without the notice, by two approvers.")
@click.option("--approver", "approvers", multiple=True, help="Who agrees to that; not who imported it.")
@reason_option
@by_option(required=True)
def publish_command(
    kind: Kind,
    version: str,
    act_body: str,
    act_number: str,
    act_date: datetime,
    address: str,
    announced_at: datetime,
    effective_from: datetime,
    is_urgent: bool,
    approvers: Sequence[str],
    reason: str | None,
    by: str,
) -> None:
    """Publish VERSION of KIND: it stays as it is for good, and holds from the moment said.

    Moments are Moscow time, 2026-12-01 or 2026-12-01T09:30, or have an offset of their own. In production
    this makes a proposal; who made it and who approves it are the approvers of an urgent publication.
    """
    if approvers and not is_urgent:
        raise click.UsageError("--approver goes with --urgent")
    act = Act(act_body, act_number, act_date.date())
    said = Publication(act, address, announced_at, effective_from, by, is_urgent, tuple(approvers))

    async def work(connection: asyncpg.Connection, settings: Settings) -> str:
        if settings.enforces_four_eyes:
            if approvers:
                raise click.UsageError("--approver: who approves does so by the proposal")
            who = await signatory(settings, by)
            payload = await _described(connection, kind, version, said)
            return await proposed(settings, ProposalKind.PUBLISH_LIST, payload, who, reason)
        return _told(await publish(connection, kind, version, said, notice_rules(settings)))

    with told_refusals():
        told = with_lists(work)
    for line in told.splitlines():
        click.echo(line, err=line.startswith("warning:"))


async def publish_proposed(
    connection: asyncpg.Connection, settings: Settings, found: Proposal, by: Signatory
) -> str:
    """Publish what a proposal says, in the transaction that closes it.

    Raises PeopleError, and click.ClickException with what the rules of lists refuse.
    """
    try:
        async with connection.transaction():
            approved = await begin(connection, found.id, kind=ProposalKind.PUBLISH_LIST, by=by)
            payload = approved.payload
            kind, version = Kind(payload["list"]), payload["version"]
            one = named(await versions_of(connection, kind), kind, version)
            if one.content_sha256 != payload["content_sha256"]:
                raise PeopleError(PeopleCode.OTHER_CONTENT, number=found.id, what=f"{kind} {version}")
            said = _publication(payload, approved)
            told = _told(await publish(connection, kind, version, said, notice_rules(settings)))
            await finish(connection, found.id, by=by, result=told)
    except ListError as error:
        raise click.ClickException(str(error)) from error
    return told


async def _described(
    connection: asyncpg.Connection, kind: Kind, version: str, said: Publication
) -> dict[str, Any]:
    """What a proposal says of a publication: the draft by its content, and all that is said of it."""
    one = require_open(named(await versions_of(connection, kind), kind, version))
    return {
        "list": kind.value,
        "version": version,
        "content_sha256": one.content_sha256,
        "row_count": one.entry_count,
        "imported_by": one.imported_by,
        "act": msgspec.to_builtins(said.act),
        "address": said.address,
        "announced_at": said.announced_at.isoformat(),
        "effective_from": said.effective_from.isoformat(),
        "is_urgent": said.is_urgent,
    }


def _publication(payload: dict[str, Any], approved: Proposal) -> Publication:
    is_urgent: bool = payload["is_urgent"]
    persons = (approved.proposed_by, approved.decided_by or "")
    return Publication(
        msgspec.convert(payload["act"], Act),
        payload["address"],
        datetime.fromisoformat(payload["announced_at"]),
        datetime.fromisoformat(payload["effective_from"]),
        approved.proposed_by,
        is_urgent,
        persons if is_urgent else (),
        approved.decided_by,
    )


def _told(done: Published) -> str:
    lines = [f"{done.kind} {done.version} is published and holds from {shown_moment(done.effective_from)}"]
    lines += [
        f"warning: the days off of {year} are not known yet; the notice is an estimate"
        for year in done.estimated_years
    ]
    lines += [f"warning: version {later}, published before, will replace it" for later in done.later]
    return "\n".join(lines)
