"""Receipts in the tax service's JSON, flat or nested, kopecks or (where it says so) rubles."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from gateway.domain.policy import MOSCOW
from gateway.domain.purchase import ReceiptKind
from gateway.domain.settlement_terms import Evidence
from gateway.record.writing import kept_text
from settlement.errors import SettlementError
from settlement.receipts.errors import ReceiptCode
from settlement.receipts.model import EvidenceReceipt, ReceiptLine
from settlement.receipts.requisites import (
    check_amount,
    check_drive_number,
    check_number,
    check_till_number,
    check_time,
)

LINES_MAX: Final = 5_000
_SHOWN_CHARS: Final = 60
_NAME_MAX_CHARS: Final = 300
_DEPTH_MAX: Final = 6
_READABLE_MAX: Final = Decimal(10**18)

# Tag 1054 with the form of the document (`code`): 3 and 4 are receipts, 31 and 41 their corrections.
_CORRECTION_CODES: Final = frozenset({31, 41})
_CORRECTION_NAMES: Final = frozenset({"receiptCorrection", "bsoCorrection"})
_RECEIPT_NAMES: Final = ("receipt", "bso", "receiptCorrection", "bsoCorrection")
_WRAPPERS: Final = ("ticket", "document", "data", "json")
_KINDS: Final = {
    (1, False): ReceiptKind.SALE,
    (2, False): ReceiptKind.RETURN,
    (1, True): ReceiptKind.CORRECTION_SALE,
    (2, True): ReceiptKind.CORRECTION_RETURN,
}
_TAGS: Final = {
    "cashTotalSum": "1031",
    "ecashTotalSum": "1081",
    "prepaidSum": "1215",
    "creditSum": "1216",
    "provisionSum": "1217",
}
_TIMES: Final = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M")

Found = Mapping[str, Any]
InnCheck = Callable[[str], bool]
"""Whether the check digits of an INN are right."""

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def decode_json(text: str) -> Any:
    """Any JSON, its broken numbers as Decimal; raises SettlementError NOT_JSON."""
    try:
        return _decode(text)
    except (msgspec.DecodeError, RecursionError, ArithmeticError, ValueError) as error:
        raise SettlementError(ReceiptCode.NOT_JSON, what=str(error)[:_SHOWN_CHARS]) from None


def read_tax_receipt(record: Any, is_valid_inn: InnCheck) -> EvidenceReceipt:
    """The receipt of one record of the tax service; raises SettlementError.

    Sums are kopecks, unless a note of the record says that they are rubles.
    """
    receipt, is_correction = _unwrapped(record)
    unit = 100 if "rubles" in str(receipt.get("_note", "")) else 1
    total = check_amount("totalSum", _kopecks(receipt, "totalSum", unit))
    lines = _lines(receipt, unit)
    lines_kopecks = sum(line.sum_kopecks for line in lines)
    # A shop may round the total down to whole rubles, and no more.
    if lines and not 0 <= lines_kopecks - total < 100:
        raise SettlementError(ReceiptCode.LINES_DO_NOT_SUM, lines_kopecks=lines_kopecks, total_kopecks=total)
    inn = _text(receipt, "userInn")
    if not is_valid_inn(inn):
        raise SettlementError(ReceiptCode.INN_WRONG, inn=kept_text(inn)[:_SHOWN_CHARS])
    operation = _integer(receipt, "operationType")
    kind = _KINDS.get((operation, is_correction))
    if kind is None:
        raise SettlementError(ReceiptCode.NOT_A_SALE, operation=operation)
    has_version = receipt.get("fiscalDocumentFormatVer") is not None
    return EvidenceReceipt(
        kind=kind,
        fiscal_drive_number=check_drive_number(_text(receipt, "fiscalDriveNumber")),
        fiscal_document_number=check_number(
            "fiscalDocumentNumber", _integer(receipt, "fiscalDocumentNumber")
        ),
        fiscal_sign=check_number("fiscalSign", _integer(receipt, "fiscalSign")),
        issued_at=check_time(_time(receipt)),
        total_kopecks=total,
        level=Evidence.TAX_FILE,
        seller_inn=inn,
        kkt_registration_number=check_till_number(_text(receipt, "kktRegId")),
        format_version=_version(receipt) if has_version else None,
        lines=lines,
        tag_sums={
            tag: check_amount(name, _kopecks(receipt, name, unit))
            for name, tag in _TAGS.items()
            if receipt.get(name) is not None
        },
    )


def _unwrapped(record: Any) -> tuple[Found, bool]:
    """The object that has the receipt's own fields, and whether it is a correction."""
    inner, is_correction = record, False
    for _ in range(_DEPTH_MAX):
        if not isinstance(inner, dict):
            break
        if "fiscalDriveNumber" in inner or "totalSum" in inner:
            code = inner.get("code", inner.get("receiptCode"))
            return inner, is_correction or code in _CORRECTION_CODES
        name = next((name for name in (*_RECEIPT_NAMES, *_WRAPPERS) if name in inner), None)
        is_correction = is_correction or name in _CORRECTION_NAMES
        inner = inner.get(name)
    raise SettlementError(ReceiptCode.NO_RECEIPT_IN_IT)


