"""Valid requests as a till would send them, to be spoilt one field at a time."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from gateway.domain.commands import Origin
from gateway.ledger.ids import uuid7
from gateway.rpc.validation.commands import Rules
from loadtests.cards import CARD_BIN
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

CARD_NUMBER = f"{CARD_BIN}1234569019"
CARD_SERIES = "01"
ORIGIN = Origin(merchant_id=1, outlet_id=11, terminal_id=111)
BREAD, BEER = "10.71.11.110", "11.05.10.120"


def token_of(number: str, series: str) -> bytes:
    """A token that shows what it was made of."""
    return f"token of {number}/{series}".encode()


RULES = Rules(token_of)


def new_request_id() -> str:
    """A till's request id."""
    return str(uuid7(datetime.now(UTC)))


def header(**changes: Any) -> wire.CommandHeader:
    """The header of a new command."""
    return wire.CommandHeader(**({"request_id": new_request_id()} | changes))


def card() -> wire.Card:
    """The usual card."""
    return wire.Card(number=CARD_NUMBER, series=CARD_SERIES, entry_mode=wire.CARD_ENTRY_MODE_CHIP)


def line(number: int, amount_kopecks: int = 100_00, okpd2: str = BREAD, **changes: Any) -> wire.BasketLine:
    """One piece of something that costs an amount."""
    fields: dict[str, Any] = {
        "line_number": number,
        "item_name": f"Товар {number}",
        "okpd2": okpd2,
        "quantity_milli": 1000,
        "unit_price_kopecks": amount_kopecks,
        "amount_kopecks": amount_kopecks,
    }
    return wire.BasketLine(**(fields | changes))


def basket(*lines: wire.BasketLine, rounding_kopecks: int = 0) -> wire.Basket:
    """A basket that adds up, of three lines if none are given."""
    lines = lines or (line(1), line(2, 55_50), line(3, 30_00))
    total = sum(item.amount_kopecks for item in lines) - rounding_kopecks
    return wire.Basket(lines=lines, total_kopecks=total, rounding_kopecks=rounding_kopecks)


def authorize(*lines: wire.BasketLine, **changes: Any) -> service.AuthorizeRequest:
    """A valid Authorize."""
    fields: dict[str, Any] = {"header": header(), "card": card(), "basket": basket(*lines)}
    return service.AuthorizeRequest(**(fields | changes))


def sale(*lines: wire.BasketLine, **changes: Any) -> service.SaleRequest:
    """A valid Sale."""
    fields: dict[str, Any] = {"header": header(), "card": card(), "basket": basket(*lines)}
    return service.SaleRequest(**(fields | changes))


def quote(*lines: wire.BasketLine, **changes: Any) -> service.QuoteRequest:
    """A valid Quote."""
    return service.QuoteRequest(**({"card": card(), "basket": basket(*lines)} | changes))


def receipt(**changes: Any) -> wire.FiscalReceipt:
    """A valid fiscal receipt of a sale."""
    fields: dict[str, Any] = {
        "kind": wire.RECEIPT_KIND_SALE,
        "fiscal_drive_number": "9999078900000001",
        "fiscal_document_number": 17,
        "fiscal_sign": 3_456_789_012,
        "kkt_registration_number": "0000000001000001",
        "seller_inn": "7707083893",
        "shift_number": 5,
        "issued_at": datetime(2026, 3, 10, 9, 30, tzinfo=UTC),
        "total_kopecks": 185_50,
    }
    return wire.FiscalReceipt(**(fields | changes))


def by_request(request_id: str | UUID) -> wire.PurchaseRef:
    """Names a purchase by the request id of its Authorize or Sale."""
    return wire.PurchaseRef(request_id=str(request_id))


def capture(request_id: str, *lines: wire.CaptureLine, **changes: Any) -> service.CaptureRequest:
    """A valid Capture of the purchase of a request."""
    fields: dict[str, Any] = {"header": header(), "purchase": by_request(request_id), "lines": lines}
    return service.CaptureRequest(**(fields | changes))


def refund(request_id: str, *lines: wire.RefundLine, **changes: Any) -> service.RefundRequest:
    """A valid Refund of the purchase of a request."""
    fields: dict[str, Any] = {"header": header(), "purchase": by_request(request_id), "lines": lines}
    return service.RefundRequest(**(fields | changes))


def void(request_id: str, **changes: Any) -> service.VoidRequest:
    """A valid Void of the purchase of a request."""
    return service.VoidRequest(**({"header": header(), "purchase": by_request(request_id)} | changes))


Spoil = Callable[[Any], object]
"""Breaks one rule of a request."""
