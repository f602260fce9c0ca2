"""tillgate goods rehearse: what a draft would have done to the baskets of the last weeks."""

import json
from asyncio import to_thread
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import click
import msgspec
from rich.console import Console
from rich.table import Table

from gateway.cli.goods_asking import Desk, with_desk
from gateway.cli.lists_support import KIND
from gateway.cli.people_support import signed
from gateway.cli.progress import progress_bar
from gateway.cli.support import console
from gateway.goods.asking.drafting import in_force, with_draft
from gateway.goods.asking.page import page_of
from gateway.goods.asking.rehearsal import AffectedGoods, Rehearsal
from gateway.goods.asking.rehearsing import Bought, Side, Tally, rehearse
from gateway.goods.asking.wording import CHANGES, against, counted, decided, heading, rubles, share
from gateway.goods.reference.drafts import mark_rehearsed
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.versions import named, versions_of
from gateway.ledger.ids import lowest_uuid7
from gateway.ledger.judged import count_judged, held_programs, judged_baskets
from gateway.registry.naming import outlet_names

PAGE: Final = 500
"""Baskets that are in memory at once."""

GOODS_ON_TERMINAL: Final = 20


@click.command("rehearse")
@click.argument("kind", type=KIND)
@click.argument("version")
@click.option(
    "--weeks", default=4, show_default=True, type=click.IntRange(1, 520), help="How far back to go."
)
@click.option("--html", "html_file", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the whole as a page that needs nothing but itself.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@signed()
def rehearse_command(
    kind: Kind, version: str, weeks: int, html_file: Path | None, as_json: bool, by: str
) -> None:
    """Judge the baskets of the last weeks by what is in force, and with the draft VERSION of KIND in place.

    Tells which lines would newly be refused or allowed, where, and for how much money. The draft counts as
    rehearsed from then on, and keeps the figures; nothing else changes.
    """

    async def work(desk: Desk) -> Rehearsal:
        found = await _rehearsed(desk, kind, version, timedelta(weeks=weeks))
        names = await outlet_names(desk.connection, [one.outlet_id for one in found.outlets])
        shops = {
            outlet_id: ", ".join(filter(None, (one.merchant, one.outlet, one.address)))
            for outlet_id, one in names.items()
        }
        if html_file is not None:
            await to_thread(html_file.write_text, page_of(found, shops), encoding="utf-8")
        await mark_rehearsed(desk.connection, kind, version, by=by, summary=_figures(found, weeks))
        return found

    found = with_desk(work, as_owner=True)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found), ensure_ascii=False, indent=1))
    else:
        _print(found, console())
    if html_file is not None:
        click.echo(f"страница: {html_file}", err=True)


async def _rehearsed(desk: Desk, kind: Kind, version: str, back: timedelta) -> Rehearsal:
    connection, now = desk.connection, desk.now
    draft = named(await versions_of(connection, kind), kind, version)
    base, confirmed = desk.stock.editions.at(now), desk.stock.confirmed.at(now)
    drafted = await with_draft(connection, base, draft, now)
    is_newest = kind is Kind.PROGRAMS
    before = Side(await desk.stock.of(connection, base, confirmed), is_newest)
    tally = Tally(before, Side(await desk.stock.of(connection, drafted, confirmed), is_newest))
    bounds = lowest_uuid7(now - back), lowest_uuid7(now)
    with progress_bar() as progress:
        task = progress.add_task("чеки", total=await count_judged(connection, *bounds), told="")
        await rehearse(
            connection, tally, _pages(connection, *bounds), lambda count: progress.advance(task, count)
        )
    return tally.result(kind, version, in_force(base, kind), now - back, now)


async def _pages(connection: asyncpg.Connection, after: Any, before: Any) -> AsyncIterator[Sequence[Bought]]:
    while baskets := await judged_baskets(connection, after, before, PAGE):
        programs = await held_programs(connection, baskets)
        yield [Bought(basket, held) for basket, held in zip(baskets, programs, strict=True)]
        after = baskets[-1].id


def _figures(found: Rehearsal, weeks: int) -> dict[str, Any]:
    """What the draft's row keeps: everything but single goods and shops."""
    figures: dict[str, Any] = msgspec.to_builtins(found)
    return {"weeks": weeks} | {
        name: value for name, value in figures.items() if name not in ("goods", "outlets")
    }


def _print(found: Rehearsal, out: Console) -> None:
    out.print(f"[bold]Репетиция: {heading(found)}[/bold]")
    out.print(against(found), highlight=False)
    table = Table("", "позиций", "доля", "чеков", "магазинов", "участников", "сумма")
    for change, sums in found.sums.items():
        table.add_row(
            CHANGES[change],
            counted(sums.lines),
            share(sums.lines, found.lines),
            counted(sums.baskets),
            counted(sums.outlets),
            counted(sums.merchants),
            rubles(sums.kopecks),
        )
    out.print(table)
    now, then = found.payable_kopecks
    out.print(f"можно баллами, самое большее: {rubles(now)} → {rubles(then)}", highlight=False)
    out.print(f"на проверку человеку: {found.queued[0]:,} → {found.queued[1]:,}", highlight=False)
    if not found.goods:
        return
    goods = Table("", "товар", "сейчас", "с черновиком", "позиций", "сумма")
    for one in found.goods[:GOODS_ON_TERMINAL]:
        goods.add_row(*_cells(one))
    out.print(goods)
    if found.goods_count > GOODS_ON_TERMINAL:
        out.print(f"и ещё товаров: {counted(found.goods_count - GOODS_ON_TERMINAL)}", highlight=False)


def _cells(one: AffectedGoods) -> Iterator[str]:
    yield CHANGES[one.change]
    yield " ".join(filter(None, (one.name, one.gtin)))
    yield decided(one.before)
    yield decided(one.after)
    yield counted(one.lines)
    yield rubles(one.kopecks)
