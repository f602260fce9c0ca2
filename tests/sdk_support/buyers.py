"""Tills on the SDK that sell without a break, for whoever does something to their gateway meanwhile."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from gateway.registry.fixtures import ClientFolder
from merchant_sdk import (
    Backoff,
    Basket,
    Card,
    Concentrator,
    Configurations,
    Line,
    PurchaseResult,
    TillClient,
    TillCredentials,
)
from tests.crash.harness import Town
from tests.crash.processes import eventually

_PATIENT: Final = replace(Configurations.BackOffice.v1(), backoff=Backoff(first_s=0.05, longest_s=0.5))
# A kopeck each: on a fast machine thousands are sold from one card, whose points must not run out.
MILK: Final = Basket.of(Line.piece("Молоко", unit_price_kopecks=1, pieces=1, okpd2="10.51.11"))


@dataclass
class Buyers:
    """How many sales were answered so far, and those that were not approved. A failed one ends them all."""

    answered: int = 0
    not_approved: list[PurchaseResult] = field(default_factory=list)
    is_over: bool = False
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self, clients: Sequence[ClientFolder], card: str, address: str, at_once: int) -> None:
        """Send buyers to all tills, of which every other one speaks over a stream."""
        kinds = itertools.cycle((TillClient, Concentrator))
        for client, kind in zip(clients, kinds, strict=False):
            credentials = TillCredentials.from_folder(client.folder, endpoint=address)
            selling = self._sell(kind(credentials, _PATIENT), Card(card), at_once)
            self._tasks.append(asyncio.create_task(selling))

    async def progress(self, count: int) -> None:
        """Return when so many more were sold; fails if a sale failed."""
        wanted = self.answered + count
        await eventually(lambda: self.answered >= wanted or any(task.done() for task in self._tasks), "sales")
        for task in self._tasks:
            if task.done():
                task.result()

    async def finish(self) -> None:
        """Return when everybody has been served."""
        self.is_over = True
        await asyncio.gather(*self._tasks)

    async def assert_each_sold_once(self, town: Town) -> None:
        """Every sale was approved, and the ledger has as many, and nothing else."""
        assert [] == self.not_approved
        assert (self.answered, self.answered) == await outcomes_and_sales(town)

    async def _sell(self, client: TillClient, card: Card, at_once: int) -> None:
        async with client as till, asyncio.TaskGroup() as buyers:
            for _ in range(at_once):
                buyers.create_task(self._buy(till, card))

    async def _buy(self, till: TillClient, card: Card) -> None:
        while not self.is_over:
            result = await till.sale(card, MILK)
            self.answered += 1
            if not result.is_approved:
                self.not_approved.append(result)


async def outcomes_and_sales(town: Town) -> tuple[int, int]:
    """How many commands of tills the ledger has decided, and how many purchases it has as captured."""
    async with town.connect() as connection:
        outcomes = await connection.fetchval("SELECT count(*) FROM outcome WHERE merchant_id <> 0")
        sales = await connection.fetchval("SELECT count(*) FROM purchase WHERE state = 'CAPTURED'")
    return outcomes, sales


@asynccontextmanager
async def buying(town: Town, address: str, at_once: int = 2) -> AsyncIterator[Buyers]:
    """Buyers at every till of the town, on its first card; leaving the context serves the last of them."""
    buyers = Buyers()
    buyers.start(town.clients, town.cards[0], address, at_once)
    try:
        yield buyers
    finally:
        await buyers.finish()
