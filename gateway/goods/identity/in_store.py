"""A shop's own codes: what scales print on a bag of apples, and numbers that a shop gives to its goods.

They mean something in that shop alone (GS1 General Specifications, section 2.1.11): the shop has to say how
it builds them. The same number is another thing in the next shop, and no catalogue knows it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from msgspec import Struct

from gateway.goods.identity.gtin import GTIN_DIGITS, is_restricted, read_gtin
from gateway.goods.identity.problems import Problem

_PATTERN: Final = re.compile(r"(?P<prefix>[0-9]+)X*(?P<plu>P+)X*(?P<value>V*)X*C")
_PATTERN_LENGTHS: Final = frozenset({8, 12, 13})
_DECIMALS_OF_KOPECKS: Final = 2
_DECIMALS_OF_THOUSANDTHS: Final = 3
_SHORT: Final = 8


class VariablePart(Enum):
    """What the digits V of a code tell."""

    WEIGHT = "weight"
    """Kilograms."""
    COUNT = "count"
    """Pieces."""
    PRICE = "price"
    """Rubles, for all that is in the pack."""

    @property
    def decimals_max(self) -> int:
        """Decimals of the smallest unit that is kept: gram, thousandth of a piece, kopeck."""
        return _DECIMALS_OF_KOPECKS if self is VariablePart.PRICE else _DECIMALS_OF_THOUSANDTHS


@dataclass(frozen=True)
class InStoreTemplate:
    """How one shop builds its codes.

    `pattern` has one character for each of the 8, 12 or 13 digits: digits stand for themselves, P for the
    shop's number of the goods (PLU), V for weight, count or price, X for digits that tell nothing here, C for
    the check digit. Of V, the last `decimals` are behind the decimal point: weight in grams has 3, a price in
    kopecks 2. Raises ValueError if it can't be so.
    """

    pattern: str
    variable: VariablePart | None = None
    decimals: int = 0
    prefix: str = field(init=False, repr=False, compare=False)
    """The first of the 14 digits of every code that it is for."""
    _plu: slice = field(init=False, repr=False, compare=False)
    _value: slice = field(init=False, repr=False, compare=False)
    _factor: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = _PATTERN.fullmatch(self.pattern)
        if parts is None or len(self.pattern) not in _PATTERN_LENGTHS:
            raise ValueError(f"{self.pattern!r} is no pattern: 8, 12 or 13 of digits, then P, V, X and C")
        if (self.variable is not None) != bool(parts["value"]):
            raise ValueError(f"{self.pattern!r} with {self.variable}: V and its meaning go together")
        decimals_max = self.variable.decimals_max if self.variable else 0
        if not 0 <= self.decimals <= min(decimals_max, len(parts["value"])):
            raise ValueError(f"{self.pattern!r} with {self.decimals} decimals")
        shift = GTIN_DIGITS - len(self.pattern)
        prefix = "0" * shift + parts["prefix"]
        if not is_restricted(prefix.ljust(GTIN_DIGITS, "9")):
            raise ValueError(f"{self.pattern!r} begins as goods in trade do, not with 2, 02 or 04")
        object.__setattr__(self, "prefix", prefix)
        object.__setattr__(self, "_plu", slice(shift + parts.start("plu"), shift + parts.end("plu")))
        object.__setattr__(self, "_value", slice(shift + parts.start("value"), shift + parts.end("value")))
        object.__setattr__(self, "_factor", 10 ** (decimals_max - self.decimals))

    def read(self, digits: str) -> "InStoreItem":
        """What 14 digits that begin with `prefix` tell."""
        value = int(digits[self._value] or 0) * self._factor
        is_price = self.variable is VariablePart.PRICE
        return InStoreItem(
            plu=digits[self._plu],
            quantity_milli=0 if is_price else value,
            amount_kopecks=value if is_price else 0,
        )


WEIGHT_AFTER_2: Final = InStoreTemplate("2PPPPPPVVVVVC", VariablePart.WEIGHT, 3)
WEIGHT_AFTER_2_AND_KIND: Final = InStoreTemplate("2XPPPPPVVVVVC", VariablePart.WEIGHT, 3)
PRICE_AFTER_2_AND_KIND: Final = InStoreTemplate("2XPPPPPVVVVVC", VariablePart.PRICE, 2)
WEIGHT_IN_TWELVE: Final = InStoreTemplate("2PPPPPVVVVVC", VariablePart.WEIGHT, 3)
"""Layouts that are common in Russian shops, to choose from; none of them holds unless a shop says so."""


class InStoreItem(Struct, frozen=True, gc=False):
    """What a shop's own code tells: `plu` as its digits stand, zeros in front included.

    Quantity or amount is 0 if the code doesn't tell it.
    """

    plu: str
    quantity_milli: int = 0
    amount_kopecks: int = 0


@dataclass(frozen=True)
class InStoreTemplates:
    """The templates of one merchant; of those that fit a code the one with the longest prefix holds.

    Raises ValueError if two are for the same codes.
    """

    templates: tuple[InStoreTemplate, ...] = ()
    _by_prefix: Mapping[str, InStoreTemplate] = field(init=False, repr=False, compare=False)
    _lengths: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_prefix = {template.prefix: template for template in self.templates}
        if len(by_prefix) < len(self.templates):
            raise ValueError("two templates are for the same codes")
        object.__setattr__(self, "_by_prefix", by_prefix)
        object.__setattr__(
            self, "_lengths", tuple(sorted({len(prefix) for prefix in by_prefix}, reverse=True))
        )

    def template_for(self, digits: str) -> InStoreTemplate | None:
        """The template for 14 digits, or None."""
        for length in self._lengths:
            if template := self._by_prefix.get(digits[:length]):
                return template
        return None


NO_TEMPLATES: Final = InStoreTemplates()


def read_in_store(code: str, templates: InStoreTemplates) -> InStoreItem | Problem:
    """What a code of 8, 12, 13 or 14 digits tells by a merchant's templates, or why nothing."""
    digits = read_gtin(code)
    return digits if isinstance(digits, Problem) else in_store_of(code, digits, templates)


def in_store_of(code: str, digits: str, templates: InStoreTemplates) -> InStoreItem | Problem:
    """The same for whom the 14 digits of the code are read already.

    Eight digits that begin with 0 may be a UPC-E too: they are the shop's own if it has a template for them.
    """
    if len(code) == _SHORT and code[0] == "0":
        digits = _short(code, templates) or digits
    if not is_restricted(digits):
        return Problem.NOT_IN_STORE
    template = templates.template_for(digits)
    return template.read(digits) if template else Problem.NO_TEMPLATE


def _short(code: str, templates: InStoreTemplates) -> str:
    """Its eight digits as a GTIN-8, if there is a template for them, or empty."""
    digits = read_gtin(code.zfill(GTIN_DIGITS))
    return digits if isinstance(digits, str) and templates.template_for(digits) else ""
