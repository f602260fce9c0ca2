"""What the bench's buyers put on the belt: goods as often as a chain of shops really sells them.

How often is fitted to the 37,335 lines of 14,430 products that an excerpt of a chain's receipts has
(`completejourney`, CC0, 165 stores): the product of rank r is sold in proportion to (r + SHIFT) ** -EXPONENT,
out of ITEMS. So many draws of this law meet with 14,660 products (14,430 in the source), 8,490 of them once
(8,291), and the hundred most frequent have 6,704 lines (5,655).
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Final

from google.protobuf.json_format import MessageToJson

from loadtests.bench.encoding import number_field, tag, varint
from loadtests.demo.baskets import DemoLine, load_baskets
from loadtests.demo.items import chance, gtin_in
from tillgate.v1 import purchase_pb2 as wire

ITEMS: Final = 30_000
EXPONENT: Final = 0.79
SHIFT: Final = 3.2

SIZES: Final = {
    1: 1093, 2: 865, 3: 717, 4: 534, 5: 448, 6: 334, 7: 255, 8: 179, 9: 167, 10: 94, 11: 74, 12: 39, 13: 38,
    14: 28, 15: 12, 16: 10, 17: 7, 18: 1, 19: 4, 20: 3, 21: 1, 22: 1, 26: 1,
}  # fmt: skip
"""How many of a grocery's 4,924 baskets have so many lines."""

GTIN_PREFIX: Final = "4608"
"""The bench's made-up barcodes begin with this: of the range 460 to 469 that GS1 gives to Russia."""

WITH_GTIN_PER_MILLE: Final = 300
WITH_CODE_PER_MILLE: Final = 300
CATALOGUED_PER_MILLE: Final = 600
"""Lines with a barcode, with a declared ОКПД2, and barcodes in the catalogue; apart from each other."""

_FOOD: Final = ("01.1", "01.2", "10.")
_GOODS: Final = 1
_DRAWN_AT_ONCE: Final = 4_096
_SYLLABLES: Final = (
    "БА",
    "ВЕ",
    "ГО",
    "ДИ",
    "ЖУ",
    "ЗА",
    "КЕ",
    "ЛО",
    "МИ",
    "НУ",
    "ПА",
    "РЕ",
    "СО",
    "ТИ",
    "ФУ",
    "ЧА",
)


@dataclass(frozen=True, slots=True)
class BenchItem:
    """One item as every till tells it; `is_sure` is food that its code names, so that points pay it."""

    line: wire.BasketLine
    gtin: str
    okpd2: str
    is_catalogued: bool

    @property
    def is_sure(self) -> bool:
        """Whether points surely pay it."""
        is_food = self.okpd2.startswith(_FOOD) and self.line.payment_subject == _GOODS
        return is_food and bool(self.line.okpd2 or (self.line.gtin and self.is_catalogued))


@cache
def bench_items() -> tuple[BenchItem, ...]:
    """All items by rank, the most frequent first; the same ones each time."""
    lines = {line.item_code: line for basket in load_baskets() for line in basket.lines}
    shuffled = sorted(lines.values(), key=lambda line: (chance("rank", line.item_code), line.item_code))
    return tuple(_item(rank, shuffled[rank % len(shuffled)]) for rank in range(ITEMS))


def _item(rank: int, source: DemoLine) -> BenchItem:
    has_gtin = bool(source.okpd2) and chance("gtin", rank) < WITH_GTIN_PER_MILLE
    gtin = gtin_in(GTIN_PREFIX, rank)
    line = wire.BasketLine(
        item_name=f"{source.name} {brand(rank)}",
        item_code=str(rank),
        gtin=gtin if has_gtin else "",
        okpd2=source.okpd2 if chance("code", rank) < WITH_CODE_PER_MILLE else "",
        quantity_milli=source.quantity_milli,
        unit_price_kopecks=source.unit_price_kopecks,
        discount_kopecks=source.discount_kopecks,
        amount_kopecks=source.amount_kopecks,
        payment_subject=source.payment_subject,
    )
    is_catalogued = bool(source.okpd2) and chance("catalogued", rank) < CATALOGUED_PER_MILLE
    return BenchItem(line, gtin, source.okpd2, is_catalogued)


