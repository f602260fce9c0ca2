"""A published week as files: HTML with charts, XLSX, CSV. They know nothing but what is published."""

import io
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from gateway.domain.policy import moscow_date
from gateway.spreadsheets import SpreadsheetWriter
from settlement.reports.charts import Bar, bar_chart
from settlement.reports.demand_lines import DemandLine, TableName, demand_lines
from settlement.reports.demand_tables import Week
from settlement.reports.districts import OKRUGS
from settlement.reports.pages import page
from settlement.reports.shown import HIDDEN, shown_day, shown_days, shown_rubles
from settlement.reports.workbooks import CellValue, Column, Look, SheetTable, workbook

_LAST: Final = timedelta(days=6)
_BARS_MAX: Final = 15
"""Of groups: the table below has them all."""

_FIGURES: Final = (
    Column("Сумма, руб.", Look.RUBLES, 16),
    Column("Количество, шт. или кг", Look.QUANTITY, 16),
    Column("Средняя цена, руб.", Look.RUBLES, 14),
    Column("Доля своих денег", Look.PERCENT, 12),
    Column("Сумма к прошлой неделе", Look.PERCENT, 14),
    Column("Количество к прошлой неделе", Look.PERCENT, 14),
)
_NAMES: Final = {
    TableName.GROUPS: (Column("Группа", width=34), Column("Вид", width=36)),
    TableName.DISTRICTS: (Column("Округ", width=26),),
    TableName.CROSSINGS: (Column("Группа", width=34), Column("Округ", width=26)),
}


def demand_files(week: Week, before: Week | None, name: str) -> dict[str, bytes]:
    """The files of a week by their names; `before` is the week before it as it was published."""
    lines = demand_lines(week, before)
    return {
        f"demand-{name}.html": _html(week, lines, name).encode(),
        f"demand-{name}.xlsx": _xlsx(week, lines, name),
        f"demand-{name}.csv": _csv(lines).encode(),
    }


def _of(lines: Sequence[DemandLine], table: TableName) -> list[DemandLine]:
    return [line for line in lines if line.table is table]


def _html(week: Week, lines: Sequence[DemandLine], name: str) -> str:
    groups, districts = _of(lines, TableName.GROUPS), _of(lines, TableName.DISTRICTS)
    kinds: Mapping[str, list[DemandLine]] = {line.group: [] for line in groups}
    for line in _of(lines, TableName.KINDS):
        kinds[line.group].append(line)
    crossings = {(line.group, line.district): line.figure for line in _of(lines, TableName.CROSSINGS)}
    seen = {group for (group, _), figure in crossings.items() if figure is not None}
    group_bars = [_bar(line, line.group) for line in groups[:_BARS_MAX]]
    district_bars = [_bar(line, OKRUGS.get(line.district, line.district)) for line in districts]
    return page(
        "demand.html",
        week=week,
        name=name,
        days=shown_days(week.first_day, week.first_day + _LAST),
        made_on=shown_day(moscow_date(week.made_at)),
        total=next(iter(lines), None),
        groups=groups,
        kinds=kinds,
        districts=districts,
        crossings=crossings,
        crossed=[line for line in groups if line.group in seen],
        group_chart=bar_chart("groups", "Крупнейшие группы по сумме, ₽", group_bars),
        district_chart=bar_chart("districts", "Сумма по округам, ₽", district_bars),
    )


def _bar(line: DemandLine, name: str) -> Bar:
    amount = line.figure.amount_kopecks if line.figure else 0
    return Bar(name, amount, f"{shown_rubles(amount)[:-3]} ₽", line.is_rest)


def _figures(line: DemandLine) -> tuple[CellValue, ...]:
    if line.figure is None:
        return (HIDDEN, *(None for _ in _FIGURES[1:]))
    f = line.figure
    price = f.price_kopecks if f.quantity_milli else None
    return f.amount_kopecks, f.quantity_milli, price, f.own_permille, line.amount_change, line.quantity_change


def _xlsx(week: Week, lines: Sequence[DemandLine], name: str) -> bytes:
    days = shown_days(week.first_day, week.first_day + _LAST)
    heading = (
        f"Спрос по социальным сертификатам, неделя {name}: {days}",
        f"За каждой суммой не меньше {week.accounts_min} разных покупателей",
    )
    goods = [line for line in lines if line.table in (TableName.TOTAL, TableName.GROUPS, TableName.KINDS)]
    tables = (
        (TableName.GROUPS, goods, lambda line: (line.group or "Всего", line.kind)),
        (TableName.DISTRICTS, _of(lines, TableName.DISTRICTS), lambda line: (line.district,)),
        (TableName.CROSSINGS, _of(lines, TableName.CROSSINGS), lambda line: (line.group, line.district)),
    )
    return workbook(
        [
            SheetTable(
                table.capitalize(),
                (*_NAMES[table], *_FIGURES),
                [(*names(line), *_figures(line)) for line in found],
                heading,
            )
            for table, found, names in tables
        ],
        title=heading[0],
        made_at=week.made_at,
    )


def _csv(lines: Sequence[DemandLine]) -> str:
    out = io.StringIO(newline="")
    writer = SpreadsheetWriter(out, has_mark=True)
    writer.row(("Таблица", "Группа", "Вид", "Округ", *(column.title for column in _FIGURES)))
    for line in lines:
        cells = [_plain(value, c.look) for value, c in zip(_figures(line), _FIGURES, strict=True)]
        writer.row((line.table, line.group, line.kind, line.district, *cells))
    return out.getvalue()


def _plain(value: CellValue, look: Look) -> object:
    """A cell of CSV: a decimal comma, as the Russian spreadsheet that opens it expects."""
    if not isinstance(value, int):
        return value
    digits = {Look.RUBLES: 2, Look.QUANTITY: 3, Look.PERCENT: 1}[look]
    sign, number = "-" if value < 0 else "", abs(value)
    return Comma(f"{sign}{number // 10**digits},{number % 10**digits:0{digits}}")


class Comma(NamedTuple):
    """A number written with a comma. No text that somebody typed, so its sign stays as it is."""

    text: str

    def __str__(self) -> str:
        return self.text
