"""The database dies under load like `pg_ctl stop -m immediate`; the gateway comes back by itself."""

import asyncio
import random

import pytest

from gateway.runtime.embedded import EmbeddedPostgres
from tests.crash.harness import Town, audit
from tests.crash.processes import GatewayProcess, eventually
from tests.crash.tills import Manner, shopping, tills_at

SEED = 20261123


@pytest.fixture
def town(town: Town) -> Town:
    """A town where a write waits for the one of another worker, however slow the machine."""
    return town.with_settings({"TILLGATE_DECISION_MAX_AGE_S": "60"})


async def test_a_database_killed_under_load_is_found_again_and_keeps_every_acknowledged_command(
    town: Town, gateway: GatewayProcess, durable_postgres: EmbeddedPostgres, rounds: int
) -> None:
    """The same gateway process goes on by itself after each recovery; tills have waited, and met no error."""
    chance = random.Random(SEED)
    async with tills_at(town.clients, *gateway.doors) as tills:
        async with shopping(tills, town.cards, SEED, Manner(timeout_s=60.0)) as load:
            for _ in range(rounds):
                await load.progress(chance.randint(40, 160))
                await asyncio.sleep(chance.uniform(0, 0.02))
                await asyncio.to_thread(durable_postgres.kill_immediate)
                await asyncio.to_thread(durable_postgres.start)
            await load.progress(60)
        await eventually(gateway.says_ready, "readiness is green again")
        journal = await audit(town, tills, SEED)
    assert {} == journal.errors()
