"""tillgate terminals add, fiscal, end-fiscal, enable, disable, list, history."""

from datetime import date

import click
from rich.markup import escape
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.cli.people_support import signed
from gateway.cli.registry_support import (
    DAY,
    json_option,
    print_history,
    print_json,
    reason_option,
    shown_day,
    with_registry,
)
from gateway.cli.support import console
from gateway.registry import terminals
from gateway.registry.history import Step, Subject, history_of
from gateway.runtime.settings import Settings

_ID = click.argument("terminal_id", metavar="ID", type=int)


@click.group("terminals")
def terminals_group() -> None:
    """Tills of outlets, with their fiscal numbers. See docs/enrolment.md."""


@terminals_group.command("add")
@click.argument("outlet_id", metavar="OUTLET", type=int)
@click.option("--name", required=True, help="What the merchant calls it.")
@click.option("--reason", default="", help="Why, if there is something to say.")
@signed(required=True)
def add_command(outlet_id: int, name: str, reason: str, by: str) -> None:
    """One more till; it connects once it has a key."""
    terminal_id = with_registry(
        lambda connection, _: terminals.add_terminal(connection, outlet_id, name=name, by=by, reason=reason)
    )
    click.echo(f"terminal {terminal_id}")


@terminals_group.command("fiscal")
@_ID
@click.option("--kkt", "kkt_number", required=True, help="Registration number (РН ККТ), 16 digits.")
@click.option("--drive", "drive_number", required=True, help="Fiscal drive (ФН), 16 digits.")
@click.option("--from", "first_day", required=True, type=DAY, help="Since when.")
@signed(required=True)
def fiscal_command(terminal_id: int, kkt_number: str, drive_number: str, first_day: date, by: str) -> None:
    """The till has these numbers from a day on; those of before end the day before."""
    with_registry(
        lambda connection, _: terminals.set_fiscal_numbers(
            connection, terminal_id, kkt_number=kkt_number, drive_number=drive_number,
            first_day=first_day, by=by,
        )
    )  # fmt: skip


@terminals_group.command("end-fiscal")
@_ID
@click.option("--to", "last_day", required=True, type=DAY, help="The last day.")
@signed(required=True)
@reason_option
def end_fiscal_command(terminal_id: int, last_day: date, by: str, reason: str) -> None:
    """The till has no fiscal numbers any more, so that another may have them."""
    with_registry(
        lambda connection, _: terminals.end_fiscal_numbers(
            connection, terminal_id, last_day=last_day, by=by, reason=reason
        )
    )


@terminals_group.command("enable")
@_ID
@signed(required=True)
@reason_option
def enable_command(terminal_id: int, by: str, reason: str) -> None:
    """It may sell and refund again."""
    _switch(terminal_id, by=by, reason=reason, is_enabled=True)


@terminals_group.command("disable")
@_ID
@signed(required=True)
@reason_option
def disable_command(terminal_id: int, by: str, reason: str) -> None:
    """No new sale or refund from now on; what it holds it may still capture and void."""
    _switch(terminal_id, by=by, reason=reason, is_enabled=False)


@terminals_group.command("list")
@click.option("--merchant", "merchant_id", type=int, help="Of this merchant.")
@click.option("--outlet", "outlet_id", type=int, help="Of this shop.")
@json_option
def list_command(merchant_id: int | None, outlet_id: int | None, as_json: bool) -> None:
    """Tills in the order of their ids."""
    found = with_registry(
        lambda connection, _: terminals.list_terminals(
            connection, merchant_id=merchant_id, outlet_id=outlet_id
        ),
        reads_only=True,
    )
    if as_json:
        print_json(found)
        return
    table = Table("id", "merchant", "outlet", "name", "", title="Terminals")
    for one in found:
        table.add_row(
            str(one.id), str(one.merchant_id), str(one.outlet_id), escape(one.name),
            "" if one.is_enabled else "disabled",
        )  # fmt: skip
    console().print(table)


@terminals_group.command("history")
@_ID
def history_command(terminal_id: int) -> None:
    """The fiscal numbers of a till, and what happened to it."""

    async def work(
        connection: AsyncConnection, _: Settings
    ) -> tuple[list[terminals.FiscalNumbers], list[Step]]:
        return (
            await terminals.fiscal_numbers_of(connection, terminal_id),
            await history_of(connection, Subject.TERMINAL, terminal_id),
        )

    numbers, steps = with_registry(work, reads_only=True)
    for one in numbers:
        days = f"{shown_day(one.first_day)} – {shown_day(one.last_day)}"
        click.echo(f"РН ККТ {one.kkt_number}, ФН {one.drive_number}: {days}")
    print_history(steps)


def _switch(terminal_id: int, *, by: str, reason: str, is_enabled: bool) -> None:
    with_registry(
        lambda connection, _: terminals.set_terminal_enabled(
            connection, terminal_id, is_enabled=is_enabled, by=by, reason=reason
        )
    )
