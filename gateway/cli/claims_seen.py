"""tillgate claims feed, receivables: what a merchant sees of its money."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import click
from rich.markup import escape
from rich.table import Table

from gateway.cli.registry_support import json_option, print_json
from gateway.cli.report_support import with_reports
from gateway.cli.support import console
from gateway.domain.policy import moscow_date
from gateway.runtime.settings import Settings
from settlement.matching.statement import MATCHES
from settlement.reports.feed import FeedPage, Operation, operations_feed
from settlement.reports.receivables import COLUMNS, Owed, receivables_of
from settlement.reports.shown import shown_rubles


@click.command("feed")
@click.argument("merchant_id", metavar="MERCHANT", type=int)
@click.option("--after", "token", default="", help="The token that the page before ended with.")
@click.option("--limit", default=200, show_default=True, type=click.IntRange(1, 10_000), help="How many.")
@json_option
def feed_command(merchant_id: int, token: str, limit: int, as_json: bool) -> None:
    """A merchant's operations, the oldest first, and where each stands."""

    async def work(connection: asyncpg.Connection, _: Settings) -> FeedPage:
        return await operations_feed(connection, merchant_id, MATCHES, token=token, limit=limit)

    page = with_reports(work)
    if as_json:
        print_json(page)
        return
    table = Table("decided", "kind", "outlet", "till", "program", "points, ₽", "receipt", "stands", "because",
                  title=f"Operations of merchant {merchant_id}")  # fmt: skip
    for one in page.operations:
        table.add_row(*map(escape, _cells(one)))
    console().print(table)
    if page.next_token:
        click.echo(f"next page: --after {page.next_token}")


def _cells(one: Operation) -> tuple[str, ...]:
    receipt = f"{one.receipt[0]} {one.receipt[1]}" if one.receipt else "-"
    where = f"{one.standing} in claim {one.claim_id}" if one.claim_id else one.standing.value
    return (
        f"{one.decided_at:%Y-%m-%d %H:%M:%S}", one.kind.value, one.outlet_name, one.terminal_name,
        one.program_code, shown_rubles(one.amount_kopecks), receipt, where,
        one.reason or ", ".join(one.mismatches),
    )  # fmt: skip


@click.command("receivables")
@click.argument("merchant_id", metavar="MERCHANT", type=int)
@json_option
def receivables_command(merchant_id: int, as_json: bool) -> None:
    """What a merchant is owed by outlet and age of the sale, in rubles."""

    async def work(connection: asyncpg.Connection, _: Settings) -> list[Owed]:
        now: datetime = await connection.fetchval("SELECT tillgate_now()")
        return await receivables_of(connection, merchant_id, MATCHES, moscow_date(now))

    found = with_reports(work)
    if as_json:
        print_json(found)
        return
    names = [standing.value.lower().replace("_", " ") for standing in COLUMNS]
    table = Table("outlet", "days", *names, "total", title=f"Receivables of merchant {merchant_id}")
    for owed in found:
        table.add_row(f"{owed.outlet_id} {escape(owed.outlet_name)}", owed.age.value, *_sums([owed]))
    table.add_section()
    table.add_row("all", "", *_sums(found))
    console().print(table)


def _sums(found: Sequence[Owed]) -> list[str]:
    columns = (f"{standing.value.lower()}_kopecks" for standing in COLUMNS)
    return [shown_rubles(sum(getattr(o, c) for o in found)) for c in (*columns, "total_kopecks")]
