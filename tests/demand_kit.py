"""Made-up demand, and an attacker who has all that is published of it."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

from settlement.reports.demand_tables import (
    REST_OF_DISTRICTS,
    REST_OF_GROUPS,
    REST_OF_KINDS,
    Figure,
    Tally,
    Week,
    published_week,
)
from settlement.reports.disclosure import Cell

MONDAY = date(2026, 11, 16)
MADE_AT = datetime(2026, 11, 28, tzinfo=UTC)

Key = tuple[str, str, str]


class Bought(NamedTuple):
    """A line of one buyer."""

    account_id: int
    group: str
    kind: str
    district: str
    amount_kopecks: int
    quantity_milli: int = 1000
    own_kopecks: int = 0

    @property
    def key(self) -> Key:
        """Its place in the tally."""
        return self.group, self.kind, self.district


def tally_of(lines: Iterable[Bought], accounts_min: int) -> dict[Key, Cell]:
    """All lines counted."""
    cells: dict[Key, Cell] = {}
    for line in lines:
        cell = cells.setdefault(line.key, Cell(accounts_min))
        cell.take(line.account_id, line.amount_kopecks, line.quantity_milli, line.own_kopecks)
    return cells


def week_of(tally: Tally, accounts_min: int, first_day: date = MONDAY) -> Week:
    """The published week of a tally."""
    return published_week(tally, first_day=first_day, made_at=MADE_AT, accounts_min=accounts_min)


class Published(NamedTuple):
    """One published figure and the atoms that it sums."""

    figure: Figure
    has: Callable[[Key], bool]


def published(week: Week) -> Iterator[Published]:
    """Every figure of a week, as whoever reads it understands it."""
    if week.total is None:
        return
    yield Published(week.total, lambda _: True)
    groups = {row.name for row in week.groups}
    districts = {row.name for row in week.districts}

    def in_group(key: Key, name: str) -> bool:
        return key[0] not in groups if name == REST_OF_GROUPS else key[0] == name

    def in_district(key: Key, name: str) -> bool:
        return key[2] not in districts if name == REST_OF_DISTRICTS else key[2] == name

    for group in week.groups:
        yield Published(group.figure, lambda key, g=group.name: in_group(key, g))  # type: ignore[misc]
        kinds = {row.name for row in group.kinds}
        for kind in group.kinds:
            yield Published(
                kind.figure,
                lambda key, g=group.name, k=kind.name, ks=kinds: (  # type: ignore[misc]
                    key[0] == g and (key[1] if key[1] in ks else REST_OF_KINDS) == k
                ),
            )
    for district in week.districts:
        yield Published(district.figure, lambda key, d=district.name: in_district(key, d))  # type: ignore[misc]
    for crossing in week.crossings:
        if crossing.figure is not None:
            g, d = crossing.group, crossing.district
            yield Published(
                crossing.figure,
                lambda key, g=g, d=d: in_group(key, g) and in_district(key, d),  # type: ignore[misc]
            )


class Attacker:
    """Knows every published figure and that nothing bought is below zero; not which atoms are empty."""

    def __init__(self, week: Week, atoms: Iterable[Key], measure: str) -> None:
        self._atoms = list(atoms)
        rows, sums = [], []
        for one in published(week):
            rows.append([float(one.has(atom)) for atom in self._atoms])
            sums.append(float(getattr(one.figure, measure)))
        self._rows, self._sums = np.array(rows), np.array(sums)

    def bounds(self, wanted: Callable[[Key], bool]) -> tuple[float, float]:
        """The least and the most that the atoms of a cell can be together."""
        objective = np.array([float(wanted(atom)) for atom in self._atoms])
        return self._solve(objective), -self._solve(-objective)

    def _solve(self, objective: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
        found = linprog(objective, A_eq=self._rows, b_eq=self._sums, bounds=(0, None), method="highs")
        assert found.status in (0, 3), found.message
        return float(found.fun) if found.status == 0 else float("-inf")
