"""Reads what a merchant is owed, summed by outlet, day and where it stands."""

from datetime import date
from typing import Final

import asyncpg
from msgspec import Struct

from settlement.ledger_reader.reports_operations import FACTS, OPEN, facts_of, placed_operations
from settlement.reports.standings import LineFacts

# What a large merchant sold is sorted and joined several times over; by default it would go through files.
_WORK_MEM: Final = "64MB"


class OwedRow(Struct, frozen=True):
    """Kopecks of one outlet and day that stand in the same place."""

    outlet_id: int
    outlet_name: str
    sale_date: date
    amount_kopecks: int
    facts: LineFacts


async def read_owed(connection: asyncpg.Connection, merchant_id: int, matches: str) -> list[OwedRow]:
    """All operations of a merchant, summed; raises what the database raises."""
    async with connection.transaction():
        await connection.execute(f"SET LOCAL work_mem = '{_WORK_MEM}'")
        rows = await connection.fetch(
            f"WITH {placed_operations('true', matches, matched=OPEN)}"
            f" SELECT p.outlet_id, coalesce(o.name, '') AS outlet_name, p.sale_date, {FACTS},"
            " sum(p.amount_kopecks)::bigint AS amount_kopecks"
            f" FROM placed p LEFT JOIN outlet o ON o.id = p.outlet_id GROUP BY 1, 2, 3, {FACTS}",
            merchant_id,
        )
    return [
        OwedRow(row["outlet_id"], row["outlet_name"], row["sale_date"], row["amount_kopecks"], facts_of(row))
        for row in rows
    ]
