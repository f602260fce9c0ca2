"""SIGKILL of the gateway at random moments under load."""

import asyncio
import random

from tests.crash.harness import Town, assert_clean, audit
from tests.crash.processes import GatewayProcess
from tests.crash.tills import Manner, shopping, tills_at

SEED = 20261122


async def test_a_gateway_killed_at_random_moments_loses_nothing_acknowledged_and_does_nothing_twice(
    town: Town, gateway: GatewayProcess, rounds: int
) -> None:
    """Whatever a batch was doing when its process died, every request id has one outcome afterwards."""
    chance = random.Random(SEED)
    async with tills_at(town.clients, gateway.address) as tills:
        async with shopping(tills, town.cards, SEED, Manner(hasty=0.1), 1_000 * rounds) as load:
            for _ in range(rounds):
                await load.progress(chance.randint(40, 160))
                # Not to wait for anything: the moment itself is the random choice.
                await asyncio.sleep(chance.uniform(0, 0.02))
                gateway.kill()
                await assert_clean(town)
                await gateway.start_ready()
            await load.progress(30)
        journal = await audit(town, tills, SEED)
    assert journal.errors().get("UNAVAILABLE", 0) > 0, "no kill met a command in flight"
