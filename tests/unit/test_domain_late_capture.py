"""Truth 7: a late capture takes what is there, and what is not is the merchant's shortfall."""

from datetime import date

import pytest

from gateway.domain.certificate import Bucket
from gateway.domain.commands import CaptureLine
from gateway.domain.policy import Policy, RefundAfterExpiry
from gateway.domain.purchase import Capture, PurchaseState, ReceiptKind
from gateway.domain.reasons import Reason
from tests.builders import BEER, DURABLE, FOOD, FRIDGE, Scene, at, basket, line, purchase_of, receipt


def late(scene: Scene, goods_kopecks: int = 60_00) -> Capture:
    """Hold, wait an hour, capture with the receipt of the sale; returns the capture."""
    purchase = scene.hold(line(1, goods_kopecks))
    sold = receipt(scene.now)
    return purchase_of(scene.after(hours=1).capture(purchase, receipts=(sold,))).made_capture


def test_a_late_capture_takes_the_released_points_again() -> None:
    """Nobody spent them meanwhile: nothing is missing, and it is marked LATE."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    done = late(scene)
    assert done.is_late
    assert 0 == done.shortfall_kopecks
    assert (40_00, 0, 60_00, 0) == scene.balance(certificate)


def test_without_a_receipt_the_hold_has_expired() -> None:
    """At the very instant of its end, half-open; with the receipt at hand it is a late capture."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 60_00))
    sold = receipt(scene.now)
    assert Reason.HOLD_EXPIRED == scene.after(minutes=30).capture(purchase).reason
    assert purchase_of(scene.capture(purchase, receipts=(sold,))).made_capture.is_late


def test_the_end_of_the_hold_is_judged_before_the_lines() -> None:
    """The order of reasons: an expired hold is told before a wrong line."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 60_00))
    scene.after(minutes=30)
    assert Reason.HOLD_EXPIRED == scene.capture(purchase, CaptureLine(9, 1000, 1)).reason


@pytest.mark.parametrize(
    ("issued_at", "is_accepted"),
    [
        ("2026-03-10 11:54:59", False),
        ("2026-03-10 11:55:00", True),
        ("2026-03-10 12:35:00", True),
        ("2026-03-10 12:35:01", False),
    ],
)
def test_the_receipt_must_lie_within_the_hold_give_or_take_five_minutes(
    issued_at: str, is_accepted: bool
) -> None:
    """The till's clock may be off by five minutes, not more."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 60_00))
    outcome = scene.after(hours=2).capture(purchase, receipts=(receipt(at(issued_at)),))
    assert (None if is_accepted else Reason.LATE_CAPTURE_REFUSED) == outcome.reason


def test_one_receipt_of_the_sale_within_the_hold_is_enough() -> None:
    """A correction that was printed the day after does not spoil the proof."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 60_00))
    proof, correction = (
        receipt(scene.now),
        receipt(at("2026-03-11 09:00"), 2, kind=ReceiptKind.CORRECTION_SALE),
    )
    assert scene.after(hours=24).capture(purchase, receipts=(correction, proof)).is_approved


def test_a_return_receipt_proves_no_sale() -> None:
    """Only a receipt of the sale counts."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 60_00))
    back = receipt(scene.now, kind=ReceiptKind.RETURN)
    assert Reason.HOLD_EXPIRED == scene.after(hours=1).capture(purchase, receipts=(back,)).reason


def test_a_late_capture_may_come_72_hours_after_the_hold() -> None:
    """Then it is over; the window is a setting."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    first, second = scene.hold(line(1, 10_00)), scene.hold(line(1, 10_00))
    sold = receipt(scene.now)
    scene.after(hours=72, minutes=30)
    assert scene.capture(first, receipts=(sold,)).is_approved
    assert Reason.LATE_CAPTURE_REFUSED == scene.after(seconds=1).capture(second, receipts=(sold,)).reason


def test_what_was_spent_meanwhile_is_the_merchants_shortfall() -> None:
    """Never a negative balance: the rest of the hold is told as shortfall, by line from the last one."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    purchase = scene.hold(basket(line(1, 30_00), line(2, 30_00), line(3, 5_00, BEER)))
    sold = receipt(scene.now)
    scene.after(hours=1).sale(line(1, 80_00))
    done = purchase_of(scene.capture(purchase, receipts=(sold,))).made_capture
    assert 40_00 == done.shortfall_kopecks
    assert [(20_00, 10_00), (0, 30_00), (0, 0)] == [
        (captured.points_kopecks, captured.shortfall_kopecks) for captured in done.lines
    ]
    assert [0, 0, 5_00] == [captured.own_money_kopecks for captured in done.lines]
    assert (0, 0, 100_00, 0) == scene.balance(certificate)


def test_a_late_capture_of_nothing_is_recorded_with_its_whole_shortfall() -> None:
    """All was spent elsewhere: the capture stands, and the whole of it is a case."""
    scene = Scene()
    scene.issue(FOOD, 60_00)
    purchase = scene.hold(line(1, 60_00))
    sold = receipt(scene.now)
    scene.after(hours=1).sale(line(1, 60_00))
    done = purchase_of(scene.capture(purchase, receipts=(sold,))).made_capture
    assert (0, 60_00) == (done.points_kopecks, done.shortfall_kopecks)


