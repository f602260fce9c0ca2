"""Plausibility: each sign is told with its figures from its threshold on, and not below."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.checks.findings import Finding
from settlement.checks.plausibility import Plausibility
from settlement.ledger_reader.receipts_sold import Sold, SoldItem, SoldLine, SoldVerdict

NOON = datetime(2026, 11, 2, 9, tzinfo=UTC)
"""12 o'clock in Moscow."""


def sold(n: int, at: datetime, kopecks: int = 100_00, okpd2: str = "10.71", price: int = 100_00) -> Sold:
    """A sale of one line."""
    line = SoldLine(SoldItem(price, kopecks), SoldVerdict(okpd2), (b"{}",))  # type: ignore[arg-type]
    return Sold(n, 1, 11, at, kopecks, (line,))


def findings(*sales: Sold, medians: Mapping[str, int] | None = None) -> list[Finding]:
    """What is told of sales; `medians` are prices of classes over all merchants."""
    plausibility = Plausibility(medians or {})
    for sale in sales:
        plausibility.add(sale)
    return plausibility.findings()


def codes(*sales: Sold) -> list[str]:
    """The codes alone."""
    return [one.code for one in findings(*sales)]


@pytest.mark.parametrize(("count", "expected"), [(60, []), (61, ["BUSY_TILL"])])
def test_a_till_that_serves_more_than_a_buyer_a_minute_is_told(count: int, expected: list[str]) -> None:
    """In one hour."""
    assert expected == codes(*(sold(n, NOON + timedelta(seconds=50 * n)) for n in range(count)))


def test_an_hour_far_above_the_tills_usual_one_is_told() -> None:
    """With the usual number."""
    usual = [sold(n, NOON + timedelta(days=n)) for n in range(10)]
    (found,) = findings(*usual, *(sold(n, NOON + timedelta(days=20)) for n in range(30)))
    assert ("BUSY_TILL", 30, 1) == (found.code, found.figures["count"], found.figures["usual"])
    assert "22.11.2026 12:00" in found.ru


@pytest.mark.parametrize(("same", "expected"), [(29, []), (30, ["SAME_ENDING"])])
def test_sums_with_one_ending_are_told(same: int, expected: list[str]) -> None:
    """Of fifty sales; whole rubles are usual."""
    days = [NOON + timedelta(days=n) for n in range(50)]
    sums = [100_37] * same + [100_00 + n for n in range(38, 38 + 50 - same)]
    assert expected == codes(*(sold(n, day, k) for n, (day, k) in enumerate(zip(days, sums, strict=True))))
    assert [] == codes(*(sold(n, day) for n, day in enumerate(days)))


@pytest.mark.parametrize(
    ("hour", "expected"), [(22, []), (23, ["NIGHT_SALES"]), (5, ["NIGHT_SALES"]), (6, [])]
)
def test_sales_at_night_are_told(hour: int, expected: list[str]) -> None:
    """Hours of Moscow."""
    night = NOON.replace(hour=(hour - 3) % 24)
    assert expected == codes(*(sold(n, night + timedelta(days=n)) for n in range(10)))


@pytest.mark.parametrize(("price", "expected"), [(900_00, []), (1100_00, ["UNIT_PRICE"])])
def test_a_price_ten_times_the_median_of_all_merchants_is_told(price: int, expected: list[str]) -> None:
    """Also where all of the claim's prices are, and where it has only one of the class."""
    medians = {"10": 100_00}
    assert expected == [one.code for one in findings(sold(1, NOON, price=price), medians=medians)]
    dear = [sold(n, NOON + timedelta(days=n), price=price) for n in range(30)]
    told = findings(*dear, medians=medians)
    assert expected == [one.code for one in told]
    assert [(30, 30, 100_00, price)] * len(expected) == [
        tuple(one.figures[name] for name in ("count", "total", "median", "highest")) for one in told
    ]


@pytest.mark.parametrize(("price", "expected"), [(900_00, []), (1100_00, ["UNIT_PRICE_WITHIN"])])
def test_a_class_that_is_rare_in_the_period_is_compared_within_the_claim(
    price: int, expected: list[str]
) -> None:
    """Of twenty lines; another class has a median of its own."""
    usual = [sold(n, NOON + timedelta(days=n)) for n in range(19)]
    assert expected == codes(*usual, sold(20, NOON, price=price))
    assert [] == codes(*usual, sold(20, NOON, okpd2="26.40", price=price))


def test_a_few_goods_of_another_kind_that_take_the_money_are_told() -> None:
    """A grocer whose televisions are half of the sum."""
    food = [sold(n, NOON + timedelta(days=n)) for n in range(50)]
    (found,) = findings(*food, sold(51, NOON, 5_000_00, "26.40", 5_000_00))
    assert ("GOODS_UNLIKE_SHOP", "26", 50) == (found.code, found.figures["okpd2"], found.figures["percent"])


@given(st.lists(st.integers(1, 10**9), min_size=20, max_size=200))
def test_the_median_is_within_two_percent(prices: list[int]) -> None:
    """It is counted in steps, whatever the number of lines."""
    far = max(prices) * 1000
    (found,) = [
        one
        for one in findings(*(sold(n, NOON, price=price) for n, price in enumerate([*prices, far])))
        if one.code == "UNIT_PRICE_WITHIN"
    ]
    middle = sorted([*prices, far])[len(prices) // 2]
    assert abs(found.figures["median"] - middle) <= 0.02 * middle + 1
