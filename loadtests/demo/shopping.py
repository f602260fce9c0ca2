"""What buyers put on the belt: the shipped baskets as the SDK sends them, and goods that these lack."""

from dataclasses import dataclass, replace
from random import Random
from typing import Final

from loadtests.demo.baskets import DemoBasket, DemoLine, DemoReceipt
from merchant_sdk import Basket, FiscalReceipt, Line, ReceiptKind

_DENIED: Final = ("11.01", "11.02", "11.03", "11.04", "11.05", "12", "61", "64", "92")
_ALLOWED_AGAIN: Final = ("11.05.10.110",)
_NOT_GOODS: Final = frozenset({3, 4, 5, 6, 7, 8, 10, 11, 19})

_APPLIANCES: Final = (
    ("ХОЛОДИЛЬНИК ДВУХКАМЕРНЫЙ", "27.51.11", 3_499_000),
    ("МАШИНА СТИРАЛЬНАЯ 6 КГ", "27.51.13", 2_789_000),
    ("ТЕЛЕВИЗОР 32 ДЮЙМА", "26.40.20", 1_149_000),
    ("ПЕЧЬ МИКРОВОЛНОВАЯ", "27.51.27", 689_000),
)
_BY_WEIGHT: Final = (
    ("ЯБЛОКИ ВЕСОВЫЕ", "01.24.10", 129_90),
    ("СЫР РОССИЙСКИЙ ВЕСОВОЙ", "10.51.40.113", 749_00),
    ("БАНАНЫ ВЕСОВЫЕ", "01.22.12", 139_99),
    ("ПОМИДОРЫ ВЕСОВЫЕ", "01.13.34", 219_90),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldLine(Line):
    """A line with what is really sold, whatever the till tells of it: `true_okpd2`, `true_subject`.

    Neither is sent. `true_okpd2` is empty of what is no goods, and of goods that nobody can name.
    """

    true_okpd2: str = ""
    true_subject: int = 0


def basket_of(demo: DemoBasket) -> Basket:
    """A basket as a till sends it that tells the truth of every line."""
    return Basket(tuple(_line_of(line) for line in demo.lines), demo.rounding_kopecks)


def _line_of(line: DemoLine) -> SoldLine:
    return SoldLine(
        item_name=line.name,
        quantity_milli=line.quantity_milli,
        unit_price_kopecks=line.unit_price_kopecks,
        amount_kopecks=line.amount_kopecks,
        discount_kopecks=line.discount_kopecks,
        line_number=line.line_number,
        gtin=line.gtin,
        item_code=line.item_code,
        okpd2=line.okpd2,
        payment_subject=line.payment_subject,
        payment_method=line.payment_method,
        true_okpd2=line.okpd2,
        true_subject=line.payment_subject,
    )


def receipt_of(receipt: DemoReceipt) -> FiscalReceipt:
    """A fiscal receipt as the tax service gives it, in the SDK's form."""
    return FiscalReceipt(
        kind=ReceiptKind.SALE if receipt.operation_type == 1 else ReceiptKind.RETURN,
        fiscal_drive_number=receipt.fiscal_drive_number,
        fiscal_document_number=receipt.fiscal_document_number,
        fiscal_sign=receipt.fiscal_sign,
        kkt_registration_number=receipt.kkt_registration_number,
        seller_inn=receipt.seller_inn,
        shift_number=receipt.shift_number,
        issued_at=receipt.issued_at,
        total_kopecks=receipt.total_kopecks,
    )


def is_never_paid(line: Line) -> bool:
    """What every cashier knows without asking: points pay no alcohol, tobacco, cash equivalents or services.

    The till's own knowledge, written down apart from the gateway's lists, to hold its answers against. It
    goes by what is sold, and not by what the till tells of it.
    """
    okpd2, subject = truth_of(line)
    return subject in _NOT_GOODS or (okpd2.startswith(_DENIED) and not okpd2.startswith(_ALLOWED_AGAIN))


def truth_of(line: Line) -> tuple[str, int]:
    """What is sold on a line: ОКПД2 and tag 1212. Other lines than a SoldLine tell the truth."""
    if isinstance(line, SoldLine):
        return line.true_okpd2, line.true_subject
    return line.okpd2, line.payment_subject


def weighed_basket(rng: Random) -> Basket:
    """Two kinds of food by weight, to the gram."""
    lines = [
        Line.weighed(name, grams=rng.randrange(113, 1_950), kilogram_price_kopecks=price, okpd2=okpd2)
        for name, okpd2, price in rng.sample(_BY_WEIGHT, 2)
    ]
    return Basket.of(*lines)


def appliance_basket(rng: Random) -> Basket:
    """One durable thing, most often dearer than its price ceiling."""
    name, okpd2, price = rng.choice(_APPLIANCES)
    return Basket.of(
        Line.piece(name, unit_price_kopecks=price, okpd2=okpd2, serial_number=f"SN{rng.randrange(10**9):09}")
    )


def plain_food(total_kopecks: int) -> Basket:
    """Food for exactly this sum, in two lines."""
    milk = total_kopecks // 3
    return Basket.of(
        Line.piece("МОЛОКО ПИТЬЕВОЕ 3,2 %", unit_price_kopecks=milk, okpd2="10.51.11"),
        Line.piece("ХЛЕБ ПШЕНИЧНЫЙ", unit_price_kopecks=total_kopecks - milk, okpd2="10.71.11"),
    )


def with_beer(basket: Basket) -> Basket:
    """The same with a bottle of beer on top."""
    beer = Line.piece(
        "ПИВО СВЕТЛОЕ 0,5 Л", unit_price_kopecks=89_90, okpd2="11.05.10.120", payment_subject=30
    )
    return Basket((*basket.lines, _numbered(beer, basket)), basket.rounding_kopecks)


def household_goods() -> Basket:
    """Neither food nor children's nor durable goods."""
    return Basket.of(
        Line.piece("ПОРОШОК СТИРАЛЬНЫЙ", unit_price_kopecks=399_00, okpd2="20.41.32"),
        Line.piece("БУМАГА ТУАЛЕТНАЯ", unit_price_kopecks=189_00, okpd2="17.22.11"),
    )


def with_one_more(basket: Basket, rng: Random) -> Basket:
    """The same with something that the buyer fetches while the till is waiting."""
    name, okpd2, price = rng.choice(_BY_WEIGHT)
    extra = Line.weighed(name, grams=rng.randrange(100, 900), kilogram_price_kopecks=price, okpd2=okpd2)
    return Basket((*basket.lines, _numbered(extra, basket)), basket.rounding_kopecks)


def _numbered(line: Line, basket: Basket) -> Line:
    number = 1 + max(other.line_number for other in basket.lines)
    return replace(line, line_number=number)
