"""Tills on the SDK that sell without a break, for whoever does something to their gateway meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from gateway.registry.fixtures import ClientFolder
from merchant_sdk import Backoff, Basket, Card, Configurations, Line, TillClient, TillCredentials
from tests.crash.harness import Town
from tests.crash.processes import eventually

_PATIENT: Final = replace(Configurations.BackOffice.v1(), backoff=Backoff(first_s=0.05, longest_s=0.5))
_MILK: Final = Basket.of(Line.piece("Молоко", unit_price_kopecks=1_00, pieces=1, okpd2="10.51.11"))


@dataclass
class Buyers:
    """What was sold so far: whether each sale was approved. A sale that failed ends them all."""

    sold: list[bool] = field(default_factory=list)
    is_over: bool = False
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self, clients: Sequence[ClientFolder], card: str, address: str, at_once: int) -> None:
        """Send buyers to all tills."""
        tills = (client for client in clients for _ in range(at_once))
        self._tasks = [asyncio.create_task(self._buy(client, Card(card), address)) for client in tills]

    async def progress(self, count: int) -> None:
        """Return when so many more were sold; fails if a sale failed."""
        wanted = len(self.sold) + count
        await eventually(
            lambda: len(self.sold) >= wanted or any(task.done() for task in self._tasks), "sales"
        )
        for task in self._tasks:
            if task.done():
                task.result()

    async def finish(self) -> None:
        """Return when everybody has been served."""
        self.is_over = True
        await asyncio.gather(*self._tasks)

    async def assert_each_sold_once(self, town: Town) -> None:
        """Every sale was approved, and the ledger has as many, and nothing else."""
        async with town.connect() as connection:
            outcomes = await connection.fetchval("SELECT count(*) FROM outcome WHERE merchant_id <> 0")
            sales = await connection.fetchval("SELECT count(*) FROM purchase WHERE state = 'CAPTURED'")
        assert all(self.sold)
        assert (len(self.sold), len(self.sold)) == (outcomes, sales)

    async def _buy(self, client: ClientFolder, card: Card, address: str) -> None:
        credentials = TillCredentials.from_folder(client.folder, endpoint=address)
        async with TillClient(credentials, _PATIENT) as till:
            while not self.is_over:
                self.sold.append((await till.sale(card, _MILK)).is_approved)


@asynccontextmanager
async def buying(town: Town, address: str, at_once: int = 2) -> AsyncIterator[Buyers]:
    """Buyers at every till of the town, on its first card; leaving the context serves the last of them."""
    buyers = Buyers()
    buyers.start(town.clients, town.cards[0], address, at_once)
    try:
        yield buyers
    finally:
        await buyers.finish()
