"""The database neither answers nor refuses: a line that fell silent, an account that is kept locked."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crash.cutting import Wire, accounts_locked, session_waiting, wire_to_database
from tests.crash.harness import Town, audit
from tests.crash.processes import GatewayProcess
from tests.crash.tills import Manner, Till, begin_sale, shopping, tills_at

SEED = 20261128


@dataclass(frozen=True)
class Place:
    """Tills at a gateway that soon gives up waiting, and its wire to the database."""

    line: Wire
    tills: list[Till]


@pytest.fixture
async def at(town: Town, tmp_path: Path, workers: int) -> AsyncIterator[Place]:
    """A place in the town."""
    impatient = {"TILLGATE_DATABASE_SILENCE_S": "3", "TILLGATE_DECISION_MAX_AGE_S": "1"}
    async with wire_to_database(town) as (line, settings):
        with GatewayProcess(settings | impatient, tmp_path / "gateway.log", workers=workers) as gateway:
            await gateway.start_ready()
            async with tills_at(town.clients, *gateway.doors) as tills:
                yield Place(line, tills)


async def test_what_is_stuck_is_given_up_and_everything_else_goes_on(town: Town, at: Place) -> None:
    """One after the other, in one town: a locked account, then a line on which no packet comes any more.

    A locked account keeps only its own till waiting, who is told UNAVAILABLE, and no other card, not even
    one of the same batch. A silent line, as of a host without power, is left for a new connection.
    """
    async with town.connect() as owner, accounts_locked(town, 1):
        stuck = begin_sale(at.tills[0], town.cards[0])
        await session_waiting(owner, "Lock")
        others = await asyncio.gather(*(begin_sale(till, town.cards[1]) for till in at.tills[1:]))
        assert [] == [sent.errors for sent in others if sent.errors]
        assert ["UNAVAILABLE"] == (await stuck).errors
    assert await at.tills[0].deliver(stuck.result())
    async with shopping(at.tills, town.cards, SEED, Manner(timeout_s=60.0)) as load:
        await load.progress(80)
        at.line.silence()
        await load.progress(80)
    await audit(town, at.tills, SEED)
