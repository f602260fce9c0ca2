"""All clients behind one asynchronous face, so that one test tells each what is true."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from merchant_sdk import (
    Backoff,
    Basket,
    Card,
    CardEntryMode,
    Concentrator,
    Configuration,
    Journal,
    Line,
    Operation,
    SyncTillClient,
    TillClient,
    TillCredentials,
)
from tests.sdk_support.book import CARD, CARD_WITHOUT_CERTIFICATE
from tests.sdk_support.credentials import throwaway_keys, write_folder
from tests.sdk_support.server import ScriptedGateway, running_gateway

FLAVOURS: Mapping[str, type[TillClient] | type[SyncTillClient]] = {
    "async": TillClient,
    "sync": SyncTillClient,
    "stream": Concentrator,
}
PATIENT = Configuration(
    attempt_timeout_s=20.0,
    total_timeout_s=60.0,
    undo_reserve_s=30.0,
    backoff=Backoff(first_s=0.001, longest_s=0.01),
    keepalive_interval_s=60.0,
    keepalive_timeout_s=20.0,
    keeps_alive_when_idle=True,
    language="en",
)
"""Waits so long that only what is scripted decides, and backs off so shortly that it costs nothing."""

HOLDER = Card(CARD, entry_mode=CardEntryMode.CHIP)
STRANGER = Card(CARD_WITHOUT_CERTIFICATE)
MILK_AND_BEER = Basket.of(
    Line.piece("Молоко", unit_price_kopecks=89_90, pieces=2, okpd2="10.51.11"),
    Line.weighed("Сыр", grams=250, kilogram_price_kopecks=899_90, okpd2="10.51.40"),
    Line.piece("Пиво", unit_price_kopecks=120_00, okpd2="11.05.10"),
)


class Till:
    """Any client; the methods of the synchronous one run on threads and are awaited alike."""

    def __init__(self, client: TillClient | SyncTillClient) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        if isinstance(self.client, TillClient) or name.startswith("prepare_") or name == "open_requests":
            return method

        async def on_a_thread(*args: Any, **kwargs: Any) -> Any:
            return await asyncio.to_thread(method, *args, **kwargs)

        return on_a_thread

    async def all_operations(self) -> list[Operation]:
        """Everything that `list_operations` yields."""
        if isinstance(self.client, SyncTillClient):
            return await asyncio.to_thread(lambda client: list(client.list_operations()), self.client)
        return [operation async for operation in self.client.list_operations()]


@dataclass(frozen=True)
class Bench:
    """A gateway with a till before it."""

    gateway: ScriptedGateway
    till: Till
    flavour: str
    credentials: TillCredentials

    @contextlib.asynccontextmanager
    async def another_till(
        self, configuration: Configuration = PATIENT, journal: Journal | None = None
    ) -> AsyncIterator[Till]:
        """A further till of the same flavour, with its own patience or memory."""
        async with till_of(self.flavour, self.credentials, configuration, journal) as till:
            yield till


@contextlib.asynccontextmanager
async def bench(flavour: str, folder: Path) -> AsyncIterator[Bench]:
    """A scripted gateway and a patient till, whose credentials come from a folder."""
    async with running_gateway(throwaway_keys()) as gateway:
        credentials = TillCredentials.from_folder(write_folder(folder, gateway.endpoint, throwaway_keys()))
        async with till_of(flavour, credentials) as till:
            yield Bench(gateway, till, flavour, credentials)


@contextlib.asynccontextmanager
async def till_of(
    flavour: str,
    credentials: TillCredentials,
    configuration: Configuration = PATIENT,
    journal: Journal | None = None,
) -> AsyncIterator[Till]:
    """A till of any flavour, closed at the end."""
    till = Till(FLAVOURS[flavour](credentials, configuration, journal=journal))
    try:
        yield till
    finally:
        await till.close()
