"""Bad baskets: every broken rule is named by its reason, its field and its line."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.domain.money import AMOUNT_MAX_KOPECKS
from gateway.domain.reasons import Reason
from gateway.rpc.validation.basket import read_basket
from gateway.rpc.validation.findings import VIOLATIONS_MAX, Findings, InvalidRequestError
from tests import wire_kit as till
from tillgate.v1 import purchase_pb2 as wire

INT64_MAX, INT64_MIN, INT32_MAX = 2**63 - 1, -(2**63), 2**31 - 1


def refused(basket: wire.Basket, tolerance_kopecks: int = 1) -> InvalidRequestError:
    """What is found in a basket."""
    findings = Findings()
    read_basket(basket, tolerance_kopecks, findings)
    with pytest.raises(InvalidRequestError) as caught:
        findings.settle()
    return caught.value


def spoilt(**changes: Any) -> wire.Basket:
    """A basket whose second line, number 2, has some fields changed; its total follows."""
    return till.basket(till.line(1), till.line(2, **changes), till.line(3))


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"quantity_milli": 0}, Reason.QUANTITY_OUT_OF_RANGE, "quantity_milli"),
        ({"quantity_milli": -1000}, Reason.QUANTITY_OUT_OF_RANGE, "quantity_milli"),
        ({"quantity_milli": INT64_MAX}, Reason.QUANTITY_OUT_OF_RANGE, "quantity_milli"),
        ({"unit_price_kopecks": -1}, Reason.AMOUNT_OUT_OF_RANGE, "unit_price_kopecks"),
        ({"unit_price_kopecks": INT64_MAX}, Reason.AMOUNT_OUT_OF_RANGE, "unit_price_kopecks"),
        ({"discount_kopecks": -1}, Reason.AMOUNT_OUT_OF_RANGE, "discount_kopecks"),
        ({"discount_kopecks": INT64_MIN}, Reason.AMOUNT_OUT_OF_RANGE, "discount_kopecks"),
        ({"unit_price_kopecks": 100_02}, Reason.LINE_SUM_MISMATCH, "amount_kopecks"),
        ({"quantity_milli": 2000}, Reason.LINE_SUM_MISMATCH, "amount_kopecks"),
        ({"discount_kopecks": 5_00}, Reason.LINE_SUM_MISMATCH, "amount_kopecks"),
        ({"item_name": "x" * 129}, Reason.TEXT_INVALID, "item_name"),
        ({"item_code": "PLU\t7"}, Reason.TEXT_INVALID, "item_code"),
        ({"serial_number": "\x00"}, Reason.TEXT_INVALID, "serial_number"),
        ({"marking_code": "\x00"}, Reason.TEXT_INVALID, "marking_code"),
        ({"gtin": "4006381333932"}, Reason.CHECK_DIGIT_WRONG, "gtin"),
        ({"gtin": "123"}, Reason.FIELD_INVALID, "gtin"),
        ({"okpd2": "10.511"}, Reason.OKPD2_INVALID, "okpd2"),
        ({"payment_subject": 256}, Reason.FIELD_INVALID, "payment_subject"),
        ({"payment_method": -1}, Reason.FIELD_INVALID, "payment_method"),
        ({"vat_rate": INT32_MAX}, Reason.FIELD_INVALID, "vat_rate"),
    ],
)
def test_a_broken_rule_of_a_line_is_named(changes: dict[str, Any], reason: Reason, field: str) -> None:
    """By reason, by path and by the number that the till gave the line."""
    error = refused(spoilt(**changes))
    assert (reason, f"basket.lines[1].{field}", 2) == (error.reason, error.field, error.line_number)


@pytest.mark.parametrize("amount_kopecks", [0, -100, AMOUNT_MAX_KOPECKS + 1, INT64_MAX, INT64_MIN])
def test_an_amount_out_of_range_is_named_and_never_overflows(amount_kopecks: int) -> None:
    """Also where the sum of the lines would leave 64 bits."""
    lines = [till.line(1), till.line(2)]
    lines[1].amount_kopecks = amount_kopecks
    error = refused(wire.Basket(lines=lines, total_kopecks=100_00))
    assert (Reason.AMOUNT_OUT_OF_RANGE, "basket.lines[1].amount_kopecks", 2) == (
        error.reason,
        error.field,
        error.line_number,
    )


def test_a_basket_needs_a_line() -> None:
    """An empty one buys nothing."""
    error = refused(wire.Basket())
    assert (Reason.FIELD_MISSING, "basket.lines", None) == (error.reason, error.field, error.line_number)


def test_200_lines_pass_and_201_do_not() -> None:
    """The limit of a basket."""
    lines = [till.line(number, 1_00) for number in range(1, 202)]
    findings = Findings()
    assert 200 == len(read_basket(till.basket(*lines[:200]), 1, findings).lines)
    assert not findings
    assert Reason.TOO_MANY_LINES == refused(till.basket(*lines)).reason


def test_a_line_number_that_occurs_twice_is_named() -> None:
    """The second line of that number is the one that is wrong."""
    error = refused(till.basket(till.line(1), till.line(7), till.line(7)))
    assert (Reason.DUPLICATE_LINE_NUMBER, "basket.lines[2].line_number", 7) == (
        error.reason,
        error.field,
        error.line_number,
    )


@pytest.mark.parametrize("number", [0, -1])
def test_a_line_number_starts_from_one(number: int) -> None:
    """Zero is what a forgotten number looks like."""
    error = refused(till.basket(till.line(1), till.line(number)))
    assert (Reason.FIELD_INVALID, "basket.lines[1].line_number") == (error.reason, error.field)


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        (lambda basket: setattr(basket, "total_kopecks", 185_51), Reason.TOTAL_MISMATCH, "total_kopecks"),
        (lambda basket: setattr(basket, "total_kopecks", 0), Reason.AMOUNT_OUT_OF_RANGE, "total_kopecks"),
        (
            lambda basket: setattr(basket, "total_kopecks", INT64_MAX),
            Reason.AMOUNT_OUT_OF_RANGE,
            "total_kopecks",
        ),
        (lambda basket: setattr(basket, "rounding_kopecks", 1), Reason.TOTAL_MISMATCH, "total_kopecks"),
        (
            lambda basket: setattr(basket, "rounding_kopecks", 100),
            Reason.AMOUNT_OUT_OF_RANGE,
            "rounding_kopecks",
        ),
        (
            lambda basket: setattr(basket, "rounding_kopecks", -1),
            Reason.AMOUNT_OUT_OF_RANGE,
            "rounding_kopecks",
        ),
    ],
)
def test_the_lines_less_the_rounding_are_the_total(
    change: Callable[[wire.Basket], None], reason: Reason, field: str
) -> None:
    """To the kopeck; the rounding is less than a ruble."""
    basket = till.basket()
    change(basket)
    error = refused(basket)
    assert (reason, f"basket.{field}", None) == (error.reason, error.field, error.line_number)


@pytest.mark.parametrize(("tolerance_kopecks", "gap", "passes"), [(1, 1, True), (1, 2, False), (0, 1, False)])
def test_a_line_may_lie_beside_its_arithmetic_by_the_tolerance(
    tolerance_kopecks: int, gap: int, passes: bool
) -> None:
    """The amount is the truth of a line; tills round weighed goods in more than one way."""
    basket = spoilt(unit_price_kopecks=100_00 + gap)
    if passes:
        findings = Findings()
        read_basket(basket, tolerance_kopecks, findings)
        assert not findings
    else:
        assert Reason.LINE_SUM_MISMATCH == refused(basket, tolerance_kopecks).reason


def test_a_weighed_line_is_rounded_half_up() -> None:
    """0.125 kg at 99.96 is 12.495, so 12.50: the rule of fiscal tills."""
    line = till.line(1, 12_50, quantity_milli=125, unit_price_kopecks=99_96)
    findings = Findings()
    read_basket(till.basket(line), 0, findings)
    assert not findings


def test_the_lowest_reason_is_answered_and_the_others_are_told() -> None:
    """Precedence by number, then the order of the message."""
    basket = till.basket(till.line(1, okpd2="bad"), till.line(2, gtin="4006381333932"), till.line(2))
    error = refused(basket)
    assert Reason.DUPLICATE_LINE_NUMBER == error.reason
    assert [Reason.DUPLICATE_LINE_NUMBER, Reason.CHECK_DIGIT_WRONG, Reason.OKPD2_INVALID] == [
        violation.reason for violation in error.violations
    ]


def test_findings_beyond_a_limit_are_not_told() -> None:
    """An error must fit into the trailing metadata of a call."""
    basket = till.basket(*(till.line(number, okpd2="bad") for number in range(1, 101)))
    assert VIOLATIONS_MAX == len(refused(basket).violations)
