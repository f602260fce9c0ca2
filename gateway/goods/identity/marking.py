"""Marking codes of Честный ЗНАК, as scanners and tills hand them on: the GTIN in them, and the serial.

A code is a GS1 message: (01) GTIN (21) serial, then a check part that is no business of ours. A pack of
tobacco has a form of its own without identifiers. Forms, lengths and samples are those of the operator's
description of Data Matrix structures, version 1.2 of 28.01.2022; the symbols of a serial are those of the
GS1 General Specifications, section 7.11.
"""

import re
from enum import Enum
from typing import Final

from biip import ParseConfig, ParseError
from biip.gs1_element_strings import GS1ElementString
from msgspec import Struct

from gateway.goods.identity.gtin import GTIN_DIGITS, read_gtin
from gateway.goods.identity.problems import Problem

SEPARATOR: Final = "\x1d"
"""GS, which scanners send for FNC1."""

TOBACCO_PACK_LENGTHS: Final = frozenset({29, 25, 21})
"""GTIN 14, serial 7, maximum retail price 4, check 4; tills leave off the check, or the price as well."""

STAMP_LENGTHS: Final = frozenset({68, 150})
"""Characters of an alcohol stamp of ЕГАИС, of the old and of the new form."""

_TOBACCO_SERIAL_LENGTH: Final = 7
_ELEMENTS_MAX: Final = 6
_AROUND: Final = frozenset({"01", "10", "11", "13", "15", "16", "17", "21", "240"})
"""Parts that stand before a serial or a GTIN: batch, dates, product. The search ends at any other, and after
so many: each costs some 20 µs, and a till must not make us spend more."""

_FRONT = r"(?:\][A-Za-z][0-9])?\x1d*01([0-9]{14})\x1d?21"
_SYMBOL = r"[!\"%-?A-Z_a-z]"
# What may stand behind a serial: check part, price of a tobacco block, weight of dairy.
_TAIL = r"(?:93.{4}(?:31[0-9]{8})?|91.{4}92(?:.{44}|.{88})|8005[0-9]{6}(?:93.{4})?)"

# The serial surely ends where it seems to: at a separator, or at the end if what stands there is no tail.
_PLAIN: Final = re.compile(rf"{_FRONT}({_SYMBOL}{{1,20}})(?:{SEPARATOR}|(?<!93....)(?<!8005[0-9]{{6}})\Z)")
# The separators are lost, and the serial has a usual length: dairy, tobacco, most goods, cameras.
_LOST: Final = re.compile(rf"{_FRONT}((?:{_SYMBOL}{{6,7}}?|{_SYMBOL}{{13}}|{_SYMBOL}{{20}})){_TAIL}\Z")
_LOST_UNUSUAL: Final = re.compile(rf"{_FRONT}({_SYMBOL}{{1,20}}?){_TAIL}?\Z")
_SERIAL_OR_TAIL_LENGTH: Final = 13
"""Seven symbols and a check part look like a serial of most goods."""

_GTIN_FIRST: Final = re.compile(r"01([0-9]{14})(\x1d?21)?")
_GTIN_SOMEWHERE: Final = re.compile(r"01[0-9]{14}")
_SERIAL: Final = re.compile(rf"{_SYMBOL}{{1,20}}")
# None is made of symbols of a serial but <GS> and <FNC1>, which no serial will hold in this order.
_WRITTEN_SEPARATOR: Final = re.compile(
    r"\\u001[Dd]|\\x1[Dd]|\\035|&#29;|&#x1[Dd];|[<{\[](?:GS|FNC1)[>}\]]|[\u241d\u2194|]"
)
_LEADING: Final = re.compile(r"(?:\][A-Za-z][0-9]|[\s\xe8\ufeff])+")
_IN_PARENTHESES: Final = re.compile(r"\x1d?\((0[12]|1[0-7]|21|240|3[1-6][0-9]{2}|37|8005|9[0-9])\)")
# Some codes carry a date of zeros.
_CONFIG: Final = ParseConfig(gs1_element_strings_verify_date=False)


class MarkingForm(Enum):
    """How a code is built."""

    GS1 = "gs1"
    TOBACCO_PACK = "tobacco_pack"
    """Tobacco, whatever else is said of the line."""
    ALCOHOL_STAMP = "alcohol_stamp"
    """Alcohol, whatever else is said of the line; it names no GTIN."""
    UNKNOWN = "unknown"


class MarkingCode(Struct, frozen=True, gc=False):
    """What was read: `gtin` is 14 digits with their check digit or empty, `serial` may be empty.

    A `gtin` is good whatever the `problem`: its place is fixed, however odd the rest.
    """

    form: MarkingForm
    gtin: str = ""
    serial: str = ""
    problem: Problem | None = None


