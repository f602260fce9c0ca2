"""Refund: parts sum to the whole, to the certificates that paid, never above what was captured."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.domain.certificate import Bucket
from gateway.domain.commands import ByPurchaseId, CaptureLine, RefundLine
from gateway.domain.commands import Refund as RefundCommand
from gateway.domain.policy import Policy, RefundAfterExpiry, RefundOrder, RefundScope
from gateway.domain.purchase import Refund
from gateway.domain.reasons import Reason
from tests.builders import (
    BEER,
    DURABLE,
    FOOD,
    FRIDGE,
    MILK,
    SHOP,
    Scene,
    at,
    basket,
    line,
    receipt,
)


def refunded(scene: Scene, purchase_id: UUID, *lines: RefundLine) -> Refund:
    """Refund what must be approved."""
    outcome = scene.refund(scene.account.purchases[purchase_id], *lines)
    assert outcome.reason is None
    assert outcome.refund is not None
    return outcome.refund


def test_a_whole_refund_gives_back_points_and_own_money() -> None:
    """Without lines everything that is left comes back."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    sold = scene.sale(basket(line(1, 60_00, MILK), line(2, 15_00, BEER)))
    made = refunded(scene, sold.id)
    assert (60_00, 15_00, 0) == (made.points_kopecks, made.own_money_kopecks, made.lapsed_kopecks)
    assert (100_00, 0, 0, 0) == scene.balance(certificate)
    assert Reason.REFUND_ABOVE_CAPTURED == scene.refund(sold).reason


def test_parts_of_a_line_sum_to_the_whole() -> None:
    """Half up on the cumulative quantity: 33.34 + 33.33 + 33.33 of 100.00."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    sold = scene.sale(line(1, 100_00, quantity_milli=3000))
    parts = [refunded(scene, sold.id, RefundLine(1, 1000)).points_kopecks for _ in range(3)]
    assert [33_33, 33_34, 33_33] == parts


def test_of_a_line_paid_by_both_points_go_back_first() -> None:
    """The default: own money comes back last."""
    scene = Scene()
    scene.issue(FOOD, 30_00)
    sold = scene.sale(line(1, 40_00, quantity_milli=4000), accept_partial=True)
    made = [refunded(scene, sold.id, RefundLine(1, 2000)) for _ in range(2)]
    assert [(20_00, 0), (10_00, 10_00)] == [(part.points_kopecks, part.own_money_kopecks) for part in made]


def test_the_setting_proportional_splits_every_part() -> None:
    """Points and own money come back in the proportion in which they were paid."""
    scene = Scene(policy=Policy(refund_order=RefundOrder.PROPORTIONAL))
    scene.issue(FOOD, 30_00)
    sold = scene.sale(line(1, 40_00, quantity_milli=4000), accept_partial=True)
    made = [refunded(scene, sold.id, RefundLine(1, 2000)) for _ in range(2)]
    assert [(15_00, 5_00), (15_00, 5_00)] == [(part.points_kopecks, part.own_money_kopecks) for part in made]


def test_points_return_in_reverse_order_of_payment() -> None:
    """The certificate that paid last gets its points back first: it expires last."""
    scene = Scene()
    early, late = scene.issue(FOOD, 30_00, "2026-04-30"), scene.issue(FOOD, 30_00)
    sold = scene.sale(line(1, 50_00, quantity_milli=5000))
    first = refunded(scene, sold.id, RefundLine(1, 3000))
    assert [(late, 20_00), (early, 10_00)] == [
        (share.certificate_id, share.amount_kopecks) for share in first.lines[0].shares
    ]
    assert (10_00, 0, 20_00, 0) == scene.balance(early)
    assert (30_00, 0, 0, 0) == scene.balance(late)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [(RefundLine(9, 1), Reason.LINE_UNKNOWN), (RefundLine(1, 1001), Reason.REFUND_ABOVE_CAPTURED)],
)
def test_a_refund_stays_within_the_captured_lines(asked: RefundLine, reason: Reason) -> None:
    """What was not sold can't come back; a line that was left out of the capture is unknown."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    sold = scene.sale(line(1, 10_00))
    assert reason == scene.refund(sold, asked).reason
    partly = scene.hold(basket(line(1, 10_00, quantity_milli=2000), line(2, 5_00)))
    scene.capture(partly, CaptureLine(1, 1000, 5_00))
    assert Reason.REFUND_ABOVE_CAPTURED == scene.refund(partly, RefundLine(1, 2000)).reason
    assert Reason.LINE_UNKNOWN == scene.refund(partly, RefundLine(2, 1000)).reason


