"""Reads what was sold in some days, purchase by purchase, for the demand report."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Final

import asyncpg

from settlement.reports.demand_counting import SoldPurchase
from settlement.reports.districts import district_of

_PAGE: Final = 2_000

# Purchases have no index by day of sale, entries have: ids tell in which partitions to look.
_BOUNDS: Final = """
SELECT min(e.purchase_id::text)::uuid AS lowest, max(e.purchase_id::text)::uuid AS highest
FROM agreement a JOIN entry e ON e.agreement_id = a.id AND e.sale_date BETWEEN $1 AND $2"""

# A refund's lines are read with the purchase; what was voided since is no sale.
_SOLD: Final = """
SELECT p.account_id, p.outlet_id, p.lines::text, p.capture::text,
       ARRAY(SELECT r.lines::text FROM refund r WHERE r.purchase_id = p.id)
FROM purchase p
WHERE p.id BETWEEN $3 AND $4 AND p.sale_date BETWEEN $1 AND $2 AND p.state = 'CAPTURED'"""


async def districts_of_outlets(connection: asyncpg.Connection) -> dict[int, str]:
    """The district of every outlet, by its address of today."""
    return {
        row["id"]: district_of(row["address"])
        for row in await connection.fetch("SELECT id, address FROM outlet")
    }


async def sold_between(
    connection: asyncpg.Connection, first_day: date, last_day: date
) -> AsyncIterator[list[SoldPurchase]]:
    """Pages of captured purchases whose day of sale lies between two, in no order.

    Runs inside the caller's transaction, with a cursor on the server: memory is one page.
    """
    bounds = await connection.fetchrow(_BOUNDS, first_day, last_day)
    if bounds["lowest"] is None:
        return
    cursor = await connection.cursor(_SOLD, first_day, last_day, bounds["lowest"], bounds["highest"])
    while rows := await cursor.fetch(_PAGE):
        yield [SoldPurchase(*row) for row in rows]