# Measured on CPython 3.11: 2.1 µs for a code with its separators, 3.3 µs with them lost, 4.6 µs for a pack of
# tobacco, 5.5 and 10 µs with separators written out or parentheses, 40 to 150 µs where other parts stand in
# between. biip takes 150 µs for each: codes are unique, nothing could be remembered.
def read_marking_code(text: str) -> MarkingCode:
    r"""Reads a code in any way that tills send it; never raises.

    Known are GS as it is, written out (\u001d, <GS> and the like) or lost; FNC1 or a symbology identifier
    (]d2, ]C1) in front; identifiers in parentheses.
    """
    found = _PLAIN.match(text)
    if found is None:
        return _read_lost(text) or _read_odd(text)
    digits, serial = found.groups()
    return _gs1(digits, serial, None)


def _gs1(digits: str, serial: str, problem: Problem | None) -> MarkingCode:
    gtin = read_gtin(digits)
    if isinstance(gtin, Problem):
        return MarkingCode(MarkingForm.GS1, "", serial, gtin)
    return MarkingCode(MarkingForm.GS1, gtin, serial, problem)


def _read_lost(text: str) -> MarkingCode | None:
    """A code without separators whose serial has a usual length: what is left in front of a check part.

    That thirteen random symbols look like seven and a check part is a chance of 1 in 6,000, so they are
    taken for that, and marked.
    """
    found = _LOST.match(text)
    if found is None:
        return None
    is_guess = found.end() - found.start(2) == _SERIAL_OR_TAIL_LENGTH
    return _gs1(found[1], found[2], Problem.SERIAL_END_GUESSED if is_guess else None)


def _read_odd(text: str) -> MarkingCode:
    if _is_stamp(text):
        return MarkingCode(MarkingForm.ALCOHOL_STAMP, problem=Problem.OPAQUE)
    message = _unwrapped(text)
    read = _PLAIN.match(message)
    if read is not None:
        return _gs1(read[1], read[2], None)
    if lost := _read_lost(message):
        return lost
    starts = _GTIN_FIRST.match(message)
    if starts is not None and not isinstance(read_gtin(starts[1]), Problem):
        return _gs1(starts[1], *_serial_of(message, has_serial_next=starts[2] is not None))
    if tobacco := _tobacco_pack(message):
        return tobacco
    digits, serial = _search(message)
    if digits:
        return _gs1(digits, serial, None if serial else Problem.SERIAL_UNREADABLE)
    return MarkingCode(MarkingForm.UNKNOWN, problem=Problem.UNKNOWN_FORM)


def _is_stamp(text: str) -> bool:
    # A GS1 code of this length has small letters or "=" in its check part.
    return len(text) in STAMP_LENGTHS and text.isascii() and text.isalnum() and text.upper() == text


def _unwrapped(text: str) -> str:
    """The message with GS for every separator, nothing in front, and no parentheses."""
    message = _WRITTEN_SEPARATOR.sub(SEPARATOR, text)
    if found := _LEADING.match(message):
        message = message[found.end() :]
    if message.startswith("("):
        message = _IN_PARENTHESES.sub(rf"{SEPARATOR}\1", message).lstrip(SEPARATOR)
    return message.rstrip(" \t\r\n")


def _serial_of(message: str, *, has_serial_next: bool) -> tuple[str, Problem | None]:
    """The serial of a message that begins with a GTIN, where neither of the plain forms fits."""
    if found := _LOST_UNUSUAL.match(message):
        return found[2], Problem.SERIAL_END_GUESSED
    # A serial that comes next and did not fit holds what no serial may hold, or is too long.
    serial = "" if has_serial_next or SEPARATOR not in message else _search(message)[1]
    return serial, None if serial else Problem.SERIAL_UNREADABLE


def _search(message: str) -> tuple[str, str]:
    """GTIN and serial of a message, wherever they stand in it; each of them empty if it isn't found.

    It is read from the left until both are found. A serial counts only if a separator or the end follows it,
    and the message has separators: else it would swallow its neighbours.
    """
    digits = serial = ""
    rest = message if _GTIN_SOMEWHERE.search(message) else ""
    for _ in range(_ELEMENTS_MAX):
        if not rest or (digits and serial):
            break
        try:
            element = GS1ElementString.extract(rest, config=_CONFIG)
        except (ParseError, ValueError, ArithmeticError):
            break
        rest = rest[len(element) :]
        if element.ai.ai not in _AROUND:
            break
        if element.ai.ai == "01":
            digits = element.value
        elif element.ai.ai == "21" and SEPARATOR in message and (not rest or rest[0] == SEPARATOR):
            serial = element.value
        rest = rest.lstrip(SEPARATOR)
    return digits, serial


def _tobacco_pack(message: str) -> MarkingCode | None:
    if len(message) not in TOBACCO_PACK_LENGTHS or message.isdigit():
        return None
    gtin = read_gtin(message[:GTIN_DIGITS])
    serial = message[GTIN_DIGITS : GTIN_DIGITS + _TOBACCO_SERIAL_LENGTH]
    if isinstance(gtin, Problem) or not _SERIAL.fullmatch(serial):
        return None
    return MarkingCode(MarkingForm.TOBACCO_PACK, gtin, serial)
