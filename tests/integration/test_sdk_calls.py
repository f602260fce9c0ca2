"""Every call of either client against a gateway that simply answers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from merchant_sdk import (
    ByReceipt,
    ByRequestId,
    CaptureLine,
    CommandKind,
    Desk,
    FiscalReceipt,
    LineReason,
    Method,
    OwnMoneyKind,
    OwnMoneyPart,
    PurchaseState,
    Reason,
    ReceiptKind,
    RefundLine,
)
from tests.sdk_support.tills import FLAVOURS, HOLDER, MILK_AND_BEER, STRANGER, Bench, bench

RECEIPT = FiscalReceipt(
    kind=ReceiptKind.SALE,
    fiscal_drive_number="9960440300000001",
    fiscal_document_number=17,
    fiscal_sign=123456789,
    kkt_registration_number="0000000000000001",
    seller_inn="7700000000",
    shift_number=5,
    issued_at=datetime(2031, 5, 17, 9, 30, tzinfo=UTC),
    total_kopecks=MILK_AND_BEER.total_kopecks,
)


@pytest.fixture(params=FLAVOURS)
async def at(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """A scripted gateway with a till of each flavour before it."""
    async with bench(request.param, tmp_path / "till-1") as opened:
        yield opened


async def test_a_sale_is_paid_by_points_but_for_the_refused_lines(at: Bench) -> None:
    """Certificate share and own money sum to the total, and the refused line is named."""
    result = await at.till.sale(HOLDER, MILK_AND_BEER)
    assert result.is_approved
    assert (404_78, 120_00) == (result.purchase.certificate_kopecks, result.purchase.own_money_kopecks)
    assert PurchaseState.CAPTURED is result.purchase.state
    assert [(3, LineReason.PROHIBITED)] == [(x.line_number, x.reason) for x in result.purchase.refused_lines]
    assert result.purchase.is_standing


async def test_a_hold_is_captured_and_then_refunded(at: Bench) -> None:
    """Authorize, Capture and Refund follow one purchase by the reference that it gives of itself."""
    hold = await at.till.authorize(HOLDER, MILK_AND_BEER, desk=Desk(shift_number=5, cashier_ref="c-1"))
    captured = await at.till.capture(hold.purchase.ref, lines=[CaptureLine(1, 2000, 179_80)])
    refunded = await at.till.refund(captured.purchase.ref, lines=[RefundLine(1, 1000)])
    assert PurchaseState.AUTHORIZED is hold.purchase.state
    assert PurchaseState.CAPTURED is captured.purchase.state
    assert CommandKind.REFUND is refunded.kind
    assert (404_78, 120_00) == (refunded.refund.points_kopecks, refunded.refund.own_money_kopecks)
    header = at.gateway.calls_of(Method.AUTHORIZE)[0].request.header
    assert (5, "c-1") == (header.shift_number, header.cashier_ref)


async def test_a_hold_is_voided_by_the_request_id_of_its_authorize(at: Bench) -> None:
    """The till needs nothing but the id that it made itself."""
    request = at.till.prepare_authorize(HOLDER, MILK_AND_BEER)
    await at.till.send(request)
    result = await at.till.void(ByRequestId(request.request_id))
    assert result.is_approved
    assert PurchaseState.VOIDED is result.purchase.state
    assert 0 == at.gateway.book.points_taken_kopecks()


async def test_receipts_and_own_money_arrive_as_they_were_told(at: Bench) -> None:
    """What is told of the receipt and of the rest of the payment reaches the wire unchanged."""
    own_money = [OwnMoneyPart(OwnMoneyKind.CASH, 120_00)]
    hold = await at.till.authorize(HOLDER, MILK_AND_BEER, own_money=own_money)
    result = await at.till.attach_receipt(hold.purchase.ref, RECEIPT)
    assert (RECEIPT,) == result.purchase.receipts
    sent = at.gateway.calls_of(Method.AUTHORIZE)[0].request.own_money[0]
    assert (OwnMoneyKind.CASH, 120_00) == (OwnMoneyKind(sent.kind), sent.amount_kopecks)


async def test_a_shift_is_closed_with_its_totals(at: Bench) -> None:
    """CloseShift names the shift of the desk and returns its totals."""
    await at.till.sale(HOLDER, MILK_AND_BEER)
    result = await at.till.close_shift(Desk(shift_number=7))
    assert (7, 1) == (result.totals.shift_number, result.totals.captured_count)


async def test_a_quote_holds_nothing(at: Bench) -> None:
    """A quote says what would be paid, without a purchase."""
    quote = await at.till.quote(HOLDER, MILK_AND_BEER)
    assert quote.is_approved
    assert 404_78 == quote.purchase.certificate_kopecks
    assert 0 == at.gateway.book.points_taken_kopecks()
    with pytest.raises(LookupError, match="a quote makes no purchase"):
        _ = quote.purchase.ref


async def test_a_balance_tells_certificates_or_why_the_card_is_not_served(at: Bench) -> None:
    """A card is served, or the reason says why not."""
    served = await at.till.get_balance(HOLDER)
    refused = await at.till.get_balance(STRANGER)
    assert served.may_be_served
    assert [300_000] == [certificate.available_kopecks for certificate in served.certificates]
    assert not refused.may_be_served
    assert Reason.CARD_UNKNOWN is refused.reason


async def test_a_purchase_is_read_with_the_answer_that_made_it(at: Bench) -> None:
    """GetPurchase gives the state of now beside the stored, verified answer of then."""
    hold = await at.till.authorize(HOLDER, MILK_AND_BEER)
    await at.till.capture(hold.purchase.ref)
    view = await at.till.get_purchase(hold.purchase.ref)
    assert PurchaseState.CAPTURED is view.purchase.state
    assert hold == view.answer


async def test_a_declined_sale_is_an_answer_and_is_sent_once(at: Bench) -> None:
    """A decline raises nothing, is not retried, and has no purchase to speak of."""
    result = await at.till.sale(STRANGER, MILK_AND_BEER)
    assert result.is_declined
    assert not result.is_approved
    assert Reason.CARD_UNKNOWN is result.reason
    assert "REASON_CARD_UNKNOWN" == result.notice.cashier_en
    assert [Method.SALE] == at.gateway.methods_called
    with pytest.raises(LookupError, match="DECLINED CARD_UNKNOWN: there is no purchase"):
        _ = result.purchase


async def test_all_operations_are_listed_page_by_page_in_order(at: Bench) -> None:
    """Three operations come in two pages, each with its verified answer."""
    told: list[UUID] = []
    for _ in range(3):
        await at.till.sale(HOLDER, MILK_AND_BEER, on_request_id=told.append)
    operations = await at.till.all_operations()
    assert told == [operation.request_id for operation in operations]
    assert all(operation.result.is_approved for operation in operations)
    assert 2 == len(at.gateway.calls_of(Method.LIST_OPERATIONS))


async def test_a_concentrator_names_the_terminal_it_speaks_for(at: Bench) -> None:
    """A terminal named by the desk is sent, and the answer must be that terminal's."""
    result = await at.till.sale(HOLDER, MILK_AND_BEER, desk=Desk(terminal_id=77))
    assert 77 == result.terminal_id
    assert 77 == at.gateway.calls_of(Method.SALE)[0].request.header.terminal_id


async def test_a_purchase_can_be_named_by_its_receipt(at: Bench) -> None:
    """The receipt's two numbers reach the wire."""
    await at.till.send(at.till.prepare_void(ByReceipt("9960440300000001", 17)))
    ref = at.gateway.calls_of(Method.VOID)[0].request.purchase
    assert ("9960440300000001", 17) == (ref.receipt.fiscal_drive_number, ref.receipt.fiscal_document_number)
