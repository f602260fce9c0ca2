"""Tills buy through the real door: mutual TLS, signed answers, every method.

Over each transport; and over single calls with the plain ledger behind the door.
"""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from uuid import UUID

import grpc
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.runtime.bootstrap import start_ledger
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from gateway.runtime.keys import load_keys
from loadtests.plain.starting import start_plain_ledger
from tests import wire_kit as till
from tests.door_kit import Door, Refused, door_on
from tests.transports import TRANSPORTS
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service
from tillgate.v1 import reason_pb2

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[*TRANSPORTS, "plain"])
async def door(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    postgres: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    make_database: Callable[[], str],
) -> AsyncIterator[Door]:
    """One gateway for all tests here; each has cards of its own."""
    url = postgres.url(make_database())
    is_plain = request.param == "plain"
    start = start_plain_ledger if is_plain else start_ledger
    async with door_on(tmp_path_factory.mktemp("door"), url, valkey.url, start=start) as running:
        running.transport = "unary" if is_plain else request.param
        yield running


def held_basket() -> list[wire.BasketLine]:
    """Two loaves at 100, and beer."""
    bread = till.line(1, 200_00, quantity_milli=2000, unit_price_kopecks=100_00)
    return [bread, till.line(2, 80_00, till.BEER)]


async def test_a_mixed_basket_is_held_and_captured(door: Door) -> None:
    """Bread by points, beer by own money, and the captured sums in the answer."""
    client, card = door.till(), await door.card(500_00)
    held = await client.outcome(till.authorize(*held_basket(), card=card))
    assert (wire.DECISION_APPROVED, 200_00, 80_00) == (
        held.decision,
        held.purchase.certificate_kopecks,
        held.purchase.own_money_kopecks,
    )
    assert (client.client.merchant_id, client.terminal_id, 0) == (
        held.merchant_id,
        held.terminal_id,
        held.concentrator_id,
    )
    done = await client.outcome(till.capture(held.request_id))
    assert (wire.PURCHASE_STATE_CAPTURED, 300_00) == (
        done.purchase.state,
        done.purchase.certificates[0].available_kopecks,
    )


async def test_an_answer_is_signed_over_exactly_its_bytes(door: Door) -> None:
    """Verify the bytes, then parse."""
    answer = (await door.till().call(till.sale(card=await door.card(500_00)))).answer
    signer = load_keys(door.settings).signer
    assert signer.key_id == answer.key_id
    Ed25519PublicKey.from_public_bytes(signer.public_key).verify(answer.signature, answer.signed_payload)


async def test_a_retry_after_a_lost_answer_gets_the_stored_answer(door: Door) -> None:
    """Byte for byte, an approval and a decline alike."""
    client, card = door.till(), await door.card(100_00)
    for request in (
        till.authorize(till.line(1, 60_00), card=card),
        till.authorize(till.line(1, 60_00), card=card),
    ):
        first, again = await client.call(request), await client.call(request)
        assert first == again
    assert (
        reason_pb2.REASON_INSUFFICIENT_POINTS
        == wire.SignedOutcome.FromString(again.answer.signed_payload).reason
    )


async def test_another_body_under_a_used_id_is_refused_by_field(door: Door) -> None:
    """The id stands for what was sent first."""
    client, card, other = door.till(), await door.card(500_00), await door.card(500_00)
    request = till.authorize(till.line(1, 60_00), card=card)
    await client.call(request)
    request.basket.CopyFrom(till.basket(till.line(1, 61_00)))
    with pytest.raises(Refused) as caught:
        await client.call(request)
    assert (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_CONFLICT", "basket.lines[0].amount_kopecks") == (
        caught.value.code,
        caught.value.reason,
        caught.value.field,
    )
    request.basket.CopyFrom(till.basket(till.line(1, 60_00)))
    request.card.CopyFrom(other)
    with pytest.raises(Refused) as caught:
        await client.call(request)
    assert "card" == caught.value.field


async def test_a_purchase_is_read_by_id_by_request_and_by_receipt(door: Door) -> None:
    """With the stored answer of its Sale, as the till would have got it."""
    client = door.till()
    receipt = till.receipt(fiscal_document_number=101, issued_at=datetime.now(UTC))
    request = till.sale(card=await door.card(500_00), receipts=[receipt])
    answer = (await client.call(request)).answer
    bought = wire.SignedOutcome.FromString(answer.signed_payload).purchase
    by_receipt = wire.FiscalReceiptRef(
        fiscal_drive_number=receipt.fiscal_drive_number, fiscal_document_number=101
    )
    for ref in (
        wire.PurchaseRef(purchase_id=bought.purchase_id),
        till.by_request(request.header.request_id),
        wire.PurchaseRef(receipt=by_receipt),
    ):
        found = await client.call(service.GetPurchaseRequest(purchase=ref))
        assert (answer, bought) == (found.answer, found.purchase)


