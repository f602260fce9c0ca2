"""The line to the database is lost at the COMMIT: before it, and after it when only its answer is missing.

The gateway can't tell the two apart. It reads the outcome before it decides again, so the till has its one
answer at its first try and never learns that anything was wrong.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from tests.crash.cutting import (
    Wire,
    accounts_locked,
    end_sessions,
    session_waiting,
    sessions,
    wire_to_database,
)
from tests.crash.harness import Town, audit
from tests.crash.journal import Sent
from tests.crash.processes import GatewayProcess, eventually
from tests.crash.tills import Manner, Till, begin_sale, shopping, tills_at
from tillgate.v1 import purchase_pb2 as wire

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEED = 20261125
PATIENT = Manner(timeout_s=30.0)

# A sequence counts on in a transaction that comes to nothing, so the next attempt gets through.
DIE_AT_COMMIT = """
CREATE SEQUENCE countdown;
CREATE FUNCTION die_at_times() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF nextval('countdown') % 40 = 7 THEN
    PERFORM pg_terminate_backend(pg_backend_pid());
    PERFORM pg_sleep(60);
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER die_at_commit AFTER INSERT ON outcome
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die_at_times();
"""


@dataclass(frozen=True)
class Scene:
    """A town whose one gateway reaches its database over a wire; `owner` is a connection past both."""

    town: Town
    line: Wire
    gateway: GatewayProcess
    tills: list[Till]
    owner: asyncpg.Connection

    def sell(self) -> asyncio.Task[Sent]:
        """A Sale on its way, on a card that the load never uses."""
        return begin_sale(self.tills[0], self.town.cards[0])

    async def outcomes(self) -> int:
        """How many outcomes of tills are committed."""
        count: int = await self.owner.fetchval("SELECT count(*) FROM outcome WHERE merchant_id <> 0")
        return count

    async def assert_sold_once(self, sent: Sent) -> None:
        """The till was told at its first try that the purchase is approved, and nothing happened twice."""
        assert [] == sent.errors
        assert wire.DECISION_APPROVED == sent.outcome.decision
        await audit(self.town, self.tills, SEED)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(
    found: Callable[[Path], Awaitable[Town]], tmp_path_factory: pytest.TempPathFactory, workers: int
) -> AsyncIterator[Scene]:
    """One scene, in which the tests follow one another; its journal grows."""
    folder = tmp_path_factory.mktemp("scene")
    town = await found(folder)
    async with wire_to_database(town) as (line, settings), town.connect() as owner:
        # A write that a test keeps waiting waits on, however slow the machine.
        patient = settings | {"TILLGATE_DECISION_MAX_AGE_S": "60", "TILLGATE_DATABASE_SILENCE_S": "120"}
        with GatewayProcess(patient, folder / "gateway.log", workers=workers) as gateway:
            await gateway.start_ready()
            async with tills_at(town.clients, *gateway.doors) as tills:
                yield Scene(town, line, gateway, tills, owner)


async def test_a_session_ended_before_its_commit_has_done_nothing_and_is_done_again(scene: Scene) -> None:
    """pg_terminate_backend while the write waits for a lock: the statement never happened."""
    known = await scene.outcomes()
    async with accounts_locked(scene.town):
        selling = scene.sell()
        await end_sessions(scene.owner, await session_waiting(scene.owner, "Lock"))
        assert known == await scene.outcomes()
    await scene.assert_sold_once(await selling)


@asynccontextmanager
async def commits_waiting_for_a_standby(owner: asyncpg.Connection) -> AsyncIterator[None]:
    """Each COMMIT is durable here, and then waits for a standby that does not exist."""
    await owner.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    try:
        await owner.execute("SELECT pg_reload_conf()")
        yield
    finally:
        await owner.execute("ALTER SYSTEM RESET synchronous_standby_names")
        await owner.execute("SELECT pg_reload_conf()")


async def test_a_session_ended_after_its_commit_is_durable_has_done_it_once(scene: Scene) -> None:
    """pg_terminate_backend between durability and answer, where COMMIT waits for a synchronous standby."""
    async with commits_waiting_for_a_standby(scene.owner):
        pids: list[int] = []
        # The server takes note of the setting in its own time; until then purchases go through.
        while not pids:
            selling = scene.sell()

            async def waits_or_is_sold(sale: asyncio.Task[Sent] = selling) -> bool:
                pids[:] = await sessions(scene.owner, "IPC", "SyncRep")
                return sale.done() or bool(pids)

            await eventually(waits_or_is_sold, "the COMMIT waits, or does not")
        known = await scene.outcomes()
        await end_sessions(scene.owner, *pids)
        assert known + 1 == await scene.outcomes()
        sent = await selling
    await scene.assert_sold_once(sent)


async def test_a_commit_whose_answer_is_lost_on_the_wire_is_found_and_not_repeated(scene: Scene) -> None:
    """The network is cut after the database has committed and before the gateway has heard of it."""
    known = await scene.outcomes()
    async with accounts_locked(scene.town):
        selling = scene.sell()
        await session_waiting(scene.owner, "Lock")
        scene.line.hold_answers()

    async def is_committed() -> bool:
        return await scene.outcomes() == known + 1

    await eventually(is_committed, "the write is committed")
    assert not selling.done()
    scene.line.cut()
    await scene.assert_sold_once(await selling)


async def test_a_database_that_admits_nobody_yet_is_waited_for(scene: Scene) -> None:
    """As in its recovery, or with all connections taken: a refusal to connect is no answer to a till."""
    await scene.owner.execute("ALTER ROLE tillgate_gateway CONNECTION LIMIT 0")
    try:
        await end_sessions(scene.owner, *await sessions(scene.owner))
        selling = scene.sell()
        await eventually(lambda: "TooManyConnectionsError" in scene.gateway.log, "the gateway is refused")
        assert not selling.done()
    finally:
        await scene.owner.execute("ALTER ROLE tillgate_gateway CONNECTION LIMIT -1")
    await scene.assert_sold_once(await selling)


async def test_sessions_ended_inside_the_commit_under_load_leave_every_id_one_outcome(
    scene: Scene, rounds: int
) -> None:
    """pg_terminate_backend while COMMIT runs its deferred triggers: the batch comes to nothing."""
    await scene.owner.execute(DIE_AT_COMMIT)
    async with shopping(scene.tills, scene.town.cards[1:], SEED, PATIENT) as load:
        await load.progress(60 * rounds)
    await scene.owner.execute("DROP TRIGGER die_at_commit ON outcome")
    assert rounds <= await scene.owner.fetchval("SELECT last_value / 40 FROM countdown")
    await audit(scene.town, scene.tills, SEED)
    assert {} == scene.tills[0].journal.errors()


async def test_a_network_cut_again_and_again_under_load_is_noticed_by_no_till(
    scene: Scene, rounds: int
) -> None:
    """The cuts hit connecting, reading, writing and committing alike."""
    chance = random.Random(SEED)
    async with shopping(scene.tills, scene.town.cards[1:], SEED, PATIENT) as load:
        for _ in range(2 * rounds):
            await load.progress(chance.randint(10, 60))
            await asyncio.sleep(chance.uniform(0, 0.01))
            scene.line.cut()
    await audit(scene.town, scene.tills, SEED)
    assert {} == scene.tills[0].journal.errors()
