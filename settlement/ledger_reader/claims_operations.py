"""What an agreement's claims are made of: its operations, as the ledger's entries tell them.

An operation under one program is one line. Nothing new is claimed of months that went into the archive, which
are older than five years by setting; what was is accounted for (`archived_months.over_all_months`).
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
    AND c.state NOT IN ('FILED', 'UNDER_REVIEW', 'RETURNED_TO_MERCHANT'))
  AND NOT (c.state = 'REFUSED' AND l.treatment = 'INCLUDED'
    AND l.verdict IS DISTINCT FROM 'REFUSED_FOR_GOOD')"""

WANTED_COLUMNS: Final = (
    "operation_id, program_code, agreement_id, merchant_id, outlet_id, terminal_id, purchase_id, kind,"
    " sale_date, decided_at, amount_kopecks"
)

_KNOWN: Final = f"""
WITH booked AS ({_BOOKED}), standing AS ({_STANDING}), known AS (
  SELECT b.*, s.standing, bool_or(b.kind = 'VOID') OVER purchase AS is_undone,
    max(s.standing) FILTER (WHERE b.kind = 'SALE') OVER purchase AS sale_standing
  FROM booked b LEFT JOIN standing s USING (operation_id, program_code)
  WINDOW purchase AS (PARTITION BY b.purchase_id, b.program_code))"""

OPEN_OPERATIONS: Final = f"""
{_KNOWN}
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

PENDING_REFUNDS: Final = f"""
WITH open AS ({OPEN_OPERATIONS})
SELECT o.operation_id, o.program_code, o.purchase_id, o.sale_date, -o.amount_kopecks AS amount_kopecks,
  c.id AS claim_id, c.state
FROM open o
JOIN claim_line s ON s.purchase_id = o.purchase_id AND s.program_code = o.program_code
  AND s.kind = 'SALE' AND s.is_live
JOIN claim c ON c.id = s.claim_id AND c.agreement_id = $1
WHERE o.is_pending
ORDER BY o.sale_date, o.operation_id, o.program_code"""
"""What gave back sales that are claimed already and neither lowered a claim yet nor is demanded back.

Parameters as of OPEN_OPERATIONS; each row names the claim of the sale and its state.
"""

SALE_DATE: Final = "SELECT sale_date FROM entry WHERE operation_id = $1 AND sale_date IS NOT NULL LIMIT 1"
"""The day of the sale that an operation ($1) made or gave back."""

BOOKED_SUMS: Final = f"""
SELECT coalesce(sum(amount_kopecks) FILTER (WHERE kind = 'SALE'), 0)::bigint AS captured_kopecks,
  -coalesce(sum(amount_kopecks) FILTER (WHERE kind <> 'SALE'), 0)::bigint AS refunded_kopecks
FROM ({_BOOKED}) AS booked"""
"""What was captured and given back under agreement $1 until day $2."""

OPEN_SUMS: Final = f"""
WITH open AS ({OPEN_OPERATIONS}), told AS (
  SELECT DISTINCT ON (l.operation_id, l.program_code) l.operation_id, l.program_code, l.treatment
  FROM claim c JOIN claim_line l ON l.claim_id = c.id
  WHERE c.agreement_id = $1 AND c.state NOT IN ('DISCARDED', 'SUPERSEDED')
  ORDER BY l.operation_id, l.program_code, c.id DESC)
SELECT extract(year FROM o.sale_date)::integer AS year,
  CASE WHEN o.is_pending THEN 'PENDING' WHEN t.treatment IN ('UNMATCHED', 'CARRIED') THEN t.treatment
    ELSE 'UNCLAIMED' END AS place,
  sum(o.amount_kopecks)::bigint AS amount_kopecks, count(*) AS line_count
FROM open o LEFT JOIN told t USING (operation_id, program_code) GROUP BY 1, 2 ORDER BY 1, 2"""
"""Open operations by year of sale and where the newest claim put them; parameters as of OPEN_OPERATIONS."""

GIVEN_BACK_OF_LOST: Final = f"""
{_KNOWN}
SELECT -coalesce(sum(amount_kopecks), 0)::bigint FROM known
WHERE kind <> 'SALE' AND standing IS NULL AND sale_standing = 'LOST'"""
"""What gave back sales that were refused for good; parameters as of OPEN_OPERATIONS."""

UNLIKE_LINES: Final = f"""
SELECT l.claim_id, l.n, l.amount_kopecks, b.amount_kopecks AS booked_kopecks
FROM claim c JOIN claim_line l ON l.claim_id = c.id AND l.is_live
LEFT JOIN ({_BOOKED}) AS b ON b.operation_id = l.operation_id AND b.program_code = l.program_code
WHERE c.agreement_id = $1 AND b.amount_kopecks IS DISTINCT FROM l.amount_kopecks
ORDER BY l.claim_id, l.n"""
"""Live lines of agreement $1 whose operations until day $2 are not what the ledger has booked."""
