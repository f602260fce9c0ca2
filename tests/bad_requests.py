"""Bad input of every kind, with the reason, the field and the line that must name it."""

from collections.abc import Callable
from typing import Final, NamedTuple

from google.protobuf.message import Message

from gateway.domain.money import AMOUNT_MAX_KOPECKS
from tests import wire_kit as till
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

INT64_MAX, INT64_MIN = 2**63 - 1, -(2**63)


class Bad(NamedTuple):
    """A request that breaks one rule."""

    make: Callable[[], Message]
    reason: str
    field: str
    line_number: str = ""


BYTES: Final[dict[str, tuple[bytes, str]]] = {
    "no protobuf": (b"\xff\xff\xff\xff", "MESSAGE_MALFORMED"),
    "a truncated message": (till.authorize().SerializeToString()[:-3], "MESSAGE_MALFORMED"),
    "a field of another type": (b"\x08\x01\x12\x05abc", "MESSAGE_MALFORMED"),
    "an endless varint": (b"\x08" + b"\xff" * 20, "MESSAGE_MALFORMED"),
    "invalid UTF-8": (
        till.authorize(program_code="FOOD").SerializeToString().replace(b"FOOD", b"\xc3\x28\xff\xfe"),
        "MESSAGE_MALFORMED",
    ),
    "10 MB of one name": (
        till.authorize(till.line(1, item_name="x" * 10_000_000)).SerializeToString(),
        "MESSAGE_TOO_LARGE",
    ),
    "10 MB of nothing": (b"\x00" * 10_000_000, "MESSAGE_TOO_LARGE"),
    "an empty message": (b"", "FIELD_MISSING"),
}


def _with_amount(kopecks: int) -> service.AuthorizeRequest:
    """Line 2 has this amount; nothing else is wrong."""
    request = till.authorize(till.line(1), till.line(2))
    request.basket.lines[1].amount_kopecks = kopecks
    return request


def _changed(change: Callable[[service.AuthorizeRequest], object]) -> service.AuthorizeRequest:
    """A valid Authorize with one change."""
    request = till.authorize(till.line(1), till.line(2))
    change(request)
    return request


def _void_of_itself() -> service.VoidRequest:
    """Its outcome and that of what never arrived would be two under one request id."""
    request = till.void(till.new_request_id())
    request.header.request_id = request.purchase.request_id
    return request


def _huge_basket() -> service.AuthorizeRequest:
    """Every line is within the limit, the sum of all is not."""
    lines = [till.line(number, AMOUNT_MAX_KOPECKS) for number in range(1, 201)]
    return till.authorize(basket=till.basket(*lines))


REQUESTS: Final[dict[str, Bad]] = {
    "201 lines": Bad(
        lambda: till.authorize(*(till.line(number, 1_00) for number in range(1, 202))),
        "TOO_MANY_LINES",
        "basket.lines",
    ),
    "9 certificates": Bad(
        lambda: till.authorize(certificate_ids=[till.new_request_id() for _ in range(9)]),
        "TOO_MANY_CERTIFICATES",
        "certificate_ids",
    ),
    "a zero amount": Bad(
        lambda: _with_amount(0), "AMOUNT_OUT_OF_RANGE", "basket.lines[1].amount_kopecks", "2"
    ),
    "a negative amount": Bad(
        lambda: _with_amount(-1_00),
        "AMOUNT_OUT_OF_RANGE",
        "basket.lines[1].amount_kopecks",
        "2",
    ),
    "an overflowing amount": Bad(
        lambda: _with_amount(INT64_MAX),
        "AMOUNT_OUT_OF_RANGE",
        "basket.lines[1].amount_kopecks",
        "2",
    ),
    "an underflowing amount": Bad(
        lambda: _with_amount(INT64_MIN),
        "AMOUNT_OUT_OF_RANGE",
        "basket.lines[1].amount_kopecks",
        "2",
    ),
    "an overflowing sum of amounts": Bad(_huge_basket, "AMOUNT_OUT_OF_RANGE", "basket.total_kopecks", ""),
    "an overflowing product": Bad(
        lambda: till.authorize(
            till.line(1),
            till.line(2, quantity_milli=INT64_MAX, unit_price_kopecks=INT64_MAX, discount_kopecks=INT64_MAX),
        ),
        "AMOUNT_OUT_OF_RANGE",
        "basket.lines[1].unit_price_kopecks",
        "2",
    ),
    "a zero quantity": Bad(
        lambda: till.authorize(till.line(1, quantity_milli=0)),
        "QUANTITY_OUT_OF_RANGE",
        "basket.lines[0].quantity_milli",
        "1",
    ),
    "a line that does not add up": Bad(
        lambda: till.authorize(till.line(1), till.line(7, unit_price_kopecks=99_00)),
        "LINE_SUM_MISMATCH",
        "basket.lines[1].amount_kopecks",
        "7",
    ),
    "a total that does not add up": Bad(
        lambda: _changed(lambda request: setattr(request.basket, "total_kopecks", 200_01)),
        "TOTAL_MISMATCH",
        "basket.total_kopecks",
    ),
    "a wrong check digit of a GTIN": Bad(
        lambda: till.authorize(till.line(1), till.line(2, gtin="4006381333932")),
        "CHECK_DIGIT_WRONG",
        "basket.lines[1].gtin",
        "2",
    ),
    "a wrong check digit of an INN": Bad(
        lambda: till.sale(receipts=[till.receipt(seller_inn="7707083894")]),
        "CHECK_DIGIT_WRONG",
        "receipts[0].seller_inn",
    ),
    "a line number that occurs twice": Bad(
        lambda: till.authorize(till.line(4), till.line(4)),
        "DUPLICATE_LINE_NUMBER",
        "basket.lines[1].line_number",
        "4",
    ),
    "a control character": Bad(
        lambda: till.authorize(till.line(1, item_name="Хлеб\x00")),
        "TEXT_INVALID",
        "basket.lines[0].item_name",
        "1",
    ),
    "a request id of another version": Bad(
        lambda: till.authorize(header=till.header(request_id="019b2f6e-1c2d-4abc-8def-0123456789ab")),
        "REQUEST_ID_INVALID",
        "header.request_id",
    ),
    "a card number of letters": Bad(
        lambda: till.authorize(card=wire.Card(number="номер карты")),
        "FIELD_INVALID",
        "card.number",
    ),
    "an ОКПД2 without dots": Bad(
        lambda: till.authorize(till.line(1, okpd2="1071")),
        "OKPD2_INVALID",
        "basket.lines[0].okpd2",
        "1",
    ),
    "a capture of nothing": Bad(
        lambda: till.capture(till.new_request_id(), wire.CaptureLine(line_number=1)),
        "AMOUNT_OUT_OF_RANGE",
        "lines[0].amount_kopecks",
        "1",
    ),
    "a refund of less than nothing": Bad(
        lambda: till.refund(till.new_request_id(), wire.RefundLine(line_number=1, quantity_milli=-1000)),
        "QUANTITY_OUT_OF_RANGE",
        "lines[0].quantity_milli",
        "1",
    ),
    "a void of no purchase": Bad(
        lambda: service.VoidRequest(header=till.header()),
        "FIELD_MISSING",
        "purchase",
    ),
    "a void of itself": Bad(_void_of_itself, "FIELD_INVALID", "purchase.request_id"),
    "a page of a stranger": Bad(
        lambda: service.ListOperationsRequest(page_token="x" * 38),
        "PAGE_TOKEN_INVALID",
        "page_token",
    ),
}
