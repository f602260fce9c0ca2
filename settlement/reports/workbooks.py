"""Tables as workbooks: one sheet a table, every text neutral, sums as numbers that a sheet can add."""

import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import Enum
from textwrap import wrap
from typing import Any, Final

from msgspec import Struct

from gateway.workbooks import new_workbook, write_text


class Look(Enum):
    """How a column's cells look, and what the numbers in them are."""

    TEXT = "@"
    COUNT = "#,##0"
    RUBLES = "#,##0.00"
    """Given in kopecks."""
    QUANTITY = "#,##0.###"
    """Given in thousandths."""
    PERCENT = "0.0%"
    """Given in tenths of percent."""
    DAY = "dd.mm.yyyy"


_DIVISORS: Final = {Look.RUBLES: 100, Look.QUANTITY: 1000, Look.PERCENT: 1000}

_LINE_POINTS: Final = 15

CellValue = str | int | date | None


class Column(Struct, frozen=True):
    """A column of a table; `width` in characters."""

    title: str
    look: Look = Look.TEXT
    width: int = 14


class SheetTable(Struct, frozen=True):
    """A table with the lines of text above it."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[CellValue]]
    heading: Sequence[str] = ()


def workbook(tables: Iterable[SheetTable], *, title: str, made_at: datetime) -> bytes:
    """The XLSX file of some tables; the same tables make the same bytes."""
    out = io.BytesIO()
    book = new_workbook(out, title=title, made_at=made_at)
    bold = book.add_format({"bold": True, "num_format": "@"})
    head = book.add_format({"bold": True, "text_wrap": True, "border": 1, "bg_color": "#EDEDED"})
    formats = {look: book.add_format({"num_format": look.value}) for look in Look}
    for table in tables:
        _write(book.add_worksheet(table.name), table, bold, head, formats)
    book.close()
    return out.getvalue()


def _lines(column: Column) -> int:
    """How many lines a title takes at most when it is broken between words."""
    return len(wrap(column.title, column.width - 2, break_long_words=False))


def _write(sheet: Any, table: SheetTable, bold: Any, head: Any, formats: dict[Look, Any]) -> None:
    for number, text in enumerate(table.heading):
        write_text(sheet, number, 0, text, bold)
    top = len(table.heading)
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, column.width)
        sheet.write_string(top, place, column.title, head)
    sheet.set_row(top, _LINE_POINTS * max(_lines(column) for column in table.columns))
    sheet.freeze_panes(top + 1, 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(top)
    for number, row in enumerate(table.rows, top + 1):
        for place, (column, value) in enumerate(zip(table.columns, row, strict=True)):
            if isinstance(value, int):
                sheet.write_number(number, place, value / _DIVISORS.get(column.look, 1), formats[column.look])
            elif isinstance(value, date):
                moment = datetime(value.year, value.month, value.day)  # noqa: DTZ001 a day of a sheet
                sheet.write_datetime(number, place, moment, formats[Look.DAY])
            elif value is not None:
                write_text(sheet, number, place, value, formats[Look.TEXT])
