"""Agreements under which something was sold in a period and no claim of it is filed or drafted."""

from datetime import date
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.domain.settlement_terms import Period

_OWING: Final = """
SELECT a.id AS agreement_id, p.last_day
FROM unnest($1::text[], $2::date[], $3::date[]) AS p (period, first_day, last_day)
JOIN agreement AS a ON coalesce(a.settings -> 'settlement' ->> 'period', $4) = p.period
WHERE EXISTS (
    SELECT FROM entry AS e WHERE e.agreement_id = a.id AND e.sale_date BETWEEN p.first_day AND p.last_day)
  AND NOT EXISTS (
    SELECT FROM claim AS c
    WHERE c.agreement_id = a.id AND c.first_day = p.first_day AND c.state <> 'DISCARDED')
ORDER BY a.id"""


class Owing(Struct, frozen=True):
    """An agreement that owes a claim of the period that ended on `last_day`."""

    agreement_id: int
    last_day: date


async def owing_agreements(
    connection: asyncpg.Connection, periods: dict[Period, tuple[date, date]]
) -> list[Owing]:
    """Those of the last period of each kind, given as its first and last day."""
    rows = await connection.fetch(
        _OWING, [kind.value for kind in periods],
        [first for first, _ in periods.values()], [last for _, last in periods.values()],
        Period.MONTH.value,
    )  # fmt: skip
    return [Owing(**row) for row in rows]
