"""The register of operations as XLSX, written row by row: memory does not grow with the rows.

The same rows make the same bytes: the time in the file is the claim's own.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from gateway.domain.policy import MOSCOW
from gateway.workbooks import new_workbook, plain_text, write_text
from settlement.claims.model import Claim
from settlement.documents.rows import COLUMNS, Look, RegisterRow, Summary, totals_of
from settlement.documents.words import period_in_words, shown_day

HEADER_ROWS: Final = 4
"""Rows above the first operation: two of title, an empty one, the columns' titles."""

_FORMATS: Final = {
    Look.COUNT: "0",
    Look.MOMENT: "dd.mm.yyyy hh:mm:ss",
    Look.DAY: "dd.mm.yyyy",
    Look.TEXT: "@",
    Look.SUM: "#,##0.00",
}
_SUM_COLUMN: Final = next(n for n, column in enumerate(COLUMNS) if column.look is Look.SUM)
_TITLE_COLUMN: Final = 1
_EPOCH: Final = date(1899, 12, 30).toordinal()
_DAY_S: Final = 86_400
_A3: Final = 8


class XlsxRegister:
    """Writes rows as they come, then the totals; the file is there when `finish` has returned.

    `folder` takes what is not packed yet, about as much as ten times the file.
    """

    def __init__(self, path: Path, claim: Claim, folder: Path) -> None:
        self._book = new_workbook(path, title="Реестр операций", made_at=claim.built_at, rows_folder=folder)
        self._bold = self._book.add_format({"bold": True})
        self._plain = self._book.add_format({"num_format": "0"})
        self._sum = self._book.add_format({"num_format": _FORMATS[Look.SUM], "bold": True})
        self._head = self._book.add_format(
            {"bold": True, "text_wrap": True, "valign": "vcenter", "align": "center", "border": 1,
             "bg_color": "#EDEDED"}
        )  # fmt: skip
        self._sheet = self._book.add_worksheet("Реестр")
        self._row = HEADER_ROWS
        self._is_closed = False
        self._begin(claim)

    def _begin(self, claim: Claim) -> None:
        sheet = self._sheet
        sheet.set_landscape()
        sheet.set_paper(_A3)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(HEADER_ROWS - 1)
        sheet.freeze_panes(HEADER_ROWS, 1)
        for n, column in enumerate(COLUMNS):
            looks = self._book.add_format({"num_format": _FORMATS[column.look]})
            sheet.set_column(n, n, column.width, looks)
        signed = f" от {shown_day(claim.agreement_signed_on)}" if claim.agreement_signed_on else ""
        period = period_in_words(claim.first_day, claim.last_day)
        sheet.write_string(0, 0, f"Реестр операций к расчёту № {claim.id} за {period}", self._bold)
        participant = claim.participant
        said = (
            f"{participant.full_name}, ИНН {participant.inn}; договор № {claim.agreement_number}{signed};"
            f" корректировка {claim.correction_number}"
        )
        write_text(sheet, 1, 0, said)
        sheet.set_row(HEADER_ROWS - 1, 32)
        for n, column in enumerate(COLUMNS):
            sheet.write_string(HEADER_ROWS - 1, n, column.title, self._head)

    def write(self, rows: Iterable[RegisterRow]) -> None:
        """Write the next rows; a cell without a value is left out, and each has its column's format."""
        string, number = self._sheet.write_string, self._sheet.write_number
        for row in rows:
            for n, (field, look) in enumerate(_FIELDS):
                value = getattr(row, field)
                if value is None or value == "" or value is False:
                    continue
                if look is Look.TEXT:
                    string(self._row, n, "да" if value is True else plain_text(value))
                else:
                    number(self._row, n, _NUMBERS[look](value))
            self._row += 1

    def finish(self, summary: Summary) -> None:
        """Write what stands below, and the file."""
        claim, last = summary.claim, self._row - 1
        if last >= HEADER_ROWS:
            self._sheet.autofilter(HEADER_ROWS - 1, 0, last, len(COLUMNS) - 1)
        self._row += 1
        for title, kopecks in totals_of(claim):
            self._total(title)
            self._sheet.write_number(self._row - 1, _SUM_COLUMN, kopecks / 100, self._sum)
        for title, count in (("Строк", claim.line_count), ("Номер корректировки", claim.correction_number)):
            self._total(title)
            self._sheet.write_number(self._row - 1, _SUM_COLUMN, count, self._plain)
        self._total("Контрольная сумма (SHA-256)", summary.control_sum)
        for seal in summary.seals:
            self._total(f"Печать дня {shown_day(seal.day)}", seal.hash.hex() if seal.hash else "нет")
        self._sheet.set_footer(f"&L&8Контрольная сумма {summary.control_sum}&R&8Стр. &P из &N")
        self.close()

    def close(self) -> None:
        """Let go of what is open; without `finish` the file is not to be used."""
        if not self._is_closed:
            self._is_closed = True
            self._book.close()

    def _total(self, title: str, value: str = "") -> None:
        self._sheet.write_string(self._row, _TITLE_COLUMN, title, self._bold)
        if value:
            self._sheet.write_string(self._row, _SUM_COLUMN, value, self._plain)
        self._row += 1


def _serial_moment(moment: datetime) -> float:
    """Days since the epoch of spreadsheets, Moscow time, to the second."""
    local = moment.astimezone(MOSCOW)
    seconds = local.hour * 3600 + local.minute * 60 + local.second
    return local.toordinal() - _EPOCH + seconds / _DAY_S


def _serial_day(day: date) -> int:
    return day.toordinal() - _EPOCH


_NUMBERS: Final[dict[Look, Callable[[Any], float]]] = {
    Look.COUNT: int,
    Look.MOMENT: _serial_moment,
    Look.DAY: _serial_day,
    Look.SUM: lambda kopecks: kopecks / 100,
}
_FIELDS: Final = tuple((column.field, column.look) for column in COLUMNS)
