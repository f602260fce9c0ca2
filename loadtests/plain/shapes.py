"""From the columns of a row to the domain's objects. JSON columns come as the bytes that they hold."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from msgspec.json import Decoder
from sqlalchemy import Row

from gateway.domain.certificate import Certificate, CertificateState
from gateway.domain.purchase import (
    Capture,
    FiscalReceipt,
    OwnMoneyPart,
    Purchase,
    PurchaseLine,
    PurchaseState,
    ReceiptKind,
    Refund,
    RefundedLine,
)

_LINES: Final = Decoder(tuple[PurchaseLine, ...])
_OWN_MONEY: Final = Decoder(tuple[OwnMoneyPart, ...])
_LAPSED: Final = Decoder(Mapping[UUID, int])
_CAPTURE: Final = Decoder(Capture)
_REFUNDED: Final = Decoder(tuple[RefundedLine, ...])


def as_certificate(row: Row[Any]) -> Certificate:
    """A certificate; its account is told apart."""
    values = row._asdict()
    del values["account_id"]
    return Certificate(**values | {"state": CertificateState(row.state)})


def as_purchase(row: Row[Any], refunds: tuple[Refund, ...], receipts: tuple[FiscalReceipt, ...]) -> Purchase:
    """A purchase with what was read of its refunds and receipts."""
    typed = {
        "state": PurchaseState(row.state),
        "lines": _LINES.decode(row.lines),
        "own_money": _OWN_MONEY.decode(row.own_money),
        "lapsed_from_hold": _LAPSED.decode(row.lapsed_from_hold),
        "capture": _CAPTURE.decode(row.capture) if row.capture is not None else None,
    }
    return Purchase(**row._asdict() | typed, refunds=refunds, receipts=receipts)


def as_refund(row: Row[Any]) -> Refund:
    """A refund; its purchase is told apart."""
    values = row._asdict()
    del values["purchase_id"]
    return Refund(**values | {"lines": _REFUNDED.decode(row.lines)})


def as_receipt(row: Row[Any]) -> FiscalReceipt:
    """A fiscal receipt; its purchase is told apart."""
    values = row._asdict()
    del values["purchase_id"]
    return FiscalReceipt(**values | {"kind": ReceiptKind(row.kind)})
