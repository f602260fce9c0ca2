"""Builders and filers at once, captures in flight, sessions that die: one claim, whole, or none."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.runtime.database import driver_connection, make_engine
from settlement.claims.building import build
from settlement.claims.errors import ClaimCode
from settlement.claims.filing import file
from settlement.claims.model import Claim
from settlement.claims.reading import read_claim
from settlement.claims.states import ClaimState
from settlement.errors import SettlementError
from tests.claims_kit import AGREEMENT_ID, CLERK, Town, month_from, town_on

AT_ONCE = 6
COMMITS_WAIT = 4711
"""An advisory lock: whoever holds it holds up the commits of the ledger."""

_HELD_UP = f"""
CREATE FUNCTION held_up() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN PERFORM pg_advisory_xact_lock_shared({COMMITS_WAIT}); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER held_up AFTER INSERT ON outcome DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION held_up()"""
_WAITS = f"SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = {COMMITS_WAIT} AND NOT granted"
_KILL_WAITING = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database()"""

GONE = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""What a caller sees whose session was ended."""


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    """A town of its own, on the 1st of February."""
    async with town_on(database_url) as made:
        yield made


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Connections beside the town's own."""
    made = make_engine(database_url, pool_size=AT_ONCE)
    yield made
    await made.dispose()


async def draft_of(town: Town) -> Claim:
    """Let the month end and build its claim."""
    over = town.month
    await town.on(month_from(over, 1))
    return await town.build(over)


async def test_a_capture_in_flight_while_the_claim_is_built_is_in_the_next_claim(town: Town) -> None:
    """It was decided before the build and commits after it; no cut-off of time would find it again."""
    await town.sell(100_00)
    held = await town.hold(50_00)
    await town.connection.execute(_HELD_UP)
    await town.connection.execute("SELECT pg_advisory_lock($1)", COMMITS_WAIT)
    capturing = asyncio.create_task(town.capture(held, town.receipt(50_00)))
    while not await town.connection.fetch(_WAITS):
        assert not capturing.done()
    draft = await draft_of(town)
    await town.connection.execute("SELECT pg_advisory_unlock($1)", COMMITS_WAIT)
    await capturing
    assert 100_00 == (await town.file(draft)).net_kopecks
    [line] = await town.lines(await draft_of(town))
    assert (True, 50_00) == (line.is_earlier, line.amount_kopecks)
    assert line.decided_at < draft.built_at
    assert (await town.identity()).holds


async def test_builders_at_once_make_one_draft(town: Town, engine: AsyncEngine) -> None:
    """The second waits for the first and finds its draft."""
    await town.sell(100_00)
    month = town.month
    await town.on(month_from(month, 1))

    async def one() -> int:
        async with driver_connection(engine) as connection:
            return (await build(connection, AGREEMENT_ID, month, by=CLERK)).id

    assert 1 == len(set(await asyncio.gather(*(one() for _ in range(AT_ONCE)))))
    assert 1 == await town.connection.fetchval("SELECT count(*) FROM claim")


async def test_of_those_who_file_at_once_one_does(town: Town, engine: AsyncEngine) -> None:
    """The others are told that it is no draft any more; its lines are live once."""
    await town.sell(100_00)
    draft = await draft_of(town)

    async def one() -> ClaimState:
        async with driver_connection(engine) as connection:
            return (await file(connection, draft.id, by=CLERK)).state

    done = await asyncio.gather(*(one() for _ in range(AT_ONCE)), return_exceptions=True)
    refused = [one.code for one in done if isinstance(one, SettlementError)]
    assert (1, [ClaimCode.NOT_A_DRAFT] * (AT_ONCE - 1)) == (done.count(ClaimState.FILED), refused)
    assert 100_00 == (await town.identity()).under_review_kopecks


async def killed(
    town: Town, engine: AsyncEngine, work: Callable[[asyncpg.Connection], Awaitable[Claim]]
) -> None:
    """Do a piece of work whose session dies before it wrote the history, which it writes last."""
    await town.connection.execute("BEGIN; LOCK TABLE claim_history")
    try:
        async with driver_connection(engine) as connection:
            working = asyncio.ensure_future(work(connection))
            while not await town.connection.fetch(_KILL_WAITING):
                assert not working.done()
            with pytest.raises(GONE):
                await working
    except GONE:
        pass  # the connection cannot be given back
    finally:
        await town.connection.execute("ROLLBACK")


async def test_a_build_that_is_killed_leaves_nothing(town: Town, engine: AsyncEngine) -> None:
    """There is no claim, and the next build makes one."""
    await town.sell(100_00)
    month = town.month
    await town.on(month_from(month, 1))
    await killed(town, engine, lambda connection: build(connection, AGREEMENT_ID, month, by=CLERK))
    assert 0 == await town.connection.fetchval("SELECT count(*) FROM claim")
    assert ClaimState.DRAFT is (await town.build(month)).state


async def test_a_filing_that_is_killed_leaves_the_draft_and_what_it_corrects(
    town: Town, engine: AsyncEngine
) -> None:
    """A correction: the claim before stays live as a whole, and the next filing takes it over."""
    await town.sell(100_00)
    filed = await town.file(await draft_of(town))
    await town.capture_late(filed.first_day)
    correction = await town.build(filed.first_day)
    live = "SELECT claim_id, n FROM claim_line WHERE is_live ORDER BY 1, 2"
    before = await town.connection.fetch(live)
    await killed(town, engine, lambda connection: file(connection, correction.id, by=CLERK))
    assert before == await town.connection.fetch(live)
    assert (filed, correction) == (
        await read_claim(town.connection, filed.id), await read_claim(town.connection, correction.id)
    )  # fmt: skip
    assert 150_00 == (await town.file(correction)).net_kopecks
    assert (await town.identity()).holds
