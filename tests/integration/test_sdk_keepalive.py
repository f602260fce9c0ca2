"""Pings: what the SDK sends to find a dead line early, the door must suffer, whatever else is said or not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.rpc.server import DoorSettings
from merchant_sdk import Method, TillCredentials
from tests.crash.processes import eventually
from tests.sdk_support.credentials import throwaway_keys, write_folder
from tests.sdk_support.faults import Hold
from tests.sdk_support.proxy import Wire, wire_to
from tests.sdk_support.server import ScriptedGateway, running_gateway
from tests.sdk_support.tills import FLAVOURS, HOLDER, PATIENT, Till, till_of

PINGING = replace(PATIENT, keepalive_interval_s=0.1)
"""gRPC makes a second of it, which is the least that it knows; so tills ping side by side here."""
PINGS = 5
"""At the third that comes too early, gRPC sends a client away."""


@dataclass(frozen=True)
class Place:
    """A gateway, a till that pings all the time, and the wire between."""

    gateway: ScriptedGateway
    till: Till
    wire: Wire

    async def call(self) -> None:
        """Something that the till asks, and is answered."""
        await self.till.get_balance(HOLDER)

    async def slow_call(self, hold: Hold) -> None:
        """The same, with an answer that takes its time."""
        self.gateway.script(Method.GET_BALANCE, hold)
        await self.call()

    async def until_pinged(self) -> None:
        """Return when the till has said something so often, with nothing to say."""
        wanted = self.wire.pieces + PINGS
        await eventually(lambda: self.wire.pieces >= wanted, "the till pings")


@asynccontextmanager
async def place(flavour: str, folder: Path, min_ping_interval_s: int) -> AsyncIterator[Place]:
    """A place whose gateway suffers pings at such an interval."""
    door = DoorSettings("127.0.0.1", 0, min_ping_interval_s=min_ping_interval_s)
    async with running_gateway(throwaway_keys(), door) as gateway, wire_to(gateway.port) as wire:
        written = write_folder(folder, f"127.0.0.1:{wire.port}", throwaway_keys())
        async with till_of(flavour, TillCredentials.from_folder(written), PINGING) as till:
            yield Place(gateway, till, wire)


async def test_a_client_that_pings_no_more_than_it_may_keeps_its_connection(tmp_path: Path) -> None:
    """While it waits for an answer, and while it has nothing to say."""

    async def waits(flavour: str) -> int:
        async with place(flavour, tmp_path, min_ping_interval_s=0) as at:
            hold = Hold()
            call = asyncio.create_task(at.slow_call(hold))
            await hold.arrived.wait()
            await at.until_pinged()
            hold.release.set()
            await call
            return at.wire.connections

    async def is_silent(flavour: str) -> int:
        async with place(flavour, tmp_path, min_ping_interval_s=0) as at:
            await at.call()
            await at.until_pinged()
            await at.call()
            return at.wire.connections

    tills = [till(flavour) for flavour in FLAVOURS for till in (waits, is_silent)]
    assert [1] * len(tills) == await asyncio.gather(*tills)


async def test_a_client_that_pings_too_often_is_sent_away_and_comes_again(tmp_path: Path) -> None:
    """So what the door suffers is what its settings say; the call is asked again, and answered."""

    async def waits(flavour: str) -> int:
        async with place(flavour, tmp_path, min_ping_interval_s=3_600) as at:
            await at.slow_call(Hold())
            return at.wire.connections

    assert [2] * len(FLAVOURS) == await asyncio.gather(*map(waits, FLAVOURS))