def test_refunds_of_one_line_add_up_against_the_captured_quantity() -> None:
    """A second refund counts the first one."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    sold = scene.sale(line(1, 10_00, quantity_milli=2000))
    refunded(scene, sold.id, RefundLine(1, 1500))
    assert Reason.REFUND_ABOVE_CAPTURED == scene.refund(sold, RefundLine(1, 501)).reason
    refunded(scene, sold.id, RefundLine(1, 500))


def test_one_line_cannot_be_refunded_twice_in_one_command() -> None:
    """The command itself can't be made, whatever a door lets through."""
    with pytest.raises(ValueError, match="named once"):
        RefundCommand(UUID(int=1), Scene().origin, ByPurchaseId(UUID(int=1)), (RefundLine(1, 1),) * 2)


def test_a_hold_is_voided_not_refunded() -> None:
    """Before the capture there is nothing to give back, and after a void neither."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    held = scene.hold(line(1, 10_00))
    assert Reason.NOT_CAPTURED == scene.refund(held).reason
    assert Reason.NOT_CAPTURED == scene.after(hours=1).refund(held).reason
    scene.void(held)
    assert Reason.ALREADY_VOIDED == scene.refund(held).reason


def test_any_enabled_till_of_the_merchant_refunds_unless_the_setting_says_outlet() -> None:
    """Another shop of the same merchant is as good, by default."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    sold = scene.sale(line(1, 10_00, quantity_milli=2000))
    scene.shop = replace(SHOP, outlet_id=12, terminal_id=121)
    refunded(scene, sold.id, RefundLine(1, 1000))
    scene.policy = Policy(refund_scope=RefundScope.OUTLET)
    assert Reason.OTHER_OUTLET == scene.refund(sold).reason
    scene.shop = replace(SHOP, terminal_id=112)
    refunded(scene, sold.id)


def test_rounding_of_the_receipt_is_nobodys_to_get_back() -> None:
    """Own money comes back as it was paid: less the rounding, which the last part lacks."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    sold = scene.sale(basket(line(1, 60_00), line(2, 15_50, BEER, quantity_milli=2000), rounding_kopecks=50))
    made = [refunded(scene, sold.id, RefundLine(2, 1000)), refunded(scene, sold.id)]
    assert [7_75, 7_25] == [part.own_money_kopecks for part in made]


def test_a_shortfall_of_the_merchant_is_nobodys_to_get_back() -> None:
    """The buyer paid nothing for what a late capture could not cover, and keeps the beer paid for."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    late = scene.hold(basket(line(1, 60_00), line(2, 15_00, BEER)))
    proof = receipt(scene.now)
    scene.after(hours=1).sale(line(1, 90_00))
    scene.capture(late, receipts=(proof,))
    made = refunded(scene, late.id, RefundLine(1, 1000))
    assert (10_00, 0) == (made.points_kopecks, made.own_money_kopecks)
    assert 15_00 == refunded(scene, late.id).own_money_kopecks


