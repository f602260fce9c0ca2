"""How tills tell of what they sell: as in reality seldom all that could be told, and sometimes what is wrong.

What a till tells of an item depends on item and shop alone, so that a run can be repeated.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from loadtests.demo.baskets import DemoBasket
from loadtests.demo.items import Item, chance, spellings
from loadtests.demo.shopping import SoldLine, basket_of
from merchant_sdk import Basket
from merchant_sdk.basket import MILLI


class Way(StrEnum):
    """What a line says of its goods, the name apart, which all have."""

    NAME = "name alone"
    GTIN = "barcode"
    GTIN_AND_CODE = "barcode and ОКПД2"
    CODE = "ОКПД2"
    OWN_CODE = "the shop's own code, which the department has confirmed"
    MARKED = "marking code"
    WRONG_CODE = "alcohol under the ОКПД2 of a soft drink"
    SUBJECT = "no goods: tag 1212 says so"


WAYS_PER_MILLE: Final[Mapping[Way, int]] = {
    Way.NAME: 450, Way.GTIN: 150, Way.GTIN_AND_CODE: 150, Way.CODE: 150, Way.OWN_CODE: 100,
}  # fmt: skip
"""How lines of ordinary goods are told; of goods without a barcode those with one are told by name."""

EXCISE_PER_MILLE: Final[Mapping[Way, int]] = {
    Way.MARKED: 350, Way.WRONG_CODE: 200, Way.NAME: 150, Way.GTIN: 100, Way.GTIN_AND_CODE: 100, Way.CODE: 100,
}  # fmt: skip
"""How alcohol and tobacco are told. Marked are single pieces alone; a wrong code is for alcohol alone."""

SCANNED_PER_MILLE: Final = 750
"""How much of what has a wrong code has its barcode read at least."""

SOFT_DRINK: Final = "11.07.19.190"
"""What a wrong code says that alcohol is."""

_ALCOHOL: Final = ("11.01", "11.02", "11.03", "11.04", "11.05")
_STAMPED: Final = ("11.01", "11.02", "11.03", "11.04")
_TOBACCO: Final = "12"
_GOODS: Final = 1
_MARKED_EXCISE: Final = 31
_STAMP_LENGTH: Final = 150
_WITH_BARCODE: Final = (Way.GTIN, Way.GTIN_AND_CODE, Way.MARKED)


@dataclass(frozen=True)
class Shops:
    """The tills of a chain of merchants, each telling in its way; `items` are those of all baskets."""

    items: Mapping[str, Item]

    def basket(self, source: DemoBasket, merchant_id: int) -> Basket:
        """A basket as a till of the merchant tells it."""
        plain = basket_of(source)
        return replace(plain, lines=tuple(self.line(line, merchant_id) for line in sold_lines(plain)))

    def way(self, line: SoldLine, merchant_id: int) -> Way:
        """How a merchant tells of the goods on a line."""
        item = self.items[line.item_code]
        if not item.okpd2:
            return Way.SUBJECT
        is_excise = item.okpd2.startswith((*_ALCOHOL, _TOBACCO))
        way = _chosen(EXCISE_PER_MILLE if is_excise else WAYS_PER_MILLE, "way", item.code, merchant_id)
        if way is Way.MARKED and line.quantity_milli != MILLI:
            way = Way.GTIN
        if way is Way.WRONG_CODE and not item.okpd2.startswith(_ALCOHOL):
            way = Way.CODE
        return Way.NAME if way in _WITH_BARCODE and not item.gtin else way

    def line(self, line: SoldLine, merchant_id: int) -> SoldLine:
        """A line as a merchant's till tells it; the truth of it stays beside, and is not sent."""
        item, way = self.items[line.item_code], self.way(line, merchant_id)
        written = spellings(item.name)
        told = replace(
            line,
            item_name=written[chance("spelling", item.code, merchant_id) % len(written)],
            item_code=item.code if way is Way.OWN_CODE else "",
            okpd2=item.okpd2 if way in (Way.CODE, Way.GTIN_AND_CODE) else "",
            gtin=item.gtin if way in (Way.GTIN, Way.GTIN_AND_CODE) else "",
        )
        if way is Way.MARKED:
            code = marking_code(item, merchant_id, line.amount_kopecks)
            return replace(told, marking_code=code, payment_subject=_MARKED_EXCISE)
        if way is Way.WRONG_CODE:
            is_scanned = chance("scanned", item.code, merchant_id) < SCANNED_PER_MILLE
            gtin = item.gtin if is_scanned else ""
            return replace(told, okpd2=SOFT_DRINK, gtin=gtin, payment_subject=_GOODS)
        return told


def own_codes(baskets: Iterable[tuple[int, Basket]]) -> dict[tuple[int, str], SoldLine]:
    """A line of each of the merchants' own codes that stand in baskets, by merchant and code."""
    return {
        (merchant_id, line.item_code): line
        for merchant_id, basket in baskets
        for line in sold_lines(basket)
        if line.item_code
    }


def sold_lines(basket: Basket) -> Iterator[SoldLine]:
    """The lines of a basket of which the truth is known beside what is told."""
    return (line for line in basket.lines if isinstance(line, SoldLine))


def marking_code(item: Item, merchant_id: int, amount_kopecks: int) -> str:
    """The marking code on a piece: of tobacco, of wine and spirits a stamp, of beer a GS1 message."""
    letters = _letters(item.code, merchant_id, amount_kopecks)
    gtin = item.gtin.zfill(14)
    if item.okpd2.startswith(_STAMPED):
        return (letters * _STAMP_LENGTH)[:_STAMP_LENGTH]
    if item.okpd2.startswith(_TOBACCO):
        return f"{gtin}{letters[:7]}ABcd{letters[-4:]}"
    return f"01{gtin}21{letters[:7]}\x1d93{letters[-4:]}"


def _letters(*parts: object) -> str:
    return "".join(chr(ord("A") + chance(*parts, place) % 26) for place in range(12))


def _chosen(shares: Mapping[Way, int], *parts: object) -> Way:
    left = chance(*parts)
    for way, per_mille in shares.items():
        left -= per_mille
        if left < 0:
            return way
    raise ValueError("the shares are less than a thousand")
