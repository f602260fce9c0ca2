"""A file of verdicts: CSV with `n;verdict;reason`, as a spreadsheet saves the register of operations.

UTF-8 or Windows-1251; a heading is known by its first cell. It comes from outside: sizes are bounded, and
what is wrong is named by its row.
"""

import csv
from collections.abc import Mapping
from io import StringIO
from typing import Final, NoReturn

from settlement.claims.model import LineVerdict
from settlement.errors import SettlementError
from settlement.review.errors import ReviewCode
from settlement.review.verdicts import Verdict

BYTES_MAX: Final = 32 << 20

_CELLS: Final = 3
_LINES_MAX: Final = (1 << 31) - 1
_HEADINGS: Final = ("n", "№")
_WORDS: Final[Mapping[str, LineVerdict]] = {
    "approved": LineVerdict.APPROVED,
    "refused": LineVerdict.REFUSED,
    "refused_for_good": LineVerdict.REFUSED_FOR_GOOD,
    "одобрено": LineVerdict.APPROVED,
    "отказано": LineVerdict.REFUSED,
    "отказано окончательно": LineVerdict.REFUSED_FOR_GOOD,
}


def read_verdicts(data: bytes) -> list[Verdict]:
    """The verdicts of a file; raises SettlementError FILE_TOO_LARGE, FILE_MALFORMED."""
    if len(data) > BYTES_MAX:
        raise SettlementError(ReviewCode.FILE_TOO_LARGE, limit=BYTES_MAX)
    found: list[Verdict] = []
    row = 0
    try:
        for row, cells in enumerate(csv.reader(StringIO(_text(data)), delimiter=";", strict=True), 1):
            is_heading = row == 1 and cells and cells[0].strip().casefold() in _HEADINGS
            if any(cell.strip() for cell in cells) and not is_heading:
                found.append(_verdict(row, cells))
    except csv.Error:
        _refuse(row + 1, "кавычки или слишком длинная ячейка", "quotes, or a cell that is too long")
    return found


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1251")
    except UnicodeDecodeError:
        _refuse(1, "кодировка не UTF-8 и не Windows-1251", "the encoding is neither UTF-8 nor Windows-1251")


def _verdict(row: int, cells: list[str]) -> Verdict:
    if len(cells) not in (_CELLS - 1, _CELLS):
        _refuse(row, "нужны n;verdict;reason", "n;verdict;reason are needed")
    number, word = cells[0].strip(), " ".join(cells[1].split()).casefold()
    if not (number.isascii() and number.isdigit() and len(number) <= 10 and int(number) <= _LINES_MAX):
        _refuse(row, "номер строки — целое число", "a line's number is a whole one")
    if word not in _WORDS:
        _refuse(row, f"решение — одно из: {', '.join(_WORDS)}", f"a verdict is one of {', '.join(_WORDS)}")
    return Verdict(int(number), _WORDS[word], cells[2] if len(cells) == _CELLS else "")


def _refuse(row: int, ru: str, en: str) -> NoReturn:
    raise SettlementError(ReviewCode.FILE_MALFORMED, row=row, ru=ru, en=en)
