"""One row of a file of certificates: its cells become an Issue command, or are refused by name.

No text here repeats what a cell holds: a card number in the wrong column must not reach a result file.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID, uuid5

from gateway.domain.commands import Act, Issue
from gateway.domain.money import AMOUNT_MAX_KOPECKS

REQUIRED: Final = (
    "issue_ref",
    "holder_id",
    "program",
    "program_version",
    "nominal_rubles",
    "first_day",
    "last_day",
    "act_body",
    "act_number",
    "act_date",
)
OPTIONAL: Final = ("card_number", "card_series", "own_nominal")
COLUMNS: Final = frozenset((*REQUIRED, *OPTIONAL))

TEXT_MAX_CHARS: Final = 128

COLUMN_OF_FIELD: Final = {
    "holder_ref": "holder_id",
    "program_code": "program",
    "nominal_kopecks": "nominal_rubles",
    "names_own_nominal": "own_nominal",
    "act.body": "act_body",
    "act.number": "act_number",
    "act.date": "act_date",
}
"""Columns whose name differs from the command's field."""

_NAMESPACE: Final = UUID("5a1e6b2c-8d0f-5c63-9b1a-7f6d2f1c4e90")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# What the decoder leaves of bytes that are not UTF-8.
_NOT_UTF8: Final = re.compile(r"[\ud800-\udfff]")
_RUBLES: Final = re.compile(r"([0-9]{1,13})\.([0-9]{2})", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_YES_NO: Final = {"": False, "no": False, "yes": True}
# A spreadsheet that opens the result file would take such a text for a formula.
_FORMULA: Final = ("=", "+", "-", "@")

TokenOf = Callable[[str, str], bytes]
"""Turns number and series of a card into its keyed token; raises ValueError if it is no card number."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row: the column ("" = the row as a whole), in Russian and English."""

    column: str
    ru: str
    en: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file at line `number`: a command and the token of its card, or its problem.

    `issue_ref` is "" if it cannot be told safely.
    """

    number: int
    issue_ref: str
    command: Issue | None = None
    card_token: bytes | None = field(default=None, repr=False)
    problem: Problem | None = None


class _CellError(Exception):
    def __init__(self, column: str, ru: str, en: str) -> None:
        super().__init__(column)
        self.problem = Problem(column, ru, en)


def refused(number: int, problem: Problem, issue_ref: str = "") -> Row:
    """A row that never becomes a command."""
    return Row(number, issue_ref, problem=problem)


def request_id_of(issue_ref: str) -> UUID:
    """The request id of an issue: a file that is loaded twice asks twice under one id."""
    return uuid5(_NAMESPACE, issue_ref)


def read_row(number: int, cells: Mapping[str, str], token_of: TokenOf) -> Row:
    """Check the cells of a row, by column; its first problem is told."""
    issue_ref = ""
    try:
        issue_ref = _issue_ref(cells)
        holder_ref = _text(cells, "holder_id")
        command = Issue(
            request_id=request_id_of(issue_ref),
            issue_ref=issue_ref,
            holder_ref=holder_ref,
            program_code=_text(cells, "program"),
            program_version=_version(cells),
            nominal_kopecks=_kopecks(cells),
            first_day=_day(cells, "first_day"),
            last_day=_day(cells, "last_day"),
            act=Act(_text(cells, "act_body"), _text(cells, "act_number"), _day(cells, "act_date")),
            names_own_nominal=_yes_no(cells),
        )
        return Row(number, issue_ref, command, _card_token(cells, token_of))
    except _CellError as error:
        return refused(number, error.problem, issue_ref)


def _cell(cells: Mapping[str, str], column: str) -> str:
    text = cells.get(column, "").strip()
    if _NOT_UTF8.search(text):
        raise _CellError(column, "не в кодировке UTF-8", "is not UTF-8")
    if _CONTROL.search(text):
        raise _CellError(column, "содержит управляющий символ", "holds a control character")
    if len(text) > TEXT_MAX_CHARS:
        raise _CellError(
            column, f"длиннее {TEXT_MAX_CHARS} символов", f"is longer than {TEXT_MAX_CHARS} characters"
        )
    return text


def _text(cells: Mapping[str, str], column: str) -> str:
    text = _cell(cells, column)
    if not text:
        raise _CellError(column, "не заполнено", "is empty")
    number = cells.get("card_number", "").strip()
    if number and text == number:
        raise _CellError(column, "повторяет номер карты", "repeats the card number")
    return text


def _issue_ref(cells: Mapping[str, str]) -> str:
    text = _text(cells, "issue_ref")
    if text.startswith(_FORMULA):
        raise _CellError("issue_ref", "начинается с =, +, - или @", "begins with =, +, - or @")
    return text


def _version(cells: Mapping[str, str]) -> int:
    text = _text(cells, "program_version")
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**31):
        raise _CellError("program_version", "не номер версии", "is not the number of a version")
    return int(text)


def kopecks_of(text: str) -> int | None:
    """Rubles with exactly two decimals, read without a float: "500.00" is 50000; None if it is no amount."""
    found = _RUBLES.fullmatch(text)
    kopecks = int(found[1] + found[2]) if found else 0
    return kopecks if 0 < kopecks <= AMOUNT_MAX_KOPECKS else None


def _kopecks(cells: Mapping[str, str]) -> int:
    kopecks = kopecks_of(_text(cells, "nominal_rubles"))
    if kopecks is None:
        raise _CellError(
            "nominal_rubles", "не рубли с копейками через точку: 500.00", "is not rubles like 500.00"
        )
    return kopecks


def _day(cells: Mapping[str, str], column: str) -> date:
    text = _text(cells, column)
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _CellError(column, "не дата вида 2026-12-31", "is not a day like 2026-12-31")


def _yes_no(cells: Mapping[str, str]) -> bool:
    text = _cell(cells, "own_nominal")
    if text not in _YES_NO:
        raise _CellError("own_nominal", "не yes и не no", "is neither yes nor no")
    return _YES_NO[text]


def _card_token(cells: Mapping[str, str], token_of: TokenOf) -> bytes | None:
    number, series = _cell(cells, "card_number"), _cell(cells, "card_series")
    if not number:
        if series:
            raise _CellError("card_number", "не заполнено, а серия есть", "is empty beside a series")
        return None
    try:
        return token_of(number, series)
    except ValueError:
        raise _CellError("card_number", "не номер карты", "is not a card number") from None
