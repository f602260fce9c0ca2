"""tillgate outlets add, enable, disable, list, history."""

import click
from rich.markup import escape
from rich.table import Table

from gateway.cli.people_support import signed
from gateway.cli.registry_support import (
    json_option,
    print_history,
    print_json,
    reason_option,
    with_registry,
)
from gateway.cli.support import console
from gateway.registry import outlets
from gateway.registry.history import Subject, history_of


@click.group("outlets")
def outlets_group() -> None:
    """Shops of participants, all in Moscow. See docs/enrolment.md."""


@outlets_group.command("add")
@click.argument("merchant_id", metavar="MERCHANT", type=int)
@click.option("--name", required=True, help="What the merchant calls it.")
@click.option("--address", required=True, help="Postal address: «125009, г. Москва, ул. …».")
@click.option("--reason", default="", help="Why, if there is something to say.")
@signed(required=True)
def add_command(merchant_id: int, name: str, address: str, reason: str, by: str) -> None:
    """One more shop; an address outside Moscow is refused."""
    outlet_id = with_registry(
        lambda connection, _: outlets.add_outlet(
            connection, merchant_id, name=name, address=address, by=by, reason=reason
        )
    )
    click.echo(f"outlet {outlet_id}")


@outlets_group.command("enable")
@click.argument("outlet_id", metavar="ID", type=int)
@signed(required=True)
@reason_option
def enable_command(outlet_id: int, by: str, reason: str) -> None:
    """Its tills may sell and refund again."""
    _switch(outlet_id, by=by, reason=reason, is_enabled=True)


@outlets_group.command("disable")
@click.argument("outlet_id", metavar="ID", type=int)
@signed(required=True)
@reason_option
def disable_command(outlet_id: int, by: str, reason: str) -> None:
    """No new sale or refund at any of its tills from now on."""
    _switch(outlet_id, by=by, reason=reason, is_enabled=False)


@outlets_group.command("list")
@click.option("--merchant", "merchant_id", type=int, help="Of this merchant.")
@json_option
def list_command(merchant_id: int | None, as_json: bool) -> None:
    """Shops in the order of their ids."""
    found = with_registry(
        lambda connection, _: outlets.list_outlets(connection, merchant_id=merchant_id), reads_only=True
    )
    if as_json:
        print_json(found)
        return
    table = Table("id", "merchant", "name", "address", "", title="Outlets")
    for one in found:
        table.add_row(
            str(one.id), str(one.merchant_id), escape(one.name), escape(one.address),
            "" if one.is_enabled else "disabled",
        )  # fmt: skip
    console().print(table)


@outlets_group.command("history")
@click.argument("outlet_id", metavar="ID", type=int)
def history_command(outlet_id: int) -> None:
    """What happened to a shop."""
    print_history(
        with_registry(
            lambda connection, _: history_of(connection, Subject.OUTLET, outlet_id), reads_only=True
        )
    )


def _switch(outlet_id: int, *, by: str, reason: str, is_enabled: bool) -> None:
    with_registry(
        lambda connection, _: outlets.set_outlet_enabled(
            connection, outlet_id, is_enabled=is_enabled, by=by, reason=reason
        )
    )
