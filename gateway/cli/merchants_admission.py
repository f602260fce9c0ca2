"""tillgate merchants apply, applications, application, review, register, refuse, take-over."""

from pathlib import Path
from uuid import UUID

import click
from rich.markup import escape
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.cli.ledger_commands import proposed
from gateway.cli.lists_support import by_option, shown_moment
from gateway.cli.merchants_proposed import approver_named, registration, taking_over
from gateway.cli.people_support import actor, signatory, signed, told_refusals
from gateway.cli.registry_support import (
    FILE,
    json_option,
    optional_approver_option,
    print_findings,
    print_history,
    print_json,
    read_application,
    reason_option,
    with_registry,
)
from gateway.cli.support import console
from gateway.people.approvals import ProposalKind
from gateway.registry import applications, merchants
from gateway.registry.history import Step, Subject, history_of
from gateway.registry.machine import ApplicationState
from gateway.runtime.settings import Settings

_successor_option = click.option(
    "--successor-of", type=int, help="The merchant out of whose reorganisation this one came."
)


@click.command("apply")
@click.argument("file", type=FILE)
@click.option("--request-id", type=click.UUID, help="The same id again gets the same receipt.")
@signed()
@json_option
def apply_command(file: Path, request_id: UUID | None, by: str, as_json: bool) -> None:
    """Submit the application in a JSON FILE, as it came on paper. Every failed check is named."""
    form = read_application(file)
    receipt = with_registry(
        lambda connection, _: applications.apply_for(connection, form, request_id=request_id, by=actor(by))
    )
    if as_json:
        print_json(receipt)
    else:
        click.echo(f"application {receipt.application_id}, request id {receipt.request_id}")


@click.command("applications")
@click.option("--state", type=click.Choice(ApplicationState, case_sensitive=False), help="Of one state.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="How many.")
@json_option
def applications_command(state: ApplicationState | None, limit: int, as_json: bool) -> None:
    """Applications, the oldest first."""
    found = with_registry(
        lambda connection, _: applications.list_applications(connection, state=state, limit=limit),
        reads_only=True,
    )
    if as_json:
        print_json(found)
        return
    table = Table("application", "state", "INN", "name", "submitted", "merchant", "reason",
                  title="Applications")  # fmt: skip
    for one in found:
        table.add_row(
            str(one.application_id), one.state, one.inn, escape(one.name), shown_moment(one.submitted_at),
            str(one.merchant_id or ""), escape(one.reason),
        )  # fmt: skip
    console().print(table)


@click.command("application")
@click.argument("application_id", metavar="ID", type=int)
@json_option
def application_command(application_id: int, as_json: bool) -> None:
    """One application whole, checked anew, with its history."""
    found, steps = with_registry(lambda connection, _: _application_with_history(connection, application_id))
    if as_json:
        print_json({"application": found, "history": steps})
        return
    _print_reviewed(found)
    print_history(steps)


@click.command("review")
@click.argument("application_id", metavar="ID", type=int)
@signed(required=True)
def review_command(application_id: int, by: str) -> None:
    """Take an application under review; says what the checks of today find."""
    _print_reviewed(
        with_registry(lambda connection, _: applications.review(connection, application_id, by=by))
    )


@click.command("register")
@click.argument("application_id", metavar="ID", type=int)
@by_option(required=True)
@optional_approver_option
@click.option("--reason", default="", help="The act of registration; needed where it is proposed.")
@_successor_option
def register_command(
    application_id: int, by: str, approved_by: str | None, reason: str, successor_of: int | None
) -> None:
    """Include the applicant in the register. It sells once its agreement is concluded and in force.

    In production this makes a proposal, which another person approves.
    """

    async def work(connection: AsyncConnection, settings: Settings) -> str:
        approver = approver_named(settings, approved_by)
        if settings.enforces_four_eyes:
            who = await signatory(settings, by)
            found = await applications.read_application(connection, application_id)
            payload = registration(found, successor_of)
            return await proposed(settings, ProposalKind.REGISTER_MERCHANT, payload, who, reason)
        merchant_id = await applications.register(
            connection, application_id, by=by, approved_by=approver, reason=reason, successor_of=successor_of
        )
        return f"merchant {merchant_id}"

    with told_refusals():
        click.echo(with_registry(work))


@click.command("refuse")
@click.argument("application_id", metavar="ID", type=int)
@signed(required=True)
@reason_option
def refuse_command(application_id: int, by: str, reason: str) -> None:
    """Refuse an application under review; the applicant reads the reason."""
    with_registry(lambda connection, _: applications.refuse(connection, application_id, by=by, reason=reason))


@click.command("take-over")
@click.argument("file", type=FILE)
@by_option(required=True)
@optional_approver_option
@reason_option
@_successor_option
def take_over_command(
    file: Path, by: str, approved_by: str | None, reason: str, successor_of: int | None
) -> None:
    """Include a participant of the earlier programme without an application (decree 213-ПП, 3.8).

    In production this makes a proposal, which another person approves.
    """
    form = read_application(file)

    async def work(connection: AsyncConnection, settings: Settings) -> str:
        approver = approver_named(settings, approved_by)
        if settings.enforces_four_eyes:
            who = await signatory(settings, by)
            payload = taking_over(form, successor_of)
            return await proposed(settings, ProposalKind.REGISTER_MERCHANT, payload, who, reason)
        merchant_id = await merchants.take_over(
            connection, form, by=by, approved_by=approver, reason=reason, successor_of=successor_of
        )
        return f"merchant {merchant_id}"

    with told_refusals():
        click.echo(with_registry(work))


async def _application_with_history(
    connection: AsyncConnection, application_id: int
) -> tuple[applications.Reviewed, list[Step]]:
    found = await applications.read_application(connection, application_id)
    return found, await history_of(connection, Subject.APPLICATION, application_id)


def _print_reviewed(found: applications.Reviewed) -> None:
    status, form = found.status, found.application
    click.echo(f"application {status.application_id} of {shown_moment(status.submitted_at)}: {status.state}")
    click.echo(f"{form.full_name}, INN {form.inn}, KPP {form.kpp or '-'}, OGRN {form.ogrn}")
    click.echo(f"account {form.account}, BIK {form.bic}")
    click.echo(f"legal address {form.legal_address}")
    click.echo(f"signatory {form.signatory.name}, {form.signatory.position}, {form.signatory.basis}")
    for shop in form.outlets:
        click.echo(f"outlet {shop.name}: {shop.address}")
    if not found.has_directory:
        click.echo("no BIC directory is imported: the bank itself was not checked (tillgate bic import)")
    print_findings(found.findings)
