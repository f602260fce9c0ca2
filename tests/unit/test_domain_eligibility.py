"""Which lines points may pay: truth 3 of the design, through the whole decision."""

import pytest
from msgspec.structs import replace

from gateway.domain.reasons import LineReason, Reason
from tests.builders import (
    ANY_GOODS,
    BEER,
    CHILDREN,
    FOOD,
    LENIENT,
    MILK,
    PROHIBITED,
    SOAP,
    TOY,
    VODKA,
    WATER,
    Scene,
    at,
    basket,
    book,
    declined_purchase,
    line,
    prohibited_list,
)

MILK_GTIN = "04600000000008"


def test_prohibited_lines_go_to_own_money_and_the_rest_is_paid() -> None:
    """Beer and vodka in a basket need no flag: points pay the milk, the buyer pays the rest."""
    scene = Scene()
    certificate = scene.issue(ANY_GOODS, 1000_00)
    purchase = scene.hold(basket(line(1, 80_00, BEER), line(2, 90_00, MILK), line(3, 500_00, VODKA)))
    assert [0, 90_00, 0] == [item.approved_kopecks for item in purchase.lines]
    assert [LineReason.PROHIBITED, LineReason.ALLOWED, LineReason.PROHIBITED] == [
        item.reason for item in purchase.lines
    ]
    assert (910_00, 90_00, 0, 0) == scene.balance(certificate)


def test_each_line_keeps_rule_list_version_and_source() -> None:
    """The decision can be replayed years later."""
    scene = Scene()
    scene.issue(FOOD, 1000_00)
    purchase = scene.hold(basket(line(1, 80_00, BEER), line(2, 90_00, WATER)))
    assert ("beer", "2026-1", "declared") == (
        purchase.lines[0].verdict.rule_id,
        purchase.lines[0].verdict.list_version,
        purchase.lines[0].verdict.source,
    )
    assert "2026-1" == purchase.list_version
    assert LineReason.ALLOWED == purchase.lines[1].reason


def test_one_source_that_denies_is_enough() -> None:
    """Deny wins over a more trusted source that allows."""
    scene = Scene()
    scene.issue(FOOD, 1000_00)
    doubtful = line(1, 10_00, BEER, gtin=MILK_GTIN)
    scene.catalogue = {MILK_GTIN: (MILK,)}
    refused = declined_purchase(scene.authorize(doubtful), Reason.NOTHING_ELIGIBLE)
    assert LineReason.PROHIBITED == refused.lines[0].reason


def test_another_programs_goods_are_not_paid() -> None:
    """A food certificate pays no toy, a children's certificate no milk; together they pay both."""
    scene = Scene()
    food = scene.issue(FOOD, 1000_00)
    goods = basket(line(1, 10_00, MILK), line(2, 20_00, TOY), line(3, 40_00, SOAP))
    alone = scene.hold(goods)
    assert [LineReason.ALLOWED, LineReason.PROGRAM_DOES_NOT_ALLOW, LineReason.PROGRAM_DOES_NOT_ALLOW] == [
        item.reason for item in alone.lines
    ]
    children = scene.issue(CHILDREN, 1000_00)
    assert {food: 10_00, children: 20_00} == scene.hold(goods).held_by_certificate()


def test_nothing_eligible_is_a_decline_that_tells_each_line() -> None:
    """A basket of beer is declined; its lines say why, and nothing is paid on any of them."""
    scene = Scene()
    scene.issue(FOOD, 1000_00)
    refused = declined_purchase(
        scene.authorize(basket(line(1, 1, BEER), line(2, 1, TOY))), Reason.NOTHING_ELIGIBLE
    )
    assert [LineReason.PROHIBITED, LineReason.PROGRAM_DOES_NOT_ALLOW] == [
        item.reason for item in refused.lines
    ]
    assert 0 == refused.approved_kopecks


def test_services_and_uncleared_excise_goods_are_never_paid() -> None:
    """Tag 1212: a service is no goods; excise goods need a second source beside the declared code."""
    scene = Scene()
    scene.issue(FOOD, 1000_00)
    scene.catalogue = {MILK_GTIN: (MILK,)}
    purchase = scene.hold(
        basket(
            line(1, 10_00, payment_subject=4),
            line(2, 10_00, payment_subject=2),
            line(3, 10_00, payment_subject=2, gtin=MILK_GTIN),
        )
    )
    assert [LineReason.NOT_GOODS, LineReason.EXCISE_UNCLEARED, LineReason.ALLOWED] == [
        item.reason for item in purchase.lines
    ]
    assert [0, 0, 10_00] == [item.approved_kopecks for item in purchase.lines]


def test_unknown_goods_follow_the_policy_of_the_program() -> None:
    """One program refuses what no source names, another allows it up to a sum a line."""
    scene = Scene()
    scene.issue(FOOD, 1000_00)
    unknown = line(1, 250_00, okpd2="")
    refused = declined_purchase(scene.authorize(unknown), Reason.NOTHING_ELIGIBLE)
    assert LineReason.GOODS_UNKNOWN == refused.lines[0].reason
    scene.issue(LENIENT, 1000_00)
    purchase = scene.hold(unknown)
    assert 100_00 == purchase.approved_kopecks
    assert purchase.lines[0].is_capped


def test_the_list_in_force_at_the_authorization_decides_for_good() -> None:
    """A list of tomorrow refuses milk tomorrow, not the capture of what was held today."""
    stricter = prohibited_list("2026-2", at("2026-03-11 00:00"), milk="-10.51")
    scene = Scene(lists=book(prohibited=(PROHIBITED, stricter)), now=at("2026-03-10 23:59"))
    scene.issue(FOOD, 1000_00)
    held = scene.hold(line(1, 10_00))
    scene.after(minutes=1)
    assert Reason.NOTHING_ELIGIBLE == scene.authorize(line(1, 10_00)).reason
    assert scene.capture(held).is_approved


def test_a_program_version_keeps_its_own_rules() -> None:
    """A certificate goes by the version that it was issued under."""
    wider = replace(FOOD, version=2, allowed_classes=FOOD.allowed_classes | CHILDREN.allowed_classes)
    scene = Scene(lists=book(wider))
    old, new = scene.issue(FOOD, 100_00), scene.issue(wider, 100_00)
    purchase = scene.hold(basket(line(1, 10_00, TOY), line(2, 5_00, MILK)))
    assert {new: 10_00, old: 5_00} == purchase.held_by_certificate()


def test_only_a_purchase_asks_for_the_lists_in_force() -> None:
    """Without any list certificates are issued, and what was held is captured, voided and refunded."""
    scene = Scene()
    scene.issue(FOOD, 1000_00)
    sold, held, kept = (scene.hold(line(1, 10_00)) for _ in range(3))
    scene.lists = book(prohibited=())
    scene.issue(FOOD, 500_00)
    outcomes = [scene.capture(sold), scene.void(held), scene.capture(kept), scene.refund(sold)]
    assert [None] * 4 == [outcome.reason for outcome in outcomes]
    with pytest.raises(LookupError, match="no prohibited list"):
        scene.authorize(line(1, 10_00))
