"""Baskets of the SDK: the arithmetic is done for the caller, and is the gateway's."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.money import price_times_quantity
from merchant_sdk import Basket, Card, FiscalReceipt, Line, OneTimePassword, PinBlock, ReceiptKind, to_wire

PRICES = st.integers(min_value=0, max_value=10**9)
GRAMS = st.integers(min_value=1, max_value=10**8)


@given(price=PRICES, grams=GRAMS, discount=st.integers(min_value=0, max_value=1000))
def test_a_weighed_line_costs_what_the_gateway_computes(price: int, grams: int, discount: int) -> None:
    """amount = half_up(price × weight) − discount, by the rule that the gateway checks with."""
    line = Line.weighed("Сыр", grams=grams, kilogram_price_kopecks=price, discount_kopecks=discount)
    assert price_times_quantity(price, grams) - discount == line.amount_kopecks
    assert grams == line.quantity_milli


@given(price=PRICES, pieces=st.integers(min_value=1, max_value=1000))
def test_a_line_of_pieces_costs_what_the_gateway_computes(price: int, pieces: int) -> None:
    """Whole pieces need no rounding."""
    line = Line.piece("Молоко", unit_price_kopecks=price, pieces=pieces)
    assert price_times_quantity(price, pieces * 1000) == line.amount_kopecks


def test_half_a_kopeck_rounds_up() -> None:
    """0.005 rubles are one kopeck, as on a fiscal till."""
    assert 1 == Line.weighed("Укроп", grams=5, kilogram_price_kopecks=100).amount_kopecks


def test_lines_get_their_place_as_number_unless_they_have_one() -> None:
    """Numbers that the till gave stay."""
    milk = Line.piece("Молоко", unit_price_kopecks=100)
    bread = Line.piece("Хлеб", unit_price_kopecks=50, line_number=7)
    assert [1, 7, 3] == [line.line_number for line in Basket.of(milk, bread, milk).lines]


def test_the_total_is_the_lines_less_the_rounding() -> None:
    """A receipt total rounded down stays the sum to the kopeck."""
    basket = Basket.of(Line.piece("Молоко", unit_price_kopecks=89_97), rounding_kopecks=97)
    assert 89_00 == basket.total_kopecks
    assert (89_00, 97) == (to_wire.basket(basket).total_kopecks, to_wire.basket(basket).rounding_kopecks)


def test_money_is_never_a_float() -> None:
    """A price in rubles with a fraction is refused before it is sent."""
    with pytest.raises(TypeError):
        to_wire.basket(Basket.of(Line.piece("Молоко", unit_price_kopecks=89.90)))  # type: ignore[arg-type]


@pytest.mark.parametrize("proof", [None, PinBlock(b"secret-pin"), OneTimePassword("secret-otp")])
def test_a_card_never_shows_its_number_or_proof(proof: PinBlock | OneTimePassword | None) -> None:
    """What may reach a log has no card number, no series and no secret in it."""
    shown = repr(Card("9643100000000000001", "series-77", proof=proof))
    assert not any(secret in shown for secret in ("9643100000000000001", "series-77", "secret"))


def test_a_receipt_without_a_time_zone_is_refused() -> None:
    """An instant without its zone would be read as another hour."""
    receipt = FiscalReceipt(
        kind=ReceiptKind.SALE,
        fiscal_drive_number="9960440300000001",
        fiscal_document_number=1,
        fiscal_sign=1,
        kkt_registration_number="0000000000000001",
        seller_inn="7700000000",
        shift_number=1,
        issued_at=datetime(2031, 5, 17, 9, 30),  # noqa: DTZ001 - the fault under test
        total_kopecks=100,
    )
    with pytest.raises(ValueError, match="time zone"):
        to_wire.receipts([receipt])
