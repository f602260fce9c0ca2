"""Fiscal receipts: any number, with the capture or later, each once (design section 5)."""

from gateway.domain.purchase import ReceiptKind
from gateway.domain.reasons import Reason
from tests.builders import FOOD, Scene, line, purchase_of, receipt


def test_receipts_come_with_the_capture_and_later() -> None:
    """A sale, its correction and a return may all belong to one purchase."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    sold = receipt(scene.now, 1)
    purchase = scene.sale(line(1, 10_00), receipts=(sold,))
    correction = receipt(scene.now, 2, kind=ReceiptKind.CORRECTION_SALE)
    back = receipt(scene.now, 3, kind=ReceiptKind.RETURN)
    assert (sold, correction) == purchase_of(scene.attach(purchase, correction)).receipts
    assert (sold, correction, back) == purchase_of(scene.refund(purchase, receipts=(back,))).receipts


def test_the_same_receipt_is_kept_once() -> None:
    """(ФН, ФД) is unique in the country: the first one stands."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    sold = receipt(scene.now, 1)
    purchase = scene.sale(line(1, 10_00), receipts=(sold, sold))
    assert (sold,) == purchase.receipts
    assert (sold,) == purchase_of(scene.attach(purchase, receipt(scene.now, 1, fiscal_sign=2))).receipts
    other_drive = receipt(scene.now, 1, fiscal_drive_number="9999078900000002")
    assert (sold, other_drive) == purchase_of(scene.attach(purchase, other_drive)).receipts


def test_a_receipt_that_comes_later_changes_neither_day_nor_agreement() -> None:
    """Both were stored with the capture and never change."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    purchase = scene.sale(line(1, 10_00))
    attached = purchase_of(scene.after(hours=20).attach(purchase, receipt(scene.now)))
    assert purchase.made_capture == attached.made_capture


def test_only_a_captured_purchase_takes_receipts() -> None:
    """A receipt for an expired hold goes with a late capture, where it is judged."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 10_00))
    assert Reason.NOT_CAPTURED == scene.attach(purchase, receipt(scene.now)).reason
    assert Reason.NOT_CAPTURED == scene.after(hours=1).attach(purchase, receipt(scene.now)).reason
    scene.void(purchase)
    assert Reason.ALREADY_VOIDED == scene.attach(purchase, receipt(scene.now)).reason
