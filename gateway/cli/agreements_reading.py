"""tillgate agreements list, show, use."""

import click
from rich.markup import escape
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.cli.registry_support import (
    json_option,
    print_history,
    print_json,
    shown_ceiling,
    shown_day,
    shown_since,
    shown_term,
    with_registry,
)
from gateway.cli.support import console, shown_rubles
from gateway.registry.addenda import Addendum, addenda_of
from gateway.registry.agreements import SubsidyAgreement, get_agreement, list_agreements
from gateway.registry.history import Step, Subject, history_of
from gateway.registry.machine import AgreementState
from gateway.runtime.ceilings import count_ceilings
from gateway.runtime.settings import Settings


@click.command("list")
@click.option("--merchant", "merchant_id", type=int, help="Of this merchant.")
@click.option("--state", type=click.Choice(AgreementState, case_sensitive=False), help="Of one state.")
@json_option
def list_command(merchant_id: int | None, state: AgreementState | None, as_json: bool) -> None:
    """Agreements by their first days, with the terms that run."""
    found = with_registry(
        lambda connection, _: list_agreements(connection, merchant_id=merchant_id, state=state),
        reads_only=True,
    )
    if as_json:
        print_json(found)
        return
    table = Table("id", "merchant", "number", "state", "from", "to", "programs", "ceiling", "send until",
                  "sent", "return until", "returned", title="Subsidy agreements")  # fmt: skip
    for one in found:
        table.add_row(
            str(one.id), str(one.merchant_id), escape(one.number), one.state, shown_day(one.first_day),
            shown_day(one.last_day), escape(", ".join(one.program_codes)),
            shown_ceiling(one.ceiling_kopecks), shown_term(one.send_due_on), shown_day(one.sent_on),
            shown_term(one.return_due_on), shown_day(one.returned_on),
        )  # fmt: skip
    console().print(table)


@click.command("show")
@click.argument("agreement_id", metavar="ID", type=int)
@json_option
def show_command(agreement_id: int, as_json: bool) -> None:
    """One agreement with its addenda and history."""

    async def work(
        connection: AsyncConnection, _: Settings
    ) -> tuple[SubsidyAgreement, list[Addendum], list[Step]]:
        return (
            await get_agreement(connection, agreement_id),
            await addenda_of(connection, agreement_id),
            await history_of(connection, Subject.AGREEMENT, agreement_id),
        )

    one, addenda, steps = with_registry(work, reads_only=True)
    if as_json:
        print_json({"agreement": one, "addenda": addenda, "history": steps})
        return
    days = f"{shown_day(one.first_day)} – {shown_day(one.last_day)}"
    click.echo(f"agreement {one.id} {one.number} of merchant {one.merchant_id}: {one.state}, {days}")
    click.echo(
        f"programs {', '.join(one.program_codes)}; ceiling {shown_ceiling(one.ceiling_kopecks) or 'none'}"
    )
    if one.sales_closed_at:
        click.echo(f"no new authorizations since {shown_since(one.sales_closed_at)}: the ceiling is used up")
    for addendum in addenda:
        changed = ", ".join(addendum.changes)
        click.echo(f"addendum {addendum.number} of {shown_day(addendum.signed_on)}: {changed}")
    print_history(steps)


@click.command("use")
@json_option
def use_command(as_json: bool) -> None:
    """Count how full the ceilings are, signal and close as the agreements say; the fullest first.

    A running gateway does the same every five minutes.
    """
    signals, uses = with_registry(lambda connection, _: count_ceilings(connection))
    if as_json:
        print_json({"signals": signals, "uses": uses})
        return
    table = Table("agreement", "merchant", "number", "used", "ceiling", "%", "sales", title="Ceilings")
    for one in uses:
        table.add_row(
            str(one.agreement_id), str(one.merchant_id), escape(one.number),
            shown_rubles(max(one.used_kopecks, 0)), shown_rubles(one.ceiling_kopecks), str(one.percent),
            "closed" if one.is_closed else "open",
        )  # fmt: skip
    console().print(table)
    for signal in signals:
        click.echo(f"agreement {signal.number}: {signal.percent} % of the ceiling are reached")
