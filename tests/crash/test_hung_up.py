"""Tills that lose patience while their commands wait: the gateway decides them all the same, and lives."""

import asyncio

from tests import wire_kit
from tests.crash.cutting import accounts_locked, waited_for
from tests.crash.harness import Town, audit
from tests.crash.processes import GatewayProcess, eventually
from tests.crash.tills import begin_sale, tills_at
from tillgate.v1 import purchase_pb2 as wire

SEED = 20261130
HASTY = 40


async def test_calls_that_are_cut_off_before_their_turn_are_decided_all_the_same(
    town: Town, gateway: GatewayProcess
) -> None:
    """They are read when their turn comes, and gRPC, which has forgotten them, must not be asked then."""
    async with tills_at(town.clients, gateway.address) as tills, town.connect() as owner:
        async with accounts_locked(town, 1) as locker:
            first = begin_sale(tills[0], town.cards[0])
            await eventually(lambda: waited_for(owner, locker), "the sale waits for its account")
            card = wire.Card(number=town.cards[1])
            hasty = [tills[1].send("Sale", wire_kit.sale(card=card), timeout_s=0.05) for _ in range(HASTY)]
            assert {"DEADLINE_EXCEEDED"} == {sent.errors[0] for sent in await asyncio.gather(*hasty)}
        await first
        journal = await audit(town, tills, SEED)
    assert HASTY + 1 == len(journal.sent)
