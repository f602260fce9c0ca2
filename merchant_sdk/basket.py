"""What a till sends: card, basket, receipts. Money is whole kopecks, quantities are thousandths.

Nothing is validated here: the gateway has the one rule set, and names line and field of what it refuses.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Self, TypedDict, Unpack

from merchant_sdk.enums import CardEntryMode, OwnMoneyKind, ReceiptKind

MILLI: Final = 1000


def half_up(numerator: int, denominator: int) -> int:
    """Quotient rounded to the nearest whole, halves up, as fiscal tills do."""
    return (2 * numerator + denominator) // (2 * denominator)


@dataclass(frozen=True, slots=True)
class PinBlock:
    """An encrypted PIN block that proves the holder."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class OneTimePassword:
    """A one-time password that proves the holder."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChipCryptogram:
    """A cryptogram of the card's chip."""

    data: bytes = field(repr=False)


CardholderProof = PinBlock | OneTimePassword | ChipCryptogram


@dataclass(frozen=True, slots=True)
class Card:
    """A social card as it was read: `number` is 9 to 19 digits, `series` may be empty.

    The number never appears in a repr, an error or a journal.
    """

    number: str = field(repr=False)
    series: str = field(default="", repr=False)
    entry_mode: CardEntryMode = CardEntryMode.UNSPECIFIED
    proof: CardholderProof | None = None


class LineDetails(TypedDict, total=False):
    """What more a till can tell of a line. The more codes, the fewer doubts about the goods.

    `line_number` is the place in the basket unless given; `gtin` has 8, 12, 13 or 14 digits with its check
    digit; `marking_code` is the full code as scanned; `item_code` is the merchant's own (PLU); `okpd2` is
    dotted; `payment_subject`, `payment_method` and `vat_rate` are tags 1212, 1214 and 1199 (0 = not told);
    `serial_number` is that of durable goods.
    """

    line_number: int
    gtin: str
    marking_code: str
    item_code: str
    okpd2: str
    payment_subject: int
    payment_method: int
    vat_rate: int
    serial_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One basket line; `amount_kopecks`, what the buyer owes for it, is its truth.

    `Line.piece` and `Line.weighed` do the arithmetic; a till that has its amounts already uses
    the constructor. The other fields are told in LineDetails.
    """

    item_name: str
    quantity_milli: int
    unit_price_kopecks: int
    amount_kopecks: int
    discount_kopecks: int = 0
    line_number: int = 0
    gtin: str = ""
    marking_code: str = ""
    item_code: str = ""
    okpd2: str = ""
    payment_subject: int = 0
    payment_method: int = 0
    vat_rate: int = 0
    serial_number: str = ""

    @classmethod
    def piece(
        cls,
        item_name: str,
        *,
        unit_price_kopecks: int,
        pieces: int = 1,
        discount_kopecks: int = 0,
        **details: Unpack[LineDetails],
    ) -> Self:
        """A line of whole pieces; the discount is that of the line."""
        return cls(
            item_name=item_name,
            quantity_milli=pieces * MILLI,
            unit_price_kopecks=unit_price_kopecks,
            amount_kopecks=pieces * unit_price_kopecks - discount_kopecks,
            discount_kopecks=discount_kopecks,
            **details,
        )

    @classmethod
    def weighed(
        cls,
        item_name: str,
        *,
        grams: int,
        kilogram_price_kopecks: int,
        discount_kopecks: int = 0,
        **details: Unpack[LineDetails],
    ) -> Self:
        """A line by weight: amount = half_up(price × weight) − discount, to the kopeck."""
        return cls(
            item_name=item_name,
            quantity_milli=grams,
            unit_price_kopecks=kilogram_price_kopecks,
            amount_kopecks=half_up(kilogram_price_kopecks * grams, MILLI) - discount_kopecks,
            discount_kopecks=discount_kopecks,
            **details,
        )


@dataclass(frozen=True, slots=True)
class Basket:
    """Numbered lines and what the receipt total was rounded down by (0 to 99 kopecks)."""

    lines: Sequence[Line]
    rounding_kopecks: int = 0

    @classmethod
    def of(cls, *lines: Line, rounding_kopecks: int = 0) -> Self:
        """A basket of these lines; those without a number get their place, from 1."""
        numbered = (
            line if line.line_number else replace(line, line_number=place)
            for place, line in enumerate(lines, start=1)
        )
        return cls(tuple(numbered), rounding_kopecks)

    @property
    def total_kopecks(self) -> int:
        """What the buyer owes: the lines less the rounding."""
        return sum(line.amount_kopecks for line in self.lines) - self.rounding_kopecks


@dataclass(frozen=True, slots=True)
class OwnMoneyPart:
    """A part of what the buyer adds to the points."""

    kind: OwnMoneyKind
    amount_kopecks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FiscalReceipt:
    """Requisites of a fiscal receipt (54-ФЗ): tags 1041, 1040, 1077, 1037, 1018, 1038, 1012, 1020.

    `issued_at` must know its time zone.
    """

    kind: ReceiptKind
    fiscal_drive_number: str
    fiscal_document_number: int
    fiscal_sign: int
    kkt_registration_number: str
    seller_inn: str
    shift_number: int
    issued_at: datetime
    total_kopecks: int


@dataclass(frozen=True, slots=True)
class CaptureLine:
    """How much of an authorized line is captured, at most what was authorized."""

    line_number: int
    quantity_milli: int
    amount_kopecks: int


@dataclass(frozen=True, slots=True)
class RefundLine:
    """How much of a captured line comes back."""

    line_number: int
    quantity_milli: int


@dataclass(frozen=True, slots=True)
class Desk:
    """From where a command comes: the fiscal shift (tag 1038; 0 = not told), the merchant's own reference of
    the cashier (never a name), and, for a concentrator alone, the terminal that it speaks for.
    """

    shift_number: int = 0
    cashier_ref: str = ""
    terminal_id: int = 0