def brand(number: int) -> str:
    """A made-up word, another one for each number below 65,536."""
    return "".join(_SYLLABLES[number >> shift & 15] for shift in (0, 4, 8, 12))


class Belt:
    """Baskets without end, each drawn anew; the same ones for the same seed.

    Where points might pay nothing the first line is replaced by the next one drawn that they surely pay.
    Lines are serialized once, so that a basket costs a client little.
    """

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._items = bench_items()
        self._is_sure = [item.is_sure for item in self._items]
        weights = ((rank + SHIFT) ** -EXPONENT for rank in range(1, ITEMS + 1))
        self._ranks = self._draws(range(ITEMS), list(accumulate(weights)))
        self._sizes = self._draws(list(SIZES), list(accumulate(SIZES.values())))

    def chosen(self) -> list[int]:
        """The ranks of the lines of the next basket, from 0."""
        ranks = self._ranks
        drawn = [next(ranks) for _ in range(next(self._sizes))]
        if not any(map(self._is_sure.__getitem__, drawn)):
            drawn[0] = next(rank for rank in ranks if self._is_sure[rank])
        return drawn

    def _draws(self, of: Sequence[int], up_to: Sequence[float]) -> Iterator[int]:
        while True:
            yield from self._rng.choices(of, cum_weights=up_to, k=_DRAWN_AT_ONCE)

    def basket(self) -> wire.Basket:
        """The next basket as a message."""
        lines = []
        for number, rank in enumerate(self.chosen(), start=1):
            line = wire.BasketLine(line_number=number)
            line.MergeFrom(self._items[rank].line)
            lines.append(line)
        return wire.Basket(lines=lines, total_kopecks=sum(line.amount_kopecks for line in lines))

    def serialized(self) -> Iterator[bytes]:
        """The bytes of the next baskets."""
        return self._join(*_serialized_lines())

    def as_json(self) -> Iterator[bytes]:
        """The same as the JSON door takes them."""
        return self._join_json(_json_lines(), _serialized_lines()[1])

    def _join(self, parts: Sequence[tuple[bytes, bytes]], amounts: Sequence[int]) -> Iterator[bytes]:
        while True:
            chosen = self.chosen()
            lines = [
                piece
                for number, rank in enumerate(chosen)
                for piece in (parts[rank][0], _NUMBERS[number], parts[rank][1])
            ]
            total = number_field(_TOTAL, sum([amounts[rank] for rank in chosen]))
            yield b"".join((*lines, total))

    def _join_json(self, lines: Sequence[bytes], amounts: Sequence[int]) -> Iterator[bytes]:
        while True:
            chosen = self.chosen()
            numbered = [b'{"line_number":%d,%s' % (n, lines[rank]) for n, rank in enumerate(chosen, start=1)]
            total = sum([amounts[rank] for rank in chosen])
            yield b'{"lines":[%s],"total_kopecks":"%d"}' % (b",".join(numbered), total)


_TOTAL: Final = wire.Basket.TOTAL_KOPECKS_FIELD_NUMBER
_LINE_TAG: Final = tag(wire.Basket.LINES_FIELD_NUMBER)
_NUMBERS: Final = [
    number_field(wire.BasketLine.LINE_NUMBER_FIELD_NUMBER, number) for number in range(1, max(SIZES) + 1)
]


@cache
def _serialized_lines() -> tuple[list[tuple[bytes, bytes]], list[int]]:
    """Of each item what stands before and behind the number of a line, and its amount."""
    parts = []
    for item in bench_items():
        body = item.line.SerializeToString()
        parts.append((_LINE_TAG + varint(len(_NUMBERS[0]) + len(body)), body))
    return parts, [item.line.amount_kopecks for item in bench_items()]


@cache
def _json_lines() -> list[bytes]:
    """Of each item what stands behind the number of a line and the opening bracket before it."""
    whole = (MessageToJson(i.line, preserving_proto_field_name=True, indent=None) for i in bench_items())
    return [text.removeprefix("{").encode() for text in whole]
