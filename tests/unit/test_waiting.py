"""The queue before the committer: who may join it, by what waits there already."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError
from gateway.ledger.waiting import Limits, Waiting
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
        queue.join(authorize(b"card", line(1, 10_00)), None)


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
