"""What reports read of a merchant's operations in common: kopecks, the newest claim line, the match."""

from collections.abc import Mapping
from typing import Any, Final

from settlement.claims.model import LineVerdict, Treatment
from settlement.claims.states import ClaimState
from settlement.matching.mismatches import REPORTED_ONLY
from settlement.reports.standings import LineFacts

# Mismatches in spite of which a sale is claimed; what was given back is always claimed.
_QUOTED: Final = ", ".join(f"'{name}'" for name in REPORTED_ONLY)


OPEN: Final = "kind = 'SALE' AND (claim_state IS NULL OR claim_state = 'DRAFT' OR treatment = 'UNMATCHED')"
"""What a receipt of today can still move; the rest needs no match, and is most of what was ever sold."""


def placed_operations(chosen: str, matches: str, *, matched: str = "true") -> str:
    """CTEs that end in `placed`: operations of merchant $1 with the facts of where they stand.

    `chosen` is a condition on entries `e`. Of the claims that name an operation the newest counts, unless it
    was discarded or superseded. `matches` is asked of those for which `matched` holds, which has all of OPEN.
    """
    return f"""
booked AS (
  SELECT e.operation_id, c.program_code, e.purchase_id, e.agreement_id, e.sale_date,
    CASE min(e.kind) WHEN 'REFUND' THEN 'REFUND' WHEN 'VOID' THEN 'VOID' ELSE 'SALE' END AS kind,
    min(e.decided_at) AS decided_at,
    sum(CASE e.target WHEN 'SPENT' THEN e.amount_kopecks ELSE -e.amount_kopecks END)::bigint AS amount_kopecks
  FROM entry e JOIN certificate c ON c.id = e.certificate_id JOIN agreement a ON a.id = e.agreement_id
  WHERE a.merchant_id = $1 AND {chosen}
  GROUP BY e.operation_id, c.program_code, e.purchase_id, e.agreement_id, e.sale_date),
told AS (
  SELECT DISTINCT ON (l.operation_id, l.program_code) l.operation_id, l.program_code, k.id AS claim_id,
    k.state AS claim_state, l.treatment, l.verdict, l.verdict_reason
  FROM booked b JOIN claim_line l USING (operation_id, program_code) JOIN claim k ON k.id = l.claim_id
  WHERE k.state NOT IN ('DISCARDED', 'SUPERSEDED')
  ORDER BY l.operation_id, l.program_code, k.id DESC),
known AS (
  SELECT b.operation_id, b.program_code, b.agreement_id, p.merchant_id, p.outlet_id, p.terminal_id,
    b.purchase_id, b.kind, b.sale_date, b.decided_at, b.amount_kopecks, p.state AS purchase_state,
    t.claim_id, t.claim_state, t.treatment, t.verdict, t.verdict_reason
  FROM booked b JOIN purchase p ON p.id = b.purchase_id
  LEFT JOIN told t ON t.operation_id = b.operation_id AND t.program_code = b.program_code),
wanted AS (SELECT * FROM known WHERE {matched}),
matched AS ({matches}),
placed AS (
  SELECT w.*, m.mismatches, m.receipt_drive_number, m.receipt_document_number,
    w.kind <> 'SALE' OR coalesce(m.mismatches <@ ARRAY[{_QUOTED}], true) AS is_matched,
    w.purchase_state = 'VOIDED' AND NOT bool_or(coalesce(
      w.claim_state <> 'DRAFT' AND w.treatment IN ('INCLUDED', 'OVER_LIMIT'), false
    )) OVER (PARTITION BY w.purchase_id, w.program_code) AS is_undone,
    EXISTS (SELECT FROM return_demand d WHERE d.operation_id = w.operation_id
      AND d.program_code = w.program_code AND d.state <> 'OFFSET') AS is_demanded
  FROM known w
  LEFT JOIN matched m ON m.operation_id = w.operation_id AND m.program_code = w.program_code)"""


FACTS: Final = "is_matched, is_demanded, is_undone, claim_state, treatment, verdict"
"""The columns of `placed` that tell where an operation stands."""


def facts_of(row: Mapping[str, Any]) -> LineFacts:
    """The facts of a row of `placed`."""
    return LineFacts(
        is_matched=row["is_matched"],
        is_demanded=row["is_demanded"],
        is_undone=row["is_undone"],
        claim_state=ClaimState(row["claim_state"]) if row["claim_state"] else None,
        treatment=Treatment(row["treatment"]) if row["treatment"] else None,
        verdict=LineVerdict(row["verdict"]) if row["verdict"] else None,
    )
