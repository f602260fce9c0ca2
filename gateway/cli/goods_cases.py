"""tillgate goods cases, case, confirm, dismiss, collect, misdeclared: what a person decides of goods."""

from contextlib import nullcontext
from datetime import date, datetime, timedelta

import asyncpg
import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.cli.goods_support import (
    confirm_options,
    confirmed,
    shown_evidence,
    shown_subject,
    with_goods,
)
from gateway.cli.lists_support import shown_moment
from gateway.cli.people_support import signed
from gateway.cli.progress import progress_bar
from gateway.cli.support import console, shown_rubles, with_connection, with_settings
from gateway.domain.judging import Review
from gateway.domain.policy import moscow_date
from gateway.goods.cases.queries import Case, MerchantShare, Misdeclared, get_case, list_cases, misdeclared
from gateway.goods.cases.settling import confirm_case, dismiss_case
from gateway.goods.cases.tally import CaseState
from gateway.ledger.judged import count_judged
from gateway.runtime.collecting import collector_of
from gateway.runtime.published import read_editions
from gateway.runtime.settings import Settings

_REVIEWS = click.Choice([review for review in Review if review], case_sensitive=False)


@click.command("cases")
@click.option("--state", type=click.Choice([*CaseState, "ALL"], case_sensitive=False), default=CaseState.OPEN,
              show_default=True, help="Where they stand.")  # fmt: skip
@click.option("--kind", type=_REVIEWS, help="Why somebody should look.")
@click.option("--merchant", "merchant_id", type=int, help="With lines of this merchant.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def cases_command(state: str, kind: str | None, merchant_id: int | None, limit: int, as_json: bool) -> None:
    """Goods that nobody knows, or of which sources disagree; those of the most money first."""
    cases = with_goods(
        lambda connection, _: list_cases(
            connection,
            state=None if state == "ALL" else CaseState(state),
            review=Review(kind) if kind else None,
            merchant_id=merchant_id,
            limit=limit,
        )
    )
    if as_json:
        click.echo(msgspec.json.encode(cases))
        return
    table = Table("case", "state", "why", "goods", "lines", "rubles", "merchants", "last seen", "for example",
                  title="Goods cases")  # fmt: skip
    for one in cases:
        table.add_row(
            str(one.id),
            one.state,
            one.review,
            escape(shown_subject(one.subject)),
            f"{one.line_count:,}",
            shown_rubles(one.amount_kopecks),
            str(one.merchant_count),
            shown_moment(one.last_seen),
            escape(one.examples[-1].item_name),
        )
    console().print(table)


@click.command("case")
@click.argument("case_id", metavar="ID", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def case_command(case_id: int, as_json: bool) -> None:
    """One case whole: merchants, examples, and what every source said of them."""
    case, shares = with_goods(lambda connection, _: get_case(connection, case_id))
    if as_json:
        click.echo(msgspec.json.encode({"case": case, "merchants": shares}))
        return
    _print_case(case, shares, console())


def _print_case(case: Case, shares: list[MerchantShare], out: Console) -> None:
    out.print(f"case {case.id}, {case.state}: {case.review}, {shown_subject(case.subject)}", markup=False)
    out.print(
        f"{case.line_count:,} lines, {shown_rubles(case.amount_kopecks)} rubles, "
        f"{shown_moment(case.first_seen)} to {shown_moment(case.last_seen)}"
    )
    if case.settled_by and case.settled_at:
        rule = f", rule {case.rule_id}" if case.rule_id else ""
        said = f"{case.settled_by}, {shown_moment(case.settled_at)}: {case.because}{rule}"
        out.print(said, markup=False)
    merchants = Table("merchant", "lines", "rubles", title="Merchants")
    for share in shares:
        merchants.add_row(str(share.merchant_id), f"{share.line_count:,}", shown_rubles(share.amount_kopecks))
    out.print(merchants)
    examples = Table("purchase", "line", "merchant", "when", "name", "declared", "rubles",
                     "decided", "sources",                      title="The latest examples")  # fmt: skip
    for one in case.examples:
        examples.add_row(
            str(one.purchase_id),
            str(one.line_number),
            str(one.merchant_id),
            shown_moment(one.decided_at),
            escape(one.item_name),
            one.okpd2,
            shown_rubles(one.amount_kopecks),
            one.reason,
            escape("\n".join(map(shown_evidence, one.evidence))),
        )
    out.print(examples)


@click.command("confirm")
@click.argument("case_id", metavar="ID", type=int)
@confirm_options
@signed(required=True)
def confirm_command(case_id: int, okpd2: str, act: str, by: str) -> None:
    """Confirm what the goods of a case are: a rule that holds from soon on, and never backwards."""
    confirmed(confirm_case, case_id, okpd2, act, by)


@click.command("dismiss")
@click.argument("case_id", metavar="ID", type=int)
@signed(required=True)
@click.option("--because", required=True, help="Why there is nothing to decide.")
def dismiss_command(case_id: int, by: str, because: str) -> None:
    """Close a case without a rule: further lines of it are counted and open no other."""
    with_goods(lambda connection, _: dismiss_case(connection, case_id, by=by, because=because))
    click.echo(f"case {case_id} is dismissed")


@click.command("collect")
def collect_command() -> None:
    """Count everything that is decided and not counted yet. A running gateway does so by itself."""

    async def collect(connection: asyncpg.Connection, settings: Settings) -> int:
        editions = await read_editions(settings)
        collector = collector_of(
            lambda: nullcontext(connection),
            lambda instant: editions.at(instant).edition,
            settings,
            is_whole=True,
        )
        with progress_bar() as progress:
            total = await count_judged(connection, *await collector.bounds(connection))
            task = progress.add_task("counting baskets", total=total, told="")

            def tell(count: int, decided_at: datetime) -> None:
                progress.update(task, advance=count, told=f"up to {shown_moment(decided_at)}")

            return await collector.run_once(tell)

    counted = with_settings(
        lambda settings: with_connection(
            settings.database_url, lambda connection: collect(connection, settings)
        )
    )
    click.echo(f"{counted:,} baskets counted")


@click.command("misdeclared")
@click.option("--merchant", "merchant_id", type=int, help="This merchant alone.")
@click.option("--days", default=28, show_default=True, type=click.IntRange(1, 3660), help="Up to today.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def misdeclared_command(merchant_id: int | None, days: int, as_json: bool) -> None:
    """How often each merchant's tills declare other goods than a trusted source knows; the worst first."""

    async def work(connection: asyncpg.Connection, _: Settings) -> tuple[date, list[Misdeclared]]:
        last = moscow_date(await connection.fetchval("SELECT tillgate_now()"))
        first = last - timedelta(days=days - 1)
        found = await misdeclared(connection, merchant_id=merchant_id, first_day=first, last_day=last)
        return first, list(found)

    first, found = with_goods(work)
    if as_json:
        rows = [msgspec.structs.asdict(one) | {"rate": one.rate, "interval": one.interval} for one in found]
        click.echo(msgspec.json.encode(rows))
        return
    table = Table("merchant", "declared", "checked", "differing", "rubles", "rate", "95 % interval",
                  title=f"Declared codes since {first:%d.%m.%Y}")  # fmt: skip
    for one in found:
        low, high = one.interval
        table.add_row(
            str(one.merchant_id),
            f"{one.declared_count:,}",
            f"{one.checked_count:,}",
            f"{one.differing_count:,}",
            shown_rubles(one.differing_kopecks),
            "" if one.rate is None else f"{one.rate:.2%}",
            "" if one.rate is None else f"{low:.2%} to {high:.2%}",
        )
    console().print(table)
