"""A small town that buys under published lists: what questions about its decisions are asked of."""

import dataclasses
from asyncio import to_thread
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from click.testing import Result
from msgspec.structs import replace

from gateway.domain.basket import Line
from gateway.domain.category import ListBook
from gateway.domain.judging import Edition
from gateway.domain.policy import Standing
from gateway.domain.purchase import Purchase
from gateway.goods.book import GoodsBook
from gateway.goods.cases.confirmed import read_confirmed
from gateway.goods.loader import load_list_book
from gateway.goods.names.model import ModelFile
from gateway.goods.names.opinions import Namer
from gateway.goods.reference.kinds import Kind
from gateway.goods.sources import NOTHING_CONFIRMED, Confirmed, GoodsAt
from gateway.ledger.committer import Committer
from gateway.ledger.deciding import Rules
from tests.builders import SmallCatalogue
from tests.cli_kit import CommandLine
from tests.goods_kit import VODKA_WORD, names_folder
from tests.ledger_kit import Kit, authorize, kit_on, line, must, standing
from tests.reference_kit import BEER, FIRST, MILK, Desk

SHIPPED: Final = load_list_book()


@dataclass
class TownKit(Kit):
    """A ledger whose nodes judge by what `goods_at` holds."""

    goods_at: Callable[[datetime], GoodsAt] = field(kw_only=True)

    @property
    def rules(self) -> Rules:
        """What the kit's ledgers decide by."""
        return Rules(self.policy, lambda _: self.lists, self.goods_at, self.standing_of)


@dataclass
class Town:
    """Shops, a card of plenty, an operator's desk and command line; `confirmed` is what the nodes know."""

    desk: Desk
    tillgate: CommandLine
    classifier: Path
    catalogue: SmallCatalogue
    kit: TownKit = field(init=False)
    committer: Committer = field(init=False)
    card: bytes = b""
    ahead: timedelta = timedelta()
    confirmed: Confirmed = NOTHING_CONFIRMED
    prohibited: ListBook = SHIPPED
    book: GoodsBook | None = None

    def goods_at(self, instant: datetime) -> GoodsAt:
        """What nodes judge by: a process's book, or put together here by hand."""
        if self.book is not None:
            return self.book.goods_at(instant)
        rules = self.prohibited.prohibited_at(instant)
        read = ModelFile(self.classifier).read()
        model = dataclasses.replace(read, card=replace(read.card, version="names-1"))
        edition = Edition(rules, SHIPPED.class_map, model.card.policy)
        namer = Namer(model, rules, SHIPPED.class_map)
        return GoodsAt(edition, self.catalogue, namer, self.confirmed)

    async def buy(self, *lines: Line, card: bytes = b"", **changes: Any) -> Purchase:
        """Hold points for lines, or be declined; the purchase either way."""
        command = authorize(card or self.card, *lines, accept_partial=True, **changes)
        purchase = must(await self.committer.submit(command)).purchase
        assert purchase is not None
        return purchase

    async def pass_time(self, duration: timedelta) -> None:
        """Move the database's clock forward."""
        self.ahead += duration
        await self.kit.shift_clock(self.ahead)

    async def hear(self) -> None:
        """The nodes know what is confirmed by now, and it holds."""
        await self.pass_time(timedelta(minutes=2))
        async with self.kit.connect() as connection:
            self.confirmed = (await read_confirmed(connection)).at(await self.desk.now())

    async def ask(self, *arguments: object) -> Result:
        """What a command of tillgate goods answers."""
        return await to_thread(self.tillgate, "goods", *arguments)


def item(number: int = 1, kopecks: int = 100_00, name: str = "ТОВАР", **fields: Any) -> Line:
    """A line of which nothing is declared, unless told."""
    made = line(number, kopecks, "")
    return replace(made, item_name=name, **fields)


BASKET: Final = (
    item(1, 90_00, "Молоко 3,2 %", gtin=MILK),
    item(2, 120_00, f"Пиво, не {VODKA_WORD}", gtin=BEER),
    item(3, 80_00, "Энергетик Буря 0,5"),
    item(4, 50_00, "Хлеб", okpd2="10.71.11"),
)
"""Milk that the catalogue knows, beer, an energy drink by name alone, bread as declared."""


def _standing(terminal_id: int) -> Standing:
    """That of the ledger kit, with agreements of the shipped programs."""
    plain = standing(terminal_id)
    programs = frozenset(code for code, _ in SHIPPED.programs)
    return replace(plain, agreements=tuple(replace(one, program_codes=programs) for one in plain.agreements))


@asynccontextmanager
async def town_on(
    database_url: str, desk: Desk, tillgate: CommandLine, catalogue: Sequence[tuple[str, str, str]] = FIRST
) -> AsyncIterator[Town]:
    """A town where a catalogue and a classifier are in force since an hour, beside the shipped lists."""
    classifier = names_folder(desk.folder / "names")
    codes = {f"0{gtin}": (code,) for gtin, _, code in catalogue}
    town = Town(desk, tillgate, classifier, SmallCatalogue(codes, "first"))
    await desk.catalogue(catalogue, "first")
    await desk.publish(Kind.CATALOGUE, "first")
    await desk.draft(Kind.NAMES, classifier, "names-1")
    await desk.publish(Kind.NAMES, "names-1")
    async with kit_on(database_url) as plain:
        standings = {till: _standing(till) for till in (11, 21)}
        town.kit = TownKit(plain.engine, lists=SHIPPED, goods_at=town.goods_at, standings=standings)
        await town.pass_time(timedelta(hours=2))
        town.committer = await town.kit.committer()
        try:
            town.card = await town.kit.card(town.committer, 50_000_00, program_code="food")
            yield town
        finally:
            await town.kit.stop()
