"""Allocation against brute force: the largest total, then the earliest certificates most, always the same."""

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.allocation import Payments, allocate, trim
from tests.stateful.fair_share import fair_shares

Caps = list[dict[int, int]]
Case = tuple[Caps, list[int], list[int]]
"""What each program may pay of each line, what each certificate has, and of which program it is."""


def expected(case: Case, limit: int | None = None) -> list[int]:
    """What each certificate must pay, by the auditor's formula."""
    caps, available, programs = case
    named = [{str(program): cap for program, cap in of.items()} for of in caps]
    return fair_shares(named, available, [str(program) for program in programs], limit)


def paid_by(payments: Payments, certificates: int) -> list[int]:
    """What each certificate pays in all."""
    return [sum(paid.get(certificate, 0) for paid in payments) for certificate in range(certificates)]


def within(caps: Mapping[int, int], programs: Sequence[int], paid: Mapping[int, int]) -> bool:
    """True if no program pays more than its cap of a line, and all together no more than the largest."""
    by_program = {p: sum(a for c, a in paid.items() if programs[c] == p) for p in set(programs)}
    return all(amount <= caps.get(program, 0) for program, amount in by_program.items()) and (
        sum(paid.values()) <= max((caps.get(p, 0) for p in caps), default=0)
    )


def assert_feasible(payments: Payments, case: Case) -> None:
    """No cap, no line and no balance is exceeded; no zero stands there, and order is that of payment."""
    caps, available, programs = case
    assert len(caps) == len(payments)
    for of, paid in zip(caps, payments, strict=True):
        assert within(of, programs, paid)
        assert all(amount > 0 for amount in paid.values())
        assert sorted(paid) == list(paid)
    assert all(paid <= most for paid, most in zip(paid_by(payments, len(available)), available, strict=True))


def every_way(case: Case) -> Iterator[tuple[int, ...]]:
    """What the certificates pay, in every way that caps, lines and balances allow."""
    caps, available, programs = case
    cells = [(line, c, of.get(programs[c], 0)) for line, of in enumerate(caps) for c in range(len(available))]
    for amounts in product(*(range(cap + 1) for _, _, cap in cells)):
        ways: list[dict[int, int]] = [{} for _ in caps]
        for (line, certificate, _), amount in zip(cells, amounts, strict=True):
            ways[line][certificate] = amount
        paid = paid_by(ways, len(available))
        if all(p <= most for p, most in zip(paid, available, strict=True)) and all(
            within(of, programs, way) for of, way in zip(caps, ways, strict=True)
        ):
            yield tuple(paid)


@st.composite
def small_cases(draw: st.DrawFn) -> Case:
    """At most six payments of at most three kopecks: few enough to try them all."""
    certificates = draw(st.integers(1, 3))
    lines = draw(st.integers(1, 6 // certificates))
    caps = [{p: cap for p in range(2) if (cap := draw(st.integers(0, 3)))} for _ in range(lines)]
    available = draw(st.lists(st.integers(0, 6), min_size=certificates, max_size=certificates))
    return caps, available, draw(st.lists(st.integers(0, 1), min_size=certificates, max_size=certificates))


@st.composite
def larger_cases(draw: st.DrawFn) -> Case:
    """Baskets of ordinary size, with caps that differ by program as price ceilings make them."""
    certificates = draw(st.integers(1, 5))
    cap = st.one_of(st.just(0), st.integers(1, 500))
    lines = draw(st.lists(st.lists(cap, min_size=3, max_size=3), max_size=20))
    caps = [{p: amount for p, amount in enumerate(line) if amount} for line in lines]
    available = draw(st.lists(st.integers(0, 2000), min_size=certificates, max_size=certificates))
    return caps, available, draw(st.lists(st.integers(0, 2), min_size=certificates, max_size=certificates))


@given(small_cases(), st.integers(0, 20))
def test_the_largest_total_and_then_the_earliest_certificates_most(case: Case, limit: int) -> None:
    """Of all ways to pay within the limit, none pays more in all, or more by an earlier certificate."""
    payments = trim(allocate(*case), limit)
    assert_feasible(payments, case)
    best = max((sum(way), way) for way in every_way(case) if sum(way) <= limit)
    paid = tuple(paid_by(payments, len(case[1])))
    assert best == (sum(paid), paid)


@given(small_cases(), st.integers(0, 20))
def test_the_auditors_formula_is_right(case: Case, limit: int) -> None:
    """What the auditor judges shares by is proved against brute force itself."""
    best = max((sum(way), way) for way in every_way(case) if sum(way) <= limit)
    assert best[1] == tuple(expected(case, limit))


@given(larger_cases(), st.integers(0, 4000))
def test_larger_baskets_agree_with_the_formula(case: Case, limit: int) -> None:
    """Also where there is far too much to try every way."""
    payments = trim(allocate(*case), limit)
    assert_feasible(payments, case)
    assert expected(case, limit) == paid_by(payments, len(case[1]))


@given(larger_cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_lines_changes_nothing_for_the_certificates(
    case: Case, chance: random.Random
) -> None:
    """A cashier may scan in any order: each certificate pays the same; asked twice, so is the answer."""
    caps, available, programs = case
    shuffled = chance.sample(caps, len(caps))
    payments = allocate(caps, available, programs)
    assert paid_by(payments, len(available)) == paid_by(
        allocate(shuffled, available, programs), len(available)
    )
    assert payments == allocate(caps, available, programs)


@given(larger_cases())
def test_a_limit_that_is_not_reached_trims_nothing(case: Case) -> None:
    """Rounding of the receipt lowers own money first."""
    payments = allocate(*case)
    assert payments == trim(payments, sum(sum(paid.values()) for paid in payments))


def test_the_last_certificate_gives_way_wherever_it_pays() -> None:
    """The earliest one is used most also after the trim, though it pays the last line."""
    payments = allocate([{1: 5_00}, {0: 5_00}], [10_00, 10_00], [0, 1])
    assert [{1: 4_50}, {0: 5_00}] == trim(payments, 9_50)


def test_an_earlier_certificate_is_moved_to_another_line_through_several_others() -> None:
    """Each of a chain of certificates has to give its line to the next one."""
    caps = [{0: 1, 1: 1}, {0: 1}, {1: 1, 2: 1}, {2: 1}]
    assert [1, 2, 1] == paid_by(allocate(caps, [1, 2, 1], [0, 1, 2]), 3)


def test_certificates_of_one_program_share_its_cap_beside_a_program_without_one() -> None:
    """The room that a dearer program leaves on the line is not theirs."""
    assert [{0: 1, 1: 149}] == allocate([{0: 150, 1: 151}], [1, 3000, 0], [0, 0, 1])
    assert [{0: 1, 1: 149, 2: 1}] == allocate([{0: 150, 1: 151}], [1, 3000, 9], [0, 0, 1])


def test_the_largest_basket_is_allocated_exactly() -> None:
    """200 lines and 8 certificates, every limit reached somewhere: the formula and the paths agree."""
    chance = random.Random(8)
    caps = [{p: chance.randint(1, 50_000) for p in range(5) if chance.random() < 0.6} for _ in range(200)]
    case = caps, [chance.randint(1, 900_000) for _ in range(8)], [0, 1, 2, 3, 4, 0, 1, 2]
    payments = allocate(*case)
    assert_feasible(payments, case)
    assert expected(case) == paid_by(payments, 8)
