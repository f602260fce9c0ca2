"""A bank's or the treasury's statement of our account, whatever format it came in."""

import re
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Final

from msgspec import Struct

from settlement.payouts.errors import EntryCode

BYTES_MAX: Final = 32 << 20
ENTRIES_MAX: Final = 100_000
SHOWN_CHARS: Final = 60

_AMOUNT: Final = re.compile(r"([0-9]{1,13})(?:[.,]([0-9]{1,2})(?:0{0,3}))?")


class StatementFormat(StrEnum):
    """What the file was."""

    ONEC = "1C"
    CAMT = "CAMT_053"


class Direction(StrEnum):
    """Which way the money went, seen from our account."""

    DEBIT = "DEBIT"
    CREDIT = "CREDIT"


class Entry(Struct, frozen=True):
    """One booked movement. `n` counts the file's documents from 1, so that people find it.

    `end_to_end_id` is what the bank repeats of an order; "" where the format has no place for it. The
    counterparty is who got the money of a debit, or sent that of a credit. `is_return` means that the bank
    itself marks it as money that came back.
    """

    n: int
    direction: Direction
    booked_on: date
    amount_kopecks: int
    order_number: str = ""
    order_date: date | None = None
    end_to_end_id: str = ""
    counterparty_account: str = ""
    counterparty_inn: str = ""
    counterparty_name: str = ""
    purpose: str = ""
    is_return: bool = False


class Problem(Struct, frozen=True):
    """Why one entry cannot be taken."""

    n: int
    code: EntryCode
    ru: str
    en: str

    def __str__(self) -> str:
        return f"{self.code.name}: {self.en} / {self.ru}"


def problem(n: int, code: EntryCode, **details: object) -> Problem:
    """A problem with its texts."""
    ru, en = (text.format(**details) for text in code.value)
    return Problem(n, code, ru, en)


class Statement(Struct, frozen=True):
    """What a file says; `not_booked` counts orders that it tells of but that have not moved money."""

    format: StatementFormat
    sha256: bytes
    account: str
    first_day: date
    last_day: date
    entries: Sequence[Entry]
    problems: Sequence[Problem]
    not_booked: int


class EntryError(Exception):
    """One entry of a file cannot be read: the reader goes on with the next."""

    def __init__(self, code: EntryCode, **details: object) -> None:
        super().__init__(code.name)
        self.code = code
        self.details = details

    def at(self, n: int) -> Problem:
        """The same as a problem of the entry."""
        return problem(n, self.code, **self.details)


def kopecks_of(text: str) -> int | None:
    """Kopecks of rubles as files write them, above zero or zero; None for anything else."""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        return None
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))


def shown(text: str) -> str:
    """A text of a file as an error shows it."""
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}…"
