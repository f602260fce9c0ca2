"""Purchases on the wire: every state shows what is true at the instant of looking."""

from datetime import timedelta

from gateway.domain.commands import CaptureLine, RefundLine
from gateway.domain.outcome import Outcome
from gateway.domain.purchase import Purchase, PurchaseState, ReceiptKind
from gateway.domain.reasons import LineReason, Reason
from gateway.rpc.render import (
    RECEIPT_KINDS_ON_WIRE,
    STATES_ON_WIRE,
    View,
    certificate_message,
    fill_purchase,
    refund_message,
)
from tests.builders import (
    BEER,
    BREAD,
    CAPPED,
    DURABLE,
    FOOD,
    FRIDGE,
    MILK,
    Scene,
    basket,
    declined_purchase,
    line,
    purchase_of,
    receipt,
)
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import reason_pb2

ALLOWED, PROHIBITED = reason_pb2.LINE_REASON_ALLOWED, reason_pb2.LINE_REASON_PROHIBITED


def view_of(scene: Scene) -> View:
    """The scene as it is now."""
    return View(scene.now, scene.account.certificates, lambda _: scene.lists)


def shown(scene: Scene, purchase: Purchase | Outcome) -> wire.Purchase:
    """A purchase as the wire shows it now, through bytes and back."""
    if isinstance(purchase, Outcome):
        purchase = purchase_of(purchase)
    message = wire.Purchase()
    fill_purchase(message, purchase, view_of(scene))
    return wire.Purchase.FromString(message.SerializeToString())


def test_the_enums_of_the_domain_have_their_names_on_the_wire() -> None:
    """States and kinds of receipts, each by its own name."""
    states = {state: wire.PurchaseState.Value(f"PURCHASE_STATE_{state.name}") for state in PurchaseState}
    assert states == STATES_ON_WIRE
    kinds = {kind: wire.ReceiptKind.Value(f"RECEIPT_KIND_{kind.name}") for kind in ReceiptKind}
    assert kinds == RECEIPT_KINDS_ON_WIRE


def test_a_mixed_basket_shows_who_pays_what_and_why() -> None:
    """Bread by points, beer by own money; each line with rule, list version, source and texts."""
    scene = Scene()
    certificate_id = scene.issue(FOOD, 500_00)
    purchase = scene.hold(basket(line(1, 100_00, BREAD), line(2, 80_00, BEER)))
    message = shown(scene, purchase)
    assert wire.PURCHASE_STATE_AUTHORIZED == message.state
    assert (180_00, 100_00, 100_00, 80_00) == (
        message.total_kopecks,
        message.eligible_kopecks,
        message.certificate_kopecks,
        message.own_money_kopecks,
    )
    bread, beer = message.lines
    assert (ALLOWED, 100_00, "not-listed") == (bread.reason, bread.approved_kopecks, bread.rule_id)
    assert (PROHIBITED, 0, "beer") == (beer.reason, beer.approved_kopecks, beer.rule_id)
    assert {("2026-1", "declared")} == {(item.list_version, item.evidence_source) for item in message.lines}
    assert "Запрещено к покупке по сертификату" == beer.notice.cashier_ru
    [share] = message.certificates
    assert (str(certificate_id), "food", 100_00, 400_00) == (
        share.certificate_id,
        share.program_code,
        share.amount_kopecks,
        share.available_kopecks,
    )
    assert [(str(certificate_id), 100_00, 0)] == [
        (item.certificate_id, item.amount_kopecks, item.available_kopecks) for item in bread.shares
    ]
    assert scene.now == message.authorized_at.ToDatetime(scene.now.tzinfo)
    assert purchase.hold_expires_at == message.hold_expires_at.ToDatetime(scene.now.tzinfo)
    assert (str(purchase.id), str(purchase.request_id), 11, 111) == (
        message.purchase_id,
        message.request_id,
        message.outlet_id,
        message.terminal_id,
    )


def test_a_hold_is_shown_expired_from_its_last_instant_on() -> None:
    """Time decides: nobody has to book the expiry first."""
    scene = Scene()
    scene.issue(FOOD, 500_00)
    purchase = scene.hold(line(1, 100_00))
    scene.now = purchase.hold_expires_at - timedelta(microseconds=1)
    assert wire.PURCHASE_STATE_AUTHORIZED == shown(scene, purchase).state
    scene.now = purchase.hold_expires_at
    assert wire.PURCHASE_STATE_EXPIRED == shown(scene, purchase).state


def test_a_partial_approval_says_so() -> None:
    """Points pay what they have."""
    scene = Scene()
    scene.issue(FOOD, 60_00)
    message = shown(scene, scene.hold(line(1, 100_00), accept_partial=True))
    assert (True, 60_00, 40_00) == (
        message.approved_partially,
        message.certificate_kopecks,
        message.own_money_kopecks,
    )
    assert not shown(scene.after(hours=1), scene.hold(line(1, 60_00))).approved_partially


def test_a_price_ceiling_is_shown_on_its_line() -> None:
    """The line costs more than points may pay for it."""
    scene = Scene()
    scene.issue(CAPPED, 500_00)
    [item] = shown(scene, scene.hold(line(1, 100_00, MILK))).lines
    assert (True, 60_00) == (item.capped_by_ceiling, item.approved_kopecks)


