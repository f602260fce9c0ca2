"""The queue before the committer: who may join it, by what waits there already."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

import pytest

from gateway.domain.commands import Command
from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError
from gateway.ledger.waiting import AHEAD_AT_ONCE, AHEAD_FOR_S, MANY, QUIET_TURNS, Limits, Waiting
from tests.ledger_kit import authorize, line

SetClock = Callable[[float], None]


@pytest.fixture
async def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Sets the time of the event loop, which stands still from now on."""

    def set_to(now: float) -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)

    set_to(0.0)
    return set_to


def join(queue: Waiting, count: int) -> None:
    """So many commands, one after the other."""
    for _ in range(count):
        queue.join(lambda: authorize(b"card", line(1, 10_00)), None)


async def test_nobody_joins_behind_batches_that_will_take_too_long(set_clock: SetClock) -> None:
    """A batch of 0.6 s was taken: two full ones ahead would be 1.2 s, where 1 s may be waited."""
    queue = Waiting(Limits(batch=2, queue_wait=timedelta(seconds=1)))
    join(queue, 4)
    assert 2 == len(queue.take())
    set_clock(0.6)
    assert 2 == len(queue.take())
    join(queue, 4)
    with pytest.raises(CommandError) as error:
        join(queue, 1)
    assert Reason.OVERLOADED == error.value.reason
    assert 2 == len(queue.take())
    join(queue, 2)


async def test_what_a_batch_took_does_not_include_the_time_in_which_there_was_nothing_to_do(
    set_clock: SetClock,
) -> None:
    """After an hour without purchases many may come at once."""
    queue = Waiting(Limits(batch=2, queue_wait=timedelta(seconds=1)))
    join(queue, 1)
    queue.take()
    set_clock(0.1)
    assert [] == queue.take()
    set_clock(3_600.0)
    join(queue, 2)
    queue.take()
    join(queue, 18)
    assert 18 == len(queue)


async def test_what_cannot_be_read_is_told_when_its_turn_comes_and_takes_no_place_in_the_batch() -> None:
    """A message is read with its batch, once, and who sent a bad one hears what is wrong with it."""
    queue = Waiting(Limits(batch=2))
    fault = ValueError("bad")

    def bad() -> NoReturn:
        raise fault

    refused = queue.join(bad, None)
    join(queue, 2)
    assert not refused.answer.done()
    batch = queue.take()
    assert (2, fault) == (len(batch), refused.answer.exception())
    commands = [member.command for member in batch]
    queue.put_back(batch)
    assert commands == [member.command for member in queue.take()]


def counted(reads: list[int]) -> Command:
    """A command that notes each time that it is read."""
    reads.append(1)
    return authorize(b"card", line(1, 10_00))


async def test_the_next_batch_is_read_ahead_in_steps_and_not_again_when_its_turn_comes(
    set_clock: SetClock,
) -> None:
    """No further than one batch, for whoever is behind it may still go; and no few ones at a time."""
    queue = Waiting(Limits(batch=2 * AHEAD_AT_ONCE + 1))
    reads: list[int] = []
    for _ in range(4 * AHEAD_AT_ONCE):
        queue.join(lambda: counted(reads), None)
    steps = [queue.read_ahead() for _ in range(3)]
    assert [AHEAD_AT_ONCE, AHEAD_AT_ONCE, 0] == [len(step) for step in steps]
    ahead = [id(command) for step in steps for command in step]
    set_clock(AHEAD_FOR_S)
    assert ahead == [id(member.command) for member in queue.take()][:-1]
    assert 2 * AHEAD_AT_ONCE + 1 == len(reads)


async def test_what_was_read_too_long_ahead_is_read_again(set_clock: SetClock) -> None:
    """A batch that waited for a lock keeps no key in that was revoked meanwhile."""
    queue = Waiting(Limits())
    refusals: list[Exception] = []

    def read() -> Command:
        if refusals:
            raise refusals[0]
        return authorize(b"card", line(1, 10_00))

    members = [queue.join(read, None) for _ in range(AHEAD_AT_ONCE)]
    assert AHEAD_AT_ONCE == len(queue.read_ahead())
    refusals.append(ValueError("revoked"))
    set_clock(2 * AHEAD_FOR_S)
    assert [] == queue.take()
    assert {refusals[0]} == {member.answer.exception() for member in members}


async def test_after_a_batch_of_many_the_next_one_waits_for_those_who_come_one_after_the_other() -> None:
    """Each pause that brings somebody is followed by another; one that brings nobody ends the wait."""
    queue = Waiting(Limits(gather=timedelta(hours=1), gather_pause=timedelta(seconds=0.2)))
    join(queue, MANY)
    queue.take()
    join(queue, 1)
    waiting = asyncio.create_task(queue.let_arrive())
    for _ in range(10 * QUIET_TURNS):
        await asyncio.sleep(0)
    join(queue, 1)
    await waiting
    assert 2 == len(queue.take())


async def test_in_a_flood_a_batch_waits_its_whole_time_also_while_nobody_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those who pass the door come one by one, after pauses that bring nobody, and go together."""
    queue = Waiting(Limits(batch=2, gather=timedelta(hours=1), gather_pause=timedelta(seconds=1)))
    join(queue, 1)
    queue.notice_flood()
    pauses: list[float] = []
    turn = asyncio.sleep

    async def pause(seconds: float) -> None:
        if seconds:
            pauses.append(seconds)
            if len(pauses) == 5:
                join(queue, 1)
        await turn(0)

    monkeypatch.setattr(asyncio, "sleep", pause)
    await queue.let_arrive()
    assert (5, 2) == (len(pauses), len(queue.take()))


async def test_a_lone_command_waits_for_no_timer() -> None:
    """Some turns of the event loop, in which a pause of an hour would not end."""
    queue = Waiting(Limits(gather=timedelta(hours=2), gather_pause=timedelta(hours=1)))
    join(queue, 1)
    waiting = asyncio.create_task(queue.let_arrive())
    for _ in range(10 * QUIET_TURNS):
        await asyncio.sleep(0)
    assert waiting.done()
