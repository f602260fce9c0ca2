"""Who may do what now: truth 12 of the design, and the order of reasons."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from gateway.domain.commands import (
    AttachReceipt,
    Authorize,
    ByPurchaseId,
    Capture,
    Command,
    Issue,
    Refund,
    Void,
)
from gateway.domain.gates import refusal_of_standing
from gateway.domain.policy import Agreement, Context, Policy
from gateway.domain.reasons import Reason
from gateway.goods.sources import goods_by
from tests.builders import (
    ACT,
    BEER,
    BOOK,
    FOOD,
    FRIDGE,
    MILK,
    SHOP,
    Scene,
    basket,
    declined_purchase,
    line,
    purchase_of,
    receipt,
)

NOBODY = UUID(int=0)


def suspended(scene: Scene, **ago: float) -> None:
    """Suspend the scene's merchant some time ago."""
    scene.shop = replace(SHOP, suspended_at=scene.now - timedelta(**ago))


def test_a_suspended_merchant_gets_no_new_authorization() -> None:
    """Suspension holds from its very instant, and the judged lines are kept."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    suspended(scene, seconds=0)
    refused = declined_purchase(scene.authorize(line(1, 10_00, BEER)), Reason.MERCHANT_SUSPENDED)
    assert refused.lines[0].verdict.rule_id == "beer"


def test_a_suspension_of_tomorrow_stops_nothing_today() -> None:
    """A suspension known in advance holds from its instant on."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    scene.shop = replace(SHOP, suspended_at=scene.now + timedelta(seconds=1))
    assert scene.authorize(line(1, 10_00)).is_approved


def test_a_suspended_merchant_finishes_its_purchases_while_it_winds_down() -> None:
    """Buyers are not trapped: capture, receipt, refund and void go on for 30 days."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    bought, dropped = scene.hold(line(1, 10_00)), scene.hold(line(1, 20_00))
    suspended(scene, days=29, hours=23)
    assert scene.capture(bought).is_approved
    assert scene.attach(bought, receipt(scene.now)).is_approved
    assert scene.refund(bought).is_approved
    assert scene.void(dropped).is_approved
    assert scene.balance(certificate) == (100_00, 0, 0, 0)


@pytest.mark.parametrize("finish", ["capture", "void", "refund", "attach"])
def test_after_the_wind_down_a_suspended_merchant_does_nothing(finish: str) -> None:
    """The wind-down time ends half-open: at 30 days it is over, for every command."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 10_00))
    suspended(scene, days=30)
    assert Reason.MERCHANT_SUSPENDED == getattr(scene, finish)(purchase).reason


def test_a_disabled_till_or_shop_neither_authorizes_nor_refunds_but_finishes_its_holds() -> None:
    """Refunds come from enabled terminals; what is held may still be captured or voided."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    first, second = scene.sale(line(1, 10_00)), scene.hold(line(1, 10_00))
    third = scene.hold(line(1, 10_00))
    for reason, shop in (
        (Reason.TERMINAL_DISABLED, replace(SHOP, is_terminal_enabled=False)),
        (Reason.OUTLET_DISABLED, replace(SHOP, is_terminal_enabled=False, is_outlet_enabled=False)),
    ):
        scene.shop = shop
        assert reason == scene.authorize(line(1, 10_00)).reason
        assert reason == scene.refund(first).reason
    assert scene.capture(second).is_approved
    assert scene.void(third).is_approved


def test_a_stopped_card_and_a_blocked_account_get_no_authorization() -> None:
    """The stop list comes before the block in the order of reasons."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    assert scene.block(None).is_approved
    assert Reason.ACCOUNT_BLOCKED == scene.authorize(line(1, 10_00)).reason
    scene.card_stopped = True
    assert Reason.CARD_STOPPED == scene.authorize(line(1, 10_00)).reason
    suspended(scene, days=1)
    assert Reason.MERCHANT_SUSPENDED == scene.authorize(line(1, 10_00)).reason


