"""What belongs to a claim's agreement and stands in no claim, and returns that no purchase knows of."""

from typing import Final

import asyncpg

from settlement.checks.errors import CheckErrorCode
from settlement.errors import SettlementError
from settlement.ledger_reader.receipts_merchants import inns_of

# A capture that was voided and its void cancel each other, and are no lines of any claim.
_LEFT_OUT: Final = """
WITH booked AS (
  SELECT e.operation_id, cert.program_code, e.purchase_id,
    sum(CASE e.target WHEN 'SPENT' THEN e.amount_kopecks ELSE -e.amount_kopecks END)::bigint AS kopecks
  FROM claim c JOIN entry e ON e.agreement_id = c.agreement_id AND e.sale_date <= c.last_day
  JOIN certificate cert ON cert.id = e.certificate_id
  WHERE c.id = $1 GROUP BY e.operation_id, cert.program_code, e.purchase_id
)
SELECT count(*) AS count, coalesce(sum(kopecks), 0)::bigint AS kopecks
FROM booked b JOIN purchase p ON p.id = b.purchase_id AND p.state = 'CAPTURED'
WHERE NOT EXISTS (
    SELECT FROM claim_line l
    WHERE l.claim_id = $1 AND l.operation_id = b.operation_id AND l.program_code = b.program_code)
  AND NOT EXISTS (
    SELECT FROM claim_line l
    WHERE l.operation_id = b.operation_id AND l.program_code = b.program_code AND l.is_live)
  AND NOT EXISTS (
    SELECT FROM return_demand d
    WHERE d.operation_id = b.operation_id AND d.program_code = b.program_code)"""

_MERCHANT: Final = "SELECT merchant_id FROM claim WHERE id = $1"

_UNKNOWN_RETURNS: Final = """
SELECT count(*) AS count, coalesce(sum(e.total_kopecks), 0)::bigint AS kopecks
FROM claim c JOIN receipt_evidence e ON e.seller_inn = ANY ($2::text[])
WHERE c.id = $1 AND e.kind = 'RETURN'
  AND e.issued_at >= c.first_day::timestamp AT TIME ZONE 'Europe/Moscow'
  AND e.issued_at < (c.last_day + 1)::timestamp AT TIME ZONE 'Europe/Moscow'
  AND NOT EXISTS (
    SELECT FROM receipt r
    WHERE r.fiscal_drive_number = e.fiscal_drive_number
      AND r.fiscal_document_number = e.fiscal_document_number)"""


async def left_out(connection: asyncpg.Connection, claim_id: int) -> tuple[int, int]:
    """Operations sold until the period's end that stand neither here nor in a filed claim: count, kopecks."""
    return tuple(await connection.fetchrow(_LEFT_OUT, claim_id))


async def unknown_returns(connection: asyncpg.Connection, claim_id: int) -> tuple[int, int]:
    """Receipts of returns of the merchant in the period that no purchase has: count, kopecks.

    Raises SettlementError CLAIM_UNKNOWN.
    """
    merchant_id = await connection.fetchval(_MERCHANT, claim_id)
    if merchant_id is None:
        raise SettlementError(CheckErrorCode.CLAIM_UNKNOWN, claim_id=claim_id)
    return tuple(
        await connection.fetchrow(_UNKNOWN_RETURNS, claim_id, await inns_of(connection, merchant_id))
    )
