"""What a merchant is owed, by outlet and by the age of the sale."""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum

import asyncpg
from msgspec import Struct

from settlement.ledger_reader.reports_receivables import OwedRow, read_owed
from settlement.reports.standings import Standing, standing_of


class Age(StrEnum):
    """Days since the sale."""

    TO_30 = "0-30"
    TO_60 = "31-60"
    TO_90 = "61-90"
    OVER_90 = "90+"


class Owed(Struct):
    """Kopecks of one outlet and age by where they stand; refunds lower their column."""

    outlet_id: int
    outlet_name: str
    age: Age
    unmatched_kopecks: int = 0
    unclaimed_kopecks: int = 0
    carried_kopecks: int = 0
    under_review_kopecks: int = 0
    approved_kopecks: int = 0
    refused_kopecks: int = 0
    paid_kopecks: int = 0
    demanded_kopecks: int = 0

    @property
    def total_kopecks(self) -> int:
        """What was captured less what was given back."""
        return sum(getattr(self, f"{standing.value.lower()}_kopecks") for standing in COLUMNS)


COLUMNS: Sequence[Standing] = tuple(standing for standing in Standing if standing is not Standing.UNDONE)
"""Where kopecks of receivables stand; a capture that was undone owes nothing."""


def age_of(sale_date: date, today: date) -> Age:
    """How long ago a sale was."""
    days = (today - sale_date).days
    return Age.TO_30 if days <= 30 else Age.TO_60 if days <= 60 else Age.TO_90 if days <= 90 else Age.OVER_90


def receivables(rows: Iterable[OwedRow], today: date) -> list[Owed]:
    """Sums by outlet and age, in the order of outlets and ages."""
    found: dict[tuple[int, Age], Owed] = {}
    for row in rows:
        standing = standing_of(row.facts)
        if standing is Standing.UNDONE:
            continue
        age = age_of(row.sale_date, today)
        owed = found.setdefault((row.outlet_id, age), Owed(row.outlet_id, row.outlet_name, age))
        column = f"{standing.value.lower()}_kopecks"
        setattr(owed, column, getattr(owed, column) + row.amount_kopecks)
    order = list(Age)
    return sorted(found.values(), key=lambda owed: (owed.outlet_id, order.index(owed.age)))


async def receivables_of(
    connection: asyncpg.Connection, merchant_id: int, matches: str, today: date
) -> list[Owed]:
    """A merchant's receivables as of now; `matches` as for the feed."""
    return receivables(await read_owed(connection, merchant_id, matches), today)
