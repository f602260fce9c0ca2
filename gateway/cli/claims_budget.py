"""tillgate claims budget: limits by КБК and budget year, and how far they are used."""

from datetime import date

import asyncpg
import click
from rich.markup import escape
from rich.table import Table

from gateway.cli.agreements import Rubles
from gateway.cli.claims_support import shown_sum, with_claims
from gateway.cli.people_support import actor, signed
from gateway.cli.registry_support import DAY, json_option, print_json
from gateway.cli.support import console
from gateway.runtime.settings import Settings
from settlement.claims.limits import BudgetUse, budget_uses, set_limit


@click.group("budget")
def budget_group() -> None:
    """Budget limits, within which claims stay."""


@budget_group.command("set")
@click.argument("kbk", metavar="КБК")
@click.option("--year", required=True, type=click.IntRange(2000, 2999), help="The budget year.")
@click.option("--limit", "limit_kopecks", required=True, type=Rubles(), help="In rubles; the newest holds.")
@click.option("--act-number", required=True, help="Number of the act that sets it.")
@click.option("--act-date", required=True, type=DAY, help="Date of the act.")
@signed()
def set_command(kbk: str, year: int, limit_kopecks: int, act_number: str, act_date: date, by: str) -> None:
    """Set the limit of a КБК for a year. Where none is set nothing is limited."""

    async def work(connection: asyncpg.Connection, _: Settings) -> None:
        async with connection.transaction():
            await set_limit(
                connection,
                budget_year=year,
                kbk=kbk,
                limit_kopecks=limit_kopecks,
                act=(act_number, act_date),
                by=actor(by),
            )

    with_claims(work)
    click.echo(f"{kbk} {year}: {shown_sum(limit_kopecks)}")


@budget_group.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """Limits in force, with what filed claims use of them."""

    async def work(connection: asyncpg.Connection, _: Settings) -> list[BudgetUse]:
        return await budget_uses(connection)

    found = with_claims(work, reads_only=True)
    if as_json:
        print_json(found)
        return
    table = Table("year", "КБК", "limit", "used", "left", "act", title="Budget limits")
    for one in found:
        table.add_row(
            str(one.budget_year), one.kbk, shown_sum(one.limit_kopecks), shown_sum(one.used_kopecks),
            shown_sum(one.left_kopecks), escape(f"{one.act_number}, {one.act_date}"),
        )  # fmt: skip
    console().print(table)
