"""Whole requests: what a command is read as, and what names the request that is none."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.domain import commands as domain
from gateway.domain.basket import Basket, Line
from gateway.domain.purchase import FiscalReceipt, OwnMoneyPart, ReceiptKind
from gateway.domain.reasons import Reason
from gateway.rpc.validation import commands as validation
from gateway.rpc.validation.findings import InvalidRequestError
from gateway.rpc.validation.listing import PAGE_SIZE_DEFAULT, read_page
from loadtests.cards import CARD_BIN
from tests import wire_kit as till
from tests.wire_kit import CARD_NUMBER, ORIGIN, RULES, Spoil
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

PURCHASE = "019b2f6e-1c2d-7abc-8def-0123456789ab"
CERTIFICATE = "019b2f6e-0000-7000-8000-000000000001"


def refused(read: Callable[[], object]) -> InvalidRequestError:
    """The error that reading raises."""
    with pytest.raises(InvalidRequestError) as caught:
        read()
    return caught.value


def test_a_sale_is_read_whole() -> None:
    """Every field of the wire arrives in the command, and the card only as its token."""
    request = till.sale(
        till.line(1, 99_99, gtin="4006381333931", item_code="PLU 7", payment_subject=1, vat_rate=2),
        header=till.header(shift_number=5, cashier_ref="К-12"),
        program_code="FOOD",
        certificate_ids=[CERTIFICATE],
        accept_partial=True,
        replaces_request_id=PURCHASE,
        own_money=[wire.OwnMoneyPart(kind=wire.OWN_MONEY_KIND_CASH, amount_kopecks=50)],
        receipts=[till.receipt()],
    )
    command = validation.read_authorize(request, ORIGIN, RULES)
    line = Line(
        line_number=1,
        item_name="Товар 1",
        quantity_milli=1000,
        unit_price_kopecks=99_99,
        discount_kopecks=0,
        amount_kopecks=99_99,
        gtin="4006381333931",
        item_code="PLU 7",
        okpd2=till.BREAD,
        payment_subject=1,
        vat_rate=2,
    )
    receipt = FiscalReceipt(
        kind=ReceiptKind.SALE,
        fiscal_drive_number="9999078900000001",
        fiscal_document_number=17,
        fiscal_sign=3_456_789_012,
        kkt_registration_number="0000000001000001",
        seller_inn="7707083893",
        shift_number=5,
        issued_at=datetime(2026, 3, 10, 9, 30, tzinfo=UTC),
        total_kopecks=185_50,
    )
    expected = domain.Authorize(
        request_id=UUID(request.header.request_id),
        origin=domain.Origin(1, 11, 111, shift_number=5, cashier_ref="К-12"),
        card_token=till.token_of(CARD_NUMBER, "01"),
        basket=Basket((line,)),
        program_code="FOOD",
        certificate_ids=(UUID(CERTIFICATE),),
        accept_partial=True,
        replaces_request_id=UUID(PURCHASE),
        own_money=(OwnMoneyPart("CASH", 50),),
        is_sale=True,
        receipts=(receipt,),
    )
    assert expected == command


def test_an_authorize_is_a_sale_that_is_not_captured() -> None:
    """The same fields but receipts."""
    request = till.authorize(till.basket().lines[0])
    command = validation.read_authorize(request, ORIGIN, RULES)
    assert (False, ()) == (command.is_sale, command.receipts)


def test_the_rounding_of_a_basket_is_kept() -> None:
    """The total stays what the buyer owes."""
    request = till.authorize(basket=till.basket(till.line(1, 100_37), rounding_kopecks=37))
    basket = validation.read_authorize(request, ORIGIN, RULES).basket
    assert (37, 100_00) == (basket.rounding_kopecks, basket.total_kopecks)


@pytest.mark.parametrize(
    ("spoil", "reason", "field"),
    [
        (lambda r: r.ClearField("header"), Reason.FIELD_MISSING, "header.request_id"),
        (lambda r: setattr(r.header, "request_id", "17"), Reason.REQUEST_ID_INVALID, "header.request_id"),
        (lambda r: setattr(r.header, "shift_number", -1), Reason.FIELD_INVALID, "header.shift_number"),
        (lambda r: setattr(r.header, "cashier_ref", "\n"), Reason.TEXT_INVALID, "header.cashier_ref"),
        (lambda r: r.ClearField("card"), Reason.FIELD_MISSING, "card.number"),
        (lambda r: setattr(r.card, "number", "12345678"), Reason.FIELD_INVALID, "card.number"),
        (lambda r: setattr(r.card, "number", "1" * 20), Reason.FIELD_INVALID, "card.number"),
        (lambda r: setattr(r.card, "number", "9643 1012 3456 9019"), Reason.FIELD_INVALID, "card.number"),
        (lambda r: setattr(r.card, "number", "２２００１２３４５"), Reason.FIELD_INVALID, "card.number"),
        (lambda r: setattr(r.card, "series", "x" * 129), Reason.TEXT_INVALID, "card.series"),
        (lambda r: r.ClearField("basket"), Reason.FIELD_MISSING, "basket.lines"),
        (lambda r: setattr(r, "program_code", "\x01"), Reason.TEXT_INVALID, "program_code"),
        (lambda r: r.certificate_ids.append("17"), Reason.FIELD_INVALID, "certificate_ids[0]"),
        (
            lambda r: r.certificate_ids.extend([CERTIFICATE] * 9),
            Reason.TOO_MANY_CERTIFICATES,
            "certificate_ids",
        ),
        (
            lambda r: setattr(r, "replaces_request_id", "17"),
            Reason.REQUEST_ID_INVALID,
            "replaces_request_id",
        ),
        (
            lambda r: setattr(r, "replaces_request_id", r.header.request_id),
            Reason.FIELD_INVALID,
            "replaces_request_id",
        ),
        (lambda r: r.own_money.add(amount_kopecks=1), Reason.FIELD_INVALID, "own_money[0].kind"),
        (
            lambda r: r.own_money.add(kind=wire.OWN_MONEY_KIND_CASH),
            Reason.AMOUNT_OUT_OF_RANGE,
            "own_money[0].amount_kopecks",
        ),
        (
            lambda r: [r.own_money.add(kind=1, amount_kopecks=1) for _ in range(17)],
            Reason.FIELD_INVALID,
            "own_money",
        ),
    ],
)
def test_a_spoilt_authorize_is_named(spoil: Spoil, reason: Reason, field: str) -> None:
    """One broken rule, one reason and field; Authorize and Sale alike."""
    for request in (till.authorize(), till.sale()):
        spoil(request)
        error = refused(lambda: validation.read_authorize(request, ORIGIN, RULES))  # noqa: B023 called at once
        assert (reason, field) == (error.reason, error.field)


def test_an_error_never_repeats_a_card_number() -> None:
    """Neither in its texts nor in its fields, whatever is wrong with the number."""
    number = f"{CARD_NUMBER}x"
    error = refused(lambda: validation.read_authorize(till.authorize(card={"number": number}), ORIGIN, RULES))
    said = repr([vars(error), *error.violations])
    assert CARD_BIN not in said


@pytest.mark.parametrize("field", ["item_name", "marking_code", "item_code", "serial_number"])
@pytest.mark.parametrize("gap", ["", " ", "-", "\u00a0"])
def test_no_text_of_a_basket_repeats_the_card(field: str, gap: str) -> None:
    """Such texts are kept for years as they came; a till that prints the card into one is told so."""
    groups = [CARD_NUMBER[start : start + 4] for start in range(0, len(CARD_NUMBER), 4)]
    spoilt = till.line(2, 50_00, **{field: f"Карта {gap.join(groups)}"})
    sale, quote = till.sale(till.line(1, 50_00), spoilt), till.quote(till.line(1, 50_00), spoilt)
    for error in (
        refused(lambda: validation.read_authorize(sale, ORIGIN, RULES)),
        refused(lambda: validation.read_quote(quote, ORIGIN, RULES)),
    ):
        assert (Reason.TEXT_INVALID, f"basket.lines[1].{field}") == (error.reason, error.field)
        assert CARD_NUMBER[-4:] not in repr(error.violations)


def test_the_cashiers_reference_does_not_repeat_the_card_either() -> None:
    """Only the card of this very request is looked for: other digits are names of goods, and codes."""
    header = till.header(cashier_ref=CARD_NUMBER)
    error = refused(lambda: validation.read_authorize(till.sale(header=header), ORIGIN, RULES))
    assert (Reason.TEXT_INVALID, "header.cashier_ref") == (error.reason, error.field)
    other = till.line(1, 50_00, item_name=f"{CARD_BIN}{'7' * 12} {CARD_NUMBER[:-1]}")
    assert validation.read_authorize(till.sale(other), ORIGIN, RULES).basket.lines


def test_8_certificates_may_be_named() -> None:
    """The limit itself passes."""
    request = till.authorize(certificate_ids=[CERTIFICATE] * 8)
    assert 8 == len(validation.read_authorize(request, ORIGIN, RULES).certificate_ids)


def test_a_quote_asks_about_an_authorize_under_no_request_id() -> None:
    """The same basket, card and choice."""
    command = validation.read_quote(till.quote(accept_partial=True, program_code="FOOD"), ORIGIN, RULES)
    assert (UUID(int=0), True, "FOOD") == (command.request_id, command.accept_partial, command.program_code)
    assert (
        Reason.FIELD_MISSING
        == refused(lambda: validation.read_quote(till.quote(card=None), ORIGIN, RULES)).reason
    )


def test_a_balance_inquiry_is_a_card() -> None:
    """As its token."""
    request = service.GetBalanceRequest(card=till.card())
    assert till.token_of(CARD_NUMBER, "01") == validation.read_card(request, RULES)


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        (wire.PurchaseRef(purchase_id=PURCHASE), domain.ByPurchaseId(UUID(PURCHASE))),
        (wire.PurchaseRef(request_id=PURCHASE), domain.ByRequestId(UUID(PURCHASE))),
        (
            wire.PurchaseRef(
                receipt=wire.FiscalReceiptRef(
                    fiscal_drive_number="9999078900000001", fiscal_document_number=17
                )
            ),
            domain.ByReceipt("9999078900000001", 17),
        ),
    ],
)
def test_a_purchase_is_named_in_one_of_three_ways(
    ref: wire.PurchaseRef, expected: domain.PurchaseRef
) -> None:
    """By its id, by its request, by a fiscal receipt."""
    assert (
        expected
        == validation.read_void(service.VoidRequest(header=till.header(), purchase=ref), ORIGIN).purchase
    )
    assert expected == validation.read_purchase_ref(service.GetPurchaseRequest(purchase=ref))


@pytest.mark.parametrize(
    ("ref", "reason", "field"),
    [
        (wire.PurchaseRef(), Reason.FIELD_MISSING, "purchase"),
        (wire.PurchaseRef(purchase_id="17"), Reason.FIELD_INVALID, "purchase.purchase_id"),
        (wire.PurchaseRef(request_id="17"), Reason.REQUEST_ID_INVALID, "purchase.request_id"),
        (
            wire.PurchaseRef(receipt=wire.FiscalReceiptRef(fiscal_document_number=1)),
            Reason.RECEIPT_INVALID,
            "purchase.receipt.fiscal_drive_number",
        ),
        (
            wire.PurchaseRef(receipt=wire.FiscalReceiptRef(fiscal_drive_number="9" * 16)),
            Reason.RECEIPT_INVALID,
            "purchase.receipt.fiscal_document_number",
        ),
    ],
)
def test_a_purchase_that_is_not_named_well_is_refused(
    ref: wire.PurchaseRef, reason: Reason, field: str
) -> None:
    """In commands and readings alike."""
    error = refused(lambda: validation.read_purchase_ref(service.GetPurchaseRequest(purchase=ref)))
    assert (reason, field) == (error.reason, error.field)


def test_a_capture_by_line_is_read_whole() -> None:
    """Lines, rounding, own money and receipts."""
    request = till.capture(
        PURCHASE,
        wire.CaptureLine(line_number=2, quantity_milli=500, amount_kopecks=27_75),
        rounding_kopecks=75,
        receipts=[till.receipt()],
        own_money=[wire.OwnMoneyPart(kind=wire.OWN_MONEY_KIND_OTHER, amount_kopecks=1)],
    )
    command = validation.read_capture(request, ORIGIN)
    assert (domain.CaptureLine(2, 500, 27_75),) == command.lines
    assert (75, (OwnMoneyPart("OTHER", 1),), 1) == (
        command.rounding_kopecks,
        command.own_money,
        len(command.receipts),
    )


@pytest.mark.parametrize(
    ("lines", "changes", "reason", "field"),
    [
        ([(1, 0, 1)], {}, Reason.QUANTITY_OUT_OF_RANGE, "lines[0].quantity_milli"),
        ([(1, 1, 0)], {}, Reason.AMOUNT_OUT_OF_RANGE, "lines[0].amount_kopecks"),
        ([(1, 1, 1), (1, 1, 1)], {}, Reason.DUPLICATE_LINE_NUMBER, "lines[1].line_number"),
        ([(0, 1, 1)], {}, Reason.FIELD_INVALID, "lines[0].line_number"),
        ([(n, 1, 1) for n in range(1, 202)], {}, Reason.TOO_MANY_LINES, "lines"),
        ([(1, 1, 1)], {"rounding_kopecks": 100}, Reason.AMOUNT_OUT_OF_RANGE, "rounding_kopecks"),
        ([], {"rounding_kopecks": 1}, Reason.FIELD_INVALID, "rounding_kopecks"),
    ],
)
def test_a_spoilt_capture_is_named(
    lines: list[tuple[int, int, int]], changes: dict[str, Any], reason: Reason, field: str
) -> None:
    """By reason and field; the whole purchase is captured with its own rounding."""
    asked = [wire.CaptureLine(line_number=n, quantity_milli=q, amount_kopecks=a) for n, q, a in lines]
    error = refused(lambda: validation.read_capture(till.capture(PURCHASE, *asked, **changes), ORIGIN))
    assert (reason, field) == (error.reason, error.field)


@pytest.mark.parametrize(
    ("lines", "reason", "field"),
    [
        ([(1, 0)], Reason.QUANTITY_OUT_OF_RANGE, "lines[0].quantity_milli"),
        ([(3, 1), (3, 1)], Reason.DUPLICATE_LINE_NUMBER, "lines[1].line_number"),
        ([(n, 1) for n in range(1, 202)], Reason.TOO_MANY_LINES, "lines"),
    ],
)
def test_a_spoilt_refund_is_named(lines: list[tuple[int, int]], reason: Reason, field: str) -> None:
    """By reason and field."""
    asked = [wire.RefundLine(line_number=n, quantity_milli=q) for n, q in lines]
    error = refused(lambda: validation.read_refund(till.refund(PURCHASE, *asked), ORIGIN))
    assert (reason, field) == (error.reason, error.field)


def test_a_refund_is_read_whole() -> None:
    """Its lines and receipts."""
    request = till.refund(
        PURCHASE, wire.RefundLine(line_number=2, quantity_milli=500), receipts=[till.receipt()]
    )
    command = validation.read_refund(request, ORIGIN)
    assert ((domain.RefundLine(2, 500),), 1) == (command.lines, len(command.receipts))


def test_a_shift_is_closed_by_its_number() -> None:
    """Without one nothing is named."""
    request = service.CloseShiftRequest(header=till.header(shift_number=7))
    assert 7 == validation.read_close_shift(request, ORIGIN).origin.shift_number
    error = refused(
        lambda: validation.read_close_shift(service.CloseShiftRequest(header=till.header()), ORIGIN)
    )
    assert (Reason.FIELD_MISSING, "header.shift_number") == (error.reason, error.field)


def test_a_page_has_a_size_within_the_limit() -> None:
    """0 means the default."""
    assert PAGE_SIZE_DEFAULT == read_page(service.ListOperationsRequest()).size
    assert 500 == read_page(service.ListOperationsRequest(page_size=500)).size
    for size in (-1, 501):
        error = refused(lambda: read_page(service.ListOperationsRequest(page_size=size)))  # noqa: B023 called at once
        assert (Reason.FIELD_INVALID, "page_size") == (error.reason, error.field)
    spoilt = service.ListOperationsRequest(decided_from=Timestamp(seconds=-(2**62)))
    assert "decided_from" == refused(lambda: read_page(spoilt)).field
