"""Workbooks (XLSX) for people: every text stays a text, and the same content makes the same bytes.

Every workbook of the project is made here (a test holds them to it).
"""

from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from gateway.domain.policy import MOSCOW
from gateway.spreadsheets import neutral

__all__ = ["Format", "Workbook", "Worksheet", "new_workbook", "plain_text", "write_text"]

_TEXTS_STAY: Final = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}


def new_workbook(
    target: Path | BinaryIO, *, title: str, made_at: datetime, rows_folder: Path | None = None
) -> Workbook:
    """A workbook that whoever asked closes; `made_at` is the time in the file.

    With a folder, rows are written into it as they come, in their order, and leave the memory.
    """
    options: dict[str, Any] = dict(_TEXTS_STAY)
    if rows_folder is not None:
        options |= {"constant_memory": True, "tmpdir": str(rows_folder)}
    else:
        options |= {"in_memory": True}
    book = Workbook(str(target) if isinstance(target, Path) else target, options)
    book.set_properties({"title": title, "created": made_at.astimezone(MOSCOW).replace(tzinfo=None)})
    return book


def plain_text(text: str) -> str:
    """A text as a cell may have it: no formula, since the workbook may be saved as CSV, and no markup.

    A text in `<r>` is written into the file as it stands where rows leave the memory.
    """
    said = str(neutral(text))
    return f"'{said}" if said.startswith("<r>") else said


def write_text(sheet: Worksheet, row: int, column: int, text: str, look: Format | None = None) -> None:
    """Put a text into a cell."""
    sheet.write_string(row, column, plain_text(text), look)
