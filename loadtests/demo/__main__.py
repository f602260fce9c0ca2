"""The demo: `python -m loadtests.demo [--short] [--data DIR]`. Tens of tills buy real baskets, end to end.

It exits with 0 if every book agrees and the ledger is clean, with 1 if not, with 2 if --data has no receipts.
"""

import argparse
import asyncio
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID

from gateway.domain.policy import MOSCOW
from gateway.runtime.embedded import EmbeddedServerError
from loadtests.demo.baskets import DemoBasket, load_baskets, load_fns_receipts
from loadtests.demo.day import is_on_cable, open_tills, run_day
from loadtests.demo.decisions import read_decisions
from loadtests.demo.department import credit_all
from loadtests.demo.fate import fates
from loadtests.demo.fiscal import Rebought, buy_receipts, show_receipts
from loadtests.demo.gateway_process import GatewayProcess, running_gateway
from loadtests.demo.holders import EVERYDAY, Holder, make_holders
from loadtests.demo.items import items_of
from loadtests.demo.joining import join_all
from loadtests.demo.money import count
from loadtests.demo.proof import Proof, prove
from loadtests.demo.publishing import catalogued, publish_all, wait_until
from loadtests.demo.settling import Settled, Settlement
from loadtests.demo.stopping import interrupt_on_signals, run_stoppable
from loadtests.demo.stories import Visit, plan
from loadtests.demo.summary import Money, Summary
from loadtests.demo.telling import Shops, own_codes
from loadtests.demo.till import Figures
from loadtests.demo.view import View
from loadtests.demo.world import GATEWAY_LOG, DemoError, open_world
from merchant_sdk import Basket

SEED: Final = 213
"""The same buyers with the same baskets each time; what happens between them is left to chance."""

DIRECTORY: Final = Path("var/demo")


BUYERS_PER_S: Final = 75
"""At this pace two cores are busy with tills and gateway, and not overrun."""

BUYERS_MIN: Final = 100
BUYERS_IN_SHORT: Final = 600
HOLDERS_MAX: Final = 4_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much happens."""

    buyers: int
    hold_ttl_s: int

    @property
    def open_s(self) -> float:
        """How long the tills are open."""
        return self.buyers / BUYERS_PER_S

    @property
    def holders(self) -> int:
        """How many people have certificates, of whom some come twice and some never."""
        return min(3 * self.buyers, HOLDERS_MAX)


@dataclass(slots=True)
class Day:
    """What a day leaves behind."""

    figures: Figures
    money: Money
    proof: Proof
    rebought: list[Rebought]
    sold: dict[UUID, Basket]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit code."""
    options = _parser().parse_args(arguments)
    view = View()
    try:
        receipts = list(load_fns_receipts(options.data)) if options.data else []
    except (FileNotFoundError, ValueError) as error:
        view.say(f"--data: {error}")
        return 2
    interrupt_on_signals()
    try:
        return _run(options, receipts, view)
    except (DemoError, EmbeddedServerError, PermissionError) as error:
        view.say(f"[red]The demo cannot go on:[/red] {error}")
        return 1
    except BaseExceptionGroup as failures:
        path = options.directory / "traceback.txt"
        path.write_text("".join(traceback.format_exception(failures)), encoding="utf-8")
        for failure in _leaves(failures):
            view.say(f"[red]{type(failure).__name__}:[/red] {failure}")
        view.say(f"The demo failed; see {path} and {options.directory / GATEWAY_LOG}")
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        view.say("stopped; nothing of it runs any more")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.demo", description="Tens of tills buy real baskets with certificates."
    )
    parser.add_argument("--short", action="store_true", help="fewer buyers, well under a minute")
    parser.add_argument(
        "--buyers", type=int, metavar="N", help="so many buyers, 100 at least (default: all there are)"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="a folder with ru_receipts_54fz: real fiscal receipts, too"
    )
    parser.add_argument(
        "--directory",
        type=Path,
        default=DIRECTORY,
        metavar="DIR",
        help=f"where it works (default {DIRECTORY})",
    )
    return parser


def _leaves(failure: BaseException) -> Iterator[BaseException]:
    if isinstance(failure, BaseExceptionGroup):
        for inner in failure.exceptions:
            yield from _leaves(inner)
    else:
        yield failure


def _size(options: argparse.Namespace, baskets: int) -> Size:
    if options.short:
        return Size(BUYERS_IN_SHORT, hold_ttl_s=7)
    wanted = baskets if options.buyers is None else options.buyers
    return Size(min(max(wanted, BUYERS_MIN), baskets), hold_ttl_s=20 if wanted > BUYERS_IN_SHORT else 7)


