"""Both clients against the real gateway and a real database, over a wire that can be cut."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from merchant_sdk import (
    Basket,
    ByRequestId,
    Desk,
    FiscalReceipt,
    InvalidRequestError,
    Line,
    LineReason,
    NotFoundError,
    OutcomeUnknownError,
    PurchaseState,
    Reason,
    ReceiptKind,
    RefundLine,
    RequestIdConflictError,
)
from tests.sdk_support.real import POINTS_KOPECKS, RealGateway
from tests.sdk_support.tills import FLAVOURS, HOLDER, MILK_AND_BEER, STRANGER, Till, till_of
from tillgate.v1.purchase_service_pb2 import SaleRequest

SHARE_KOPECKS, OWN_MONEY_KOPECKS = 404_78, 120_00


@dataclass(frozen=True)
class Place:
    """A till over the wire, another one straight at the gateway, and the wire between."""

    gateway: RealGateway
    till: Till
    straight: Till
    flavour: str

    async def available_kopecks(self) -> int:
        """What the card's certificates have left."""
        balance = await self.straight.get_balance(HOLDER)
        return sum(certificate.available_kopecks for certificate in balance.certificates)

    async def until_decided(self, request_id: UUID) -> None:
        """Wait until the gateway has a purchase under a request id."""
        while True:
            try:
                await self.straight.get_purchase(ByRequestId(request_id))
                return
            except NotFoundError:
                continue


@pytest.fixture(params=FLAVOURS)
async def at(request: pytest.FixtureRequest, gateway: RealGateway) -> AsyncIterator[Place]:
    """The real gateway with tills of each flavour before it."""
    async with (
        till_of(request.param, gateway.over_wire) as till,
        till_of(request.param, gateway.straight) as straight,
    ):
        yield Place(gateway, till, straight, request.param)


async def test_a_day_at_the_till(at: Place) -> None:
    """Quote, hold, capture, receipt, refund, void, shift and list: one merchant's day through one client."""
    desk = Desk(shift_number=5, cashier_ref="c-1")
    quote = await at.till.quote(HOLDER, MILK_AND_BEER)
    assert (SHARE_KOPECKS, OWN_MONEY_KOPECKS) == (
        quote.purchase.certificate_kopecks,
        quote.purchase.own_money_kopecks,
    )
    hold = await at.till.authorize(HOLDER, MILK_AND_BEER, desk=desk)
    assert PurchaseState.AUTHORIZED is hold.purchase.state
    assert [LineReason.PROHIBITED] == [line.reason for line in hold.purchase.refused_lines]
    captured = await at.till.capture(hold.purchase.ref, desk=desk)
    assert PurchaseState.CAPTURED is captured.purchase.state
    told = await at.till.attach_receipt(captured.purchase.ref, _receipt(), desk=desk)
    assert 1 == len(told.purchase.receipts)
    refunded = await at.till.refund(captured.purchase.ref, lines=[RefundLine(1, 1000)], desk=desk)
    assert 89_90 == refunded.refund.points_kopecks
    assert POINTS_KOPECKS - SHARE_KOPECKS + 89_90 == await at.available_kopecks()
    second = await at.till.sale(HOLDER, MILK_AND_BEER, desk=desk)
    assert (await at.till.void(second.purchase.ref, desk=desk)).is_approved
    view = await at.till.get_purchase(hold.purchase.ref)
    assert (89_90, hold) == (view.purchase.refunded_kopecks, view.answer)
    totals = (await at.till.close_shift(desk)).totals
    assert (1, 1, 89_90) == (totals.captured_count, totals.refund_count, totals.refunded_kopecks)
    operations = await at.till.all_operations()
    assert [hold.signed, captured.signed, told.signed] == [o.result.signed for o in operations[:3]]


async def test_a_lost_answer_gets_the_stored_one_with_the_same_id(at: Place) -> None:
    """The gateway decides, its answer is lost with the connection, and the points are taken once."""
    await at.till.get_balance(HOLDER)
    at.gateway.wire.mute()
    request = at.till.prepare_sale(HOLDER, MILK_AND_BEER)
    sale = asyncio.create_task(at.till.send(request))
    await at.until_decided(request.request_id)
    at.gateway.wire.cut()
    at.gateway.wire.mend()
    result = await sale
    assert result.is_approved
    assert POINTS_KOPECKS - SHARE_KOPECKS == await at.available_kopecks()
    assert result == await at.straight.send(request)


