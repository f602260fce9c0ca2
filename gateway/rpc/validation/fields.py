"""Rules of single fields: texts, ids, amounts, codes with check digits.

Each function notes what is wrong in `findings`; what it returns then is never used, because
the message is refused as a whole.
"""

import re
from functools import lru_cache
from typing import Final
from uuid import UUID

from gateway.domain.basket import ROUNDING_MAX_KOPECKS
from gateway.domain.category import OKPD2_FORM
from gateway.domain.money import AMOUNT_MAX_KOPECKS, QUANTITY_MAX_MILLI
from gateway.domain.reasons import Reason
from gateway.goods.identity.gtin import read_gtin
from gateway.goods.identity.problems import Problem
from gateway.ledger.ids import uuid_of
from gateway.rpc.validation.findings import Findings

TEXT_MAX_CHARS: Final = 128
MARKING_CODE_MAX_CHARS: Final = 255
TAG_MAX: Final = 255
"""Tags 1199, 1212 and 1214 are one byte."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# A marking code separates its parts by the control character GS.
_CONTROL_BUT_GS: Final = re.compile(r"[\x00-\x1c\x1e\x1f\x7f-\x9f]")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_NIL: Final = UUID(int=0)


def is_digits(text: str) -> bool:
    """True for one or more ASCII digits and nothing else."""
    return text.isascii() and text.isdigit()


def check_text(text: str, field: str, findings: Findings) -> None:
    """At most TEXT_MAX_CHARS characters, none of them a control character; empty is fine."""
    if len(text) > TEXT_MAX_CHARS:
        ru, en = (
            f"{len(text)} символов, можно {TEXT_MAX_CHARS}",
            f"over {TEXT_MAX_CHARS} characters: {len(text)}",
        )
        findings.add(Reason.TEXT_INVALID, field, ru, en)
    elif not text.isprintable() and _CONTROL.search(text):
        findings.add(Reason.TEXT_INVALID, field, "управляющий символ", "a control character")


def check_marking_code(code: str, field: str, findings: Findings) -> None:
    """At most MARKING_CODE_MAX_CHARS characters; GS (0x1D) may separate the parts of the code."""
    if len(code) > MARKING_CODE_MAX_CHARS or _CONTROL_BUT_GS.search(code):
        ru, en = "слишком длинный или с управляющим символом", "too long, or holds a control character"
        findings.add(Reason.TEXT_INVALID, field, ru, en)


def read_uuid(text: str, field: str, findings: Findings) -> UUID:
    """A UUID in its canonical form of 36 characters."""
    if not _UUID.fullmatch(text):
        findings.add(Reason.FIELD_INVALID, field, "не UUID", "not a UUID")
        return _NIL
    return uuid_of(text)


def read_request_id(text: str, field: str, findings: Findings) -> UUID:
    """A request id: UUID of version 7 and the variant of RFC 9562."""
    if not text:
        findings.add(Reason.FIELD_MISSING, field, "не заполнено", "not set")
    elif not _UUID.fullmatch(text):
        findings.add(Reason.REQUEST_ID_INVALID, field, "не UUID", "not a UUID")
    elif text[14] != "7" or text[19] not in "89abAB":
        findings.add(Reason.REQUEST_ID_INVALID, field, "UUID не версии 7", "a UUID of another version than 7")
    else:
        return uuid_of(text)
    return _NIL


def check_amount(kopecks: int, lowest: int, field: str, findings: Findings) -> bool:
    """An amount from `lowest` to AMOUNT_MAX_KOPECKS; returns whether it is."""
    if lowest <= kopecks <= AMOUNT_MAX_KOPECKS:
        return True
    ru = f"{kopecks} коп., можно от {lowest} до {AMOUNT_MAX_KOPECKS}"
    en = f"{kopecks} kopecks, {lowest} to {AMOUNT_MAX_KOPECKS} allowed"
    findings.add(Reason.AMOUNT_OUT_OF_RANGE, field, ru, en)
    return False


def check_quantity(milli: int, field: str, findings: Findings) -> bool:
    """A quantity of 1 to QUANTITY_MAX_MILLI thousandths; returns whether it is."""
    if 1 <= milli <= QUANTITY_MAX_MILLI:
        return True
    ru = f"{milli} тысячных, можно от 1 до {QUANTITY_MAX_MILLI}"
    en = f"{milli} thousandths, 1 to {QUANTITY_MAX_MILLI} allowed"
    findings.add(Reason.QUANTITY_OUT_OF_RANGE, field, ru, en)
    return False


def check_rounding(kopecks: int, field: str, findings: Findings) -> None:
    """A receipt total is rounded down by less than a ruble."""
    if not 0 <= kopecks <= ROUNDING_MAX_KOPECKS:
        ru = f"{kopecks} коп., можно от 0 до {ROUNDING_MAX_KOPECKS}"
        en = f"{kopecks} kopecks, 0 to {ROUNDING_MAX_KOPECKS} allowed"
        findings.add(Reason.AMOUNT_OUT_OF_RANGE, field, ru, en)


def check_tag(value: int, field: str, findings: Findings) -> None:
    """The value of a one-byte fiscal tag; 0 = not told."""
    if not 0 <= value <= TAG_MAX:
        findings.add(Reason.FIELD_INVALID, field, f"можно от 0 до {TAG_MAX}", f"0 to {TAG_MAX} allowed")


def check_gtin(gtin: str, field: str, findings: Findings) -> None:
    """GTIN-8, -12, -13 or -14 or UPC-E, with its check digit; not zeros alone."""
    read = read_gtin(gtin)
    if read is Problem.CHECK_DIGIT:
        ru, en = "последняя цифра кода", "the last digit of the code"
        findings.add(Reason.CHECK_DIGIT_WRONG, field, ru, en)
    elif read is Problem.ALL_ZEROS:
        findings.add(Reason.FIELD_INVALID, field, "одни нули, а не код", "zeros alone are no code")
    elif isinstance(read, Problem):
        ru, en = "нужно 8, 12, 13 или 14 цифр", "8, 12, 13 or 14 digits are needed"
        findings.add(Reason.FIELD_INVALID, field, ru, en)


def check_okpd2(code: str, field: str, findings: Findings) -> None:
    """A dotted ОКПД2 code of any depth: 10, 10.5, 10.51, 10.51.1, 10.51.11, 10.51.11.111."""
    if not is_okpd2(code):
        # Not repeated: it may be a card number in the wrong place.
        ru, en = "не код ОКПД2", "is no ОКПД2 code"
        findings.add(Reason.OKPD2_INVALID, field, ru, en)


@lru_cache(maxsize=65_536)
def is_okpd2(code: str) -> bool:
    """True if a code has the form of one of the classification's levels."""
    return OKPD2_FORM.fullmatch(code) is not None