async def test_a_part_is_captured_and_a_part_of_it_comes_back_elsewhere(door: Door) -> None:
    """One loaf of two is captured; another till of the merchant refunds it without the card."""
    client, card = door.till(), await door.card(500_00)
    held = await client.outcome(till.authorize(*held_basket(), card=card))
    line = wire.CaptureLine(line_number=1, quantity_milli=1000, amount_kopecks=100_00)
    captured = await client.outcome(till.capture(held.request_id, line))
    assert (100_00, 400_00) == (
        captured.purchase.certificate_kopecks,
        captured.purchase.certificates[0].available_kopecks,
    )
    elsewhere = door.till(door.tills_of(0)[1])
    back = await elsewhere.outcome(
        till.refund(held.request_id, wire.RefundLine(line_number=1, quantity_milli=500))
    )
    assert (50_00, 50_00, 450_00) == (
        back.refund.points_kopecks,
        back.purchase.refunded_kopecks,
        back.refund.certificates[0].available_kopecks,
    )
    rest = await elsewhere.outcome(till.refund(held.request_id))
    assert (50_00, 100_00) == (rest.refund.points_kopecks, rest.purchase.refunded_kopecks)


async def test_a_void_before_arrival_is_final(door: Door) -> None:
    """The purchase that comes later is declined, and the void stays what it was."""
    client, card = door.till(), await door.card(500_00)
    request = till.authorize(card=card)
    voided = await client.outcome(till.void(request.header.request_id))
    assert (wire.DECISION_APPROVED, False) == (voided.decision, voided.HasField("purchase"))
    late = await client.outcome(request)
    assert (wire.DECISION_DECLINED, reason_pb2.REASON_VOIDED_BEFORE_ARRIVAL, wire.COMMAND_KIND_AUTHORIZE) == (
        late.decision,
        late.reason,
        late.kind,
    )
    assert request.header.request_id == late.request_id


async def test_a_hold_is_voided_and_replaced(door: Door) -> None:
    """Replacing takes the points of the old hold for the new one, in one command."""
    client, card = door.till(), await door.card(100_00)
    first = await client.outcome(till.authorize(till.line(1, 90_00), card=card))
    second = await client.outcome(
        till.authorize(till.line(1, 95_00), card=card, replaces_request_id=first.request_id)
    )
    assert (wire.DECISION_APPROVED, 5_00) == (
        second.decision,
        second.purchase.certificates[0].available_kopecks,
    )
    voided = await client.outcome(till.void(second.request_id))
    assert (wire.PURCHASE_STATE_VOIDED, 100_00) == (
        voided.purchase.state,
        voided.purchase.certificates[0].available_kopecks,
    )


async def test_a_receipt_is_attached_later(door: Door) -> None:
    """It then stands in the purchase."""
    client = door.till()
    bought = await client.outcome(till.sale(card=await door.card(500_00)))
    receipt = till.receipt(fiscal_document_number=202, issued_at=datetime.now(UTC))
    attached = await client.outcome(
        service.AttachReceiptRequest(
            header=till.header(), purchase=till.by_request(bought.request_id), receipts=[receipt]
        )
    )
    assert [receipt] == list(attached.purchase.receipts)


async def test_a_quote_answers_as_authorize_would_and_leaves_no_trace(door: Door) -> None:
    """Not one row of the database changes."""
    client, card = door.till(), await door.card(100_00)
    before = await door.dump()
    quoted = await client.call(till.quote(*held_basket(), card=card, accept_partial=True))
    assert before == await door.dump()
    assert (wire.DECISION_APPROVED, 100_00, 180_00, True) == (
        quoted.decision,
        quoted.purchase.certificate_kopecks,
        quoted.purchase.own_money_kopecks,
        quoted.purchase.approved_partially,
    )
    assert ("", "", False, False) == (
        quoted.purchase.purchase_id,
        quoted.purchase.request_id,
        quoted.purchase.HasField("authorized_at"),
        quoted.purchase.HasField("hold_expires_at"),
    )
    refused = await client.call(till.quote(*held_basket(), card=card))
    assert (wire.DECISION_DECLINED, reason_pb2.REASON_INSUFFICIENT_POINTS, 100_00) == (
        refused.decision,
        refused.reason,
        refused.available_kopecks,
    )


