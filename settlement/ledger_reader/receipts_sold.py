"""The goods that a claim's lines were paid for, streamed purchase by purchase."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct


class SoldItem(Struct, frozen=True, gc=False):
    """What checks count of a basket line: kopecks."""

    unit_price_kopecks: int
    amount_kopecks: int


class SoldVerdict(Struct, frozen=True, gc=False):
    """The code that the line was judged by."""

    okpd2: str


class SoldLine(Struct, frozen=True, gc=False):
    """A basket line as checks need it; without `shares` points paid nothing of it."""

    line: SoldItem
    verdict: SoldVerdict
    shares: tuple[msgspec.Raw, ...] = ()


class Sold(Struct, frozen=True, gc=False):
    """A claimed sale: its number in the claim, where and when it was, its points and its basket."""

    n: int
    outlet_id: int
    terminal_id: int
    decided_at: datetime
    amount_kopecks: int
    lines: tuple[SoldLine, ...]


PREFETCH_ROWS: Final = 1_000

# A purchase that two programs paid has two lines, and one basket.
_SOLD: Final = """
SELECT l.n, l.outlet_id, l.terminal_id, l.decided_at, l.amount_kopecks, l.purchase_id, p.lines::text AS lines
FROM claim_line l JOIN purchase p ON p.id = l.purchase_id
WHERE l.claim_id = $1 AND l.kind = 'SALE' AND l.treatment = 'INCLUDED' ORDER BY l.n"""

sold_lines: Final = msgspec.json.Decoder(tuple[SoldLine, ...]).decode
"""Basket lines as checks need them, of a purchase's JSON."""


async def sold_in(connection: asyncpg.Connection, claim_id: int) -> AsyncIterator[Sold]:
    """Every claimed sale in the order of the claim, in constant memory."""
    purchase_id = None
    async with connection.transaction():
        async for row in connection.cursor(_SOLD, claim_id, prefetch=PREFETCH_ROWS):
            lines = sold_lines(row[6]) if row[5] != purchase_id else ()
            purchase_id = row[5]
            yield Sold(row[0], row[1], row[2], row[3], row[4], lines)
