"""A ledger that judges by codes, a catalogue and what is confirmed; and a desk that settles cases."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec.structs import replace

from gateway.domain.basket import Line
from gateway.domain.judging import Edition, Evidence
from gateway.domain.purchase import Purchase, PurchaseLine
from gateway.goods.cases.collecting import Collector
from gateway.goods.cases.confirmed import ConfirmedBook, read_confirmed
from gateway.goods.cases.queries import Case, list_cases
from gateway.goods.cases.rules import Confirmation, Rule
from gateway.goods.cases.settling import confirm_case
from gateway.goods.cases.templates import TemplateBook
from gateway.goods.sources import GoodsAt
from gateway.ledger.committer import Committer
from gateway.ledger.deciding import Rules
from gateway.ledger.ids import lowest_uuid7
from gateway.ledger.judged import judged_baskets
from tests.builders import SmallCatalogue
from tests.ledger_kit import LISTS, Kit, authorize, kit_on, line, must

MILK, BEER, TOY, BREAD = "10.51.11", "11.05.10.120", "32.40.11", "10.71.11.110"
GTIN_MILK, GTIN_BEER, GTIN_UNKNOWN = "04600000000015", "04600000000022", "04600000000039"
PROHIBITED: Final = LISTS.prohibited[0]
SAID: Final = Confirmation(MILK, "Протокол 5", "operator-1", PROHIBITED, timedelta())


CATALOGUE = SmallCatalogue({GTIN_MILK: (MILK,), GTIN_BEER: (BEER,)})
EDITION = Edition(PROHIBITED, LISTS.class_map)


@dataclass
class GoodsKit(Kit):
    """The ledger kit with more sources than the declared code; `book` is what its nodes know."""

    book: ConfirmedBook = field(default_factory=lambda: ConfirmedBook((), TemplateBook(()), ()))

    def goods_at(self, instant: datetime) -> GoodsAt:
        """What judges at an instant."""
        return GoodsAt(EDITION, CATALOGUE, confirmed=self.book.at(instant))

    @property
    def rules(self) -> Rules:
        """What the kit's ledgers decide by."""
        return Rules(self.policy, lambda _: self.lists, self.goods_at, self.standing_of)


@dataclass
class Desk:
    """A ledger with a card of plenty, a collector without delay, and people who decide cases."""

    kit: GoodsKit
    committer: Committer
    card: bytes
    ahead: timedelta = timedelta()

    async def buy(self, *lines: Line, terminal_id: int = 11) -> Purchase:
        """Hold points for lines, or be declined; the purchase either way."""
        command = authorize(self.card, *lines, terminal_id=terminal_id, accept_partial=True)
        purchase = must(await self.committer.submit(command)).purchase
        assert purchase is not None
        return purchase

    def collector(self, **changes: Any) -> Collector:
        """A collector of this database; it leaves out what may still be committed only if told to."""
        fields: dict[str, Any] = {"delay": timedelta(seconds=-1), "page": 3, "pages_max": None} | changes
        return Collector(self.kit.connect, judged_baskets, lambda _: EDITION, lowest_uuid7, **fields)

    async def collect(self) -> int:
        """Count everything that is decided."""
        return await self.collector().run_once()

    async def cases(self, **filters: Any) -> list[Case]:
        """The cases as a person sees them."""
        async with self.kit.connect() as connection:
            return await list_cases(connection, **filters)

    async def confirm(self, case: Case, **said: Any) -> Rule:
        """Confirm what the goods of a case are: milk, if nothing else is said."""
        async with self.kit.connect() as connection:
            return await confirm_case(connection, case.id, replace(SAID, **said))

    async def hear(self) -> None:
        """Let time pass until what is confirmed holds, with every node knowing."""
        async with self.kit.connect() as connection:
            self.kit.book = await read_confirmed(connection)
        await self.pass_time(timedelta(seconds=10))

    async def pass_time(self, duration: timedelta) -> None:
        """Move the database's clock forward."""
        self.ahead += duration
        await self.kit.shift_clock(self.ahead)

    async def dump(self, *tables: str) -> Mapping[str, list[str]]:
        """Every row of some tables."""
        async with self.kit.connect() as connection:
            return {
                table: [
                    row["t"]
                    for row in await connection.fetch(f"SELECT t::text FROM {table} t ORDER BY 1")  # noqa: S608
                ]
                for table in tables
            }


def item(number: int = 1, kopecks: int = 10_00, okpd2: str = "", **changes: Any) -> Line:
    """A line of goods that nobody declares, unless told."""
    return replace(line(number, kopecks, okpd2), **changes)


def judged_again(desk: Desk, purchase: Purchase) -> list[tuple[tuple[Evidence, ...], Any]]:
    """What a replay of a purchase's lines by the rules of its own instant says."""
    lines = [one.line for one in purchase.lines]
    found = desk.kit.goods_at(purchase.authorized_at).judge(lines, purchase.merchant_id)
    return [(one.evidence, one.verdict) for one in found]


def as_stored(lines: tuple[PurchaseLine, ...]) -> list[tuple[tuple[Evidence, ...], Any]]:
    """What was said when they were decided."""
    return [(one.evidence, one.verdict) for one in lines]


@asynccontextmanager
async def desk_on(database_url: str) -> AsyncIterator[Desk]:
    """A desk at a migrated database."""
    async with kit_on(database_url) as plain:
        kit = GoodsKit(plain.engine)
        committer = await kit.committer()
        try:
            yield Desk(kit, committer, await kit.card(committer, 5000_00))
        finally:
            await kit.stop()