def test_what_lapsed_from_the_hold_itself_is_taken_back() -> None:
    """The hold outlived the certificate's last day and lapsed with it: those very points are spent."""
    scene = Scene(now=at("2026-04-30 23:50"))
    certificate = scene.issue(FOOD, 100_00, "2026-04-30")
    assert 0 == late(scene).shortfall_kopecks
    assert (0, 0, 60_00, 40_00) == scene.balance(certificate)


def test_points_that_were_released_in_time_and_lapsed_later_are_gone() -> None:
    """They were back on the certificate and could be spent; its last day took them, not the hold."""
    scene = Scene(now=at("2026-04-30 23:00"))
    certificate = scene.issue(FOOD, 100_00, "2026-04-30")
    purchase = scene.hold(line(1, 60_00))
    sold = receipt(scene.now)
    scene.now = at("2026-05-01 00:00")
    assert 60_00 == purchase_of(scene.capture(purchase, receipts=(sold,))).made_capture.shortfall_kopecks
    assert (0, 0, 0, 100_00) == scene.balance(certificate)


def test_points_brought_back_by_an_act_are_taken_from_what_is_available() -> None:
    """The lapse of the hold was undone; what was bought with it since is missing."""
    scene = Scene(now=at("2026-04-30 23:50"))
    certificate = scene.issue(FOOD, 100_00, "2026-04-30")
    purchase = scene.hold(line(1, 60_00))
    sold = receipt(scene.now)
    scene.after(hours=1)
    scene.change_validity(certificate, "2026-05-31")
    scene.sale(line(1, 70_00))
    done = purchase_of(scene.capture(purchase, receipts=(sold,))).made_capture
    assert (30_00, 30_00) == (done.points_kopecks, done.shortfall_kopecks)
    assert (0, 0, 100_00, 0) == scene.balance(certificate)


def test_points_that_a_correction_lapsed_are_not_those_of_the_hold() -> None:
    """A late capture takes back what lapsed with time, not what a document took away."""
    scene = Scene(now=at("2026-04-30 23:50"))
    certificate = scene.issue(FOOD, 100_00, "2026-04-30")
    purchase = scene.hold(line(1, 60_00))
    sold = receipt(scene.now)
    scene.after(hours=1)
    scene.change_validity(certificate, "2026-05-31")
    scene.correct(certificate, Bucket.AVAILABLE, Bucket.LAPSED, 100_00)
    done = purchase_of(scene.capture(purchase, receipts=(sold,))).made_capture
    assert 60_00 == done.shortfall_kopecks
    assert (0, 0, 0, 100_00) == scene.balance(certificate)


def test_a_refund_that_reopened_the_certificate_leaves_the_holds_points_to_it() -> None:
    """The setting `extend` opens the certificate for the refunded points; the hold's are still lapsed."""
    scene = Scene(now=at("2026-04-30 23:50"), policy=Policy(refund_after_expiry=RefundAfterExpiry.EXTEND))
    certificate = scene.issue(FOOD, 100_00, "2026-04-30")
    bought, purchase = scene.sale(line(1, 40_00)), scene.hold(line(1, 60_00))
    sold = receipt(scene.now)
    scene.after(hours=1).refund(bought)
    assert (40_00, 0, 0, 60_00) == scene.balance(certificate)
    assert 0 == purchase_of(scene.capture(purchase, receipts=(sold,))).made_capture.shortfall_kopecks
    assert (40_00, 0, 60_00, 0) == scene.balance(certificate)


def test_a_withdrawn_certificate_gives_the_late_capture_what_its_hold_left() -> None:
    """Withdrawn during the hold: its points lapsed at the end of the hold, and are taken from there."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 60_00))
    sold = receipt(scene.now)
    scene.withdraw(certificate)
    done = purchase_of(scene.after(hours=1).capture(purchase, receipts=(sold,))).made_capture
    assert 0 == done.shortfall_kopecks
    assert (0, 0, 60_00, 40_00) == scene.balance(certificate)


def test_a_late_capture_by_line_takes_only_what_was_sold() -> None:
    """The other line was left in the shop."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    purchase = scene.hold(basket(line(1, 30_00), line(2, 40_00)))
    sold = receipt(scene.now)
    scene.after(hours=1).capture(purchase, CaptureLine(2, 1000, 40_00), receipts=(sold,))
    assert (60_00, 0, 40_00, 0) == scene.balance(certificate)


def test_the_rest_of_a_one_shot_certificate_lapses_at_a_late_capture_too() -> None:
    """It is used now, as it would have been in time."""
    scene = Scene()
    durable = scene.issue(DURABLE, 100_00)
    purchase = scene.hold(line(1, 60_00, FRIDGE), program_code="durable")
    sold = receipt(scene.now)
    scene.after(hours=1).capture(purchase, receipts=(sold,))
    assert (0, 0, 60_00, 40_00) == scene.balance(durable)


def test_the_day_of_a_late_capture_is_that_of_its_receipt() -> None:
    """It belongs to the claim of the day on which the goods were sold."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 60_00))
    sold = receipt(scene.now)
    done = purchase_of(scene.after(hours=48).capture(purchase, receipts=(sold,))).made_capture
    assert date(2026, 3, 10) == done.sale_date


def test_a_voided_expired_hold_is_never_captured_late() -> None:
    """A void of an expired hold is final: the till said that nothing was sold."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 60_00))
    sold = receipt(scene.now)
    assert PurchaseState.VOIDED == purchase_of(scene.after(hours=1).void(purchase)).state
    assert Reason.ALREADY_VOIDED == scene.capture(purchase, receipts=(sold,)).reason
