"""The committer's own promises: its queue, its batches, cancelled callers and lost connections."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest
from msgspec.structs import replace

from gateway.domain.commands import Command
from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError
from gateway.ledger.committer import Committer
from gateway.ledger.waiting import AHEAD_AT_ONCE
from gateway.ledger.watchers import NeverBehind
from gateway.runtime.database import driver_connection, make_engine
from tests.crash.processes import eventually
from tests.ledger_kit import Kit, authorize, kit_on, line, must, origin


class Gate:
    """Holds a committer between reading and deciding until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()
        self.sizes: list[int] = []

    async def refresh_if_behind(self, epoch: int) -> None:
        """Tell that the reading is done and wait."""
        self.reached.set()
        await self.opened.wait()


async def gated(kit: Kit, **limits: Any) -> tuple[Committer, Gate]:
    """A committer that stops at a gate."""
    committer = await kit.committer(**limits)
    gate = Gate()
    committer.registry = gate
    return committer, gate


async def outcomes_of(kit: Kit, request_id: UUID) -> int:
    """How many outcomes a request id has."""
    async with kit.connect() as connection:
        found: int = await connection.fetchval(
            "SELECT count(*) FROM outcome WHERE request_id = $1", request_id
        )
    return found


async def test_a_caller_that_goes_away_leaves_no_half_done_command(kit: Kit) -> None:
    """A dropped connection cancels the wait, not the command (truth 6)."""
    token = await kit.card(await kit.committer(), 500_00)
    committer, gate = await gated(kit)
    command = authorize(token, line(1, 100_00))
    caller = asyncio.create_task(committer.submit(command))
    await gate.reached.wait()
    caller.cancel()
    gate.opened.set()
    repeated = await committer.submit(command)
    assert repeated.is_replay
    assert [(400_00, 100_00, 0, 0)] == await kit.balances(token)


async def test_what_waits_while_a_batch_commits_becomes_the_next_batch(kit: Kit) -> None:
    """There is no timer: a batch is what queued meanwhile."""
    token = await kit.card(await kit.committer(), 500_00)
    committer, gate = await gated(kit)
    first = asyncio.create_task(committer.submit(authorize(token, line(1, 10_00))))
    await gate.reached.wait()
    others = [asyncio.create_task(committer.submit(authorize(token, line(1, 10_00)))) for _ in range(5)]
    await asyncio.sleep(0)
    assert 5 == committer.queued
    gate.opened.set()
    answers = await asyncio.gather(first, *others)
    assert all(must(answer).is_approved for answer in answers)
    async with kit.connect() as connection:
        versions = await connection.fetchval(
            "SELECT version FROM card_account a JOIN card k ON k.account_id = a.id WHERE k.token = $1", token
        )
    assert 3 == versions  # one issue, one batch of one, one batch of five


def same(command: Command) -> Command:
    """A message that was read."""
    return command


class Ahead(NeverBehind):
    """Notes what is judged ahead."""

    def __init__(self) -> None:
        self.judged: list[list[Command]] = []

    async def judge_ahead(self, commands: Iterable[Command]) -> None:
        """Keep the commands."""
        self.judged.append(list(commands))


async def test_while_the_database_writes_a_batch_the_next_one_is_read_and_judged(kit: Kit) -> None:
    """The processor has nothing better to do; what was made ahead is decided in its turn."""
    token = await kit.card(await kit.committer(), 500_00)
    committer, gate = await gated(kit, batch=2 * AHEAD_AT_ONCE)
    committer.goods = goods = Ahead()
    first, *others = (authorize(token, line(1, 10_00)) for _ in range(1 + AHEAD_AT_ONCE))
    async with kit.connect() as locker:
        async with locker.transaction():
            await locker.execute("SELECT FROM card_account FOR UPDATE")
            writing = asyncio.create_task(committer.submit(first))
            await gate.reached.wait()
            answers = [committer.enqueue(partial(same, command)) for command in others]
            gate.opened.set()
            await eventually(lambda: goods.judged == [[first], others], "the next batch is judged")
            assert not writing.done()
        assert must(await writing).is_approved
    assert all(must(answer).is_approved for answer in await asyncio.gather(*answers))
    assert [[first], others, others] == goods.judged


