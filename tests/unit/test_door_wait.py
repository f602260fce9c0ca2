"""The wait at the door: when it sends calls away, and how many."""

from datetime import timedelta

import pytest

from gateway.rpc.door_wait import BUSY_CALLS, DoorWait

LIMIT_S = 0.2


def door_after(*waits_s: float) -> DoorWait:
    """A door whose knocks have waited so long, one after the other."""
    door, now = DoorWait(timedelta(seconds=LIMIT_S)), 0.0
    for wait_s in waits_s:
        door.knocked(now)
        now += wait_s
        door.heard(now)
    return door


def turned_away(door: DoorWait, calls: int = 100) -> int:
    """How many of so many calls are sent away."""
    return sum(door.turns_away() for _ in range(calls))


@pytest.mark.parametrize(
    ("waits_s", "of_100"),
    [
        ((), 0),
        ((0.19, 0.19), 0),
        ((0.25, 0.25), 25),
        ((0.3, 0.35), 50),
        ((0.4, 0.4), 100),
        ((9.0, 9.0), 100),
    ],
)
async def test_the_longer_calls_wait_the_more_of_them_are_sent_away(
    waits_s: tuple[float, ...], of_100: int
) -> None:
    """None up to the limit, all from twice the limit on."""
    assert of_100 == pytest.approx(turned_away(door_after(*waits_s)), abs=1)


@pytest.mark.parametrize("waits_s", [(9.0,), (9.0, 0.01), (0.01, 9.0)])
async def test_one_long_wait_alone_sends_nobody_away(waits_s: tuple[float, ...]) -> None:
    """It may have been a hiccup, which is over when it is known."""
    assert 0 == turned_away(door_after(*waits_s))


async def test_a_knock_that_nobody_hears_counts_while_it_waits() -> None:
    """A process that is stuck knows it before the knock arrives."""
    door = door_after(9.0, 9.0, 0.01, 9.0)
    assert 0 == turned_away(door)
    door.knocked(-9.0)
    assert 100 == turned_away(door)


async def test_knocks_that_grpc_itself_sends_away_count_as_long_waits() -> None:
    """They come back at once, because more calls lie unfetched than gRPC keeps."""
    door = DoorWait(timedelta(seconds=LIMIT_S))
    for _ in range(2):
        door.knocked(0.0)
        door.heard(0.001, at_least_s=2 * LIMIT_S)
    assert 100 == turned_away(door)


async def test_a_door_that_has_become_fast_takes_everybody_at_once() -> None:
    """Nobody pays for a flood that is over."""
    door = door_after(9.0, 9.0)
    assert 100 == turned_away(door)
    door.knocked(0.0)
    door.heard(0.001)
    assert 0 == turned_away(door)


async def test_a_door_to_which_few_come_need_not_knock() -> None:
    """Nobody waits there, and an idle process should cost nothing."""
    door = door_after()
    turned_away(door, BUSY_CALLS - 1)
    assert not door.is_busy()
    turned_away(door, BUSY_CALLS)
    assert (True, False) == (door.is_busy(), door.is_busy())
