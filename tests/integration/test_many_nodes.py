"""Many gateway processes on one database: any till may use any of them at any moment, also with one id.

Two nodes on two ports, and workers behind one port, are held to the same: one outcome for a request id,
the same bytes from whoever is asked, and money that adds up.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from google.protobuf.message import Message

from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from tests import wire_kit
from tests.crash.cutting import accounts_locked, sessions
from tests.crash.harness import Town, audit, found_town
from tests.crash.journal import Sent
from tests.crash.processes import GatewayProcess, eventually
from tests.crash.tills import Till, shopping, tills_at
from tillgate.v1 import purchase_pb2 as wire

SEED = 20261129
CONNECTIONS = 12
"""Of one till: were each a coin's toss between two workers, all would meet one of them once in 2,000 runs."""


@dataclass(frozen=True)
class Nodes:
    """A town with its gateways, and tills that can ask each of them."""

    town: Town
    gateways: list[GatewayProcess]
    tills: list[Till]

    async def serving(self) -> int:
        """How many processes have served a till."""
        count = 0
        for gateway in self.gateways:
            _, page = await gateway.get("/metrics")
            served = [line for line in page.splitlines() if line.startswith("tillgate_batch_size_count")]
            count += sum(float(line.split()[-1]) > 0 for line in served)
        return count


@pytest.fixture(params=[(1, 1), (3,)], ids=["two nodes", "three workers"])
async def nodes(
    request: pytest.FixtureRequest,
    postgres: EmbeddedPostgres,
    database_name: str,
    valkey: EmbeddedValkey,
    tmp_path: Path,
) -> AsyncIterator[Nodes]:
    """Gateways with so many workers each; what a test keeps waiting waits on, however slow the machine."""
    founded = await found_town(postgres, database_name, valkey.url, tmp_path / "data", cards=4)
    town = founded.with_settings({"TILLGATE_DECISION_MAX_AGE_S": "60"})
    async with AsyncExitStack() as stack:
        gateways = [
            stack.enter_context(GatewayProcess(town.settings, tmp_path / f"{n}.log", workers=workers))
            for n, workers in enumerate(request.param)
        ]
        for gateway in gateways:
            gateway.start()
        for gateway in gateways:
            await eventually(gateway.says_ready, "the gateway is ready", within_s=120)
        # Several connections to one port come to several workers.
        addresses = 2 * [gateway.address for gateway in gateways]
        yield Nodes(town, gateways, await stack.enter_async_context(tills_at(town.clients, *addresses)))


async def sent_at_once(nodes: Nodes, method: str, request: Message) -> Sent:
    """The same bytes over many connections to all nodes; more than one has read before any may write."""
    journal, client = nodes.tills[0].journal, nodes.town.clients[0]
    request_id: str = request.header.request_id  # type: ignore[attr-defined]
    sent = journal.write(method, request_id, client.terminal_ids[0], request.SerializeToString())
    addresses = [gateway.address for gateway in nodes.gateways]
    tills = [Till(client, [addresses[n % len(addresses)]], journal) for n in range(CONNECTIONS)]
    try:
        await asyncio.gather(*(till.channel.channel_ready() for till in tills))
        async with nodes.town.connect() as connection:
            async with accounts_locked(nodes.town):
                calls = [asyncio.create_task(till.deliver(sent)) for till in tills]

                async def several_wait() -> bool:
                    return len(await sessions(connection, "Lock")) > 1

                await eventually(several_wait, "several nodes have decided")
            assert all(await asyncio.gather(*calls)), sent.errors
    finally:
        await asyncio.gather(*(till.close() for till in tills))
    return sent


async def test_one_request_id_at_several_nodes_at_once_has_one_outcome(nodes: Nodes) -> None:
    """Held at a barrier all have read the same; one writes, and the others tell what it wrote."""
    card = wire.Card(number=nodes.town.cards[0])
    authorize = wire_kit.authorize(card=card)
    request_id = authorize.header.request_id
    steps: list[tuple[str, Message]] = [
        ("Authorize", authorize),
        ("Capture", wire_kit.capture(request_id)),
        ("Refund", wire_kit.refund(request_id)),
        ("Sale", wire_kit.sale(card=card)),
    ]
    for method, request in steps:
        sent = await sent_at_once(nodes, method, request)
        assert (CONNECTIONS, 1) == (len(sent.answers), len(set(sent.answers)))
        assert wire.DECISION_APPROVED == sent.outcome.decision
    await audit(nodes.town, nodes.tills, SEED)


async def test_tills_that_ask_now_one_node_and_now_another_agree_with_the_ledger(nodes: Nodes) -> None:
    """Hold here, capture there, the refund wherever; some lose their answers and ask again elsewhere."""
    for till in nodes.tills:
        till.wanders = True
    async with shopping(nodes.tills, nodes.town.cards, SEED) as load:
        await load.progress(300)
    journal = await audit(nodes.town, nodes.tills, SEED)
    assert {} == journal.errors()
    assert await nodes.serving() > 1
