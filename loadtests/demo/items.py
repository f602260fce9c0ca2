"""What the demo's shops sell: each item with a barcode of its own, and what it is in truth.

The barcodes are made up. They begin with 4609, of the range 460 to 469 that GS1 numbers goods in Russia with,
followed by the source's product id; whatever else bears such a number is meant by nobody here.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from biip.checksums import gs1_standard_check_digit

from loadtests.demo.baskets import DemoBasket, DemoLine

GTIN_PREFIX: Final = "4609"
_NUMBER_DIGITS: Final = 8

CATALOGUED_PER_MILLE: Final = 600
"""So many of a thousand barcodes are in the catalogue; the others it has never heard of."""

_SOLD_LOOSE: Final = ("01.13", "01.2", "19.20")
"""Fruit, vegetables and fuel: nobody prints a barcode on them."""

_LONG_WORD: Final = 7
_CUT_TO: Final = 5


@dataclass(frozen=True, slots=True)
class Item:
    """One item: `okpd2` is what it is in truth, "" of no goods; `gtin` is "" of what has no barcode."""

    code: str
    name: str
    okpd2: str
    gtin: str

    @property
    def is_catalogued(self) -> bool:
        """Whether the catalogue knows the barcode."""
        return bool(self.gtin) and chance("catalogued", self.code) < CATALOGUED_PER_MILLE


def chance(*parts: object) -> int:
    """A number below 1000 that depends on the parts alone, evenly spread over different parts."""
    told = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(told, "big") % 1000


def gtin_of(product_id: str) -> str:
    """The barcode of a product of the source: 13 digits with the check digit."""
    return gtin_in(GTIN_PREFIX, int(product_id))


def gtin_in(prefix: str, number: int) -> str:
    """The barcode of a number below 100 million behind a prefix of four digits."""
    digits = f"{prefix}{number:0{_NUMBER_DIGITS}}"
    return f"{digits}{gs1_standard_check_digit(digits)}"


def item_of(line: DemoLine) -> Item:
    """The item on a line of the shipped baskets."""
    has_barcode = line.okpd2 and not line.okpd2.startswith(_SOLD_LOOSE)
    return Item(line.item_code, line.name, line.okpd2, gtin_of(line.item_code) if has_barcode else "")


def items_of(baskets: Iterable[DemoBasket]) -> Mapping[str, Item]:
    """Every item of some baskets once, by its code."""
    return {line.item_code: item_of(line) for basket in baskets for line in basket.lines}


def spellings(name: str) -> tuple[str, ...]:
    """How tills write a name: as it is, long words cut, and with a number in front, in small letters."""
    words = [
        f"{word[:_CUT_TO]}." if len(word) >= _LONG_WORD and word.isalpha() else word for word in name.split()
    ]
    number = 1000 + chance("number", name)
    return name, " ".join(words), f"*{number} {name.capitalize()}"


def catalogue_rows(items: Iterable[Item]) -> Iterator[tuple[str, str, str]]:
    """The catalogue: barcode, name, ОКПД2."""
    for item in items:
        if item.is_catalogued:
            yield item.gtin, item.name, item.okpd2


def names_rows(items: Iterable[Item]) -> Iterator[tuple[str, str, str]]:
    """What the classifier learns: the catalogue's rows, each with long words cut as well.

    The third spelling tells the same letters; to learn it too would only take longer.
    """
    for gtin, name, okpd2 in catalogue_rows(items):
        for spelling in spellings(name)[:2]:
            yield gtin, spelling, okpd2
