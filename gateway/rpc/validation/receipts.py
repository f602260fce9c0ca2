"""Requisites of fiscal receipts, as a till may send them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.domain.commands import ByReceipt
from gateway.domain.purchase import FiscalReceipt, ReceiptKind
from gateway.domain.reasons import Reason
from gateway.registry.requisites import is_valid_inn
from gateway.rpc.validation.fields import check_amount, is_digits
from gateway.rpc.validation.findings import Findings
from tillgate.v1 import purchase_pb2 as wire

RECEIPTS_MAX: Final = 20
"""Fiscal receipts of one command; a purchase may have more of them."""

FISCAL_NUMBER_MAX: Final = 2**32 - 1
"""ФД (tag 1040) and ФПД (tag 1077, without its two leading bytes) are unsigned 32-bit numbers."""

_KINDS: Final = {
    wire.RECEIPT_KIND_SALE: ReceiptKind.SALE,
    wire.RECEIPT_KIND_RETURN: ReceiptKind.RETURN,
    wire.RECEIPT_KIND_CORRECTION_SALE: ReceiptKind.CORRECTION_SALE,
    wire.RECEIPT_KIND_CORRECTION_RETURN: ReceiptKind.CORRECTION_RETURN,
    wire.RECEIPT_KIND_PREPAYMENT: ReceiptKind.PREPAYMENT,
    wire.RECEIPT_KIND_OFFSET: ReceiptKind.OFFSET,
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Fiscal drives came with the law of 2016; no till's clock is honestly beyond the year 2200.
_EARLIEST_S: Final = int(datetime(2016, 1, 1, tzinfo=UTC).timestamp())
_LATEST_S: Final = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp())


def read_receipts(receipts: Sequence[wire.FiscalReceipt], findings: Findings) -> tuple[FiscalReceipt, ...]:
    """The receipts of a command; RECEIPT_INVALID names what is wrong with which."""
    if len(receipts) > RECEIPTS_MAX:
        ru, en = f"{len(receipts)} чеков, можно {RECEIPTS_MAX}", f"{len(receipts)}, {RECEIPTS_MAX} allowed"
        findings.add(Reason.RECEIPT_INVALID, "receipts", ru, en)
        return ()
    read = []
    for index, receipt in enumerate(receipts):
        findings.enter("receipts", index)
        read.append(_read_receipt(receipt, findings))
    findings.leave()
    return tuple(read)


def _read_receipt(receipt: wire.FiscalReceipt, findings: Findings) -> FiscalReceipt:
    kind = _KINDS.get(receipt.kind)
    if kind is None:
        findings.add(Reason.RECEIPT_INVALID, "kind", "вид чека не указан", "the kind is not set")
        kind = ReceiptKind.SALE
    _check_16_digits(receipt.fiscal_drive_number, "fiscal_drive_number", findings)
    _check_number(receipt.fiscal_document_number, "fiscal_document_number", findings)
    _check_number(receipt.fiscal_sign, "fiscal_sign", findings)
    _check_16_digits(receipt.kkt_registration_number, "kkt_registration_number", findings)
    _check_inn(receipt.seller_inn, "seller_inn", findings)
    if receipt.shift_number < 0:
        findings.add(Reason.RECEIPT_INVALID, "shift_number", "меньше нуля", "below zero")
    check_amount(receipt.total_kopecks, 0, "total_kopecks", findings)
    return FiscalReceipt(
        kind=kind,
        fiscal_drive_number=receipt.fiscal_drive_number,
        fiscal_document_number=receipt.fiscal_document_number,
        fiscal_sign=receipt.fiscal_sign,
        kkt_registration_number=receipt.kkt_registration_number,
        seller_inn=receipt.seller_inn,
        shift_number=receipt.shift_number,
        issued_at=_read_issued_at(receipt, findings),
        total_kopecks=receipt.total_kopecks,
    )


def read_receipt_ref(ref: wire.FiscalReceiptRef, path: str, findings: Findings) -> ByReceipt:
    """The name of a receipt: (ФН, ФД)."""
    _check_16_digits(ref.fiscal_drive_number, f"{path}.fiscal_drive_number", findings)
    _check_number(ref.fiscal_document_number, f"{path}.fiscal_document_number", findings)
    return ByReceipt(ref.fiscal_drive_number, ref.fiscal_document_number)


def _check_16_digits(text: str, field: str, findings: Findings) -> None:
    if len(text) != 16 or not is_digits(text):
        findings.add(Reason.RECEIPT_INVALID, field, "нужно 16 цифр", "16 digits are needed")


def _check_number(number: int, field: str, findings: Findings) -> None:
    if not 1 <= number <= FISCAL_NUMBER_MAX:
        ru, en = f"можно от 1 до {FISCAL_NUMBER_MAX}", f"1 to {FISCAL_NUMBER_MAX} allowed"
        findings.add(Reason.RECEIPT_INVALID, field, ru, en)


def _check_inn(number: str, field: str, findings: Findings) -> None:
    if len(number) not in (10, 12) or not is_digits(number):
        findings.add(Reason.RECEIPT_INVALID, field, "ИНН: нужно 10 или 12 цифр", "10 or 12 digits are needed")
    elif not is_valid_inn(number):
        ru, en = f"контрольные цифры ИНН {number}", f"the check digits of INN {number}"
        findings.add(Reason.CHECK_DIGIT_WRONG, field, ru, en)


def _read_issued_at(receipt: wire.FiscalReceipt, findings: Findings) -> datetime:
    if not receipt.HasField("issued_at"):
        findings.add(Reason.RECEIPT_INVALID, "issued_at", "время чека не указано", "the time is not set")
        return _EPOCH
    return read_instant(receipt.issued_at, Reason.RECEIPT_INVALID, "issued_at", findings)


def read_instant(value: Timestamp, reason: Reason, field: str, findings: Findings) -> datetime:
    """An instant between 2016 and 2200, to the microsecond."""
    if not _EARLIEST_S <= value.seconds < _LATEST_S or not 0 <= value.nanos < 1_000_000_000:
        findings.add(reason, field, "время вне 2016–2199 годов", "not an instant of the years 2016 to 2199")
        return _EPOCH
    return _EPOCH + timedelta(seconds=value.seconds, microseconds=value.nanos // 1000)
