"""Reads pages of a merchant's operations, in the order in which they were decided."""

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from settlement.claims.model import LineKind
from settlement.ledger_reader.reports_operations import facts_of, placed_operations
from settlement.reports.standings import LineFacts

# Outcomes are read by their index (merchant, instant); entries have none by merchant and time.
_PAGE: Final = """
SELECT operation_id, decided_at, request_id FROM outcome
WHERE merchant_id = $1 AND kind IN ('SALE', 'CAPTURE', 'REFUND', 'VOID') AND reason IS NULL
  AND (decided_at, request_id) > ($2, $3) AND decided_at < tillgate_now() - $4::interval
ORDER BY decided_at, request_id LIMIT $5"""

_START: Final = (datetime.fromisoformat("1970-01-01T00:00:00+00:00"), UUID(int=0))


class OperationRow(Struct, frozen=True):
    """One operation under one program as it was read."""

    operation_id: UUID
    purchase_id: UUID
    kind: LineKind
    program_code: str
    decided_at: datetime
    sale_date: date
    outlet_id: int
    outlet_name: str
    terminal_id: int
    terminal_name: str
    amount_kopecks: int
    claim_id: int | None
    receipt: tuple[str, int] | None
    mismatches: tuple[str, ...]
    verdict_reason: str
    facts: LineFacts


async def read_operations(
    connection: asyncpg.Connection,
    merchant_id: int,
    matches: str,
    after: tuple[datetime, UUID] | None,
    limit: int,
    delay: timedelta,
) -> tuple[list[OperationRow], tuple[datetime, UUID] | None]:
    """Operations of at most `limit` commands after a cursor, and the cursor of the last; None at the end.

    Raises what the database raises.
    """
    page = await connection.fetch(_PAGE, merchant_id, *(after or _START), delay, limit)
    if not page:
        return [], None
    rows = await connection.fetch(
        f"WITH {placed_operations('e.operation_id = ANY ($2::uuid[])', matches)} {_SELECT}",
        merchant_id,
        [row["operation_id"] for row in page],
    )
    last = (page[-1]["decided_at"], page[-1]["request_id"])
    return [_row(row) for row in rows], last if len(page) == limit else None


_SELECT: Final = """
SELECT p.*, o.name AS outlet_name, t.name AS terminal_name
FROM placed p LEFT JOIN outlet o ON o.id = p.outlet_id LEFT JOIN terminal t ON t.id = p.terminal_id
ORDER BY p.decided_at, p.operation_id, p.program_code"""


def _row(row: asyncpg.Record) -> OperationRow:
    drive = row["receipt_drive_number"]
    return OperationRow(
        operation_id=row["operation_id"],
        purchase_id=row["purchase_id"],
        kind=LineKind(row["kind"]),
        program_code=row["program_code"],
        decided_at=row["decided_at"],
        sale_date=row["sale_date"],
        outlet_id=row["outlet_id"],
        outlet_name=row["outlet_name"] or "",
        terminal_id=row["terminal_id"],
        terminal_name=row["terminal_name"] or "",
        amount_kopecks=row["amount_kopecks"],
        claim_id=row["claim_id"],
        receipt=None if drive is None else (drive, row["receipt_document_number"]),
        mismatches=tuple(row["mismatches"]),
        verdict_reason=row["verdict_reason"] or "",
        facts=facts_of(row),
    )
