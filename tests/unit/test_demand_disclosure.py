"""Nobody who has all published tables finds out what fewer than k buyers bought."""

import random
from collections.abc import Callable, Iterator
from itertools import product

from hypothesis import event, given
from hypothesis import strategies as st

from settlement.reports.demand_tables import REST_OF_KINDS, Row, Week
from settlement.reports.disclosure import Cell, split, union
from tests.demand_kit import Attacker, Bought, Key, published, tally_of, week_of

K = 3
GROUPS, KINDS, DISTRICTS = ("молоко", "хлеб", "чай"), ("один", "два", "три"), ("САО", "ЮАО", "ЗАО", "ВАО")
ATOMS: list[Key] = list(product(GROUPS, KINDS, DISTRICTS))


@st.composite
def _weeks(draw: st.DrawFn) -> list[Bought]:
    """Few or many lines in each crossing of group and district: what is hidden lies beside what is shown."""
    counts = draw(st.lists(st.sampled_from((0, 1, 2, 6, 12)), min_size=12, max_size=12))
    chance = random.Random(draw(st.integers(0, 1 << 32)))
    return [
        Bought(
            chance.randint(1, 30),
            group,
            chance.choice(KINDS),
            district,
            chance.choice((1, 40, 400)),
            chance.randint(1, 3000),
            chance.choice((0, 0, 1)),
        )
        for (group, district), count in zip(product(GROUPS, DISTRICTS), counts, strict=True)
        for _ in range(count)
    ]


def _cells() -> Iterator[Callable[[Key], bool]]:
    """Every cell that a table could have."""
    for group in GROUPS:
        yield lambda key, g=group: key[0] == g  # type: ignore[misc]
        for kind in KINDS:
            yield lambda key, g=group, k=kind: key[:2] == (g, k)  # type: ignore[misc]
        for district in DISTRICTS:
            yield lambda key, g=group, d=district: (key[0], key[2]) == (g, d)  # type: ignore[misc]
    for district in DISTRICTS:
        yield lambda key, d=district: key[2] == d  # type: ignore[misc]


def _within(tally: dict[Key, Cell], has: Callable[[Key], bool], limit: int = 99) -> Cell:
    return union((cell for key, cell in tally.items() if has(key)), limit)


@given(_weeks(), st.sampled_from(("amount_kopecks", "quantity_milli")))
def test_what_few_bought_can_be_anything_from_nothing_on(lines: list[Bought], measure: str) -> None:
    """Linear programs over everything published: the least is nothing, the most is more than the truth."""
    week, tally = week_of(tally_of(lines, K), K), tally_of(lines, 99)
    if week.total is None:
        return
    event(f"crossings: {sum(c.figure is not None for c in week.crossings)} of {len(week.crossings)}")
    attacker = Attacker(week, ATOMS, measure)
    for has in _cells():
        cell = _within(tally, has)
        if 0 < len(cell.buyers) < K:
            least, most = attacker.bounds(has)
            assert least <= 1e-6
            assert most > getattr(cell, measure)


@given(_weeks(), st.data())
def test_no_sum_over_cells_of_few_is_derived(lines: list[Bought], data: st.DataObject) -> None:
    """Neither what two hidden cells hold together: it can always have been more."""
    week, tally = week_of(tally_of(lines, K), K), tally_of(lines, 99)
    if week.total is None:
        return
    small = [has for has in _cells() if 0 < len(_within(tally, has).buyers) < K]
    if len(small) < 2:
        return
    one, other = data.draw(st.lists(st.sampled_from(small), min_size=2, max_size=2, unique=True))
    both = _within(tally, lambda key: one(key) or other(key))
    if len(both.buyers) < K:
        least, most = Attacker(week, ATOMS, "amount_kopecks").bounds(lambda key: one(key) or other(key))
        assert least <= both.amount_kopecks < most


@given(_weeks())
def test_each_published_figure_is_the_sum_of_at_least_k_buyers(lines: list[Bought]) -> None:
    """Or of nobody, where nothing was bought; and each is true to the kopeck."""
    week, tally = week_of(tally_of(lines, K), K), tally_of(lines, 99)
    for one in published(week):
        cell = _within(tally, one.has)
        assert one.figure.amount_kopecks == cell.amount_kopecks
        assert one.figure.quantity_milli == cell.quantity_milli
        assert len(cell.buyers) >= K or (cell.is_empty and one.figure.amount_kopecks == 0)


@given(_weeks())
def test_own_money_is_shown_only_of_at_least_k_who_added_it(lines: list[Bought]) -> None:
    """Also what is not shown of a table holds k of them, or the table shows the own money of all its rows."""
    week, tally = week_of(tally_of(lines, K), K), tally_of(lines, 99)
    for one in published(week):
        if one.figure.own_permille is not None:
            assert len(_within(tally, one.has).payers) >= K
    for rows, has in _tables(week):
        if any(row.figure.own_permille is not None for row in rows):
            hidden = {row.name for row in rows if row.figure.own_permille is None}
            shown = {row.name for row in rows} - hidden
            cell = _within(tally, lambda key, h=has, s=shown: h(key) not in s and h(key) != "")  # type: ignore[misc]
            assert not hidden or len(cell.payers) >= K


def _tables(week: Week) -> Iterator[tuple[tuple[Row, ...], Callable[[Key], str]]]:
    """The tables of a week, and which row of each an atom is in, "" if it is not of the table."""
    districts = {row.name for row in week.districts}
    yield week.districts, lambda key: key[2] if key[2] in districts else "Остальные округа вместе"
    for group in week.groups:
        kinds = {row.name for row in group.kinds}
        yield (
            group.kinds,
            lambda key, g=group.name, ks=kinds: (  # type: ignore[misc]
                "" if key[0] != g else key[1] if key[1] in ks else REST_OF_KINDS
            ),
        )


@given(st.lists(st.sets(st.integers(1, 12), max_size=6), max_size=8))
def test_a_rest_is_of_at_least_two_parts_and_k_buyers(parts: list[set[int]]) -> None:
    """Or there is none; nothing is lost between what is shown and the rest."""
    cells = {
        str(number): union((_one(account) for account in sorted(accounts)), K)
        for number, accounts in enumerate(parts)
    }
    if not union(cells.values(), K).is_safe:
        return
    found = split(cells, K)
    hidden = [cell for name, cell in cells.items() if not cell.is_empty and name not in found.shown]
    assert all(cell.is_safe for cell in found.shown.values())
    if found.rest is None:
        assert not hidden
    else:
        assert found.rest.is_safe
        assert len(hidden) >= 2
        assert sum(cell.amount_kopecks for cell in hidden) == found.rest.amount_kopecks


def _one(account: int) -> Cell:
    cell = Cell(K)
    cell.take(account, 100, 1000, 0)
    return cell
