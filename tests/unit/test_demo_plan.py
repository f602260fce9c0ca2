"""Who comes to which till of the demo, and which tills are shut out in the middle of the day."""

from datetime import date
from pathlib import Path
from random import Random

import pytest

from loadtests.demo.baskets import load_baskets
from loadtests.demo.day import is_on_cable
from loadtests.demo.everyday import quoted
from loadtests.demo.fate import Fate, fates
from loadtests.demo.holders import EVERYDAY, make_holders
from loadtests.demo.place import Place
from loadtests.demo.shopping import basket_of
from loadtests.demo.stories import SHUT_OUT, Visit, plan

TILLS = 36
OPEN_S = 10.0
ON_CABLE = [is_on_cable(number) for number in range(TILLS)]
PLACES = [
    Place(1 + n // 9, "ООО Пример", "0000000000", "Магазин 1", "Москва", n + 1, f"Касса {n}", Path(str(n)))
    for n in range(TILLS)
]
FATES = fates(PLACES, ON_CABLE)


@pytest.fixture(scope="module", params=[100, 600])
def visits(request: pytest.FixtureRequest) -> list[list[Visit]]:
    """A small day, in which holders of rare kinds are fewer than tills, and a larger one."""
    baskets, rng = list(load_baskets())[: request.param], Random(213)
    holders = make_holders(3 * request.param, rng, date(2026, 6, 1))
    return plan(baskets, lambda basket, _: basket_of(basket), holders, ON_CABLE, FATES, OPEN_S, rng)


def test_the_last_merchant_is_suspended_and_one_till_of_another_revoked() -> None:
    """On a line that does not break: nobody could tell otherwise why it gets no answer."""
    suspended = [
        place.merchant_id for place, fate in zip(PLACES, FATES, strict=True) if fate is Fate.SUSPENDED
    ]
    assert [4] * 9 == suspended
    (revoked,) = [n for n, fate in enumerate(FATES) if fate is Fate.REVOKED]
    assert 3 == PLACES[revoked].merchant_id
    assert not ON_CABLE[revoked]


def test_who_is_shut_out_has_served_before_and_is_asked_afterwards(visits: list[list[Visit]]) -> None:
    """In the first half, nothing that goes on later; then buyers for whom there must be nothing."""
    for till, fate in enumerate(FATES):
        last = [visit for visit in visits[till] if visit.story in SHUT_OUT.values()]
        if fate is Fate.NONE:
            assert not last
            continue
        assert {SHUT_OUT[fate]} == {visit.story for visit in last}
        assert len(last) > 1
        served = [visit for visit in visits[till] if visit not in last]
        assert served
        assert all(visit.comes_at_s <= OPEN_S / 2 and not visit.story.when.is_early for visit in served)


def test_whoever_is_quoted_buys_at_one_till_alone(visits: list[list[Visit]]) -> None:
    """Else another till could take the points in between, and the quote would promise too much."""
    tills_of: dict[str, set[int]] = {}
    for till, days in enumerate(visits):
        for visit in days:
            tills_of.setdefault(visit.buyer.holder.holder_ref, set()).add(till)
    of_quoted = {
        visit.buyer.holder.holder_ref for days in visits for visit in days if visit.story.play is quoted
    }
    assert of_quoted
    assert {1} == {len(tills_of[ref]) for ref in of_quoted}
    everyday = {visit.buyer.holder.kind for days in visits for visit in days}
    assert set(EVERYDAY) <= everyday
