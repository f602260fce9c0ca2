"""The JSON door of `tillgate serve --workers N`: one port, any worker for any request, a stop in order."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict

from gateway.jsondoor.paths import PATHS
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from tests import wire_kit
from tests.crash.cutting import accounts_locked, session_waiting, sessions
from tests.crash.harness import Town, found_town
from tests.crash.processes import GatewayProcess, eventually
from tests.json_client import JsonClient, Said, connect, head
from tillgate.v1 import purchase_pb2 as wire

WORKERS = 2


@pytest.fixture
async def town(
    postgres: EmbeddedPostgres, database_name: str, valkey: EmbeddedValkey, tmp_path: Path
) -> Town:
    """A small town, whose decisions may wait for as long as a test wants."""
    founded = await found_town(postgres, database_name, valkey.url, tmp_path / "data", cards=2)
    return founded.with_settings({"TILLGATE_DECISION_MAX_AGE_S": "60"})


@pytest.fixture
async def gateway(town: Town, tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    """Its gateway, ready, in several workers."""
    with GatewayProcess(town.settings, tmp_path / "gateway.log", workers=WORKERS) as process:
        yield await process.start_ready()


def connecting(stack: AsyncExitStack, town: Town, gateway: GatewayProcess) -> JsonClient:
    """The first till with a connection of its own, which its first request opens."""
    client = JsonClient(town.clients[0].folder, gateway.json_port)
    stack.push_async_callback(client.close)
    return client


async def served(gateway: GatewayProcess) -> dict[str, float]:
    """How many balances each worker was asked for."""
    _, page = await gateway.get("/metrics")
    found = re.findall(
        r'^tillgate_rpc_requests_total\{(.*method="GetBalance".*)\} (\S+)$', page, re.MULTILINE
    )
    return {re.findall(r'worker="(\d)"', labels)[0]: float(value) for labels, value in found}


@asynccontextmanager
async def one_at_each_worker(town: Town, gateway: GatewayProcess) -> AsyncIterator[list[JsonClient]]:
    """A connection to each worker: so many are opened until the kernel has spread them over all."""
    balance = {"card": {"number": town.cards[0]}}
    async with AsyncExitStack() as stack:
        clients: dict[str, JsonClient] = {}
        while len(clients) < WORKERS:
            client = connecting(stack, town, gateway)
            before = await served(gateway)
            assert 200 == (await client.post("GetBalance", balance)).status
            after = await served(gateway)
            [worker] = [name for name in after if after[name] != before.get(name, 0)]
            clients.setdefault(worker, client)
        yield list(clients.values())


def outcome_of(said: Said) -> wire.SignedOutcome:
    """What was decided."""
    assert 200 == said.status, said.body
    answer = ParseDict(said.body["answer"], wire.SignedAnswer())
    return wire.SignedOutcome.FromString(answer.signed_payload)


def sale_of(town: Town, card: int) -> dict[str, Any]:
    """A new sale on one of the cards."""
    return MessageToDict(wire_kit.sale(card=wire.Card(number=town.cards[card])))


async def test_a_purchase_goes_on_at_any_worker(town: Town, gateway: GatewayProcess) -> None:
    """Authorized at one, repeated and captured at the other, read at both: one port, one purchase."""
    authorize = wire_kit.authorize(card=wire.Card(number=town.cards[0]))
    capture = wire_kit.capture(authorize.header.request_id)
    async with one_at_each_worker(town, gateway) as (one, other):
        first = await one.post("Authorize", MessageToDict(authorize))
        assert wire.PURCHASE_STATE_AUTHORIZED == outcome_of(first).purchase.state
        assert first.body == (await other.post("Authorize", MessageToDict(authorize))).body
        captured = await other.post("Capture", MessageToDict(capture))
        assert wire.PURCHASE_STATE_CAPTURED == outcome_of(captured).purchase.state
        for client in (one, other):
            read = await client.post("GetPurchase", {"purchase": MessageToDict(capture.purchase)})
            assert "PURCHASE_STATE_CAPTURED" == read.body["purchase"]["state"]


async def in_flight(gateway: GatewayProcess) -> float:
    """Requests that all workers together have begun and not answered."""
    return await gateway.metric("tillgate_rpc_in_flight")


async def test_a_stop_lets_every_worker_answer_what_came_as_json(town: Town, gateway: GatewayProcess) -> None:
    """SIGTERM to the parent: readiness turns red, sales at both workers are answered, the door is closed."""
    async with one_at_each_worker(town, gateway) as clients, town.connect() as connection:
        async with accounts_locked(town):
            selling = [
                asyncio.create_task(client.post("Sale", sale_of(town, card)))
                for card, client in enumerate(clients)
            ]

            async def are_begun() -> bool:
                return WORKERS == await in_flight(gateway) == len(await sessions(connection, "Lock"))

            await eventually(are_begun, "each worker waits for an account")
            gateway.send_signal(signal.SIGTERM)

            async def is_red() -> bool:
                status, body = await gateway.get("/readyz")
                return status == 503 and "the gateway is stopping" in body

            await eventually(is_red, "readiness turns red")
        for said in await asyncio.gather(*selling):
            assert wire.DECISION_APPROVED == outcome_of(said).decision
            assert "close" == said.headers["connection"]
    assert 0 == await gateway.exit_code()
    assert "Traceback" not in gateway.log


async def test_before_a_stop_no_connection_is_kept_beyond_its_next_answer(town: Town, tmp_path: Path) -> None:
    """During the notice tills are served, and told to come back over a connection that may lead elsewhere."""
    settings = {**town.settings, "TILLGATE_DRAIN_NOTICE_S": "300"}
    async with AsyncExitStack() as stack:
        process = stack.enter_context(GatewayProcess(settings, tmp_path / "gateway.log"))
        await process.start_ready()
        client = connecting(stack, town, process)
        assert "connection" not in (await client.post("Sale", sale_of(town, 0))).headers
        process.send_signal(signal.SIGTERM)

        async def is_said() -> bool:
            said = await client.post("Sale", sale_of(town, 1))
            assert 200 == said.status
            return said.headers.get("connection") == "close"

        await eventually(is_said, "connections are given notice")
        assert wire.DECISION_APPROVED == outcome_of(await client.post("Sale", sale_of(town, 0))).decision


async def test_a_stop_waits_for_nobody_beyond_its_time(town: Town, tmp_path: Path) -> None:
    """What is not answered by then, or has not arrived as a whole, is cut off without an answer."""
    settings = {**town.settings, "TILLGATE_DRAIN_TIMEOUT_S": "1"}
    body = orjson.dumps(sale_of(town, 0))
    async with accounts_locked(town), town.connect() as connection:
        with GatewayProcess(settings, tmp_path / "gateway.log") as process:
            await process.start_ready()
            stuck, writer = await connect(town.clients[0].folder, process.json_port)
            writer.write(head(PATHS["Sale"], length=len(body)) + body)
            await session_waiting(connection, "Lock")
            halfway, half_writer = await connect(town.clients[1].folder, process.json_port)
            half_writer.write(head(PATHS["Sale"], "Expect: 100-continue", length=len(body)))
            await halfway.readuntil(b"\r\n\r\n")
            process.send_signal(signal.SIGTERM)
            assert (b"", b"") == (await stuck.read(), await halfway.read())
            assert 0 == await process.exit_code()
            writer.close()
            half_writer.close()
    assert "Traceback" not in process.log
