"""SIGKILL of the gateway, or of one of its workers, at random moments under load."""

import asyncio
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

from tests.crash.harness import Town, assert_clean, audit
from tests.crash.journal import Journal
from tests.crash.processes import GatewayProcess, eventually
from tests.crash.tills import Manner, shopping, tills_at

SEED = 20261122


def kills(rounds: int, journal: Journal) -> Iterator[int]:
    """So many, and more if none of them happened to meet a command in flight."""
    for number in range(10 * rounds):
        if number >= rounds and "UNAVAILABLE" in journal.errors():
            return
        yield number
    raise AssertionError("no kill met a command in flight")


async def test_a_gateway_killed_at_random_moments_loses_nothing_acknowledged_and_does_nothing_twice(
    town: Town, gateway: GatewayProcess, rounds: int
) -> None:
    """Whatever a batch was doing when its process died, every request id has one outcome afterwards."""
    chance = random.Random(SEED)
    async with tills_at(town.clients, *gateway.doors) as tills:
        for number in kills(rounds, tills[0].journal):
            async with shopping(tills, town.cards, SEED + number, Manner(hasty=0.1)) as load:
                await load.progress(chance.randint(40, 160))
                # Not to wait for anything: the moment itself is the random choice.
                await asyncio.sleep(chance.uniform(0, 0.02))
                # To find all processes takes a while, in which the tills go on.
                await asyncio.to_thread(gateway.kill)
                await assert_clean(town)
                gateway.start()
                await load.progress(30)
            await eventually(gateway.says_ready, "the gateway is ready")
        await audit(town, tills, SEED)


async def test_a_worker_killed_at_random_moments_leaves_its_tills_to_the_others(
    town: Town, tmp_path: Path, rounds: int
) -> None:
    """What it had begun is asked of another under the same id; its parent puts a new one in its place."""
    chance = random.Random(SEED)
    with GatewayProcess(town.settings, tmp_path / "gateway.log", workers=2) as gateway:
        await gateway.start_ready()
        async with tills_at(town.clients, *gateway.doors) as tills:
            for number in kills(rounds, tills[0].journal):
                async with shopping(tills, town.cards, SEED + number, Manner(hasty=0.1)) as load:
                    await load.progress(chance.randint(40, 160))
                    await asyncio.sleep(chance.uniform(0, 0.02))
                    os.kill(chance.choice(await asyncio.to_thread(gateway.worker_pids)), signal.SIGKILL)
                    await assert_clean(town)
                    await load.progress(30)
                await eventually(lambda: gateway.log.count("SIGKILL") > number, "its parent sees it")  # noqa: B023
                await eventually(gateway.says_ready, "another has taken its place")
            await audit(town, tills, SEED)