def test_a_card_stopped_after_the_hold_is_captured_and_flagged() -> None:
    """The goods are with the buyer: the points are spent, and the answer tells that the card was stopped."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 10_00))
    scene.card_stopped = True
    outcome = scene.capture(purchase)
    assert outcome.is_approved
    assert outcome.card_stopped_meanwhile


def test_no_agreement_for_the_program_on_that_day_means_no_authorization() -> None:
    """An agreement covers programs from its first day until the day before its end, in Moscow."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    day = Agreement(8, frozenset({"food"}), date(2026, 3, 10), date(2026, 3, 11))
    scene.shop = replace(SHOP, agreements=(day,))
    assert purchase_of(scene.authorize(line(1, 10_00))).approved_kopecks == 10_00
    scene.shop = replace(SHOP, agreements=(replace(day, program_codes=frozenset({"durable"})),))
    assert Reason.NO_AGREEMENT == scene.authorize(line(1, 10_00)).reason
    scene.shop = replace(SHOP, agreements=(day,))
    assert Reason.NO_AGREEMENT == scene.after(hours=12).authorize(line(1, 10_00)).reason


def test_certificates_without_an_agreement_stay_out_of_a_purchase() -> None:
    """Only programs that the merchant has an agreement for take part."""
    scene = Scene()
    food, children = scene.issue(FOOD, 100_00), scene.issue(BOOK.programs["any", 1], 100_00, "2026-04-01")
    scene.shop = replace(SHOP, agreements=(replace(SHOP.agreements[0], program_codes=frozenset({"food"})),))
    purchase = scene.hold(basket(line(1, 10_00, MILK), line(2, 10_00, FRIDGE)))
    assert {food: 10_00} == purchase.held_by_certificate()
    assert scene.balance(children) == (100_00, 0, 0, 0)


TILL_COMMANDS = [
    Authorize(NOBODY, Scene().origin, b"card", basket(line(1, 1))),
    Capture(NOBODY, Scene().origin, ByPurchaseId(NOBODY)),
    Void(NOBODY, Scene().origin, ByPurchaseId(NOBODY)),
    Refund(NOBODY, Scene().origin, ByPurchaseId(NOBODY)),
    AttachReceipt(NOBODY, Scene().origin, ByPurchaseId(NOBODY)),
]


@pytest.mark.parametrize("command", TILL_COMMANDS, ids=lambda command: type(command).__name__)
def test_the_standing_is_asked_before_anything_is_looked_up(command: Command) -> None:
    """A suspended merchant learns of its suspension also for a purchase or card that nobody knows."""
    scene = Scene()
    shop = replace(SHOP, suspended_at=scene.now - timedelta(days=31))
    context = Context(scene.now, NOBODY, Policy(), BOOK, goods_by(BOOK), shop)
    assert Reason.MERCHANT_SUSPENDED == refusal_of_standing(command, context)
    scene.shop = shop
    assert Reason.MERCHANT_SUSPENDED == scene.do(command).reason


def test_a_department_command_needs_no_till() -> None:
    """Nobody's standing is asked for what the department decides."""
    scene = Scene()
    issue = Issue(NOBODY, "ref", "holder", "food", 1, 1, date(2026, 1, 1), date(2026, 12, 31), ACT)
    assert refusal_of_standing(issue, Context(scene.now, NOBODY, Policy(), BOOK, goods_by(BOOK))) is None


def test_a_closed_agreement_authorizes_nothing_new_and_keeps_what_it_authorized() -> None:
    """Its ceiling is used up: a hold of before is captured under it all the same."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    held = purchase_of(scene.authorize(line(1, 10_00)))
    scene.shop = replace(SHOP, agreements=(replace(SHOP.agreements[0], is_open=False),))
    assert Reason.NO_AGREEMENT == scene.authorize(line(1, 10_00)).reason
    captured = purchase_of(scene.capture(held))
    assert captured.capture is not None
    assert {SHOP.agreements[0].id} == set(captured.capture.agreements.values())
