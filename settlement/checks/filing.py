"""What keeps a claim from being filed."""

from typing import Final

import asyncpg

from settlement.checks.findings import CheckCode, Finding, finding
from settlement.checks.sampling import draw_sample

_SUMS: Final = """
SELECT c.sale_kopecks, c.returned_kopecks, c.carried_kopecks, c.over_limit_kopecks, c.unmatched_kopecks,
  c.line_count, s.*
FROM claim c, LATERAL (
  SELECT coalesce(sum(amount_kopecks) FILTER (WHERE treatment = 'INCLUDED' AND kind = 'SALE'), 0) AS sale,
    -coalesce(sum(amount_kopecks) FILTER (WHERE treatment = 'INCLUDED' AND kind <> 'SALE'), 0) AS returned,
    coalesce(sum(amount_kopecks) FILTER (WHERE treatment = 'CARRIED'), 0) AS carried,
    coalesce(sum(amount_kopecks) FILTER (WHERE treatment = 'OVER_LIMIT'), 0) AS over_limit,
    coalesce(sum(amount_kopecks) FILTER (WHERE treatment = 'UNMATCHED'), 0) AS unmatched
  FROM claim_line WHERE claim_id = c.id) AS s
WHERE c.id = $1"""
_PARTS: Final = ("sale", "returned", "carried", "over_limit", "unmatched")

_RECEIPT_TWICE: Final = """
SELECT min(n) AS n FROM claim_line
WHERE claim_id = $1 AND kind = 'SALE' AND treatment = 'INCLUDED' AND receipt_drive_number IS NOT NULL
GROUP BY receipt_drive_number, receipt_document_number
HAVING min(purchase_id::text) <> max(purchase_id::text) ORDER BY 1"""


async def blockers(connection: asyncpg.Connection, claim_id: int) -> list[Finding]:
    """What must be mended before a claim can be filed; nothing, if it may be.

    Lines that another claim took are not among it: filing reads the ledger again, and calls it stale.
    Raises SettlementError CLAIM_UNKNOWN.
    """
    sample = await draw_sample(connection, claim_id)
    found = await _arithmetic(connection, claim_id)
    if numbers := [row["n"] for row in await connection.fetch(_RECEIPT_TWICE, claim_id)]:
        found.append(finding(CheckCode.RECEIPT_TWICE, count=len(numbers), lines=numbers))
    if missing := [line.n for line in sample if not line.is_confirmed]:
        found.append(
            finding(CheckCode.SAMPLE_UNCONFIRMED, sampled=len(sample), count=len(missing), lines=missing)
        )
    return found


async def _arithmetic(connection: asyncpg.Connection, claim_id: int) -> list[Finding]:
    row = await connection.fetchrow(_SUMS, claim_id)
    return [
        finding(
            CheckCode.ARITHMETIC,
            what=part,
            lines_kopecks=int(row[part]),
            claim_kopecks=row[f"{part}_kopecks"],
        )
        for part in _PARTS
        if row[part] != row[f"{part}_kopecks"]
    ]
