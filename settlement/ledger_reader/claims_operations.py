"""What an agreement's claims are made of: its operations, as the ledger's entries tell them.

An operation under one program is one line. Months that went into the archive take no part: they are older
than five years by setting, and so is whatever could be claimed of them.
"""

from typing import Final

_BOOKED: Final = """
SELECT e.operation_id, c.program_code, e.purchase_id,
  CASE min(e.kind) WHEN 'REFUND' THEN 'REFUND' WHEN 'VOID' THEN 'VOID' ELSE 'SALE' END AS kind,
  e.sale_date, min(e.decided_at) AS decided_at,
  sum(CASE e.target WHEN 'SPENT' THEN e.amount_kopecks ELSE -e.amount_kopecks END)::bigint AS amount_kopecks
FROM entry e JOIN certificate c ON c.id = e.certificate_id
WHERE e.agreement_id = $1 AND e.sale_date <= $2
GROUP BY e.operation_id, c.program_code, e.purchase_id, e.sale_date"""

# A line that is refused, but not for good, is free once its claim is decided. The claim that is superseded
# ($3) gives all its lines back.
_STANDING: Final = """
SELECT l.operation_id, l.program_code,
  CASE WHEN l.treatment = 'OVER_LIMIT' OR l.verdict = 'REFUSED_FOR_GOOD' THEN 'LOST' ELSE 'CLAIMED' END
    AS standing
FROM claim c JOIN claim_line l ON l.claim_id = c.id
WHERE c.agreement_id = $1 AND l.is_live AND c.id IS DISTINCT FROM $3::bigint
  AND NOT (l.verdict IS NOT DISTINCT FROM 'REFUSED'
    AND c.state NOT IN ('FILED', 'UNDER_REVIEW', 'RETURNED_TO_MERCHANT'))"""

WANTED_COLUMNS: Final = (
    "operation_id, program_code, agreement_id, merchant_id, outlet_id, terminal_id, purchase_id, kind,"
    " sale_date, decided_at, amount_kopecks"
)

OPEN_OPERATIONS: Final = f"""
WITH booked AS ({_BOOKED}), standing AS ({_STANDING}), known AS (
  SELECT b.*, s.standing, bool_or(b.kind = 'VOID') OVER purchase AS is_undone,
    max(s.standing) FILTER (WHERE b.kind = 'SALE') OVER purchase AS sale_standing
  FROM booked b LEFT JOIN standing s USING (operation_id, program_code)
  WINDOW purchase AS (PARTITION BY b.purchase_id, b.program_code))
SELECT k.operation_id, k.program_code, $1::bigint AS agreement_id, p.merchant_id, p.outlet_id, p.terminal_id,
  k.purchase_id, k.kind, k.sale_date, k.decided_at, k.amount_kopecks,
  k.kind <> 'SALE' AND k.sale_standing IS NOT NULL AS is_pending
FROM known k JOIN purchase p ON p.id = k.purchase_id
WHERE k.standing IS NULL
  AND NOT (k.is_undone AND k.sale_standing IS NULL)
  AND (k.kind = 'SALE' OR k.sale_standing IS DISTINCT FROM 'LOST')
  AND NOT EXISTS (
    SELECT FROM return_demand d
    WHERE d.operation_id = k.operation_id AND d.program_code = k.program_code AND d.state <> 'OFFSET')"""
"""Operations of agreement $1, sold until $2, that stand in no live line but those of claim $3 (or none).

A capture that was voided before it was claimed and its void cancel each other, and neither is a line. What
gave back a sale that was refused for good is no line either: nothing was paid for it. `is_pending` says of a
refund or void that its sale is claimed already. What is demanded back is left out until it is offset.
"""
