"""Which cells of a table may be published, so that nobody behind them can be told from others.

A cell is what some buyers bought. A sum over cells is safe if at least k distinct buyers stand in it. All
that is published is made of safe sums, and no difference of published sums isolates a smaller one: what is
hidden of a table is one rest (`split`), or a rectangle of at least two by two whose rows and columns are all
safe (`hide_rectangle`). docs/demand.md tells why that is enough.

Buyers are counted no further than k: a set that holds k of them is complete enough for every question here,
for a union has k if a part has, and is exact if no part has.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

MEASURES: Final = ("amount_kopecks", "quantity_milli")
"""What tables show of a cell and every sum over cells; money of the buyers' own has its own test."""


class Cell:
    """What was bought in one cell of a table. Mutable: lines are added to it, and other cells.

    `buyers` holds the accounts that bought, `payers` those among them that added money of their own; neither
    holds more than `limit`.
    """

    __slots__ = ("amount_kopecks", "buyers", "limit", "own_kopecks", "payers", "quantity_milli")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.amount_kopecks = 0
        self.quantity_milli = 0
        self.own_kopecks = 0
        self.buyers: set[int] = set()
        self.payers: set[int] = set()

    def take(self, account_id: int, amount_kopecks: int, quantity_milli: int, own_kopecks: int) -> None:
        """Add a line of one buyer."""
        self.amount_kopecks += amount_kopecks
        self.quantity_milli += quantity_milli
        if len(self.buyers) < self.limit:
            self.buyers.add(account_id)
        if own_kopecks:
            self.own_kopecks += own_kopecks
            if len(self.payers) < self.limit:
                self.payers.add(account_id)

    def add(self, other: "Cell") -> None:
        """Add all of another cell."""
        self.amount_kopecks += other.amount_kopecks
        self.quantity_milli += other.quantity_milli
        self.own_kopecks += other.own_kopecks
        if len(self.buyers) < self.limit:
            self.buyers |= other.buyers
        if len(self.payers) < self.limit:
            self.payers |= other.payers

    @property
    def is_empty(self) -> bool:
        """Nothing was bought."""
        return not self.buyers

    @property
    def is_safe(self) -> bool:
        """At least `limit` distinct accounts bought."""
        return len(self.buyers) >= self.limit

    @property
    def is_own_safe(self) -> bool:
        """At least `limit` distinct accounts added money of their own."""
        return len(self.payers) >= self.limit


def union(cells: Iterable[Cell], limit: int) -> Cell:
    """All of several cells in one."""
    made = Cell(limit)
    for cell in cells:
        made.add(cell)
    return made


class Split(NamedTuple):
    """What of a total's parts is shown, and the rest in one; `rest` is None if nothing is hidden.

    `shown` is empty and `rest` holds all if no part may be shown.
    """

    shown: Mapping[str, Cell]
    rest: Cell | None


def split(parts: Mapping[str, Cell], limit: int) -> Split:
    """Show the safe parts of a safe total; the others make a rest, which is safe and of two parts at least.

    While the rest is not safe, the smallest part that is shown joins it.
    """
    present = {name: cell for name, cell in parts.items() if not cell.is_empty}
    shown = {name: cell for name, cell in present.items() if cell.is_safe}
    hidden = [cell for name, cell in present.items() if name not in shown]
    if not hidden:
        return Split(shown, None)
    rest = union(hidden, limit)
    for name in sorted(shown, key=lambda name: (shown[name].amount_kopecks, name)):
        if rest.is_safe:
            break
        rest.add(shown.pop(name))
    return Split(shown, rest)