async def test_nobody_joins_a_queue_whose_first_has_waited_too_long(kit: Kit) -> None:
    """Those already taken are answered; the refused id stays free, and later it is served."""
    token = await kit.card(await kit.committer(), 500_00)
    committer, gate = await gated(kit, queue_wait=timedelta())
    running = asyncio.create_task(committer.submit(authorize(token, line(1, 10_00))))
    await gate.reached.wait()
    waiting = asyncio.create_task(committer.submit(authorize(token, line(1, 10_00))))
    await asyncio.sleep(0)
    refused = authorize(token, line(1, 10_00))
    with pytest.raises(CommandError) as error:
        await committer.submit(refused)
    assert Reason.OVERLOADED == error.value.reason
    gate.opened.set()
    assert all(must(answer).is_approved for answer in await asyncio.gather(running, waiting))
    assert must(await committer.submit(refused)).is_approved


async def test_time_without_work_is_not_taken_for_a_slow_batch(kit: Kit) -> None:
    """The first rush after a quiet while is let in."""
    token = await kit.card(await kit.committer(), 500_00)
    quiet = timedelta(seconds=1.0)
    committer, gate = await gated(kit, queue_wait=quiet, batch=1)
    gate.opened.set()
    await committer.submit(authorize(token, line(1, 10_00)))
    await asyncio.sleep(quiet.total_seconds())
    gate.reached.clear()
    gate.opened.clear()
    rush = [asyncio.create_task(committer.submit(authorize(token, line(1, 10_00))))]
    await gate.reached.wait()
    rush += [asyncio.create_task(committer.submit(authorize(token, line(1, 10_00)))) for _ in range(3)]
    await asyncio.sleep(0)
    gate.opened.set()
    assert all(must(answer).is_approved for answer in await asyncio.gather(*rush))


async def test_a_full_queue_says_when_to_come_back(kit: Kit) -> None:
    """Beyond the bound a command is refused, and its request id stays free."""
    token = await kit.card(await kit.committer(), 500_00)
    committer, gate = await gated(kit, queue=1)
    running = asyncio.create_task(committer.submit(authorize(token, line(1, 10_00))))
    await gate.reached.wait()
    waiting = asyncio.create_task(committer.submit(authorize(token, line(1, 10_00))))
    await asyncio.sleep(0)
    refused = authorize(token, line(1, 10_00))
    with pytest.raises(CommandError) as error:
        await committer.submit(refused)
    assert Reason.OVERLOADED == error.value.reason
    assert error.value.retry_after_s
    gate.opened.set()
    await asyncio.gather(running, waiting)
    assert not (await committer.submit(refused)).is_replay


async def test_a_member_that_the_database_refuses_does_not_take_the_batch_with_it(kit: Kit) -> None:
    """A NUL in a text is refused by PostgreSQL: its command fails alone."""
    committer = await kit.committer()
    token = await kit.card(committer, 500_00)
    good = [authorize(token, line(1, 10_00)) for _ in range(3)]
    bad = authorize(token, line(1, 10_00), origin=replace(origin(11), cashier_ref="\x00"))
    answers = await asyncio.gather(
        *(committer.submit(command) for command in [good[0], bad, *good[1:]]), return_exceptions=True
    )
    assert isinstance(answers[1], CommandError)
    assert Reason.UNAVAILABLE == answers[1].reason
    assert [(470_00, 30_00, 0, 0)] == await kit.balances(token)


