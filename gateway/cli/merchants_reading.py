"""tillgate merchants list, show, export."""

from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.cli.registry_support import (
    json_option,
    print_history,
    print_json,
    shown_day,
    shown_since,
    with_registry,
)
from gateway.cli.support import console
from gateway.registry.agreements import SubsidyAgreement, list_agreements
from gateway.registry.history import Step, Subject, history_of
from gateway.registry.machine import MerchantState
from gateway.registry.merchants import Merchant, get_merchant, list_merchants
from gateway.registry.outlets import Outlet, list_outlets
from gateway.registry.published import as_csv, as_json, published_register
from gateway.runtime.settings import Settings


@click.command("list")
@click.option("--state", type=click.Choice(MerchantState, case_sensitive=False), help="Of one state.")
@click.option("--inn", default="", help="Of one INN.")
@click.option("--after", "after_id", default=0, help="Those that come after this id.")
@click.option("--limit", default=1000, show_default=True, type=click.IntRange(1, 100_000), help="How many.")
@json_option
def list_command(state: MerchantState | None, inn: str, after_id: int, limit: int, as_json: bool) -> None:
    """Participants in the order of their ids."""
    found = with_registry(
        lambda connection, _: list_merchants(
            connection, state=state, inn=inn, after_id=after_id, limit=limit
        ),
        reads_only=True,
    )
    if as_json:
        print_json(found)
        return
    table = Table("id", "state", "INN", "KPP", "OGRN", "name", "registered", "not selling since", "because",
                  title="Participants")  # fmt: skip
    for one in found:
        table.add_row(
            str(one.id), one.state, one.inn, one.kpp, one.ogrn, escape(one.name),
            shown_day(one.registered_on), shown_since(one.suspended_at), escape(one.suspend_reason),
        )  # fmt: skip
    console().print(table)


@click.command("show")
@click.argument("merchant_id", metavar="ID", type=int)
@json_option
def show_command(merchant_id: int, as_json: bool) -> None:
    """One participant with its agreements, outlets and history."""

    async def work(
        connection: AsyncConnection, _: Settings
    ) -> tuple[Merchant, list[SubsidyAgreement], list[Outlet], list[Step]]:
        return (
            await get_merchant(connection, merchant_id),
            await list_agreements(connection, merchant_id=merchant_id),
            await list_outlets(connection, merchant_id=merchant_id),
            await history_of(connection, Subject.MERCHANT, merchant_id),
        )

    merchant, agreements, outlets, history = with_registry(work, reads_only=True)
    if as_json:
        print_json({"merchant": merchant, "agreements": agreements, "outlets": outlets, "history": history})
        return
    click.echo(f"merchant {merchant.id} {merchant.full_name or merchant.name}: {merchant.state}")
    click.echo(f"INN {merchant.inn}, KPP {merchant.kpp or '-'}, OGRN {merchant.ogrn or '-'}")
    if merchant.successor_of:
        click.echo(f"successor of merchant {merchant.successor_of}")
    for one in agreements:
        days = f"{shown_day(one.first_day)} – {shown_day(one.last_day)}"
        click.echo(f"agreement {one.id} {one.number}: {one.state}, {days}, {', '.join(one.program_codes)}")
    for shop in outlets:
        off = "" if shop.is_enabled else " (disabled)"
        click.echo(f"outlet {shop.id} {shop.name}: {shop.address}{off}")
    print_history(history)


@click.command("export")
@click.option("--format", "kind", type=click.Choice(["csv", "json"]), default="csv", show_default=True,
              help="As what.")  # fmt: skip
@click.option("--out", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Where it goes.")
def export_command(kind: str, out: Path | None) -> None:
    """The register as it is published (decree 213-ПП, 3.4): active participants and their open shops."""
    register = with_registry(lambda connection, _: published_register(connection), reads_only=True)
    data = as_csv(register).encode() if kind == "csv" else as_json(register)
    if out is None:
        click.echo(data, nl=False)
    else:
        out.write_bytes(data)
        click.echo(f"{len(register):,} participants in {out}")