def may_show_own(rows: Mapping[str, Cell]) -> frozenset[str]:
    """Of which rows of a whole table the buyers' own money may be shown beside the total's.

    A row needs enough payers, and so do all the rows together whose own money is not shown.
    """
    if not rows:
        return frozenset()
    limit = next(iter(rows.values())).limit
    shown = {name for name, cell in rows.items() if cell.is_own_safe}
    hidden = [cell for name, cell in rows.items() if name not in shown]
    if not hidden:
        return frozenset(shown)
    rest = union(hidden, limit)
    for name in sorted(shown, key=lambda name: (rows[name].own_kopecks, name)):
        if rest.is_own_safe:
            break
        rest.add(rows[name])
        shown.discard(name)
    return frozenset(shown)


class Rectangle(NamedTuple):
    """The rows and columns whose crossings are hidden; both empty if none is."""

    rows: frozenset[str]
    columns: frozenset[str]

    def hides(self, row: str, column: str) -> bool:
        """Whether this crossing is hidden."""
        return row in self.rows and column in self.columns


Grid = Mapping[tuple[str, str], Cell]
"""Cells by row and column."""


def hide_rectangle(grid: Grid, rows: Iterable[str], columns: Iterable[str], limit: int) -> Rectangle | None:
    """The rectangle to hide in a grid whose row and column totals are all published and safe.

    It holds every cell with fewer buyers than `limit`, and grows until each of its rows and columns is safe
    and no small cell in it has a lower bound above nothing. None if even the whole grid would not do.
    """
    growing = _Growing(grid, sorted(rows), sorted(columns), limit)
    small = [(r, c) for (r, c), cell in grid.items() if not cell.is_empty and not cell.is_safe]
    if not small:
        return Rectangle(frozenset(), frozenset())
    growing.hidden_rows = {r for r, _ in small}
    growing.hidden_columns = {c for _, c in small}
    while (wanted := growing.what_is_missing(small)) is not None:
        # The other side may help where this one has nothing left.
        if not (growing.grow(wanted) or growing.grow("rows" if wanted == "columns" else "columns")):
            return None
    return Rectangle(frozenset(growing.hidden_rows), frozenset(growing.hidden_columns))


class _Growing:
    """A rectangle on its way."""

    def __init__(self, grid: Grid, rows: list[str], columns: list[str], limit: int) -> None:
        self._grid, self._rows, self._columns, self._limit = grid, rows, columns, limit
        self.hidden_rows: set[str] = set()
        self.hidden_columns: set[str] = set()

    def _cells(self, rows: Iterable[str], columns: Iterable[str]) -> Cell:
        wanted = list(columns)
        found = (self._grid.get((row, column)) for row in rows for column in wanted)
        return union((cell for cell in found if cell is not None), self._limit)

    def what_is_missing(self, small: list[tuple[str, str]]) -> str | None:
        """ "rows" or "columns", whichever has to grow; None if the rectangle is safe."""
        if len(self.hidden_columns) < 2:
            return "columns"
        if len(self.hidden_rows) < 2:
            return "rows"
        of_row = {row: self._cells([row], self.hidden_columns) for row in self.hidden_rows}
        if not all(cell.is_safe for cell in of_row.values()):
            return "columns"
        of_column = {column: self._cells(self.hidden_rows, [column]) for column in self.hidden_columns}
        if not all(cell.is_safe for cell in of_column.values()):
            return "rows"
        every = self._cells(self.hidden_rows, self.hidden_columns)
        for row, column in small:
            for measure in MEASURES:
                one, other, both = (getattr(c, measure) for c in (of_row[row], of_column[column], every))
                if one + other > both:
                    return "columns" if one >= other else "rows"
        return None

    def grow(self, side: str) -> bool:
        """Hide the smallest row or column more; False if there is none left."""
        if side == "columns":
            names, hidden = self._columns, self.hidden_columns
            sizes = {name: self._cells(self._rows, [name]).amount_kopecks for name in names}
        else:
            names, hidden = self._rows, self.hidden_rows
            sizes = {name: self._cells([name], self._columns).amount_kopecks for name in names}
        left = [name for name in names if name not in hidden]
        if left:
            hidden.add(min(left, key=lambda name: (sizes[name], name)))
        return bool(left)
