"""The day that `make load` plays: how much happens, when, at which till, and when it counts as good."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest

from loadtests.demo.baskets import load_baskets
from loadtests.demo.place import Place
from loadtests.load.buyers import holders_of, visits_of
from loadtests.load.order import Order
from loadtests.load.stories import ON_A_BREAKING_LINE
from loadtests.load.tally import Tally
from loadtests.load.verdict import Verdict
from loadtests.load.volume import (
    OPEN_HOURS,
    TIMES,
    arrivals,
    holiday_peak_day,
    ordinary_day,
    part_of_a_day,
    shares_by_hour,
    time_of_day,
    whole_day,
)

ORDER = Order(
    volume=part_of_a_day(400, 28.0),
    seed=1,
    today=date(2026, 5, 4),
    endpoint="127.0.0.1:7443",
    stage=7000,
    places=tuple(
        Place(1, "ООО Пример-1", "0000000000", "Магазин 1", "Москва", n, f"Касса {n}", Path(str(n)))
        for n in range(1, 5)
    ),
    breaking_lines={2: "127.0.0.1:7001"},
    issued={"DEMO-0000001-1": UUID(int=7)},
    tally=Path("tally.json"),
)

GOOD: dict[str, Any] = {
    "buyers": 400,
    "failed_by_kind": {},
    "mended": {"lost answer, sent again": 3},
    "worker_restarted": "restarted: worker 7 by 8",
    "disagreements": [],
}


def verdict(is_ledger_clean: bool = True, **differing: Any) -> Verdict:
    """The verdict on a good day but for what differs."""
    return Verdict(ORDER.volume, GOOD | differing, is_ledger_clean, 60.0, Path("load.html"))


def test_the_volume_follows_from_the_published_year() -> None:
    """Half of 340,000 purchases over 365 days; the other half over four campaigns of ten days."""
    assert 466 == ordinary_day()
    assert 466 + 4_250 == holiday_peak_day()


def test_the_whole_day_is_ten_times_the_peak_in_all_shops() -> None:
    """And says that it is whole, while a part of it does not."""
    day = whole_day(600.0)
    assert (TIMES * 4_716, 680, 1_360) == (day.purchases, day.shops, day.tills)
    assert day.is_whole
    assert not ORDER.volume.is_whole
    assert 14 * 3600 / 600 == day.compression


def test_the_hours_follow_real_baskets() -> None:
    """Each opening hour has its share; more buyers come after work than when the shops open."""
    shares = shares_by_hour(list(load_baskets()))
    assert OPEN_HOURS == len(shares)
    assert 1.0 == pytest.approx(sum(shares))
    assert shares[9] > 2 * shares[0] > 0


def test_buyers_come_in_the_hours_that_have_a_share() -> None:
    """All of them, in order, and none in an hour without a share."""
    shares = [0.0] * OPEN_HOURS
    shares[3] = 1.0
    instants = arrivals(ORDER.volume, shares, Random(1))
    assert 400 == len(instants)
    assert sorted(instants) == instants
    assert 3 * 2.0 <= instants[0] <= instants[-1] < 4 * 2.0


def test_the_clock_of_the_shops_runs_from_opening_to_closing() -> None:
    """However long the day goes on, the clock stands still when the shops have closed."""
    assert ["08:00", "15:00", "22:00", "22:00"] == [
        time_of_day(played_s, ORDER.volume) for played_s in (0.0, 14.0, 28.0, 50.0)
    ]


def test_an_order_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Who sets the stage and who plays are two processes."""
    ORDER.write(tmp_path / "order.json")
    assert ORDER == Order.read(tmp_path / "order.json")


def test_the_same_seed_brings_the_same_buyers() -> None:
    """Both processes make them for themselves, and another seed makes others."""
    holders = holders_of(ORDER)
    assert holders == holders_of(ORDER)
    visits = visits_of(ORDER, holders)
    assert visits == visits_of(ORDER, holders)
    assert visits != visits_of(replace(ORDER, seed=2), holders)
    assert 400 == sum(map(len, visits.values()))


def test_lines_break_only_where_they_can() -> None:
    """A till on a sound line could not lose an answer."""
    visits = visits_of(ORDER, holders_of(ORDER))
    troubled = {n for n, visited in visits.items() if {v.story for v in visited} & set(ON_A_BREAKING_LINE)}
    assert {2} == troubled


def test_a_good_day_has_no_complaints() -> None:
    """Every buyer served, nothing failed, a worker restarted, answers lost and mended, books agree."""
    assert [] == list(verdict().complaints())
    assert verdict().is_good


@pytest.mark.parametrize(
    ("differing", "complaint"),
    [
        ({"failed_by_kind": {"Sale: UndoneError": 1}}, "1 failed: Sale: UndoneError"),
        ({"buyers": 399}, "399 buyers served of 400"),
        ({"worker_restarted": ""}, "no worker was restarted: "),
        ({"mended": {}}, "no answer was lost: nothing was mended"),
        ({"is_ledger_clean": False}, "the ledger is not clean"),
        ({"disagreements": ["terminal 1: total 1 instead of 2"]}, "terminal 1: total 1 instead of 2"),
    ],
)
def test_what_must_not_be_is_complained_of(differing: dict[str, Any], complaint: str) -> None:
    """A day that proves less than it should is not a good one."""
    assert [complaint] == list(verdict(**differing).complaints())
    assert not verdict(**differing).is_good


def test_a_tally_is_written_for_programs(tmp_path: Path) -> None:
    """With how long buyers stood at a till, of which there may be none."""
    path = tmp_path / "tally.json"
    tally = Tally(late_s=[0.0, 0.25, 0.5])
    tally.write(path)
    assert '"p50": 250.0' in path.read_text(encoding="utf-8")
    Tally().write(path)
    assert '"max": 0.0' in path.read_text(encoding="utf-8")