def test_nothing_of_a_declined_purchase_is_paid_by_points() -> None:
    """Its lines keep their reasons; sums that might have been are not shown as paid."""
    scene = Scene()
    scene.issue(FOOD, 60_00)
    outcome = scene.authorize(basket(line(1, 100_00), line(2, 80_00, BEER)))
    purchase = declined_purchase(outcome, Reason.INSUFFICIENT_POINTS)
    message = shown(scene, purchase)
    assert wire.PURCHASE_STATE_DECLINED == message.state
    assert (0, 180_00, 0, False) == (
        message.certificate_kopecks,
        message.own_money_kopecks,
        len(message.certificates),
        message.approved_partially,
    )
    assert [(0, 0), (0, 0)] == [(item.approved_kopecks, len(item.shares)) for item in message.lines]
    assert [ALLOWED, PROHIBITED] == [item.reason for item in message.lines]
    assert not message.HasField("hold_expires_at")


def test_a_capture_by_line_shows_what_was_captured() -> None:
    """Beside what was authorized; total, shares and own money are those of the capture."""
    scene = Scene()
    certificate_id = scene.issue(FOOD, 500_00)
    purchase = scene.hold(basket(line(1, 100_00), line(2, 80_00, BEER), line(3, 50_00)))
    captured = scene.capture(
        purchase, CaptureLine(1, 1000, 100_00), CaptureLine(2, 1000, 80_00), rounding_kopecks=40
    )
    message = shown(scene, captured)
    assert wire.PURCHASE_STATE_CAPTURED == message.state
    assert (179_60, 40, 100_00, 79_60) == (
        message.total_kopecks,
        message.rounding_kopecks,
        message.certificate_kopecks,
        message.own_money_kopecks,
    )
    assert [(100_00, 1000, 100_00, 100_00), (0, 1000, 80_00, 0), (50_00, 0, 0, 0)] == [
        (i.approved_kopecks, i.captured_quantity_milli, i.captured_amount_kopecks, i.captured_points_kopecks)
        for i in message.lines
    ]
    [share] = message.certificates
    assert (str(certificate_id), 100_00, 400_00) == (
        share.certificate_id,
        share.amount_kopecks,
        share.available_kopecks,
    )
    assert "2026-03-10" == message.sale_date
    assert scene.now == message.captured_at.ToDatetime(scene.now.tzinfo)


def test_a_late_capture_shows_the_shops_loss_apart_from_the_buyers_money() -> None:
    """What the certificate no longer had was owed by nobody at the till."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(basket(line(1, 100_00), line(2, 80_00, BEER)))
    sold_at = scene.now
    scene.after(hours=1).sale(line(1, 70_00))
    message = shown(scene, scene.capture(purchase, receipts=(receipt(sold_at),)))
    assert (True, 180_00, 30_00, 70_00, 80_00) == (
        message.is_late,
        message.total_kopecks,
        message.certificate_kopecks,
        message.shortfall_kopecks,
        message.own_money_kopecks,
    )
    assert ["9999078900000001"] == [item.fiscal_drive_number for item in message.receipts]


def test_the_rest_of_a_one_shot_certificate_is_announced_and_then_reported() -> None:
    """What would lapse with the capture, and what did."""
    scene = Scene()
    scene.issue(DURABLE, 1000_00)
    purchase = scene.hold(line(1, 700_00, FRIDGE), program_code="durable")
    assert 300_00 == shown(scene, purchase).rest_lapses_kopecks
    assert 300_00 == shown(scene, scene.capture(purchase)).rest_lapses_kopecks


def test_refunds_are_summed_on_their_lines() -> None:
    """Two partial refunds of one line, and the certificate's balance after them."""
    scene = Scene()
    scene.issue(FOOD, 500_00)
    purchase = scene.sale(basket(line(1, 90_00, quantity_milli=3000), line(2, 80_00, BEER)))
    scene.refund(purchase, RefundLine(1, 1000))
    outcome = scene.refund(purchase, RefundLine(1, 1000), RefundLine(2, 500))
    message = shown(scene, outcome)
    assert [(2000, 60_00, 60_00), (500, 40_00, 0)] == [
        (i.refunded_quantity_milli, i.refunded_amount_kopecks, i.refunded_points_kopecks)
        for i in message.lines
    ]
    assert 60_00 == message.refunded_kopecks
    assert outcome.refund is not None
    made = refund_message(outcome.refund, view_of(scene))
    assert (30_00, 40_00, 0) == (made.points_kopecks, made.own_money_kopecks, made.lapsed_kopecks)
    assert [(30_00, 470_00)] == [(s.amount_kopecks, s.available_kopecks) for s in made.certificates]
    assert [(1, 1000, 30_00, 30_00), (2, 500, 40_00, 0)] == [
        (i.line_number, i.quantity_milli, i.amount_kopecks, i.points_kopecks) for i in made.lines
    ]


def test_a_certificate_is_shown_with_all_its_parts() -> None:
    """As department commands see it."""
    scene = Scene()
    certificate_id = scene.issue(FOOD, 500_00)
    scene.hold(line(1, 100_00))
    certificate = scene.account.certificates[certificate_id]
    message = certificate_message(certificate)
    assert (500_00, 400_00, 100_00, 0, 0) == (
        message.nominal_kopecks,
        message.available_kopecks,
        message.held_kopecks,
        message.spent_kopecks,
        message.lapsed_kopecks,
    )
    assert certificate.valid_until == message.valid_until.ToDatetime(certificate.valid_until.tzinfo)


def test_every_line_reason_has_a_notice() -> None:
    """A line outside the program says so to both."""
    scene = Scene()
    scene.issue(FOOD, 500_00)
    [first, second] = shown(scene, scene.hold(basket(line(1, 10_00), line(2, 20_00, FRIDGE)))).lines
    assert (int(LineReason.ALLOWED), "Оплачивается баллами") == (first.reason, first.notice.buyer_ru)
    assert (int(LineReason.PROGRAM_DOES_NOT_ALLOW), "Outside the program") == (
        second.reason,
        second.notice.cashier_en,
    )
