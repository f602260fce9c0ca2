"""The register of operations as CSV, for a Russian spreadsheet: `;`, UTF-8 with a mark, decimal comma.

Programs and mismatches stand in it as codes: a sheet that counts by them should not count by words.
"""

from collections.abc import Iterable
from datetime import date, datetime

from msgspec import Struct

from gateway.spreadsheets import Out, SpreadsheetWriter
from settlement.documents.rows import COLUMNS, RegisterRow, Summary, totals_of
from settlement.documents.words import plain_sum, shown_day, shown_moment

_FIELDS = tuple(column.codes or column.field for column in COLUMNS)
_SUM_COLUMN = _FIELDS.index("amount_kopecks")


class _Rubles(Struct, frozen=True):
    """A number and no text, so that its minus is not taken for the beginning of a formula."""

    kopecks: int

    def __str__(self) -> str:
        return plain_sum(self.kopecks)


class CsvRegister:
    """Writes rows as they come, and the totals, the seals and the control sum at the end."""

    def __init__(self, out: Out) -> None:
        self._writer = SpreadsheetWriter(out, has_mark=True)
        self._writer.row(column.title for column in COLUMNS)

    def write(self, rows: Iterable[RegisterRow]) -> None:
        """Write the next rows."""
        self._writer.rows([_cell(field, getattr(row, field)) for field in _FIELDS] for row in rows)

    def finish(self, summary: Summary) -> None:
        """Write what stands below."""
        claim = summary.claim
        self._writer.row(())
        for title, kopecks in totals_of(claim):
            self._total(title, _Rubles(kopecks))
        self._total("Строк", claim.line_count)
        self._total("Номер корректировки", claim.correction_number)
        self._total("Контрольная сумма (SHA-256)", summary.control_sum)
        for seal in summary.seals:
            told = seal.hash.hex() if seal.hash else "нет"
            self._total(f"Печать дня {shown_day(seal.day)}", told)

    def _total(self, title: str, value: object) -> None:
        self._writer.row(["", title, *[""] * (_SUM_COLUMN - 2), value])


def _cell(field: str, value: object) -> object:
    if field == "amount_kopecks" and isinstance(value, int):
        return _Rubles(value)
    if isinstance(value, bool):
        return "да" if value else ""
    if isinstance(value, datetime):
        return shown_moment(value)
    if isinstance(value, date):
        return shown_day(value)
    return value
