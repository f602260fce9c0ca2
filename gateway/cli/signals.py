"""tillgate signals: what is odd about merchants' days. Signals explain and never block."""

import sys
from datetime import UTC, date, datetime, timedelta

import asyncpg
import click
from rich.markup import escape
from rich.table import Table

from gateway.cli.support import console, with_connection, with_settings
from gateway.domain.policy import day_end, day_start, moscow_date
from gateway.ledger.ids import lowest_uuid7
from gateway.ledger.judged import judged_baskets
from gateway.ledger.signals import Signal, SignalBook
from gateway.runtime.limits import load_limits
from gateway.runtime.settings import Settings
from gateway.spreadsheets import SpreadsheetWriter

PAGE = 2_000
COLUMNS = ("merchant", "signal", "figure", "threshold", "explanation_ru", "explanation_en")


@click.command("signals")
@click.option("--merchant", "merchant_id", type=int, help="Of this merchant alone.")
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="A day in Moscow.  [default: yesterday]",
)
@click.option("--csv", "is_csv", is_flag=True, help="As CSV instead of a table.")
def signals_command(merchant_id: int | None, day: datetime | None, is_csv: bool) -> None:
    """What is odd about a day's purchases, with figure, threshold and an explanation.

    Same-kopeck endings, rapid repeats, purchases outside opening hours, prices far from the class median, the
    share of refused goods. Read from the ledger; nothing is blocked by it.
    """
    chosen = day.date() if day else moscow_date(datetime.now(UTC)) - timedelta(days=1)
    found = with_settings(lambda settings: _signals(settings, chosen, merchant_id))
    if is_csv:
        writer = SpreadsheetWriter(sys.stdout, delimiter=",", line_end="\n")
        writer.row(COLUMNS)
        writer.rows(_row(one) for one in found)
        return
    table = Table(*COLUMNS, title=f"Signals of {chosen:%d.%m.%Y}")
    for one in found:
        table.add_row(*map(escape, _row(one)))
    console().print(table)


def _row(one: Signal) -> tuple[str, ...]:
    return str(one.merchant_id), one.kind, f"{one.figure:.3g}", f"{one.threshold:.3g}", one.ru, one.en


def _signals(settings: Settings, day: date, merchant_id: int | None) -> list[Signal]:
    thresholds = load_limits(settings).thresholds

    async def read(connection: asyncpg.Connection) -> list[Signal]:
        book = SignalBook(thresholds)
        after, before = lowest_uuid7(day_start(day)), lowest_uuid7(day_end(day))
        while page := await judged_baskets(connection, after, before, PAGE):
            for basket in page:
                book.add(basket)
            after = page[-1].id
        return book.signals(merchant_id)

    return with_connection(settings.database_reader_url, read)