def _run(options: argparse.Namespace, receipts: Sequence[DemoBasket], view: View) -> int:
    directory: Path = options.directory
    view.say("starting PostgreSQL and Valkey")
    rng, today = Random(SEED), datetime.now(MOSCOW).date()
    baskets = list(load_baskets())
    shops = Shops(items_of(baskets))
    rng.shuffle(baskets)
    size = _size(options, len(baskets))
    holders = make_holders(size.holders, rng, today)
    with (
        catalogued(directory, shops.items.values()) as goods,
        open_world(directory, size.hold_ttl_s, view.say, join_all) as world,
    ):
        with_receipts, others = _reserve(holders, len(receipts))
        on_cable = [is_on_cable(number) for number in range(len(world.places))]
        merchants = [place.merchant_id for place in world.places]
        visits = plan(
            baskets[: size.buyers],
            lambda basket, till: shops.basket(basket, merchants[till]),
            others,
            on_cable,
            fates(world.places, on_cable),
            size.open_s,
            rng,
        )
        bought = (
            (merchant_id, visit.buyer.basket)
            for merchant_id, days in zip(merchants, visits, strict=True)
            for visit in days
        )
        begins = publish_all(world, goods, own_codes(bought), view)
        view.say("$ tillgate serve &")
        with running_gateway(world) as gateway:
            issued = credit_all(world, holders, today, view)
            wait_until(begins)
            gateway.wait_until_ready()
            day = run_stoppable(_day(gateway, visits, receipts, with_receipts, issued, rng, view))
            is_clean = world.command("ledger", "verify", "--keys", str(world.outcome_keys)) == 0
            settled = Settlement(world).run()
        decisions = asyncio.run(read_decisions(world.settings, day.sold))
        day.proof.disagreements += [*world.faults_in_log(), *decisions.disagreements()]
    summary = Summary(day.figures, day.money, day.proof, decisions, is_clean, view.seconds)
    _tell(summary, day, settled, directory, view)
    return 0 if summary.is_proved else 1


def _reserve(holders: Sequence[Holder], number: int) -> tuple[list[Holder], list[Holder]]:
    """The holders with the most points, who come with fiscal receipts and nothing else; and the others."""
    everyday = [holder for holder in holders if holder.kind in EVERYDAY]
    richest = sorted(everyday, key=lambda holder: holder.nominal_kopecks, reverse=True)[:number]
    chosen = {holder.holder_ref for holder in richest}
    return richest, [holder for holder in holders if holder.holder_ref not in chosen]


async def _day(
    gateway: GatewayProcess,
    visits: Sequence[Sequence[Visit]],
    receipts: Sequence[DemoBasket],
    with_receipts: Sequence[Holder],
    issued: Mapping[str, UUID],
    rng: Random,
    view: View,
) -> Day:
    figures = Figures()
    world = gateway.world
    view.say(f"the gateway is ready for {len(world.places)} tills at {world.endpoint}, mutual TLS")
    async with gateway.watched(), open_tills(world, figures, rng) as tills:
        async with view.board(figures, sum(map(len, visits))):
            await run_day(tills, visits, figures)
        rebought = await buy_receipts(tills[0], receipts, with_receipts)
        view.say("the day is over: every till holds its own books against the gateway's")
        proof = await prove(tills, figures.holders.values(), issued)
        money = Money.of(till.books for till in tills)
        sold = {request_id: basket for till in tills for request_id, basket in till.books.baskets.items()}
    return Day(figures, money, proof, rebought, sold)


def _tell(summary: Summary, day: Day, settled: Settled, directory: Path, view: View) -> None:
    """Receipts first, as a newcomer understands them at once; then figures; then whether it all agrees."""
    show = view.console.print
    for caption, receipt in day.figures.showcase.receipts():
        show()
        show(caption)
        show(receipt)
    if day.rebought:
        show_receipts(day.rebought, directory / "receipts.txt", view.console)
    for table in (*summary.tables(), settled.table()):
        show()
        show(table)
    show()
    path = directory / "summary.json"
    summary.write(path)
    proof = day.proof
    for problem in proof.disagreements[:20]:
        show(f"[red]disagrees:[/red] {problem}", soft_wrap=True)
    compared = (
        f"{count(proof.shifts)} shifts, {count(proof.operations)} operations, {count(proof.cards)} cards"
    )
    if proof.disagreements:
        verdict = f"[bold red]{count(len(proof.disagreements))} disagreements[/bold red]"
    else:
        verdict = "[bold green]all agree, to the kopeck[/bold green]"
    show(f"Gateway and tills' own books: {compared}, every answer's signature verified: {verdict}")
    verdict = (
        "[bold green]clean[/bold green]" if summary.is_ledger_clean else "[bold red]NOT CLEAN[/bold red]"
    )
    show(f"Ledger, recomputed from its entries: {verdict}")
    show(settled.told(directory))
    show(f"{summary.seconds:.0f} s in all; the figures for programs are in {path}")


if __name__ == "__main__":
    sys.exit(main())
