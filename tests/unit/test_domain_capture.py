"""Capture: once, whole or by line, within what was authorized; where it belongs (sections 5 and 7)."""

from datetime import date
from uuid import UUID

import pytest
from msgspec.structs import replace

from gateway.domain.commands import ByPurchaseId, Capture, CaptureLine
from gateway.domain.policy import Agreement
from gateway.domain.purchase import PurchaseState, ReceiptKind
from gateway.domain.reasons import Reason
from tests.builders import (
    BEER,
    CAPPED,
    FOOD,
    MILK,
    POINTS_ONLY,
    SHOP,
    Scene,
    at,
    basket,
    line,
    purchase_of,
    receipt,
)


def test_a_whole_capture_spends_the_hold() -> None:
    """HELD becomes SPENT, as authorized."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    purchase = scene.hold(basket(line(1, 30_00), line(2, 5_00, BEER)))
    captured = purchase_of(scene.after(minutes=29).capture(purchase))
    assert PurchaseState.CAPTURED == captured.state
    assert 30_00 == captured.made_capture.points_kopecks
    assert 35_00 == captured.made_capture.total_kopecks
    assert (70_00, 0, 30_00, 0) == scene.balance(certificate)


def test_a_sale_is_authorize_and_capture_in_one_command() -> None:
    """Nothing stays held."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    assert PurchaseState.CAPTURED == scene.sale(line(1, 30_00)).state
    assert (70_00, 0, 30_00, 0) == scene.balance(certificate)


def test_a_capture_by_line_releases_the_rest() -> None:
    """A line that is left out, and the part of a line that is not captured, come back."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    purchase = scene.hold(basket(line(1, 30_00, quantity_milli=3000), line(2, 20_00)))
    done = purchase_of(scene.capture(purchase, CaptureLine(1, 2000, 20_00))).made_capture
    assert [(1, 20_00)] == [(captured.line_number, captured.points_kopecks) for captured in done.lines]
    assert (80_00, 0, 20_00, 0) == scene.balance(certificate)


def test_points_pay_a_captured_part_first() -> None:
    """Of a line paid by both, points pay the captured part as far as they were approved."""
    scene = Scene()
    scene.issue(FOOD, 30_00)
    purchase = scene.hold(line(1, 40_00, quantity_milli=4000), accept_partial=True)
    done = purchase_of(scene.capture(purchase, CaptureLine(1, 2000, 20_00))).made_capture
    assert 20_00 == done.points_kopecks
    assert 0 == done.lines[0].own_money_kopecks


def test_a_price_may_fall_between_hold_and_capture() -> None:
    """The same quantity for a lower amount lowers the points."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 30_00))
    scene.capture(purchase, CaptureLine(1, 1000, 29_00))
    assert (71_00, 0, 29_00, 0) == scene.balance(certificate)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (CaptureLine(9, 1000, 1), Reason.LINE_UNKNOWN),
        (CaptureLine(1, 1001, 10_00), Reason.CAPTURE_ABOVE_AUTHORIZED),
        (CaptureLine(1, 1000, 10_01), Reason.CAPTURE_ABOVE_AUTHORIZED),
    ],
)
def test_a_capture_stays_within_lines_quantities_and_amounts(asked: CaptureLine, reason: Reason) -> None:
    """More than was authorized, of anything, is declined and the hold stays."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 10_00))
    assert reason == scene.capture(purchase, asked).reason
    assert (90_00, 10_00, 0, 0) == scene.balance(certificate)


def test_rounding_of_the_captured_total_lowers_own_money_then_points() -> None:
    """The points of the last line give way where there is no own money."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    purchase = scene.hold(basket(line(1, 10_30), line(2, 10_40)))
    asked = (CaptureLine(1, 1000, 10_30), CaptureLine(2, 1000, 10_40))
    done = purchase_of(scene.capture(purchase, *asked, rounding_kopecks=70)).made_capture
    assert [10_30, 9_70] == [captured.points_kopecks for captured in done.lines]
    assert 20_00 == done.total_kopecks
    assert (80_00, 0, 20_00, 0) == scene.balance(certificate)
    second = scene.hold(basket(line(1, 10_30), line(2, 1_00, BEER)))
    asked = (CaptureLine(1, 1000, 10_30), CaptureLine(2, 1000, 1_00))
    done = purchase_of(scene.capture(second, *asked, rounding_kopecks=30)).made_capture
    assert 10_30 == done.points_kopecks


def test_a_rounding_above_the_captured_lines_is_refused() -> None:
    """A total below zero is above everything that was authorized."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 10_00))
    outcome = scene.capture(purchase, CaptureLine(1, 1000, 10), rounding_kopecks=11)
    assert Reason.CAPTURE_ABOVE_AUTHORIZED == outcome.reason


def test_a_capture_by_line_brings_no_own_money_into_a_program_that_forbids_it() -> None:
    """Without the rounding of the authorization 50 kopecks of own money would appear."""
    scene = Scene()
    scene.issue(POINTS_ONLY, 100_00)
    purchase = scene.hold(basket(line(1, 10_50), rounding_kopecks=50))
    assert Reason.OWN_MONEY_NOT_ALLOWED == scene.capture(purchase, CaptureLine(1, 1000, 10_50)).reason
    assert scene.capture(purchase, CaptureLine(1, 1000, 10_50), rounding_kopecks=50).is_approved


def test_a_purchase_is_captured_once() -> None:
    """A second capture is told so; a voided one stays voided."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    first, second = scene.hold(line(1, 10_00)), scene.hold(line(1, 10_00))
    scene.capture(first, CaptureLine(1, 1000, 5_00))
    assert Reason.ALREADY_CAPTURED == scene.capture(first).reason
    scene.void(second)
    assert Reason.ALREADY_VOIDED == scene.capture(second).reason


