"""CSV for people, who open it in a spreadsheet: no cell of it is ever taken for a formula.

Every writer of CSV in the project goes through here (a test holds them to it). What machines exchange byte by
byte, such as the lines of which a list's SHA-256 is made, is not CSV and is never changed.
"""

import csv
from collections.abc import Iterable
from typing import Final, Protocol

BYTE_ORDER_MARK: Final = "\ufeff"
"""Spreadsheets take a file without it for Windows-1251."""

# OWASP names the first six; a full-width sign becomes the plain one in a spreadsheet of a CJK locale.
_BEGINS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Out(Protocol):
    """Where texts go."""

    def write(self, text: str, /) -> object:
        """Take one more text."""


def neutral(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula: a text that begins as one gets an apostrophe.

    Blanks in front do not hide a formula. Numbers, days and the like are their own and stay.
    """
    if isinstance(cell, str) and cell.lstrip(" \u00a0").startswith(_BEGINS_FORMULA):
        return f"'{cell}"
    return cell


class SpreadsheetWriter:
    """Writes rows of CSV to `out`, every cell neutral; `delimiter` and `line_end` as `csv` has them."""

    def __init__(
        self, out: Out, *, delimiter: str = ";", line_end: str = "\r\n", has_mark: bool = False
    ) -> None:
        if has_mark:
            out.write(BYTE_ORDER_MARK)
        self._writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end)

    def row(self, cells: Iterable[object]) -> None:
        """Write one row."""
        self._writer.writerow([neutral(cell) for cell in cells])

    def rows(self, rows: Iterable[Iterable[object]]) -> None:
        """Write several."""
        for cells in rows:
            self.row(cells)
