"""The wait at the door: when it sends calls away, and how many."""

from datetime import timedelta

import pytest

from gateway.rpc.door_wait import BUSY_CALLS, CLOSER_S, HICCUP_S, PAUSE_S, DoorWait

LIMIT_S = 0.2


class Door:
    """A door with a clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.wait = DoorWait(timedelta(seconds=LIMIT_S), lambda: self.now)

    def knock(self, wait_s: float) -> None:
        """A knock that is heard after so long."""
        self.wait.knocked()
        self.now += wait_s
        self.wait.heard()

    def turned_away(self, calls: int = 100) -> int:
        """How many of so many calls are sent away, if the wait stays as it is."""
        assert not self.wait.turns_away()
        self.now += 2 * HICCUP_S
        return sum(self.wait.turns_away() for _ in range(calls))


@pytest.mark.parametrize(
    ("wait_s", "of_100"), [(0.0, 0), (0.19, 0), (0.25, 25), (0.3, 50), (0.4, 100), (9.0, 100)]
)
def test_the_longer_calls_wait_the_more_of_them_are_sent_away(wait_s: float, of_100: int) -> None:
    """None up to the limit, all from twice the limit on."""
    door = Door()
    door.knock(wait_s)
    assert of_100 == pytest.approx(door.turned_away(), abs=1)


def test_a_wait_that_is_soon_over_sends_nobody_away() -> None:
    """It was a hiccup; the next one is looked at afresh."""
    door = Door()
    for _ in range(5):
        door.knock(9.0)
        assert not door.wait.turns_away()
        door.now += HICCUP_S * 0.9
        assert not door.wait.turns_away()
        door.knock(0.01)
        assert not door.wait.turns_away()


def test_a_knock_that_nobody_hears_counts_while_it_waits() -> None:
    """A process that is stuck knows it before the knock arrives."""
    door = Door()
    door.wait.knocked()
    door.now += 9.0
    assert 9.0 == door.wait.wait_s()
    assert 100 == door.turned_away()


def test_a_knock_that_has_only_set_out_says_nothing_yet() -> None:
    """What the last one found holds until the next is heard."""
    door = Door()
    door.knock(9.0)
    door.wait.knocked()
    assert 100 == door.turned_away()


def test_knocks_are_heard_in_the_order_in_which_they_set_out() -> None:
    """Several are under way at a time, when each takes long."""
    door = Door()
    for _ in range(3):
        door.wait.knocked()
        door.now += 0.1
    for expected_s in (0.3, 0.2, 0.1):
        door.wait.heard()
        assert expected_s == pytest.approx(door.wait.wait_s())


def test_a_knock_that_grpc_itself_sends_away_counts_as_a_long_wait() -> None:
    """It comes back at once, because more calls lie unfetched than gRPC keeps."""
    door = Door()
    sent = door.wait.knocked()
    door.now += 0.001
    door.wait.came_back(sent)
    assert 100 == door.turned_away()


def test_a_knock_that_was_heard_comes_back_without_another_word() -> None:
    """That its call ends later, in the same busy process, is nothing new."""
    door = Door()
    sent = door.wait.knocked()
    door.wait.heard()
    door.now += 9.0
    door.wait.came_back(sent)
    assert 0.0 == door.wait.wait_s()


def test_a_door_that_has_become_fast_takes_everybody_at_once() -> None:
    """Nobody pays for a flood that is over."""
    door = Door()
    door.knock(9.0)
    assert 100 == door.turned_away()
    door.knock(0.001)
    assert 0 == door.turned_away()


def test_a_door_to_which_few_come_need_not_knock() -> None:
    """Nobody waits there, and an idle process should cost nothing."""
    door = Door()
    door.turned_away(BUSY_CALLS - 2)
    assert not door.wait.is_busy()
    door.turned_away(BUSY_CALLS - 1)
    assert (True, False) == (door.wait.is_busy(), door.wait.is_busy())


def test_a_door_to_which_nobody_comes_any_more_forgets_how_long_they_waited() -> None:
    """The first ones of the next morning don't pay for the evening."""
    door = Door()
    door.knock(9.0)
    assert not door.wait.is_busy()
    assert 0.0 == door.wait.wait_s()


def test_a_knock_that_could_not_set_out_says_nothing_of_the_wait() -> None:
    """What was known before stays known, and nobody waits for it for ever."""
    door = Door()
    door.knock(0.1)
    sent = door.wait.knocked()
    door.now += 9.0
    door.wait.lost(sent)
    assert pytest.approx(0.1) == door.wait.wait_s()


def test_the_door_knocks_more_often_when_the_wait_nears_its_limit() -> None:
    """A knock costs, and while nobody waits there is little to learn."""
    door = Door()
    door.knock(LIMIT_S * 0.4)
    assert PAUSE_S == door.wait.pause_s()
    door.knock(LIMIT_S * 0.6)
    assert CLOSER_S == door.wait.pause_s()
