"""The string of a receipt's QR code: t=20261101T1205&s=120.50&fn=…&i=…&fp=…&n=1."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Final

from gateway.domain.policy import MOSCOW
from gateway.domain.purchase import ReceiptKind
from gateway.domain.settlement_terms import Evidence
from gateway.record.writing import kept_text
from settlement.errors import SettlementError
from settlement.receipts.errors import ReceiptCode
from settlement.receipts.model import EvidenceReceipt
from settlement.receipts.requisites import (
    check_amount,
    check_drive_number,
    check_number,
    check_time,
)

QR_MAX_CHARS: Final = 300

_TIMES: Final = {13: "%Y%m%dT%H%M", 15: "%Y%m%dT%H%M%S"}
_TIME: Final = re.compile(r"[0-9]{8}T[0-9]{4}([0-9]{2})?", re.ASCII)
_SUM: Final = re.compile(r"[0-9]{1,13}([.,][0-9]{1,2})?", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9]{1,16}", re.ASCII)
_KINDS: Final = {"1": ReceiptKind.SALE, "2": ReceiptKind.RETURN}
_FIELDS: Final = ("t", "s", "fn", "i", "fp", "n")


def read_qr(text: str) -> EvidenceReceipt:
    """The receipt that a QR string tells; its time is with or without seconds, and Moscow's.

    Such a receipt is DECLARED: whoever can print a QR code can make one. Raises SettlementError.
    """
    if len(text) > QR_MAX_CHARS:
        raise SettlementError(ReceiptCode.ROW_TOO_LONG, limit=QR_MAX_CHARS)
    pairs = [part.partition("=") for part in text.strip().split("&")]
    found = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if len(found) != len(pairs):
        raise SettlementError(ReceiptCode.QR_UNREADABLE, what="поле повторяется / a field stands twice")
    for name in _FIELDS:
        if not found.get(name):
            raise SettlementError(ReceiptCode.FIELD_MISSING, field=name)
    if found["n"] not in _KINDS:
        raise SettlementError(ReceiptCode.NOT_A_SALE, operation=found["n"])
    return EvidenceReceipt(
        kind=_KINDS[found["n"]],
        fiscal_drive_number=check_drive_number(found["fn"]),
        fiscal_document_number=check_number("i", _digits("i", found["i"])),
        fiscal_sign=check_number("fp", _digits("fp", found["fp"])),
        issued_at=check_time(_time(found["t"])),
        total_kopecks=check_amount("s", _kopecks(found["s"])),
        level=Evidence.DECLARED,
    )


def _digits(field: str, text: str) -> int:
    if not _DIGITS.fullmatch(text):
        raise SettlementError(ReceiptCode.FIELD_UNREADABLE, field=field, value=kept_text(text))
    return int(text)


def _kopecks(text: str) -> int:
    if text.startswith("-"):
        raise SettlementError(ReceiptCode.SUM_NEGATIVE, field="s")
    if not _SUM.fullmatch(text):
        raise SettlementError(ReceiptCode.FIELD_UNREADABLE, field="s", value=kept_text(text))
    return int(Decimal(text.replace(",", ".")) * 100)


def _time(text: str) -> datetime:
    if not _TIME.fullmatch(text):
        raise SettlementError(ReceiptCode.TIME_UNREADABLE, value=kept_text(text))
    try:
        return datetime.strptime(text, _TIMES[len(text)]).replace(tzinfo=MOSCOW)
    except ValueError:
        raise SettlementError(ReceiptCode.TIME_UNREADABLE, value=kept_text(text)) from None