async def test_a_decided_sale_that_stays_unknown_is_voided_when_the_wire_is_mended(at: Place) -> None:
    """The till counts it as not done, and in the end it is not."""
    await at.till.get_balance(HOLDER)
    at.gateway.wire.mute()
    request = at.till.prepare_sale(HOLDER, MILK_AND_BEER)
    sale = asyncio.create_task(at.till.send(request, timeout_s=2.0))
    await at.until_decided(request.request_id)
    at.gateway.wire.cut()
    with pytest.raises(OutcomeUnknownError):
        await sale
    at.gateway.wire.mend()
    assert (await at.till.resolve(request.request_id)).is_undone
    assert POINTS_KOPECKS == await at.available_kopecks()
    assert () == at.till.open_requests()


async def test_a_sale_that_never_arrived_is_voided_and_declined_if_it_arrives_later(at: Place) -> None:
    """A Void of what has not arrived is final: the late message takes nothing, and the SDK can read why."""
    at.gateway.wire.cut()
    request = at.till.prepare_sale(HOLDER, MILK_AND_BEER)
    with pytest.raises(OutcomeUnknownError):
        await at.till.send(request, timeout_s=0.5)
    at.gateway.wire.mend()
    assert (await at.till.resolve(request.request_id)).is_undone
    late = await at.straight.send(request)
    assert (True, Reason.VOIDED_BEFORE_ARRIVAL) == (late.is_declined, late.reason)
    assert POINTS_KOPECKS == await at.available_kopecks()


async def test_a_decline_is_an_answer_with_words_for_the_cashier(at: Place) -> None:
    """An unknown card is declined, for ever, with something to read."""
    request = at.till.prepare_sale(STRANGER, MILK_AND_BEER)
    result = await at.till.send(request)
    assert (True, Reason.CARD_UNKNOWN) == (result.is_declined, result.reason)
    assert result.notice.cashier_ru
    assert result == await at.till.send(request)


async def test_too_few_points_are_approved_in_part_if_the_till_accepts_that(at: Place) -> None:
    """Without leave the sale is declined with the sum that points could pay."""
    basket = Basket.of(Line.piece("Сыр", unit_price_kopecks=POINTS_KOPECKS + 1, okpd2="10.51.40"))
    declined = await at.till.authorize(HOLDER, basket)
    assert (Reason.INSUFFICIENT_POINTS, POINTS_KOPECKS) == (declined.reason, declined.available_kopecks)
    partial = await at.till.authorize(HOLDER, basket, accept_partial=True)
    assert (True, POINTS_KOPECKS) == (partial.is_partial, partial.purchase.certificate_kopecks)


async def test_a_line_that_does_not_add_up_is_named_in_the_language_asked_for(at: Place) -> None:
    """The error says which line and which field."""
    wrong = replace(MILK_AND_BEER.lines[1], amount_kopecks=1_00)
    with pytest.raises(InvalidRequestError) as caught:
        await at.till.sale(HOLDER, Basket.of(MILK_AND_BEER.lines[0], wrong))
    error = caught.value
    assert (Reason.LINE_SUM_MISMATCH, 2) == (error.reason, error.line_number)
    assert "lines[1]" in error.field
    assert "Line 2" in error.localized_message("en")


async def test_another_body_under_a_used_id_is_refused_with_the_field_named(at: Place) -> None:
    """Only the cashier differs, and that is what the conflict names."""
    request = at.till.prepare_sale(HOLDER, MILK_AND_BEER)
    await at.till.send(request)
    message = SaleRequest.FromString(request.body)
    message.header.cashier_ref = "another"
    with pytest.raises(RequestIdConflictError, match="cashier_ref"):
        await at.till.send(replace(request, body=message.SerializeToString()))


async def test_a_concentrator_speaks_for_the_terminal_that_it_names(at: Place) -> None:
    """Each command names its terminal; without one it is refused."""
    async with till_of(at.flavour, at.gateway.concentrator) as chain:
        terminal_id = at.gateway.straight.terminal_id
        result = await chain.sale(HOLDER, MILK_AND_BEER, desk=Desk(terminal_id=terminal_id))
        assert (True, terminal_id) == (result.is_approved, result.terminal_id)
        with pytest.raises(InvalidRequestError) as caught:
            await chain.sale(HOLDER, MILK_AND_BEER)
    assert Reason.FIELD_MISSING is caught.value.reason


def _receipt() -> FiscalReceipt:
    return FiscalReceipt(
        kind=ReceiptKind.SALE,
        fiscal_drive_number="9960440300000001",
        fiscal_document_number=17,
        fiscal_sign=123456789,
        kkt_registration_number="0000000000000001",
        seller_inn="0000000018",
        shift_number=5,
        issued_at=datetime.now(UTC).replace(microsecond=0),
        total_kopecks=MILK_AND_BEER.total_kopecks,
    )
