"""Honest tills beside bad certificates, oversized and slow requests, all at once: every command is decided.

How fast is a matter of `make bench ONLY=flood`; here it counts that nobody honest is shut out.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import grpc
import pytest

from gateway.jsondoor.paths import PATHS
from loadtests.bench.strangers import is_heard, make_stranger, stranger_context
from tests import wire_kit as till
from tests.door_kit import Door, Till, door_on
from tests.json_client import connect, head
from tests.transports import TRANSPORTS, Refused
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

AT_ONCE = 12
SALES = 15
TOO_MANY_BYTES = 1 << 20
AMOUNT_KOPECKS = 185_50

Attack = Callable[[], Awaitable[str]]


@pytest.fixture
async def door(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[Door]:
    """A gateway that waits half a second for what arrives slowly."""
    async with door_on(
        tmp_path, database_url, redis_url, json_arrival_timeout_s=1, json_idle_timeout_s=1
    ) as made:
        yield made


def attacks_on(door: Door, folder: Path) -> dict[str, Attack]:
    """Ways to be a nuisance; each returns what came of it, by name."""
    make_stranger(folder)
    context = stranger_context(folder)
    honest = door.fixture.terminals[1].folder
    hostile = door.till(door.fixture.terminals[2])

    async def bad_certificate(port: int) -> str:
        return "let in" if await is_heard(port, context) else "shut out"

    async def oversized_call() -> str:
        try:
            await hostile.send("Authorize", bytes(TOO_MANY_BYTES))
        except Refused as error:
            return error.code.name
        return "let in"

    async def json_bytes(body: bytes, length: int) -> str:
        reader, writer = await connect(honest, door.gateway.json_port)
        try:
            writer.write(head(PATHS["Authorize"], "Connection: close", length=length) + body)
            return (await reader.read()).split(b" ", 2)[1].decode()
        except ConnectionError:
            return "cut off"
        finally:
            writer.transport.abort()

    return {
        "bad certificate, gRPC": lambda: bad_certificate(door.gateway.grpc_port),
        "bad certificate, JSON": lambda: bad_certificate(door.gateway.json_port),
        "oversized, gRPC": oversized_call,
        "oversized, JSON": lambda: json_bytes(b"", 10**12),
        "slow, JSON": lambda: json_bytes(b"{", 1_000),
    }


EXPECTED = {
    "bad certificate, gRPC": {"shut out"},
    "bad certificate, JSON": {"shut out"},
    "oversized, gRPC": {grpc.StatusCode.RESOURCE_EXHAUSTED.name, grpc.StatusCode.INVALID_ARGUMENT.name},
    "oversized, JSON": {"413", "cut off"},
    "slow, JSON": {"408"},
}


@asynccontextmanager
async def flood(attacks: dict[str, Attack]) -> AsyncIterator[dict[str, Counter[str]]]:
    """All of them again and again, several at once, until the context ends; what came of each so far."""
    came: dict[str, Counter[str]] = {name: Counter() for name in attacks}

    async def again_and_again(name: str) -> None:
        while True:
            came[name][await attacks[name]()] += 1

    tasks = [asyncio.create_task(again_and_again(name)) for name in attacks for _ in range(AT_ONCE)]
    try:
        yield came
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def buys(client: Till, card: wire.Card) -> None:
    """One till's sales, each approved in full."""
    for _ in range(SALES):
        outcome = await client.outcome(till.sale(card=card))
        assert (wire.DECISION_APPROVED, AMOUNT_KOPECKS) == (
            outcome.decision,
            outcome.purchase.certificate_kopecks,
        )


async def test_honest_tills_buy_beside_bad_certificates_and_oversized_and_slow_requests(
    door: Door, tmp_path: Path
) -> None:
    """Over every way a message may travel; and no attacker gets further than it should."""
    tills = []
    for door.transport in TRANSPORTS:
        card = await door.card(SALES * AMOUNT_KOPECKS)
        tills.append((door.till(), card))
    async with flood(attacks_on(door, tmp_path)) as came:
        await asyncio.gather(*(buys(client, card) for client, card in tills))
        # Beside an attack that has not happened yet nothing was shown.
        while not all(came.values()):
            await asyncio.gather(
                *(client.call(service.GetBalanceRequest(card=card)) for client, card in tills)
            )
    for name, results in came.items():
        assert set(results) <= EXPECTED[name], (name, results)
    for client, card in tills:
        balance = await client.call(service.GetBalanceRequest(card=card))
        assert [0] == [one.available_kopecks for one in balance.certificates]