def _value(found: Found, field: str) -> Any:
    value = found.get(field)
    if value is None:
        raise SettlementError(ReceiptCode.FIELD_MISSING, field=field)
    return value


def _text(found: Found, field: str) -> str:
    """A text; the tax service pads numbers with blanks, and some tools write them as integers."""
    value = _value(found, field)
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise _unreadable(field, value)
    return str(value).strip()


def _integer(found: Found, field: str) -> int:
    value = _value(found, field)
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 32:
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _unreadable(field, value)
    return value


def _version(found: Found) -> int:
    version = _integer(found, "fiscalDocumentFormatVer")
    if not 0 <= version < 100:
        raise _unreadable("fiscalDocumentFormatVer", version)
    return version


def _kopecks(found: Found, field: str, unit: int) -> int:
    value = _value(found, field)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _unreadable(field, value)
    kopecks = Decimal(value) * unit
    if not kopecks.is_finite() or abs(kopecks) >= _READABLE_MAX:
        raise _unreadable(field, value)
    whole = int(kopecks)
    if whole != kopecks:
        raise _unreadable(field, value)
    return whole


def _lines(receipt: Found, unit: int) -> tuple[ReceiptLine, ...]:
    items = receipt.get("items") or ()
    if not isinstance(items, Sequence) or isinstance(items, str) or len(items) > LINES_MAX:
        raise _unreadable("items", type(items).__name__)
    lines = []
    for item in items:
        if not isinstance(item, dict):
            raise _unreadable("items", item)
        kopecks = check_amount("items.sum", _kopecks(item, "sum", unit))
        lines.append(
            ReceiptLine(
                _clean(item.get("name"), _NAME_MAX_CHARS), _clean(item.get("quantity"), _SHOWN_CHARS), kopecks
            )
        )
    return tuple(lines)


def _clean(value: Any, max_chars: int) -> str:
    """A text that may be kept: tills print whatever they like, card numbers too."""
    return "" if value is None else kept_text(str(value).replace("\0", "")).strip()[:max_chars]


def _time(receipt: Found) -> datetime:
    """Tag 1012, by the till's clock: Moscow's."""
    text = _text(receipt, "dateTime")
    for form in _TIMES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=MOSCOW)
        except ValueError:
            continue
    raise SettlementError(ReceiptCode.TIME_UNREADABLE, value=kept_text(text)[:_SHOWN_CHARS])


def _unreadable(field: str, value: Any) -> SettlementError:
    return SettlementError(
        ReceiptCode.FIELD_UNREADABLE, field=field, value=kept_text(str(value))[:_SHOWN_CHARS]
    )
