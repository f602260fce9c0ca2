"""What becomes of a command whose answer never comes: found, undone, or open until it is resolved."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from grpc import StatusCode

from merchant_sdk import (
    ByRequestId,
    CommandKind,
    Decision,
    FiscalReceipt,
    MemoryJournal,
    Method,
    NotRememberedError,
    OutcomeUnknownError,
    PurchaseState,
    Reason,
    ReceiptKind,
    UnauthenticatedError,
)
from tests.sdk_support.faults import LoseAnswer, Refuse
from tests.sdk_support.tills import FLAVOURS, HOLDER, MILK_AND_BEER, STRANGER, Bench, bench

GONE = Refuse(StatusCode.UNAVAILABLE)
LOST = LoseAnswer(StatusCode.DEADLINE_EXCEEDED)
NEVER_ARRIVED = Refuse(StatusCode.DEADLINE_EXCEEDED)
RECEIPT = FiscalReceipt(
    kind=ReceiptKind.SALE,
    fiscal_drive_number="9960440300000001",
    fiscal_document_number=18,
    fiscal_sign=1,
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


async def test_a_sale_that_stays_without_an_answer_is_found_by_reading(at: Bench) -> None:
    """Two deadlines pass, GetPurchase finds the purchase, and its stored answer is the result."""
    at.gateway.script(Method.SALE, LOST, LOST)
    result = await at.till.sale(HOLDER, MILK_AND_BEER)
    assert result.is_approved
    assert [Method.SALE, Method.SALE, Method.GET_PURCHASE] == at.gateway.methods_called
    assert () == at.till.open_requests()


@pytest.mark.parametrize("method", [Method.SALE, Method.AUTHORIZE])
async def test_what_stayed_unknown_is_voided(at: Bench, method: Method) -> None:
    """Nothing is found, so a Void under an id of its own makes sure that nothing will be taken."""
    at.gateway.script(method, NEVER_ARRIVED, NEVER_ARRIVED)
    send = at.till.sale if method is Method.SALE else at.till.authorize
    result = await send(HOLDER, MILK_AND_BEER)
    assert [method, method, Method.GET_PURCHASE, Method.VOID] == at.gateway.methods_called
    assert Decision.UNDONE is result.decision
    assert result.is_undone
    assert not result.is_approved
    assert CommandKind[method.name] is result.kind
    assert result.undone_by_request_id not in (None, result.request_id)
    assert "Операция отменена" in result.notice.cashier_ru
    assert () == at.till.open_requests()


async def test_a_sale_that_arrives_after_its_void_takes_nothing(at: Bench) -> None:
    """The delayed message reaches the gateway at last, and is declined for ever."""
    at.gateway.script(Method.SALE, NEVER_ARRIVED, NEVER_ARRIVED)
    await at.till.sale(HOLDER, MILK_AND_BEER)
    at.gateway.book.decide("Sale", at.gateway.calls_of(Method.SALE)[0].request)
    (operation, _) = sorted(await at.till.all_operations(), key=lambda o: o.result.kind)
    assert Reason.VOIDED_BEFORE_ARRIVAL is operation.result.reason
    assert 0 == at.gateway.book.points_taken_kopecks()


async def test_a_purchase_that_cannot_be_found_but_was_made_is_voided(at: Bench) -> None:
    """The sale was decided, reading it fails, and the Void gives the points back."""
    at.gateway.script(Method.SALE, LOST, LOST)
    at.gateway.script(Method.GET_PURCHASE, Refuse(StatusCode.INTERNAL))
    result = await at.till.sale(HOLDER, MILK_AND_BEER)
    assert result.is_undone
    assert PurchaseState.VOIDED is result.purchase.state
    assert 0 == at.gateway.book.points_taken_kopecks()


async def test_a_status_that_tells_nothing_is_found_out_too(at: Bench) -> None:
    """INTERNAL may come after the decision: it is not retried, but read and, if need be, undone."""
    at.gateway.script(Method.SALE, LoseAnswer(StatusCode.INTERNAL))
    result = await at.till.sale(HOLDER, MILK_AND_BEER)
    assert result.is_approved
    assert [Method.SALE, Method.GET_PURCHASE] == at.gateway.methods_called


async def test_a_lost_decline_is_settled_as_taking_nothing(at: Bench) -> None:
    """A declined sale has no purchase to find; its Void is refused since nothing stands."""
    at.gateway.script(Method.SALE, LOST, LOST)
    result = await at.till.sale(STRANGER, MILK_AND_BEER)
    assert result.is_undone
    assert () == at.till.open_requests()


async def test_a_lost_sale_with_a_receipt_cannot_be_voided_and_is_found(at: Bench) -> None:
    """The Void is refused with ALREADY_CAPTURED, so the sale stands and its answer is the result."""
    at.gateway.script(Method.SALE, LOST, LOST)
    at.gateway.script(Method.GET_PURCHASE, Refuse(StatusCode.INTERNAL))
    result = await at.till.sale(HOLDER, MILK_AND_BEER, receipts=[RECEIPT])
    assert result.is_approved
    assert [Method.GET_PURCHASE, Method.VOID, Method.GET_PURCHASE] == at.gateway.methods_called[2:]


async def test_an_undone_request_stays_undone_when_it_is_sent_again(at: Bench) -> None:
    """The gateway would repeat its approval, which the Void took back; the till must not sell by it."""
    at.gateway.script(Method.SALE, LOST, LOST)
    at.gateway.script(Method.GET_PURCHASE, Refuse(StatusCode.INTERNAL))
    request = at.till.prepare_sale(HOLDER, MILK_AND_BEER)
    first = await at.till.send(request)
    assert first.is_undone
    assert first == await at.till.send(request)


async def test_when_even_the_void_is_not_confirmed_the_outcome_is_unknown(at: Bench) -> None:
    """The caller is told so by name, and the journal keeps both the sale and its begun Void."""
    _silence(at)
    request = at.till.prepare_sale(HOLDER, MILK_AND_BEER)
    with pytest.raises(OutcomeUnknownError) as caught:
        await at.till.send(request, timeout_s=1.0)
    assert request.request_id == caught.value.request_id
    sale, void = at.till.open_requests()
    assert (request.request_id, b"") == (sale.request_id, sale.body)
    assert (caught.value.undo_request_id, request.request_id) == (void.request_id, void.undoes_request_id)
    assert "неизвестен" in caught.value.notice.cashier_ru


async def test_an_unknown_sale_is_resolved_later_by_the_void_that_was_begun(at: Bench) -> None:
    """`resolve` finishes the same Void, although the sale could be found by then: it may still land."""
    at.gateway.script(Method.SALE, LOST, LOST)
    at.gateway.script(Method.GET_PURCHASE, Refuse(StatusCode.INTERNAL))
    at.gateway.script(Method.VOID, NEVER_ARRIVED, NEVER_ARRIVED)
    with pytest.raises(OutcomeUnknownError) as caught:
        await at.till.sale(HOLDER, MILK_AND_BEER)
    result = await at.till.resolve(caught.value.request_id)
    assert result.is_undone
    assert caught.value.undo_request_id == result.undone_by_request_id
    assert 1 == len({call.body for call in at.gateway.calls_of(Method.VOID)})
    assert 0 == at.gateway.book.points_taken_kopecks()
    assert () == at.till.open_requests()


async def test_sending_an_unknown_sale_again_finishes_its_void(at: Bench) -> None:
    """Once its Void is under way a sale may no longer be approved."""
    _silence(at)
    request = at.till.prepare_sale(HOLDER, MILK_AND_BEER)
    with pytest.raises(OutcomeUnknownError):
        await at.till.send(request, timeout_s=1.0)
    at.gateway.standing_faults.clear()
    assert (await at.till.send(request)).is_undone


async def test_a_void_that_the_gateway_refuses_leaves_the_sale_open(at: Bench) -> None:
    """A key revoked in between: neither sale nor Void is known, and the next resolve begins a new Void."""
    at.gateway.script(Method.SALE, NEVER_ARRIVED, NEVER_ARRIVED)
    at.gateway.script(Method.VOID, Refuse(StatusCode.UNAUTHENTICATED, "CLIENT_REVOKED"))
    with pytest.raises(OutcomeUnknownError) as caught:
        await at.till.sale(HOLDER, MILK_AND_BEER)
    assert isinstance(caught.value.__cause__, UnauthenticatedError)
    assert [Method.SALE] == [record.method for record in at.till.open_requests()]
    assert (await at.till.resolve(caught.value.request_id)).is_undone


async def test_a_capture_is_never_voided_but_repeated_later(at: Bench) -> None:
    """The goods are gone, so the same capture goes out again under the same id when it is resolved."""
    hold = await at.till.authorize(HOLDER, MILK_AND_BEER)
    at.gateway.script(Method.CAPTURE, NEVER_ARRIVED, NEVER_ARRIVED)
    with pytest.raises(OutcomeUnknownError) as caught:
        await at.till.capture(hold.purchase.ref)
    result = await at.till.resolve(caught.value.request_id)
    assert result.is_approved
    assert PurchaseState.CAPTURED is result.purchase.state
    assert [Method.CAPTURE] * 3 == at.gateway.methods_called[1:]
    assert 1 == len({call.body for call in at.gateway.calls_of(Method.CAPTURE)})


async def test_a_refund_that_was_lost_is_done_once(at: Bench) -> None:
    """Two lost answers and a resolve later there is one refund, and its stored answer."""
    sale = await at.till.sale(HOLDER, MILK_AND_BEER)
    at.gateway.script(Method.REFUND, LOST, LOST)
    with pytest.raises(OutcomeUnknownError) as caught:
        await at.till.refund(sale.purchase.ref)
    first = at.gateway.book.outcomes[str(caught.value.request_id)]
    result = await at.till.resolve(caught.value.request_id)
    assert first.signed_payload == result.signed.payload


async def test_a_doubt_from_before_outlives_a_refusal(at: Bench) -> None:
    """A capture that may have been done stays open when the next attempts are refused at the door."""
    hold = await at.till.authorize(HOLDER, MILK_AND_BEER)
    at.gateway.script(Method.CAPTURE, LOST, LOST, Refuse(StatusCode.UNAUTHENTICATED, "CLIENT_REVOKED"))
    with pytest.raises(OutcomeUnknownError) as caught:
        await at.till.capture(hold.purchase.ref)
    with pytest.raises(OutcomeUnknownError):
        await at.till.resolve(caught.value.request_id)
    assert [Method.CAPTURE] == [record.method for record in at.till.open_requests()]


async def test_after_a_crash_the_journal_tells_what_to_resolve(at: Bench) -> None:
    """Another client with the same journal finds a sale without an answer, and undoes or finds it."""
    journal = MemoryJournal()
    request = at.till.prepare_sale(HOLDER, MILK_AND_BEER)
    journal.remember(request.record)
    async with at.another_till(journal=journal) as till:
        (left,) = till.open_requests()
        assert (await till.resolve(left.request_id)).is_undone
        assert () == till.open_requests()


async def test_a_sale_found_after_a_crash_is_given_back_to_the_till(at: Bench) -> None:
    """It stands, so the till gets its answer and may void it or print its receipt."""
    journal = MemoryJournal()
    request = at.till.prepare_sale(HOLDER, MILK_AND_BEER)
    await at.till.send(request)
    journal.remember(request.record)
    async with at.another_till(journal=journal) as till:
        assert (await till.resolve(request.request_id)).is_approved


async def test_a_settled_request_has_nothing_to_resolve(at: Bench) -> None:
    """NotRememberedError names the id."""
    told: list[UUID] = []
    await at.till.sale(HOLDER, MILK_AND_BEER, on_request_id=told.append)
    with pytest.raises(NotRememberedError, match=str(told[0])):
        await at.till.resolve(told[0])


async def test_a_sale_voided_by_hand_in_between_is_not_reported_as_approved(at: Bench) -> None:
    """Another till voids the purchase before it is looked up: the stored approval no longer counts."""
    journal = MemoryJournal()
    request = at.till.prepare_sale(HOLDER, MILK_AND_BEER)
    await at.till.send(request)
    await at.till.void(ByRequestId(request.request_id))
    journal.remember(request.record)
    async with at.another_till(journal=journal) as till:
        assert (await till.resolve(request.request_id)).is_undone


def _silence(at: Bench) -> None:
    """From now on the gateway is away for everything."""
    for method in Method:
        at.gateway.standing_faults[method] = GONE
