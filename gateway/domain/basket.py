"""Baskets as the till sends them, and the arithmetic that they must satisfy."""

from typing import Final, TypedDict, Unpack

from msgspec import Struct

from gateway.domain.money import price_times_quantity

LINES_MAX: Final = 200
CERTIFICATES_MAX: Final = 8
ROUNDING_MAX_KOPECKS: Final = 99


class GoodsFields(TypedDict, total=False):
    """What a line may say of its goods besides their name; see Line."""

    gtin: str
    marking_code: str
    item_code: str
    okpd2: str
    payment_subject: int


class Line(Struct, frozen=True, gc=False, omit_defaults=True):
    """One basket line. `amount_kopecks` is its truth; the rest says what it is of.

    `payment_subject`, `payment_method`, `vat_rate` are tags 1212, 1214, 1199 (0 = not told).
    """

    line_number: int
    item_name: str
    quantity_milli: int
    unit_price_kopecks: int
    discount_kopecks: int
    amount_kopecks: int
    gtin: str = ""
    marking_code: str = ""
    item_code: str = ""
    okpd2: str = ""
    payment_subject: int = 0
    payment_method: int = 0
    vat_rate: int = 0
    serial_number: str = ""


def bare_line(item_name: str, **goods: Unpack[GoodsFields]) -> Line:
    """A line that says nothing but what its goods are: to ask how they are judged, for no money."""
    return Line(1, item_name, 1000, 0, 0, 0, **goods)


class Basket(Struct, frozen=True, gc=False, omit_defaults=True):
    """Lines and what the receipt total was rounded down by (0 to 99 kopecks)."""

    lines: tuple[Line, ...]
    rounding_kopecks: int = 0

    @property
    def total_kopecks(self) -> int:
        """What the buyer owes: the lines less the rounding."""
        return sum([line.amount_kopecks for line in self.lines]) - self.rounding_kopecks


def line_sum_gap_kopecks(line: Line) -> int:
    """|amount − (quantity × price − discount)|, price × quantity rounded half up."""
    computed = price_times_quantity(line.unit_price_kopecks, line.quantity_milli) - line.discount_kopecks
    return abs(line.amount_kopecks - computed)
