"""A published week as lines with their change against the week before: what every format is written from.

Both weeks come as they were published: what is hidden in either has no change.
"""

from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from gateway.domain.money import divide_half_up
from settlement.reports.demand_tables import Figure, Week


class TableName(StrEnum):
    """Tables of the report."""

    TOTAL = "итог"
    GROUPS = "группы"
    KINDS = "виды"
    DISTRICTS = "округа"
    CROSSINGS = "группы по округам"


class DemandLine(Struct, frozen=True):
    """One line of one table. `figure` None is hidden or nothing; changes are tenths of percent."""

    table: TableName
    group: str = ""
    kind: str = ""
    district: str = ""
    figure: Figure | None = None
    is_rest: bool = False
    amount_change: int | None = None
    quantity_change: int | None = None


_Key = tuple[TableName, str, str, str]
_WEEK: Final = timedelta(days=7)


def demand_lines(week: Week, before: Week | None) -> list[DemandLine]:
    """All lines of a week; changes only if `before` is the week right before it."""
    is_neighbour = before is not None and before.first_day + _WEEK == week.first_day
    earlier = {_key(line): line.figure for line in _lines(before)} if before and is_neighbour else {}
    return [_with_change(line, earlier.get(_key(line))) for line in _lines(week)]


def _key(line: DemandLine) -> _Key:
    return line.table, line.group, line.kind, line.district


def _with_change(line: DemandLine, before: Figure | None) -> DemandLine:
    # A rest holds other rows each week.
    if line.is_rest or line.figure is None or before is None:
        return line
    return DemandLine(
        line.table, line.group, line.kind, line.district, line.figure,
        amount_change=_change(before.amount_kopecks, line.figure.amount_kopecks),
        quantity_change=_change(before.quantity_milli, line.figure.quantity_milli),
    )  # fmt: skip


def _change(before: int, now: int) -> int | None:
    if before <= 0:
        return None
    moved = divide_half_up(abs(now - before) * 1000, before)
    return moved if now >= before else -moved


def _lines(week: Week) -> Iterator[DemandLine]:
    if week.total is None:
        return
    yield DemandLine(TableName.TOTAL, figure=week.total)
    for group in week.groups:
        yield DemandLine(TableName.GROUPS, group.name, figure=group.figure, is_rest=group.is_rest)
        for kind in group.kinds:
            yield DemandLine(TableName.KINDS, group.name, kind.name, figure=kind.figure, is_rest=kind.is_rest)
    for district in week.districts:
        yield DemandLine(
            TableName.DISTRICTS, district=district.name, figure=district.figure, is_rest=district.is_rest
        )
    rests = {row.name for row in week.groups if row.is_rest} | {
        row.name for row in week.districts if row.is_rest
    }
    for one in week.crossings:
        is_rest = one.group in rests or one.district in rests
        yield DemandLine(
            TableName.CROSSINGS, one.group, district=one.district, figure=one.figure, is_rest=is_rest
        )
