"""What goods of a period cost: the median price of each class over the purchases of all merchants."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from statistics import median_low
from typing import Final

import asyncpg

from settlement.ledger_reader.receipts_sold import PREFETCH_ROWS, SoldLine, sold_lines

PRICE_LINES_MIN: Final = 20
"""A median of fewer lines tells nothing."""

PURCHASES_MAX: Final = 20_000
"""So many purchases of a period tell its medians well enough, and no period takes longer than that."""

_CLASS_CHARS: Final = 2

# An id ends with random bits: those with the smallest ends are a sample by chance, and the same each time.
_SAMPLED: Final = """
WITH sold AS (
  SELECT DISTINCT e.purchase_id
  FROM agreement a JOIN entry e ON e.agreement_id = a.id AND e.sale_date BETWEEN $1 AND $2
), sampled AS MATERIALIZED (
  SELECT purchase_id FROM sold ORDER BY substring(uuid_send(purchase_id) FROM 9), purchase_id LIMIT $3
)
SELECT p.lines::text FROM sampled s JOIN purchase p ON p.id = s.purchase_id WHERE p.state = 'CAPTURED'"""

_PERIOD: Final = "SELECT first_day, last_day FROM claim WHERE id = $1"


def paid_lines(lines: Iterable[SoldLine]) -> Iterator[tuple[str, SoldLine]]:
    """Lines that points paid for, each with its class: the first two digits of the ОКПД2 that decided."""
    for line in lines:
        if line.shares and line.verdict.okpd2:
            yield line.verdict.okpd2[:_CLASS_CHARS], line


async def class_prices(
    connection: asyncpg.Connection, first_day: date, last_day: date, *, purchases_max: int = PURCHASES_MAX
) -> Mapping[str, int]:
    """Median unit prices in kopecks by class, of what points paid for on the days from first to last.

    Of more purchases than `purchases_max` a sample is read. A class of fewer than `PRICE_LINES_MIN` lines is
    left out.
    """
    prices: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))
    async with connection.transaction():
        async for row in connection.cursor(
            _SAMPLED, first_day, last_day, purchases_max, prefetch=PREFETCH_ROWS
        ):
            for okpd2, line in paid_lines(sold_lines(row[0])):
                if line.line.unit_price_kopecks > 0:
                    prices[okpd2].append(line.line.unit_price_kopecks)
    return {okpd2: median_low(some) for okpd2, some in prices.items() if len(some) >= PRICE_LINES_MIN}


async def class_prices_beside(connection: asyncpg.Connection, claim_id: int) -> Mapping[str, int]:
    """The same of a claim's period; none if there is no such claim."""
    period = await connection.fetchrow(_PERIOD, claim_id)
    return await class_prices(connection, *period) if period else {}