def test_a_purchase_of_another_merchant_is_unknown() -> None:
    """Neither its existence nor its state is told to a stranger."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 10_00))
    scene.shop = replace(SHOP, merchant_id=2)
    for finish in (scene.capture, scene.void, scene.refund, scene.attach):
        outcome = finish(purchase)
        assert Reason.PURCHASE_UNKNOWN == outcome.reason
        assert outcome.purchase is None


def test_any_till_of_the_merchant_may_capture() -> None:
    """A hold may be made at one till and captured at the next."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 10_00))
    scene.shop = replace(SHOP, outlet_id=12, terminal_id=121)
    assert scene.capture(purchase).is_approved


def test_one_line_cannot_be_named_twice() -> None:
    """The command itself can't be made, whatever a door lets through."""
    with pytest.raises(ValueError, match="named once"):
        Capture(UUID(int=1), Scene().origin, ByPurchaseId(UUID(int=1)), (CaptureLine(1, 1, 1),) * 2)


def test_the_receipts_time_is_the_day_of_sale() -> None:
    """A receipt of before midnight belongs to that day, though the capture came after it."""
    scene = Scene(now=at("2026-03-31 23:50"))
    scene.issue(FOOD, 100_00)
    first, second = scene.hold(line(1, 10_00)), scene.hold(line(1, 10_00))
    scene.after(minutes=20)
    done = purchase_of(scene.capture(first, receipts=(receipt(at("2026-03-31 23:55")),))).made_capture
    assert date(2026, 3, 31) == done.sale_date
    done = purchase_of(scene.capture(second)).made_capture
    assert date(2026, 4, 1) == done.sale_date


@pytest.mark.parametrize(
    ("issued_at", "captured_at", "sale_date"),
    [
        ("2026-03-10 23:54:59", "2026-03-11 00:20", date(2026, 3, 11)),
        ("2026-03-10 23:55:00", "2026-03-11 00:20", date(2026, 3, 10)),
        ("2026-03-11 00:04:00", "2026-03-10 23:59", date(2026, 3, 11)),
        ("2026-03-11 00:04:01", "2026-03-10 23:59", date(2026, 3, 10)),
    ],
)
def test_a_receipt_outside_the_purchase_does_not_date_it(
    issued_at: str, captured_at: str, sale_date: date
) -> None:
    """More than five minutes before the authorization or after the capture, the server's time counts."""
    scene = Scene(now=min(at(captured_at), at("2026-03-11 00:00")))
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 10_00))
    scene.now = at(captured_at)
    done = purchase_of(scene.capture(purchase, receipts=(receipt(at(issued_at)),))).made_capture
    assert sale_date == done.sale_date


def test_a_return_receipt_does_not_date_a_sale() -> None:
    """Only receipts of a sale and its correction tell when it was sold."""
    scene = Scene(now=at("2026-03-10 23:59"))
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 10_00))
    scene.after(minutes=5)
    back = receipt(at("2026-03-10 23:59"), kind=ReceiptKind.RETURN)
    assert date(2026, 3, 11) == purchase_of(scene.capture(purchase, receipts=(back,))).made_capture.sale_date


def test_the_agreement_of_the_day_of_sale_is_stored() -> None:
    """A hold of the last day of one agreement that is sold on the first of the next belongs to the next."""
    scene = Scene(now=at("2026-03-31 23:50"))
    certificate = scene.issue(FOOD, 100_00)
    programs = frozenset({"food"})
    old = Agreement(1, programs, date(2026, 1, 1), date(2026, 4, 1))
    new = Agreement(2, programs, date(2026, 4, 1), None)
    scene.shop = replace(SHOP, agreements=(old, new))
    first, second = scene.hold(line(1, 10_00)), scene.hold(line(1, 10_00))
    third = scene.hold(line(1, 10_00))
    scene.after(minutes=20)
    before_midnight = (receipt(at("2026-03-31 23:55")),)
    assert {certificate: 1} == purchase_of(
        scene.capture(first, receipts=before_midnight)
    ).made_capture.agreements
    assert {certificate: 2} == purchase_of(scene.capture(second)).made_capture.agreements
    scene.shop = replace(SHOP, agreements=(old,))
    assert {certificate: 1} == purchase_of(scene.capture(third)).made_capture.agreements


def test_a_live_hold_is_captured_after_the_certificates_last_day() -> None:
    """The hold reserved the points; what is released then lapses."""
    scene = Scene(now=at("2026-04-30 23:50"))
    certificate = scene.issue(FOOD, 100_00, "2026-04-30")
    purchase = scene.hold(line(1, 30_00))
    scene.now = at("2026-05-01 00:10")
    assert scene.capture(purchase, CaptureLine(1, 1000, 20_00)).is_approved
    assert (0, 0, 20_00, 80_00) == scene.balance(certificate)


def test_a_blocked_or_withdrawn_certificate_still_pays_what_it_holds() -> None:
    """Blocks stop new purchases; the goods of an earlier one are with the buyer."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    first, second = scene.hold(line(1, 10_00, MILK)), scene.hold(line(1, 20_00))
    scene.block(certificate)
    assert scene.capture(first).is_approved
    scene.withdraw(certificate)
    assert scene.capture(second, CaptureLine(1, 1000, 15_00)).is_approved
    assert (0, 0, 25_00, 75_00) == scene.balance(certificate)


def test_a_capped_whole_capture_spends_exactly_the_hold() -> None:
    """Ceilings were applied at the authorization; the whole capture changes nothing."""
    scene = Scene()
    certificate = scene.issue(CAPPED, 100_00)
    scene.capture(scene.hold(line(1, 75_00)))
    assert (40_00, 0, 60_00, 0) == scene.balance(certificate)
