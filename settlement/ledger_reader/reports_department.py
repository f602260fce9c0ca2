"""Reads what the department's report sums: movements of points, sales, limits, claims."""

from datetime import date, datetime
from typing import Final

import asyncpg
from msgspec import Struct

from settlement.ledger_reader.archived_months import over_all_months

# What was moved before the year stands in one sum without a month: the balance that the year begins with.
_MOVED: Final = """
SELECT c.program_code,
  CASE WHEN e.decided_at >= $1 THEN
    date_trunc('month', e.decided_at AT TIME ZONE 'Europe/Moscow')::date END AS month,
  e.kind, e.source, e.target, e.purchase_id IS NOT NULL AS is_of_purchase,
  sum(e.amount_kopecks)::bigint AS amount_kopecks
FROM entry e JOIN certificate c ON c.id = e.certificate_id
WHERE e.decided_at < $2 GROUP BY 1, 2, 3, 4, 5, 6"""

# The claim belongs to the budget year in which its period begins.
_BUDGETS: Final = """
WITH kbk_of AS (
  SELECT a.id, coalesce(a.settings #>> '{settlement,kbk}', '') AS kbk FROM agreement a),
sold AS (
  SELECT k.kbk,
    sum(CASE e.target WHEN 'SPENT' THEN e.amount_kopecks ELSE -e.amount_kopecks END)::bigint AS sold_kopecks,
    coalesce(sum(CASE e.target WHEN 'SPENT' THEN e.amount_kopecks ELSE -e.amount_kopecks END)
      FILTER (WHERE e.sale_date > $3), 0)::bigint AS lately_kopecks
  FROM kbk_of k JOIN entry e ON e.agreement_id = k.id AND e.sale_date BETWEEN $1 AND $2 GROUP BY 1),
claimed AS (
  SELECT k.kbk,
    sum(CASE WHEN c.state IN ('FILED', 'UNDER_REVIEW', 'RETURNED_TO_MERCHANT')
      THEN c.sale_kopecks - c.returned_kopecks
      ELSE coalesce(c.approved_kopecks, 0) - c.paid_kopecks END)::bigint AS obligation_kopecks,
    sum(c.paid_kopecks)::bigint AS paid_kopecks
  FROM kbk_of k JOIN claim c ON c.agreement_id = k.id AND c.first_day BETWEEN $1 AND $2
  WHERE c.state NOT IN ('DRAFT', 'DISCARDED', 'SUPERSEDED', 'REFUSED') GROUP BY 1),
allowed AS (
  SELECT DISTINCT ON (kbk) kbk, limit_kopecks FROM budget_limit
  WHERE budget_year = extract(year FROM $1::date) ORDER BY kbk, id DESC)
SELECT kbk, limit_kopecks, coalesce(sold_kopecks, 0) AS sold_kopecks,
  coalesce(lately_kopecks, 0) AS lately_kopecks, coalesce(obligation_kopecks, 0) AS obligation_kopecks,
  coalesce(paid_kopecks, 0) AS paid_kopecks
FROM allowed FULL JOIN sold USING (kbk) FULL JOIN claimed USING (kbk) ORDER BY kbk"""

_OPEN_CLAIMS: Final = """
SELECT c.id, m.name AS merchant_name, a.number AS agreement_number, c.first_day, c.last_day, c.state,
  c.sale_kopecks - c.returned_kopecks AS net_kopecks, c.filed_at,
  coalesce((SELECT max(h.made_at) FROM claim_history h
    WHERE h.claim_id = c.id AND h.step IN ('APPROVE', 'APPROVE_IN_PART', 'PAY_AGAIN')), c.changed_at)
    AS decided_at,
  (a.settings -> 'settlement')::text AS terms
FROM claim c JOIN agreement a ON a.id = c.agreement_id JOIN merchant m ON m.id = c.merchant_id
WHERE c.state NOT IN ('DISCARDED', 'SUPERSEDED', 'PAID', 'REFUSED') ORDER BY c.last_day, c.id"""


class MovedRow(Struct, frozen=True):
    """Points that moved between two buckets; `month` None is before the year."""

    program_code: str
    month: date | None
    kind: str
    source: str | None
    target: str
    is_of_purchase: bool
    amount_kopecks: int


class BudgetRow(Struct, frozen=True):
    """Money of one КБК in a year; `limit_kopecks` None if none is set, `lately` is the end of `sold`."""

    kbk: str
    limit_kopecks: int | None
    sold_kopecks: int
    lately_kopecks: int
    obligation_kopecks: int
    paid_kopecks: int


class OpenClaimRow(Struct, frozen=True):
    """A claim that is not paid yet; `decided_at` is its last decision, or its last change."""

    id: int
    merchant_name: str
    agreement_number: str
    first_day: date
    last_day: date
    state: str
    net_kopecks: int
    filed_at: datetime | None
    decided_at: datetime
    terms: str | None


async def read_moved(connection: asyncpg.Connection, begins: datetime, ends: datetime) -> list[MovedRow]:
    """Movements of all months of a year by the ledger, archived ones included, and the sum before it.

    Runs in the caller's snapshot (REPEATABLE READ), after `lock_ledger`.
    """
    moved = await over_all_months(connection, _MOVED)
    return [MovedRow(**row) for row in await connection.fetch(moved, begins, ends)]


async def read_budgets(
    connection: asyncpg.Connection, first_day: date, last_day: date, lately_after: date
) -> list[BudgetRow]:
    """By КБК what was sold between two days, and of it after a third; limits, obligations, payments."""
    rows = await connection.fetch(_BUDGETS, first_day, last_day, lately_after)
    return [BudgetRow(**row) for row in rows]


async def read_open_claims(connection: asyncpg.Connection) -> list[OpenClaimRow]:
    """Claims that are neither paid nor refused, the oldest period first."""
    return [OpenClaimRow(**row) for row in await connection.fetch(_OPEN_CLAIMS)]
