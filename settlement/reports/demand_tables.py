"""The tables of a week's demand: only what may be published ever gets into them (docs/demand.md)."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final

from msgspec import Struct

from gateway.domain.money import MILLI, divide_half_up
from settlement.reports.disclosure import Cell, hide_rectangle, may_show_own, split, union
from settlement.reports.goods_groups import OTHER_KINDS

REST_OF_GROUPS: Final = "Остальные группы вместе"
REST_OF_KINDS: Final = "Остальное вместе"
REST_OF_DISTRICTS: Final = "Остальные округа вместе"

Tally = Mapping[tuple[str, str, str], Cell]
"""What was bought, by (group, kind, district)."""


class Figure(Struct, frozen=True, omit_defaults=True):
    """A sum that may be published. `own_permille` is the buyers' own money in it, None if it is hidden."""

    amount_kopecks: int
    quantity_milli: int
    own_permille: int | None = None

    @property
    def price_kopecks(self) -> int:
        """The average price of a piece or a kilogram."""
        return divide_half_up(self.amount_kopecks * MILLI, self.quantity_milli)


class Row(Struct, frozen=True, omit_defaults=True):
    """A row of a table; a rest holds all that is not shown by itself."""

    name: str
    figure: Figure
    is_rest: bool = False


class GroupRow(Struct, frozen=True, omit_defaults=True):
    """A group of goods with its kinds; none of them if no kind may be shown."""

    name: str
    figure: Figure
    is_rest: bool = False
    kinds: tuple[Row, ...] = ()


class Crossing(Struct, frozen=True, omit_defaults=True):
    """A group in a district; `figure` None is hidden or nothing, amount 0 is nothing bought."""

    group: str
    district: str
    figure: Figure | None = None


class Week(Struct, frozen=True, omit_defaults=True):
    """The published demand of one week, Monday to Sunday; `total` None if too few bought at all.

    `accounts_min` is how many distinct accounts stand in every figure at least.
    """

    first_day: date
    made_at: datetime
    accounts_min: int
    total: Figure | None = None
    groups: tuple[GroupRow, ...] = ()
    districts: tuple[Row, ...] = ()
    crossings: tuple[Crossing, ...] = ()


def published_week(tally: Tally, *, first_day: date, made_at: datetime, accounts_min: int) -> Week:
    """The tables of a week, made of everything that was bought in it."""
    every = union(tally.values(), accounts_min)
    bare = Week(first_day, made_at, accounts_min)
    if not every.is_safe:
        return bare
    total = _figure(every, has_own=every.is_own_safe)
    groups = _with_rest(_summed(tally, 0, accounts_min), REST_OF_GROUPS, accounts_min)
    districts = _with_rest(_summed(tally, 2, accounts_min), REST_OF_DISTRICTS, accounts_min)
    crossings = _crossings(tally, groups, districts, accounts_min)
    if crossings is None:  # the totals alone would say too much
        districts, crossings = {}, ()
    own_groups = may_show_own(groups) if every.is_own_safe else frozenset()
    return Week(
        first_day,
        made_at,
        accounts_min,
        total,
        tuple(
            GroupRow(
                name,
                _figure(cell, has_own=name in own_groups),
                name == REST_OF_GROUPS,
                _kinds(tally, name, accounts_min, has_own=name in own_groups),
            )
            for name, cell in groups.items()
        ),
        _rows(districts, REST_OF_DISTRICTS, has_own=every.is_own_safe),
        crossings,
    )


def _summed(tally: Tally, place: int, limit: int) -> dict[str, Cell]:
    """Sums by one part of the key."""
    sums: dict[str, Cell] = {}
    for key, cell in tally.items():
        sums.setdefault(key[place], Cell(limit)).add(cell)
    return sums


def _with_rest(parts: Mapping[str, Cell], rest_name: str, limit: int) -> dict[str, Cell]:
    """What is shown, the largest first, and the rest last; nothing if only a rest would be left."""
    found = split(parts, limit)
    if not found.shown:
        return {}
    shown = dict(sorted(found.shown.items(), key=lambda item: (-item[1].amount_kopecks, item[0])))
    return shown if found.rest is None else {**shown, rest_name: found.rest}


def _kinds(tally: Tally, group: str, limit: int, *, has_own: bool) -> tuple[Row, ...]:
    of_group = {key: cell for key, cell in tally.items() if key[0] == group}
    kinds = _with_rest(_summed(of_group, 1, limit), REST_OF_KINDS, limit)
    if kinds.keys() == {OTHER_KINDS}:  # says no more than the group
        return ()
    return _rows(kinds, REST_OF_KINDS, has_own=has_own)


def _rows(cells: Mapping[str, Cell], rest_name: str, *, has_own: bool) -> tuple[Row, ...]:
    own = may_show_own(cells) if has_own else frozenset()
    return tuple(
        Row(name, _figure(cell, has_own=name in own), name == rest_name) for name, cell in cells.items()
    )


def _crossings(
    tally: Tally, groups: Iterable[str], districts: Iterable[str], limit: int
) -> tuple[Crossing, ...] | None:
    """Groups by districts; nothing where a margin says it all, None if not even the margins may be shown."""
    rows, columns = list(groups), list(districts)
    if len(rows) < 2 or len(columns) < 2:
        return ()
    grid: dict[tuple[str, str], Cell] = {}
    for (group, _, district), cell in tally.items():
        row = group if group in rows else REST_OF_GROUPS
        column = district if district in columns else REST_OF_DISTRICTS
        grid.setdefault((row, column), Cell(limit)).add(cell)
    hidden = hide_rectangle(grid, rows, columns, limit)
    if hidden is None:
        return None
    if len(hidden.rows) == len(rows) and len(hidden.columns) == len(columns):
        return ()
    nothing = Cell(limit)
    return tuple(
        Crossing(
            row,
            column,
            None if hidden.hides(row, column) else _figure(grid.get((row, column), nothing), has_own=False),
        )
        for row in rows
        for column in columns
    )


def _figure(cell: Cell, *, has_own: bool) -> Figure:
    own = divide_half_up(cell.own_kopecks * 1000, cell.amount_kopecks) if has_own else None
    return Figure(cell.amount_kopecks, cell.quantity_milli, own)
