"""Receipts of tax files that may be those of purchases that have none: a list, nothing is written."""

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from settlement.ledger_reader.receipts_merchants import inns_of

WINDOW: Final = timedelta(minutes=15)
"""How far a receipt may be from its capture: a till's clock may be off by five minutes, and sends late."""


class Candidate(Struct, frozen=True):
    """A receipt that could be the purchase's: same outlet's till, same sum, near in time.

    `rivals` counts the purchases and receipts that it could be mixed up with: 1 is the only pair.
    """

    purchase_id: UUID
    merchant_id: int
    outlet_id: int
    terminal_id: int
    captured_at: datetime
    total_kopecks: int
    drive_number: str
    document_number: int
    fiscal_sign: int
    kkt_number: str
    issued_at: datetime
    rivals: int


_CANDIDATES: Final = """
WITH bare AS (
  SELECT p.id, p.merchant_id, p.outlet_id, p.terminal_id, p.sale_date,
    (p.capture ->> 'captured_at')::timestamptz AS captured_at,
    (SELECT sum(x::bigint)::bigint FROM jsonb_array_elements_text(
        jsonb_path_query_array(p.capture, '$.lines[*].amount_kopecks')) AS x)
      - (p.capture ->> 'rounding_kopecks')::bigint AS total
  FROM purchase p
  WHERE p.state = 'CAPTURED' AND p.merchant_id = $1 AND p.sale_date BETWEEN $2 AND $3
    AND NOT EXISTS (SELECT FROM receipt r WHERE r.purchase_id = p.id AND r.kind <> 'RETURN')
), paired AS (
  SELECT b.id, b.merchant_id, b.outlet_id, b.terminal_id, b.captured_at, b.total, e.fiscal_drive_number,
    e.fiscal_document_number, e.fiscal_sign, e.kkt_registration_number, e.issued_at
  FROM bare b
  JOIN terminal t ON t.outlet_id = b.outlet_id
  JOIN terminal_fiscal f ON f.terminal_id = t.id AND f.days @> b.sale_date
  JOIN receipt_evidence e ON e.kkt_registration_number = f.kkt_number AND e.total_kopecks = b.total
    AND e.issued_at BETWEEN b.captured_at - $4::interval AND b.captured_at + $4::interval
  WHERE e.kind = 'SALE' AND e.level = 2 AND NOT e.is_contested AND e.seller_inn = ANY ($5::text[])
    AND NOT EXISTS (
      SELECT FROM receipt r
      WHERE r.fiscal_drive_number = e.fiscal_drive_number
        AND r.fiscal_document_number = e.fiscal_document_number)
)
SELECT *, greatest(
  count(*) OVER (PARTITION BY id),
  count(*) OVER (PARTITION BY fiscal_drive_number, fiscal_document_number)) AS rivals
FROM paired ORDER BY captured_at, id, issued_at, fiscal_document_number"""


async def candidates(
    connection: asyncpg.Connection, merchant_id: int, first_day: date, last_day: date
) -> list[Candidate]:
    """Receipts for a merchant's purchases of some days that have none, the earliest purchase first.

    Raises SettlementError MERCHANT_UNKNOWN.
    """
    sellers = await inns_of(connection, merchant_id)
    rows = await connection.fetch(_CANDIDATES, merchant_id, first_day, last_day, WINDOW, sellers)
    return [Candidate(*row) for row in rows]
