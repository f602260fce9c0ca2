"""Truth 9: every captured kopeck of an agreement is in one place, or was given back."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Final

import asyncpg
from msgspec import Struct

from settlement.ledger_reader.archived_months import lock_ledger, over_all_months
from settlement.ledger_reader.claims_operations import (
    BOOKED_SUMS,
    GIVEN_BACK_OF_LOST,
    OPEN_SUMS,
    UNLIKE_LINES,
)
from settlement.ledger_reader.claims_registry import AgreementRead, every_agreement

_EVER: Final = date(9999, 12, 31)

_UNDER_REVIEW: Final = """
SELECT coalesce(sum(l.amount_kopecks), 0)::bigint
FROM claim c JOIN claim_line l ON l.claim_id = c.id AND l.is_live AND l.treatment = 'INCLUDED'
WHERE c.agreement_id = $1 AND c.state IN ('FILED', 'UNDER_REVIEW', 'RETURNED_TO_MERCHANT')"""

_DECIDED: Final = """
SELECT coalesce(sum(approved_kopecks), 0)::bigint AS approved, coalesce(sum(paid_kopecks), 0)::bigint AS paid
FROM claim
WHERE agreement_id = $1
  AND state IN ('APPROVED', 'APPROVED_IN_PART', 'PAYABLE', 'PARTLY_PAID', 'PAID', 'RETURNED_BY_BANK')"""

_REFUSED: Final = """
SELECT coalesce(sum(l.amount_kopecks), 0)::bigint
FROM claim c JOIN claim_line l ON l.claim_id = c.id AND l.is_live
WHERE c.agreement_id = $1 AND (l.treatment = 'OVER_LIMIT' OR l.verdict = 'REFUSED_FOR_GOOD'
  AND c.state NOT IN ('FILED', 'UNDER_REVIEW', 'RETURNED_TO_MERCHANT'))"""

_DEMANDS: Final = """
SELECT coalesce(sum(returned_kopecks), 0)::bigint AS returned,
  coalesce(sum(amount_kopecks - returned_kopecks) FILTER (WHERE state IN ('DEMANDED', 'IN_COURT')), 0)::bigint
    AS waiting
FROM return_demand WHERE agreement_id = $1 AND state <> 'OFFSET'"""


class Unlike(Struct, frozen=True):
    """A live line that is not what the ledger booked; None if it booked no such operation."""

    claim_id: int
    n: int
    amount_kopecks: int
    booked_kopecks: int | None


class Identity(Struct, frozen=True):
    """Where an agreement's kopecks are.

    `approved_kopecks` is approved and not paid yet; `paid_kopecks` is less what came back by demands;
    `not_netted_kopecks` was given back after its sale was claimed and neither lowered a claim nor returned.
    """

    agreement_id: int
    captured_kopecks: int
    refunded_kopecks: int
    unclaimed_kopecks: int
    unmatched_kopecks: int
    carried_kopecks: int
    under_review_kopecks: int
    approved_kopecks: int
    paid_kopecks: int
    refused_kopecks: int
    not_netted_kopecks: int
    unlike: tuple[Unlike, ...] = ()

    @property
    def difference_kopecks(self) -> int:
        """What is missing, below zero what is too much; 0 where truth 9 holds."""
        placed = (
            self.unclaimed_kopecks
            + self.unmatched_kopecks
            + self.carried_kopecks
            + self.under_review_kopecks
            + self.approved_kopecks
            + self.paid_kopecks
            + self.refused_kopecks
            - self.not_netted_kopecks
        )
        return self.captured_kopecks - self.refunded_kopecks - placed

    @property
    def holds(self) -> bool:
        """Whether all is in its place."""
        return not self.difference_kopecks and not self.unlike


class CarryOver(Struct, frozen=True):
    """What an agreement takes over the end of a budget year, in kopecks and lines, by where it is."""

    agreement_id: int
    number: str
    year: int
    place: str
    amount_kopecks: int
    line_count: int


async def identity_of(connection: asyncpg.Connection, agreement_id: int) -> Identity:
    """Where the kopecks of an agreement are, in one snapshot."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await lock_ledger(connection)
        booked = await connection.fetchrow(
            await over_all_months(connection, BOOKED_SUMS), agreement_id, _EVER
        )
        places = dict.fromkeys(("UNCLAIMED", "UNMATCHED", "CARRIED", "PENDING"), 0)
        for row in await _open_sums(connection, agreement_id, _EVER):
            places[row["place"]] += row["amount_kopecks"]
        decided = await connection.fetchrow(_DECIDED, agreement_id)
        demands = await connection.fetchrow(_DEMANDS, agreement_id)
        refused = await connection.fetchval(_REFUSED, agreement_id)
        refused -= await connection.fetchval(
            await over_all_months(connection, GIVEN_BACK_OF_LOST), agreement_id, _EVER, None
        )
        unlike = await connection.fetch(await over_all_months(connection, UNLIKE_LINES), agreement_id, _EVER)
        return Identity(
            agreement_id=agreement_id,
            captured_kopecks=booked["captured_kopecks"],
            refunded_kopecks=booked["refunded_kopecks"],
            unclaimed_kopecks=places["UNCLAIMED"],
            unmatched_kopecks=places["UNMATCHED"],
            carried_kopecks=places["CARRIED"],
            under_review_kopecks=await connection.fetchval(_UNDER_REVIEW, agreement_id),
            approved_kopecks=decided["approved"] - decided["paid"],
            paid_kopecks=decided["paid"] - demands["returned"],
            refused_kopecks=refused,
            not_netted_kopecks=demands["waiting"] - places["PENDING"],
            unlike=tuple(Unlike(**row) for row in unlike),
        )


async def identities(connection: asyncpg.Connection) -> AsyncIterator[tuple[AgreementRead, Identity]]:
    """The identity of every agreement, one after the other, each in a snapshot of its own."""
    for of in await every_agreement(connection):
        yield of, await identity_of(connection, of.id)


async def carry_over(connection: asyncpg.Connection, year: int) -> AsyncIterator[CarryOver]:
    """What was sold until the end of a budget year and stands in no filed claim now, by agreement.

    PENDING was given back after its sale was claimed: it nets inside its own year alone, else it is demanded.
    """
    for of in await every_agreement(connection):
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await lock_ledger(connection)
            rows = await _open_sums(connection, of.id, date(year, 12, 31))
        for row in rows:
            yield CarryOver(of.id, of.number, **row)


async def _open_sums(
    connection: asyncpg.Connection, agreement_id: int, last_day: date
) -> list[asyncpg.Record]:
    """What was sold until a day and stands in no live line, by year and place."""
    query = await over_all_months(connection, OPEN_SUMS)
    rows: list[asyncpg.Record] = await connection.fetch(query, agreement_id, last_day, None)
    return rows
