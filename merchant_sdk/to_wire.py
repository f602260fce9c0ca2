"""From the SDK's values to the messages of tillgate.v1."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from merchant_sdk.basket import (
    Basket,
    CaptureLine,
    Card,
    ChipCryptogram,
    Desk,
    FiscalReceipt,
    Line,
    OneTimePassword,
    OwnMoneyPart,
    PinBlock,
    RefundLine,
)
from merchant_sdk.purchases import ByPurchaseId, ByReceipt, ByRequestId, PurchaseRef
from tillgate.v1 import purchase_pb2 as pb


def header(request_id: UUID, desk: Desk) -> pb.CommandHeader:
    """What every command carries."""
    return pb.CommandHeader(
        request_id=str(request_id),
        terminal_id=desk.terminal_id,
        shift_number=desk.shift_number,
        cashier_ref=desk.cashier_ref,
    )


def card(value: Card) -> pb.Card:
    """A card as read; the message must not be logged."""
    message = pb.Card(
        number=value.number, series=value.series, entry_mode=f"CARD_ENTRY_MODE_{value.entry_mode.name}"
    )
    match value.proof:
        case PinBlock(data):
            message.pin_block = data
        case OneTimePassword(code):
            message.otp = code
        case ChipCryptogram(data):
            message.chip_cryptogram = data
    return message


def basket(value: Basket) -> pb.Basket:
    """A basket with its total."""
    return pb.Basket(
        lines=[_line(line) for line in value.lines],
        total_kopecks=value.total_kopecks,
        rounding_kopecks=value.rounding_kopecks,
    )


def _line(value: Line) -> pb.BasketLine:
    return pb.BasketLine(
        line_number=value.line_number,
        item_name=value.item_name,
        gtin=value.gtin,
        marking_code=value.marking_code,
        item_code=value.item_code,
        okpd2=value.okpd2,
        quantity_milli=value.quantity_milli,
        unit_price_kopecks=value.unit_price_kopecks,
        discount_kopecks=value.discount_kopecks,
        amount_kopecks=value.amount_kopecks,
        payment_subject=value.payment_subject,
        payment_method=value.payment_method,
        vat_rate=value.vat_rate,
        serial_number=value.serial_number,
    )


def own_money(parts: Iterable[OwnMoneyPart]) -> list[pb.OwnMoneyPart]:
    """How the buyer pays the rest."""
    return [
        pb.OwnMoneyPart(kind=f"OWN_MONEY_KIND_{part.kind.name}", amount_kopecks=part.amount_kopecks)
        for part in parts
    ]


def receipts(values: Iterable[FiscalReceipt]) -> list[pb.FiscalReceipt]:
    """Fiscal receipts. Raises ValueError if an `issued_at` has no time zone."""
    return [
        pb.FiscalReceipt(
            kind=f"RECEIPT_KIND_{value.kind.name}",
            fiscal_drive_number=value.fiscal_drive_number,
            fiscal_document_number=value.fiscal_document_number,
            fiscal_sign=value.fiscal_sign,
            kkt_registration_number=value.kkt_registration_number,
            seller_inn=value.seller_inn,
            shift_number=value.shift_number,
            issued_at=timestamp(value.issued_at),
            total_kopecks=value.total_kopecks,
        )
        for value in values
    ]


def timestamp(value: datetime) -> Timestamp:
    """An aware instant as a timestamp. Raises ValueError for one without a time zone."""
    if value.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    stamp = Timestamp()
    stamp.FromDatetime(value)
    return stamp


def purchase_ref(ref: PurchaseRef) -> pb.PurchaseRef:
    """A purchase by one of its three names."""
    match ref:
        case ByPurchaseId(purchase_id):
            return pb.PurchaseRef(purchase_id=str(purchase_id))
        case ByRequestId(request_id):
            return pb.PurchaseRef(request_id=str(request_id))
        case ByReceipt(drive, document):
            return pb.PurchaseRef(
                receipt=pb.FiscalReceiptRef(fiscal_drive_number=drive, fiscal_document_number=document)
            )


def capture_lines(lines: Iterable[CaptureLine]) -> list[pb.CaptureLine]:
    """The lines of a capture."""
    return [
        pb.CaptureLine(
            line_number=line.line_number,
            quantity_milli=line.quantity_milli,
            amount_kopecks=line.amount_kopecks,
        )
        for line in lines
    ]


def refund_lines(lines: Iterable[RefundLine]) -> list[pb.RefundLine]:
    """The lines of a refund."""
    return [pb.RefundLine(line_number=line.line_number, quantity_milli=line.quantity_milli) for line in lines]
