"""Reading the movements between the department and a merchant: claims, decisions, payments, demands."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg

from settlement.documents.act import Movement, MovementKind

# A claim that was superseded or returned is none any more; its correction has been filed by itself.
# A decision that was taken back stays in the act of its day: what both sides signed for a month holds.
_CLAIMS: Final = """
SELECT (c.filed_at AT TIME ZONE 'Europe/Moscow')::date AS day, 'FILED' AS kind, c.id, c.correction_number,
  c.sale_kopecks - c.returned_kopecks AS kopecks
FROM claim c WHERE c.merchant_id = $1 AND ($2::bigint IS NULL OR c.agreement_id = $2)
  AND c.filed_at IS NOT NULL AND c.state NOT IN ('SUPERSEDED', 'RETURNED_TO_MERCHANT')
UNION ALL
SELECT (h.made_at AT TIME ZONE 'Europe/Moscow')::date,
  CASE h.step WHEN 'REOPEN' THEN 'REOPENED' ELSE 'APPROVED' END, c.id, c.correction_number, h.kopecks
FROM claim c CROSS JOIN LATERAL (
  SELECT step, made_at,
    CASE step WHEN 'REOPEN' THEN lag(approved_kopecks) OVER (ORDER BY n) ELSE approved_kopecks END AS kopecks
  FROM claim_history
  WHERE claim_id = c.id AND step IN ('APPROVE', 'APPROVE_IN_PART', 'REFUSE', 'REOPEN')) h
WHERE c.merchant_id = $1 AND ($2::bigint IS NULL OR c.agreement_id = $2) AND h.kopecks > 0"""

_PAYMENTS: Final = """
SELECT e.booked_on AS day, CASE e.effect WHEN 'EXECUTED' THEN 'PAID' ELSE 'RETURNED_BY_BANK' END AS kind,
  c.id, e.order_number, e.amount_kopecks AS kopecks
FROM statement_entry e JOIN transfer t ON t.id = e.transfer_id JOIN claim c ON c.id = t.claim_id
WHERE c.merchant_id = $1 AND ($2::bigint IS NULL OR c.agreement_id = $2)
  AND e.effect IN ('EXECUTED', 'RETURNED')"""

_DEMANDS: Final = """
SELECT d.id, d.demanded_on, d.amount_kopecks, d.returned_kopecks, d.state,
  (d.changed_at AT TIME ZONE 'Europe/Moscow')::date AS changed_on
FROM return_demand d
WHERE d.agreement_id IN (
  SELECT c.agreement_id FROM claim c
  WHERE c.merchant_id = $1 AND ($2::bigint IS NULL OR c.agreement_id = $2))"""

_DEMANDS_PAID: Final = """
SELECT demand_id, booked_on AS day, order_number, amount_kopecks AS kopecks
FROM statement_entry WHERE demand_id = ANY ($1::bigint[]) AND effect = 'DEMAND' ORDER BY booked_on"""


async def movements_of(
    connection: asyncpg.Connection, merchant_id: int, agreement_id: int | None
) -> list[Movement]:
    """All movements there ever were with a merchant, under one agreement or under all of them."""
    claims = await connection.fetch(_CLAIMS, merchant_id, agreement_id)
    payments = await connection.fetch(_PAYMENTS, merchant_id, agreement_id)
    found = [
        Movement(
            row["day"], MovementKind[row["kind"]], _named(row["id"], row["correction_number"]), row["kopecks"]
        )
        for row in claims
    ]
    found += [
        Movement(row["day"], MovementKind[row["kind"]], _paid(row["order_number"], row["id"]), row["kopecks"])
        for row in payments
    ]
    demands = await connection.fetch(_DEMANDS, merchant_id, agreement_id)
    ids = [row["id"] for row in demands]
    booked = await connection.fetch(_DEMANDS_PAID, ids)
    return found + _demands(demands, booked)


def _demands(demands: Sequence[Mapping[str, Any]], booked: Sequence[Mapping[str, Any]]) -> list[Movement]:
    """Demands, what came back for them by statements or otherwise, and those that a claim offsets."""
    found = []
    for row in demands:
        name = f"требование № {row['id']}"
        found.append(Movement(row["demanded_on"], MovementKind.DEMANDED, name, row["amount_kopecks"]))
        left = row["returned_kopecks"]
        for one in booked:
            if one["demand_id"] == row["id"]:
                left -= one["kopecks"]
                document = f"{name}, п/п {one['order_number']}" if one["order_number"] else name
                found.append(Movement(one["day"], MovementKind.DEMAND_RETURNED, document, one["kopecks"]))
        if left > 0:
            found.append(Movement(row["changed_on"], MovementKind.DEMAND_RETURNED, name, left))
        offset = row["amount_kopecks"] - row["returned_kopecks"]
        if row["state"] == "OFFSET" and offset > 0:
            found.append(Movement(row["changed_on"], MovementKind.DEMAND_OFFSET, name, offset))
    return found


def _named(claim_id: int, correction_number: int) -> str:
    return f"расчёт № {claim_id}" + (f", корректировка {correction_number}" if correction_number else "")


def _paid(order_number: str, claim_id: int) -> str:
    return f"п/п {order_number}, расчёт № {claim_id}" if order_number else f"расчёт № {claim_id}"