async def test_a_quote_says_what_of_a_one_shot_certificate_would_lapse(door: Door) -> None:
    """Durable goods are bought once; the rest of the nominal is lost."""
    card = await door.card(10_000_00, program_code="durable")
    fridge = till.line(1, 9_000_00, "27.51.11.110")
    quoted = await door.till().call(till.quote(fridge, card=card, program_code="durable"))
    assert (wire.DECISION_APPROVED, 1_000_00) == (quoted.decision, quoted.purchase.rest_lapses_kopecks)


async def test_a_balance_shows_certificates_and_no_person(door: Door) -> None:
    """Those that can be spent, with program and last day."""
    client, card = door.till(), await door.card(500_00, 300_00)
    await client.call(till.authorize(till.line(1, 60_00), card=card))
    balance = await client.call(service.GetBalanceRequest(card=card))
    assert [(440_00, 60_00, True), (300_00, 0, True)] == [
        (item.available_kopecks, item.held_kopecks, item.is_usable) for item in balance.certificates
    ]
    assert {("food", "Продукты питания", False, True)} == {
        (item.program_code, item.program_name_ru, item.is_one_shot, item.allows_own_money)
        for item in balance.certificates
    }
    assert reason_pb2.REASON_UNSPECIFIED == balance.reason


async def test_the_balance_of_an_unknown_card_says_so(door: Door) -> None:
    """As a reason in the answer; nothing went wrong at the door."""
    balance = await door.till().call(service.GetBalanceRequest(card=wire.Card(number="999999999")))
    assert (reason_pb2.REASON_CARD_UNKNOWN, 0) == (balance.reason, len(balance.certificates))
    assert "Карта не найдена." == balance.notice.cashier_ru


async def test_a_shift_is_closed_with_its_totals_once(door: Door) -> None:
    """A second close under another id is declined; a sale of the shift can no longer be voided."""
    client, card = door.till(door.tills_of(0)[1]), await door.card(500_00)
    bought = await client.outcome(
        till.sale(till.line(1, 60_00), card=card, header=till.header(shift_number=77))
    )
    await client.outcome(till.refund(bought.request_id, header=till.header(shift_number=77)))
    await client.outcome(till.authorize(till.line(1, 40_00), card=card, header=till.header(shift_number=77)))
    closed = await client.outcome(service.CloseShiftRequest(header=till.header(shift_number=77)))
    totals = closed.shift
    assert (77, 1, 60_00, 1, 60_00, 0, 1, 40_00) == (
        totals.shift_number,
        totals.captured_count,
        totals.captured_kopecks,
        totals.refund_count,
        totals.refunded_kopecks,
        totals.voided_count,
        totals.open_count,
        totals.open_kopecks,
    )
    again = await client.outcome(service.CloseShiftRequest(header=till.header(shift_number=77)))
    assert reason_pb2.REASON_SHIFT_ALREADY_CLOSED == again.reason


async def test_operations_are_listed_in_pages(door: Door) -> None:
    """Each outcome of the terminal once, in order of decision, as it was answered."""
    client, card = door.till(door.tills_of(1)[0]), await door.card(500_00)
    requests = [till.authorize(till.line(1, 10_00), card=card) for _ in range(5)]
    answers = {request.header.request_id: (await client.call(request)).answer for request in requests}
    listed: list[service.Operation] = []
    token = ""
    while token or not listed:
        page = await client.call(service.ListOperationsRequest(page_size=2, page_token=token))
        listed += page.operations
        token = page.next_page_token
    assert [request.header.request_id for request in requests] == [item.request_id for item in listed]
    assert answers == {item.request_id: item.answer for item in listed}
    assert {(client.terminal_id, 7)} == {
        (item.terminal_id, UUID(item.purchase_id).version) for item in listed
    }
    since = service.ListOperationsRequest(decided_from=listed[3].decided_at)
    assert listed[3:] == list((await client.call(since)).operations)


async def test_a_page_token_of_another_terminal_is_refused(door: Door) -> None:
    """Its cursor belongs to the listing that it came from."""
    client, card = door.till(door.tills_of(1)[1]), await door.card(500_00)
    for _ in range(2):
        await client.call(till.authorize(till.line(1, 10_00), card=card))
    token = (await client.call(service.ListOperationsRequest(page_size=1))).next_page_token
    with pytest.raises(Refused) as caught:
        await door.till().call(service.ListOperationsRequest(page_token=token))
    assert ("PAGE_TOKEN_INVALID", "page_token") == (caught.value.reason, caught.value.field)


async def test_fields_that_this_version_does_not_know_are_ignored(door: Door) -> None:
    """A newer till may say more."""
    newer = till.authorize(card=await door.card(500_00)).SerializeToString() + b"\xfa\x3e\x03new"
    outcome = await door.till().outcome(service.AuthorizeRequest.FromString(newer))
    assert wire.DECISION_APPROVED == outcome.decision
