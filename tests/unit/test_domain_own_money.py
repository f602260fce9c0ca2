"""Own money: what certificates don't cover, and programs that forbid it (design section 5)."""

from gateway.domain.purchase import OwnMoneyPart, Purchase
from gateway.domain.reasons import LineReason, Reason
from tests.builders import (
    BEER,
    CHILDREN,
    FOOD,
    MILK,
    POINTS_ONLY,
    TOY,
    Scene,
    basket,
    declined_purchase,
    line,
)


def own_money(purchase: Purchase) -> int:
    """Truth 4: basket total = certificate share + own money."""
    return purchase.total_kopecks - purchase.approved_kopecks


def test_certificate_share_and_own_money_make_the_total() -> None:
    """A mixed basket is the ordinary case."""
    scene = Scene()
    scene.issue(FOOD, 1000_00)
    purchase = scene.hold(basket(line(1, 100_01, MILK), line(2, 80_02, BEER)))
    assert 180_03 == purchase.total_kopecks
    assert 80_02 == own_money(purchase)


def test_rounding_of_the_receipt_lowers_own_money_first() -> None:
    """Points pay the milk in full as long as own money can give the kopecks."""
    scene = Scene()
    scene.issue(FOOD, 1000_00)
    purchase = scene.hold(basket(line(1, 100_01, MILK), line(2, 80_02, BEER), rounding_kopecks=3))
    assert 100_01 == purchase.approved_kopecks
    assert 79_99 == own_money(purchase)


def test_rounding_lowers_points_where_there_is_no_own_money() -> None:
    """The last certificate gives way, so that the earliest expiry is still used most."""
    scene = Scene()
    early, late = scene.issue(FOOD, 60_00, "2026-04-30"), scene.issue(FOOD, 1000_00)
    purchase = scene.hold(basket(line(1, 40_50, MILK), line(2, 60_25, MILK), rounding_kopecks=75))
    assert {early: 60_00, late: 40_00} == purchase.held_by_certificate()
    assert 0 == own_money(purchase)


def test_a_program_without_own_money_pays_all_or_nothing() -> None:
    """Points alone pay the whole basket; as soon as something remains it is declined."""
    scene = Scene()
    certificate = scene.issue(POINTS_ONLY, 100_00)
    mixed = basket(line(1, 10_00, MILK), line(2, 10_00, BEER))
    assert Reason.OWN_MONEY_NOT_ALLOWED == scene.authorize(mixed).reason
    assert Reason.OWN_MONEY_NOT_ALLOWED == scene.authorize(mixed, accept_partial=True).reason
    assert {certificate: 10_00} == scene.hold(line(1, 10_00)).held_by_certificate()


def test_too_few_points_come_before_forbidden_own_money() -> None:
    """Insufficient points have precedence; with accept_partial the rule on own money speaks."""
    scene = Scene()
    scene.issue(POINTS_ONLY, 100_00)
    outcome = scene.authorize(line(1, 150_00))
    assert Reason.INSUFFICIENT_POINTS == outcome.reason
    assert 100_00 == outcome.available_kopecks
    assert Reason.OWN_MONEY_NOT_ALLOWED == scene.authorize(line(1, 150_00), accept_partial=True).reason


def test_the_others_pay_alone_where_a_program_without_own_money_cannot() -> None:
    """Its lines become own money; the certificates that allow own money pay theirs."""
    scene = Scene()
    strict, children = scene.issue(POINTS_ONLY, 5_00), scene.issue(CHILDREN, 100_00)
    goods = basket(line(1, 10_00, MILK), line(2, 20_00, TOY))
    purchase = scene.hold(goods)
    assert {children: 20_00} == purchase.held_by_certificate()
    assert LineReason.PROGRAM_DOES_NOT_ALLOW == purchase.lines[0].reason
    assert (5_00, 0, 0, 0) == scene.balance(strict)


def test_a_certificate_that_takes_no_part_for_its_rule_does_not_make_points_insufficient() -> None:
    """Whether the strict certificate still has a kopeck changes nothing for the others."""
    scene = Scene()
    scene.issue(POINTS_ONLY, 5_00)
    scene.sale(line(1, 5_00))
    children = scene.issue(CHILDREN, 100_00)
    purchase = scene.hold(basket(line(1, 10_00, MILK), line(2, 20_00, TOY)))
    assert {children: 20_00} == purchase.held_by_certificate()
    assert 20_00 == purchase.eligible_kopecks


def test_empty_certificates_of_any_kind_are_insufficient_points() -> None:
    """Nobody could pay, so the strict rule is not the reason."""
    scene = Scene()
    scene.issue(FOOD, 5_00)
    scene.sale(line(1, 5_00))
    scene.issue(POINTS_ONLY, 5_00)
    scene.sale(line(1, 5_00))
    outcome = scene.authorize(basket(line(1, 10_00), line(2, 1_00, BEER)), accept_partial=True)
    assert Reason.INSUFFICIENT_POINTS == outcome.reason


def test_a_strict_certificate_joins_where_nothing_is_left_to_pay() -> None:
    """Together they pay the whole basket, so no own money is needed."""
    scene = Scene()
    strict, children = scene.issue(POINTS_ONLY, 10_00), scene.issue(CHILDREN, 100_00)
    purchase = scene.hold(basket(line(1, 10_00, MILK), line(2, 20_00, TOY)))
    assert {strict: 10_00, children: 20_00} == purchase.held_by_certificate()


def test_how_the_buyer_means_to_pay_the_rest_is_kept_as_told() -> None:
    """It is stored, replaced by what the capture tells, and never checked."""
    scene = Scene()
    scene.issue(FOOD, 10_00)
    told = (OwnMoneyPart("CASH", 1),)
    purchase = scene.hold(basket(line(1, 10_00), line(2, 5_00, BEER)), own_money=told)
    assert told == purchase.own_money
    changed = (OwnMoneyPart("CARD", 5_00),)
    captured = scene.capture(purchase, own_money=changed).purchase
    assert captured is not None
    assert changed == captured.own_money


def test_a_declined_purchase_keeps_its_judged_lines_and_pays_nothing() -> None:
    """What was refused can be shown later; no share stands on it."""
    scene = Scene()
    scene.issue(FOOD, 10_00)
    refused = declined_purchase(
        scene.authorize(basket(line(1, 20_00), line(2, 5_00, BEER))), Reason.INSUFFICIENT_POINTS
    )
    assert [LineReason.ALLOWED, LineReason.PROHIBITED] == [item.reason for item in refused.lines]
    assert {} == refused.held_by_certificate()
    assert 20_00 == refused.eligible_kopecks
