"""tillgate claims demand: what merchants give back, since it was refunded after it was paid."""

from collections.abc import Awaitable, Callable
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
from gateway.domain.policy import moscow_date
from gateway.runtime.settings import Settings
from settlement.claims import demands
from settlement.claims.demand_model import Demand


@click.group("demand")
def demand_group() -> None:
    """Demands to return a subsidy."""


_ID = click.argument("demand_id", metavar="DEMAND", type=int)
_ON = click.option("--on", type=DAY, help="The day of it.  [default: today]")


@demand_group.command("make")
@click.argument("agreement_id", metavar="AGREEMENT", type=int)
@click.option("--last", "is_last", is_flag=True, help="No claim is to come that refunds could lower.")
@_ON
@json_option
@signed()
def make_command(agreement_id: int, is_last: bool, on: date | None, as_json: bool, by: str) -> None:
    """Demand back every refund of a paid sale that can lower no claim."""

    async def work(connection: asyncpg.Connection, _: Settings) -> list[Demand]:
        async with connection.transaction():
            day = on or await _today(connection)
            return await demands.demand_refunds(
                connection, agreement_id, on=day, by=actor(by), is_last=is_last
            )

    _print(with_claims(work), as_json=as_json)


@demand_group.command("list")
@click.option("--agreement", "agreement_id", type=int, help="Of this agreement.")
@click.option("--waiting", "waiting_only", is_flag=True, help="Only those whose money is still to come.")
@json_option
def list_command(agreement_id: int | None, waiting_only: bool, as_json: bool) -> None:
    """Demands, those due first."""

    async def work(connection: asyncpg.Connection, _: Settings) -> list[Demand]:
        return await demands.demands_of(connection, agreement_id=agreement_id, waiting_only=waiting_only)

    _print(with_claims(work, reads_only=True), as_json=as_json)


@demand_group.command("returned")
@_ID
@click.option("--amount", "amount_kopecks", required=True, type=Rubles(), help="What came back, in rubles.")
@signed()
def returned_command(demand_id: int, amount_kopecks: int, by: str) -> None:
    """Note money that came back outside of an imported statement."""
    _step(lambda connection: demands.returned(connection, demand_id, amount_kopecks, by=actor(by)))


@demand_group.command("offset")
@_ID
@_ON
@signed()
def offset_command(demand_id: int, on: date | None, by: str) -> None:
    """Give it up: its refund lowers the next claim of the same year."""

    async def work(connection: asyncpg.Connection) -> Demand:
        day = on or await _today(connection)
        return await demands.offset(connection, demand_id, on=day, by=actor(by))

    _step(work)


@demand_group.command("sue")
@_ID
@signed()
def sue_command(demand_id: int, by: str) -> None:
    """Note that it went to court."""
    _step(lambda connection: demands.sue(connection, demand_id, by=actor(by)))


async def _today(connection: asyncpg.Connection) -> date:
    return moscow_date(await connection.fetchval("SELECT tillgate_now()"))


def _step(work: Callable[[asyncpg.Connection], Awaitable[Demand]]) -> None:
    async def in_transaction(connection: asyncpg.Connection, _: Settings) -> Demand:
        async with connection.transaction():
            return await work(connection)

    one = with_claims(in_transaction)
    click.echo(f"demand {one.id}: {one.state.value}, {shown_sum(one.left_kopecks)} left")


def _print(found: list[Demand], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    table = Table(
        "demand", "agreement", "state", "sum", "returned", "due", "КБК", "why", title="Return demands"
    )
    for one in found:
        table.add_row(
            str(one.id), str(one.agreement_id), one.state.value, shown_sum(one.amount_kopecks),
            shown_sum(one.returned_kopecks), str(one.due_on), one.revenue_kbk, escape(one.reason),
        )  # fmt: skip
    console().print(table)