async def test_what_is_no_command_is_refused_and_stops_nobody(kit: Kit) -> None:
    """A fault that nobody thought of fails its own member; the committer goes on."""
    committer = await kit.committer()
    token = await kit.card(committer, 500_00)
    odd = committer.enqueue(lambda: cast(Command, object()))
    with pytest.raises(AttributeError):
        await odd
    await committer.submit(authorize(token, line(1, 10_00)))
    assert [(490_00, 10_00, 0, 0)] == await kit.balances(token)


async def test_a_connection_lost_before_the_write_loses_no_command(kit: Kit) -> None:
    """The members go back to the queue, and a new connection decides them once."""
    token = await kit.card(await kit.committer(), 500_00)
    committer, gate = await gated(kit)
    command = authorize(token, line(1, 100_00))
    caller = asyncio.create_task(committer.submit(command))
    await gate.reached.wait()
    async with kit.connect() as connection:
        await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    gate.opened.set()
    assert (await caller).sealed.signed_payload
    assert 1 == await outcomes_of(kit, command.request_id)
    assert [(400_00, 100_00, 0, 0)] == await kit.balances(token)


async def test_a_write_whose_answer_is_lost_is_found_again_and_not_repeated(kit: Kit) -> None:
    """After a lost COMMIT the next round begins by reading the outcomes."""
    token = await kit.card(await kit.committer(), 500_00)
    command = authorize(token, line(1, 100_00))
    lose_once = _LosesAnswers(kit)
    committer = await kit.committer(connect=lose_once.connect)
    answer = await committer.submit(command)
    assert answer.is_replay
    assert 1 == lose_once.lost
    assert 1 == await outcomes_of(kit, command.request_id)
    assert [(400_00, 100_00, 0, 0)] == await kit.balances(token)


class _LosesAnswers:
    """Connections of which the first one's write commits, and its answer never comes."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self.lost = 0

    def connect(self) -> "_Losing":
        return _Losing(self)


class _Losing:
    def __init__(self, owner: _LosesAnswers) -> None:
        self.owner = owner
        self.inner = owner.kit.connect()

    async def __aenter__(self) -> "_Losing":
        self.connection = await self.inner.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.inner.__aexit__(None, None, None)

    async def fetchrow(self, *arguments: object) -> object:
        return await self.connection.fetchrow(*arguments)

    async def fetch(self, sql: str, *arguments: object) -> object:
        rows = await self.connection.fetch(sql, *arguments)
        if "INSERT INTO outcome" in sql and not self.owner.lost:
            self.owner.lost += 1
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return rows


async def test_no_table_is_read_from_end_to_end_because_it_was_once_empty(
    database_url: str,
) -> None:
    """Each month begins with an empty partition, and the plan for it stays: it must look up by key."""
    async with kit_on(database_url) as kit:
        kit.engine = make_engine(database_url, pool_size=1, by_index=True)
        committer = await kit.committer(lambda: driver_connection(kit.engine))
        tokens = [await kit.card(committer, 500_00) for _ in range(24)]
        async with kit.connect() as connection:
            await connection.execute("ANALYZE")  # which finds the month still empty
        for _ in range(8):  # after five of its own the planner may keep one plan for all
            together = [committer.submit(authorize(token, line(1, 10_00))) for token in tokens]
            assert all(must(answer).is_approved for answer in await asyncio.gather(*together))
        await kit.stop()
        await kit.engine.dispose()  # a session tells what it has read when it ends
        read: dict[str, int] = {}

        async def is_told() -> bool:
            async with kit.connect() as connection:
                rows = await connection.fetch("SELECT relname, seq_scan, idx_scan FROM pg_stat_user_tables")
            read.update({row["relname"]: row["seq_scan"] for row in rows})
            return any(row["relname"] == "outcome" and row["idx_scan"] for row in rows)

        await eventually(is_told, "what was read is told")
        await kit.engine.dispose()
    assert {table for table, count in read.items() if count} <= {"registry_epoch", "goods_epoch"}
