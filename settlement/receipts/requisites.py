"""What numbers and sums of a receipt may be, whatever form it comes in."""

import re
from datetime import datetime
from typing import Final

from settlement.errors import SettlementError
from settlement.receipts.errors import ReceiptCode

FISCAL_NUMBER_MAX: Final = 2**32 - 1
"""ФД (tag 1040) and ФПД (tag 1077, without its two leading bytes) are unsigned 32-bit numbers."""

_YEARS: Final = range(2016, 2200)
"""Fiscal drives came with the law of 2016; no till's clock is honestly beyond 2200."""

KOPECKS_MAX: Final = 10**15
"""Ten trillion rubles: beyond any receipt, and far within the database's numbers."""

_DIGITS_16: Final = re.compile(r"[0-9]{16}", re.ASCII)


def check_drive_number(text: str) -> str:
    """A ФН of 16 digits; raises SettlementError DRIVE_NUMBER_WRONG."""
    if not _DIGITS_16.fullmatch(text):
        raise SettlementError(ReceiptCode.DRIVE_NUMBER_WRONG)
    return text


def check_till_number(text: str) -> str:
    """A РН ККТ of 16 digits; raises SettlementError TILL_NUMBER_WRONG."""
    if not _DIGITS_16.fullmatch(text):
        raise SettlementError(ReceiptCode.TILL_NUMBER_WRONG)
    return text


def check_number(field: str, number: int) -> int:
    """A ФД or ФПД; raises SettlementError NUMBER_OUT_OF_RANGE."""
    if not 1 <= number <= FISCAL_NUMBER_MAX:
        raise SettlementError(ReceiptCode.NUMBER_OUT_OF_RANGE, field=field, limit=FISCAL_NUMBER_MAX)
    return number


def check_amount(field: str, kopecks: int) -> int:
    """Kopecks of a receipt; raises SettlementError SUM_NEGATIVE, SUM_TOO_LARGE."""
    if kopecks < 0:
        raise SettlementError(ReceiptCode.SUM_NEGATIVE, field=field)
    if kopecks > KOPECKS_MAX:
        raise SettlementError(ReceiptCode.SUM_TOO_LARGE, field=field)
    return kopecks


def check_time(instant: datetime) -> datetime:
    """A receipt's time; raises SettlementError TIME_UNREADABLE outside of 2016 to 2199."""
    if instant.year not in _YEARS:
        raise SettlementError(ReceiptCode.TIME_UNREADABLE, value=instant.isoformat())
    return instant
