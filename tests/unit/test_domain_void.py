"""Void: a hold is released; a capture is undone while nothing stands on it (design section 5)."""

from msgspec.structs import replace

from gateway.domain.certificate import Bucket
from gateway.domain.commands import RefundLine
from gateway.domain.purchase import PurchaseState
from gateway.domain.reasons import Reason
from tests.builders import DURABLE, FOOD, FRIDGE, SHOP, Scene, at, line, purchase_of, receipt


def test_a_void_releases_the_hold_from_any_till_of_the_merchant() -> None:
    """The points are available again at once."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 60_00))
    scene.shop = replace(SHOP, terminal_id=112)
    assert PurchaseState.VOIDED == purchase_of(scene.void(purchase)).state
    assert (100_00, 0, 0, 0) == scene.balance(certificate)
    assert Reason.ALREADY_VOIDED == scene.void(purchase).reason


def test_a_void_after_the_certificates_last_day_lapses_the_points() -> None:
    """What comes back when the certificate is over lapses."""
    scene = Scene(now=at("2026-04-30 23:50"))
    certificate = scene.issue(FOOD, 100_00, "2026-04-30")
    purchase = scene.hold(line(1, 60_00))
    scene.after(minutes=15).void(purchase)
    assert (0, 0, 0, 100_00) == scene.balance(certificate)


def test_a_void_of_an_expired_hold_moves_nothing_and_is_final() -> None:
    """Time had released it already; from now on it can't be captured late."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 60_00))
    scene.after(hours=1)
    assert PurchaseState.VOIDED == purchase_of(scene.void(purchase)).state
    assert (100_00, 0, 0, 0) == scene.balance(certificate)


def test_a_lost_sale_is_undone_by_its_own_till() -> None:
    """Captured points come back as if nothing had happened."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    purchase = scene.sale(line(1, 60_00))
    scene.shop = replace(SHOP, terminal_id=112)
    assert Reason.OTHER_TERMINAL == scene.void(purchase).reason
    scene.shop = SHOP
    assert PurchaseState.VOIDED == purchase_of(scene.void(purchase)).state
    assert (100_00, 0, 0, 0) == scene.balance(certificate)


def test_a_capture_with_a_receipt_a_refund_or_a_closed_shift_is_refunded_not_voided() -> None:
    """ALREADY_CAPTURED points to Refund."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    with_receipt = scene.sale(line(1, 10_00), receipts=(receipt(scene.now),))
    refunded = scene.sale(line(1, 10_00, quantity_milli=2000))
    scene.refund(refunded, RefundLine(1, 1000))
    later_receipt, closed = scene.sale(line(1, 10_00)), scene.sale(line(1, 10_00))
    scene.attach(later_receipt, receipt(scene.now, 2))
    kept = {**scene.account.purchases, closed.id: replace(scene.stored(closed), is_shift_closed=True)}
    scene.account = replace(scene.account, purchases=kept)
    for purchase in (with_receipt, refunded, later_receipt, closed):
        assert Reason.ALREADY_CAPTURED == scene.void(purchase).reason


def test_a_void_of_a_captured_one_shot_purchase_reopens_the_certificate() -> None:
    """The rest that lapsed with the capture comes back with the points."""
    scene = Scene()
    durable = scene.issue(DURABLE, 100_00)
    purchase = scene.sale(line(1, 60_00, FRIDGE), program_code="durable")
    assert (0, 0, 60_00, 40_00) == scene.balance(durable)
    scene.void(purchase)
    assert (100_00, 0, 0, 0) == scene.balance(durable)


def test_a_void_after_a_correction_of_the_rest_reopens_only_what_is_still_lapsed() -> None:
    """An operator brought some of the rest back before: it does not come back twice."""
    scene = Scene()
    durable = scene.issue(DURABLE, 100_00)
    purchase = scene.sale(line(1, 60_00, FRIDGE), program_code="durable")
    scene.correct(durable, Bucket.LAPSED, Bucket.AVAILABLE, 25_00)
    assert (25_00, 0, 60_00, 15_00) == scene.balance(durable)
    scene.void(purchase)
    assert (100_00, 0, 0, 0) == scene.balance(durable)


def test_a_declined_purchase_cannot_be_voided() -> None:
    """There is nothing to undo, and the answer says so."""
    scene = Scene()
    scene.issue(FOOD, 10_00)
    refused = scene.authorize(line(1, 60_00)).purchase
    assert refused is not None
    scene.account = replace(scene.account, purchases={refused.id: refused})
    for finish in (scene.void, scene.capture, scene.refund, scene.attach):
        assert Reason.PURCHASE_DECLINED == finish(refused).reason


def test_a_new_hold_replaces_the_old_one_in_one_command() -> None:
    """The points of the old hold are there for the new one."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    old = scene.hold(line(1, 80_00))
    new = scene.hold(line(1, 90_00), replaces=old.id)
    assert PurchaseState.VOIDED == scene.stored(old).state
    assert {certificate: 90_00} == new.held_by_certificate()
    assert (10_00, 90_00, 0, 0) == scene.balance(certificate)


def test_a_declined_replacement_leaves_the_old_hold_alone() -> None:
    """All or nothing: the old purchase can still be captured."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    old = scene.hold(line(1, 80_00))
    assert Reason.INSUFFICIENT_POINTS == scene.authorize(line(1, 110_00), replaces=old.id).reason
    assert (20_00, 80_00, 0, 0) == scene.balance(certificate)
    assert scene.capture(old).is_approved


def test_what_is_captured_or_of_another_card_is_not_replaced() -> None:
    """A captured purchase asks for a refund; one of another account for the same card."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    captured = scene.sale(line(1, 10_00))
    assert Reason.ALREADY_CAPTURED == scene.authorize(line(1, 10_00), replaces=captured.id).reason
    stranger = scene.next_id()
    assert Reason.REPLACES_OTHER_ACCOUNT == scene.authorize(line(1, 10_00), replaces=stranger).reason


def test_an_expired_hold_that_is_replaced_is_final_too() -> None:
    """The till gave it up: no late capture may follow."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    old = scene.hold(line(1, 80_00))
    sold = receipt(scene.now)
    scene.after(hours=1).hold(line(1, 90_00), replaces=old.id)
    assert Reason.ALREADY_VOIDED == scene.capture(old, receipts=(sold,)).reason