def test_after_the_last_day_refunded_points_lapse() -> None:
    """The default: the certificate is over; an act may still bring them back."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00, "2026-04-30")
    sold = scene.sale(line(1, 60_00))
    scene.now = at("2026-05-01 00:00")
    assert 60_00 == refunded(scene, sold.id).lapsed_kopecks
    assert (0, 0, 0, 100_00) == scene.balance(certificate)
    scene.change_validity(certificate, "2026-05-31")
    assert (100_00, 0, 0, 0) == scene.balance(certificate)


def test_the_setting_extend_opens_the_certificate_for_the_refunded_points() -> None:
    """For 30 whole days more; what had lapsed before stays lapsed."""
    scene = Scene(policy=Policy(refund_after_expiry=RefundAfterExpiry.EXTEND))
    certificate = scene.issue(FOOD, 100_00, "2026-04-30")
    sold = scene.sale(line(1, 60_00))
    scene.now = at("2026-05-01 10:00")
    assert 0 == refunded(scene, sold.id).lapsed_kopecks
    assert (60_00, 0, 0, 40_00) == scene.balance(certificate)
    assert at("2026-06-01 00:00") == scene.account.certificates[certificate].valid_until


def test_a_withdrawn_certificate_is_not_extended() -> None:
    """What comes back to it lapses, with every setting."""
    scene = Scene(policy=Policy(refund_after_expiry=RefundAfterExpiry.EXTEND))
    certificate = scene.issue(FOOD, 100_00, "2026-04-30")
    sold = scene.sale(line(1, 60_00))
    scene.withdraw(certificate)
    scene.now = at("2026-05-01 10:00")
    assert 60_00 == refunded(scene, sold.id).lapsed_kopecks
    assert at("2026-05-01 00:00") == scene.account.certificates[certificate].valid_until


def test_a_full_refund_reopens_a_one_shot_certificate_once() -> None:
    """The rest comes back with the last points, and not again with a later refund of own money."""
    scene = Scene()
    durable = scene.issue(DURABLE, 100_00)
    goods = basket(line(1, 60_00, FRIDGE, quantity_milli=2000), line(2, 5_00, BEER))
    sold = scene.sale(goods, program_code="durable")
    refunded(scene, sold.id, RefundLine(1, 1000))
    assert (30_00, 0, 30_00, 40_00) == scene.balance(durable)
    refunded(scene, sold.id, RefundLine(1, 1000))
    assert (100_00, 0, 0, 0) == scene.balance(durable)
    scene.correct(durable, Bucket.AVAILABLE, Bucket.LAPSED, 100_00)
    refunded(scene, sold.id, RefundLine(2, 1000))
    assert (0, 0, 0, 100_00) == scene.balance(durable)


def test_a_full_refund_after_the_last_day_leaves_the_rest_to_an_extension() -> None:
    """Reopened and lapsed at once, by time: the act that extends brings all of it back."""
    scene = Scene()
    durable = scene.issue(DURABLE, 100_00, "2026-04-30")
    sold = scene.sale(line(1, 60_00, FRIDGE), program_code="durable")
    scene.now = at("2026-05-01 00:00")
    refunded(scene, sold.id)
    assert (0, 0, 0, 100_00) == scene.balance(durable)
    scene.change_validity(durable, "2026-05-31")
    assert (100_00, 0, 0, 0) == scene.balance(durable)


def test_without_a_refund_the_rest_of_a_one_shot_certificate_stays_lapsed() -> None:
    """An extension brings back what time took, not what the capture took."""
    scene = Scene()
    durable = scene.issue(DURABLE, 100_00, "2026-04-30")
    scene.sale(line(1, 60_00, FRIDGE), program_code="durable")
    scene.change_validity(durable, "2026-05-31")
    assert (0, 0, 60_00, 40_00) == scene.balance(durable)


@given(
    amount=st.integers(1, 30),
    points=st.integers(1, 30),
    quantity=st.integers(1, 9),
    cuts=st.lists(st.integers(1, 9), max_size=8),
    orders=st.lists(st.sampled_from(RefundOrder), min_size=1, max_size=8),
    rounding=st.integers(0, 3),
)
def test_however_a_line_is_cut_its_refunds_sum_to_what_was_paid(
    amount: int, points: int, quantity: int, cuts: list[int], orders: list[RefundOrder], rounding: int
) -> None:
    """Also where the setting changes between two refunds; no part is negative or above its amount."""
    scene = Scene()
    certificate = scene.issue(FOOD, points)
    goods = basket(line(1, amount, quantity_milli=quantity), rounding_kopecks=min(rounding, amount - 1))
    sold = scene.sale(goods, accept_partial=True)
    spent = sold.made_capture.points_kopecks
    left = quantity
    made = []
    for step, cut in enumerate([*cuts, quantity]):
        if not left:
            break
        scene.policy = Policy(refund_order=orders[step % len(orders)])
        made.append(refunded(scene, sold.id, RefundLine(1, min(cut, left))))
        left -= min(cut, left)
    assert spent == sum(part.points_kopecks for part in made)
    assert amount == sum(part.lines[0].amount_kopecks for part in made)
    assert goods.total_kopecks - spent == sum(part.own_money_kopecks for part in made)
    for part in made:
        assert 0 <= part.points_kopecks <= part.lines[0].amount_kopecks
        assert 0 <= part.own_money_kopecks <= part.lines[0].amount_kopecks - part.points_kopecks
    assert (points, 0, 0, 0) == scene.balance(certificate)
