"""Allocation against brute force: the largest total, then the earliest certificates most, always the same."""

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.allocation import Payments, allocate, trim
from tests.stateful.fair_share import fair_shares

Caps = list[dict[int, int]]


def paid_by(payments: Payments, certificates: int) -> list[int]:
    """What each certificate pays in all."""
    return [sum(paid.get(certificate, 0) for paid in payments) for certificate in range(certificates)]


def assert_feasible(payments: Payments, caps: Sequence[Mapping[int, int]], available: Sequence[int]) -> None:
    """No cap, no line and no balance is exceeded; no zero stands there, and order is that of payment."""
    assert len(caps) == len(payments)
    for cap, paid in zip(caps, payments, strict=True):
        assert all(0 < amount <= cap.get(certificate, 0) for certificate, amount in paid.items())
        assert sum(paid.values()) <= max(cap.values(), default=0)
        assert sorted(paid) == list(paid)
    assert all(paid <= most for paid, most in zip(paid_by(payments, len(available)), available, strict=True))


def every_way(caps: Caps, available: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """What the certificates pay, in every way that the caps, lines and balances allow."""
    cells = [(line, certificate, cap) for line, of in enumerate(caps) for certificate, cap in of.items()]
    for amounts in product(*(range(cap + 1) for _, _, cap in cells)):
        lines, paid = [0] * len(caps), [0] * len(available)
        for (line, certificate, _), amount in zip(cells, amounts, strict=True):
            lines[line] += amount
            paid[certificate] += amount
        if all(p <= most for p, most in zip(paid, available, strict=True)) and all(
            sum_ <= max(cap.values(), default=0) for sum_, cap in zip(lines, caps, strict=True)
        ):
            yield tuple(paid)


@st.composite
def small_cases(draw: st.DrawFn) -> tuple[Caps, list[int]]:
    """At most six payments of at most four kopecks: few enough to try them all."""
    certificates = draw(st.integers(1, 3))
    lines = draw(st.integers(1, 6 // certificates))
    caps = [{c: cap for c in range(certificates) if (cap := draw(st.integers(0, 4)))} for _ in range(lines)]
    return caps, draw(st.lists(st.integers(0, 7), min_size=certificates, max_size=certificates))


@st.composite
def larger_cases(draw: st.DrawFn) -> tuple[Caps, list[int]]:
    """Baskets of ordinary size, with caps that differ by certificate as price ceilings make them."""
    certificates = draw(st.integers(1, 5))
    cap = st.one_of(st.just(0), st.integers(1, 500))
    lines = st.lists(cap, min_size=certificates, max_size=certificates)
    caps = [
        {c: amount for c, amount in enumerate(line) if amount} for line in draw(st.lists(lines, max_size=20))
    ]
    return caps, draw(st.lists(st.integers(0, 2000), min_size=certificates, max_size=certificates))


@given(small_cases(), st.integers(0, 20))
def test_the_largest_total_and_then_the_earliest_certificates_most(
    case: tuple[Caps, list[int]], limit: int
) -> None:
    """Of all ways to pay within the limit, none pays more in all, or more by an earlier certificate."""
    caps, available = case
    payments = trim(allocate(caps, available), limit)
    assert_feasible(payments, caps, available)
    best = max((sum(way), way) for way in every_way(caps, available) if sum(way) <= limit)
    paid = tuple(paid_by(payments, len(available)))
    assert best == (sum(paid), paid)


@given(small_cases(), st.integers(0, 20))
def test_the_auditors_formula_is_right(case: tuple[Caps, list[int]], limit: int) -> None:
    """What the auditor judges shares by is proved against brute force itself."""
    caps, available = case
    best = max((sum(way), way) for way in every_way(caps, available) if sum(way) <= limit)
    assert best[1] == tuple(fair_shares(caps, available, limit))


@given(larger_cases(), st.integers(0, 4000))
def test_larger_baskets_agree_with_the_formula(case: tuple[Caps, list[int]], limit: int) -> None:
    """Also where there is far too much to try every way."""
    caps, available = case
    payments = trim(allocate(caps, available), limit)
    assert_feasible(payments, caps, available)
    assert fair_shares(caps, available, limit) == paid_by(payments, len(available))


@given(larger_cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_lines_changes_nothing_for_the_certificates(
    case: tuple[Caps, list[int]], chance: random.Random
) -> None:
    """A cashier may scan in any order: each certificate pays the same; asked twice, so is the answer."""
    caps, available = case
    shuffled = chance.sample(caps, len(caps))
    assert paid_by(allocate(caps, available), len(available)) == paid_by(
        allocate(shuffled, available), len(available)
    )
    assert allocate(caps, available) == allocate(caps, available)


@given(larger_cases())
def test_a_limit_that_is_not_reached_trims_nothing(case: tuple[Caps, list[int]]) -> None:
    """Rounding of the receipt lowers own money first."""
    payments = allocate(*case)
    assert payments == trim(payments, sum(sum(paid.values()) for paid in payments))


def test_the_last_certificate_gives_way_wherever_it_pays() -> None:
    """The earliest one is used most also after the trim, though it pays the last line."""
    payments = allocate([{1: 5_00}, {0: 5_00}], [10_00, 10_00])
    assert [{1: 4_50}, {0: 5_00}] == trim(payments, 9_50)


def test_an_earlier_certificate_is_moved_to_another_line_through_several_others() -> None:
    """Each of a chain of certificates has to give its line to the next one."""
    caps = [{0: 1, 1: 1}, {0: 1}, {1: 1, 2: 1}, {2: 1}]
    assert [1, 2, 1] == fair_shares(caps, [1, 2, 1])
    assert [1, 2, 1] == paid_by(allocate(caps, [1, 2, 1]), 3)


def test_the_largest_basket_is_allocated_exactly() -> None:
    """200 lines and 8 certificates, every limit reached somewhere: the formula and the paths agree."""
    chance = random.Random(8)
    caps = [{c: chance.randint(1, 50_000) for c in range(8) if chance.random() < 0.6} for _ in range(200)]
    available = [chance.randint(1, 900_000) for _ in range(8)]
    payments = allocate(caps, available)
    assert_feasible(payments, caps, available)
    assert fair_shares(caps, available) == paid_by(payments, 8)
