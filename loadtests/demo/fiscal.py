"""Real fiscal receipts, if there are any at hand, bought once more with certificates."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from loadtests.demo.baskets import DemoBasket
from loadtests.demo.holders import Holder
from loadtests.demo.money import count, money
from loadtests.demo.place import Place
from loadtests.demo.receipts import WIDTH, render
from loadtests.demo.shopping import basket_of, receipt_of
from loadtests.demo.till import Till
from merchant_sdk import Basket, PurchaseResult

_SHOWN_WHOLE: Final = 2
_LINES_SHOWN_MAX: Final = 15


@dataclass(frozen=True, slots=True)
class Rebought:
    """A receipt of the tax service and what the gateway answered to its basket."""

    source: DemoBasket
    place: Place
    basket: Basket
    result: PurchaseResult


async def buy_receipts(
    till: Till, receipts: Sequence[DemoBasket], holders: Sequence[Holder]
) -> list[Rebought]:
    """Hold points for each receipt's goods and capture them with that very receipt.

    The receipt is years older than the hold: its requisites are kept, the day of sale is today.
    """
    rebought = []
    for source, holder in zip(receipts, holders, strict=True):
        basket = basket_of(source)
        result, bought = await till.authorize(holder, basket, accept_partial=True)
        till.figures.holders[holder.holder_ref] = holder
        if bought is not None:
            receipt = (
                receipt_of(source.receipt) if source.receipt else till.drive.receipt(basket.total_kopecks)
            )
            await till.capture(bought, receipts=[receipt])
        rebought.append(Rebought(source, till.place, basket, result))
    return rebought


def show_receipts(rebought: Sequence[Rebought], path: Path, console: Console) -> None:
    """A table of all, the most varied ones in full, and every one of them in full in a file."""
    table = Table(box=None, pad_edge=False)
    table.add_column("receipt")
    for heading in ("lines", "total", "by points", "own money", "lines refused"):
        table.add_column(heading, justify="right", no_wrap=True)
    for item in rebought:
        purchase = item.result.purchase
        table.add_row(
            item.source.basket_id,
            count(len(purchase.lines)),
            money(purchase.total_kopecks),
            money(purchase.certificate_kopecks),
            money(purchase.own_money_kopecks),
            count(len(purchase.refused_lines)),
        )
    console.print("\n[bold]Fiscal receipts bought once more[/bold]")
    console.print(table)
    for item in sorted(rebought, key=_variety, reverse=True)[:_SHOWN_WHOLE]:
        console.print()
        console.print(render(item.place, item.basket, item.result))
    with path.open("w", encoding="utf-8") as file:
        paper = Console(file=file, width=WIDTH)
        for item in rebought:
            paper.print(render(item.place, item.basket, item.result))
    console.print(f"All {count(len(rebought))} of them, line by line: {path}", soft_wrap=True)


def _variety(item: Rebought) -> int:
    lines = item.result.purchase.lines
    return len({line.reason for line in lines}) * (len(lines) <= _LINES_SHOWN_MAX)
