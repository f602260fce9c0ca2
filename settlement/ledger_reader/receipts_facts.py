"""What ledger, registry and evidence say of the receipts of purchases: facts, which matching weighs."""

from typing import Final

from gateway.domain.settlement_terms import SettlementTerms

_DEFAULTS: Final = SettlementTerms()
_CLOCKS: Final = "interval '5 minutes'"
_TAGS: Final = ",".join(_DEFAULTS.certificate_tags)

# One receipt of a purchase beside what is known of it elsewhere; `w`, `m` stand outside.
_OF_PURCHASE: Final = f"""
  SELECT r.kind, r.fiscal_drive_number, r.fiscal_document_number, r.issued_at,
    r.kind <> 'RETURN' AS is_of_sale,
    r.kind IN ('CORRECTION_SALE', 'CORRECTION_RETURN') AS is_correction,
    CASE WHEN o.agrees THEN e.total_kopecks ELSE r.total_kopecks END AS total,
    coalesce(e.is_contested OR NOT o.agrees, false) AS is_other,
    CASE WHEN e.is_contested OR NOT o.agrees THEN 1
      WHEN k.verdict = 'CONFIRMED' THEN 3
      WHEN e.level = 2 AND e.total_kopecks = r.total_kopecks
        AND e.issued_at BETWEEN r.issued_at - {_CLOCKS} AND r.issued_at + {_CLOCKS} THEN 2
      ELSE 1 END AS level,
    coalesce(k.verdict <> 'CONFIRMED', false) AS is_refuted,
    NOT b.is_own_seller AND NOT coalesce(b.is_predecessor, false) AS is_other_seller,
    NOT b.is_own_seller AND coalesce(b.is_predecessor, false) AS is_predecessor,
    coalesce(CASE WHEN r.kind <> 'RETURN' THEN b.of_drive <> w.outlet_id
      ELSE (SELECT x.merchant_id FROM outlet x WHERE x.id = b.of_drive) <> w.merchant_id END, false)
      AS is_foreign_drive,
    coalesce(CASE WHEN r.kind <> 'RETURN' THEN b.of_till <> w.outlet_id
      ELSE (SELECT x.merchant_id FROM outlet x WHERE x.id = b.of_till) <> w.merchant_id END, false)
      AS is_foreign_till,
    (b.of_drive IS NULL OR b.of_till IS NULL) AND EXISTS (
      SELECT FROM terminal t JOIN terminal_fiscal f ON f.terminal_id = t.id AND f.days @> o.day
      WHERE t.outlet_id = w.outlet_id) AS is_unknown_till,
    EXISTS (
      SELECT FROM receipt twin
      WHERE twin.fiscal_drive_number = r.fiscal_drive_number
        AND twin.fiscal_document_number = r.fiscal_document_number AND twin.purchase_id <> r.purchase_id
        AND NOT coalesce(
          (SELECT q.merchant_id FROM purchase q WHERE q.id = twin.purchase_id) <> w.merchant_id
          AND w.merchant_id = (
            SELECT x.merchant_id FROM terminal_fiscal f
            JOIN terminal t ON t.id = f.terminal_id JOIN outlet x ON x.id = t.outlet_id
            WHERE f.drive_number = twin.fiscal_drive_number
              AND f.days @> (twin.issued_at AT TIME ZONE 'Europe/Moscow')::date), false))
      AS is_shared,
    coalesce(e.format_version <= 2, false) AS is_old_format, e.line_sums, e.tag_sums
  FROM receipt r
  LEFT JOIN receipt_evidence e ON e.fiscal_drive_number = r.fiscal_drive_number
    AND e.fiscal_document_number = r.fiscal_document_number
  LEFT JOIN receipt_check k ON k.fiscal_drive_number = r.fiscal_drive_number
    AND k.fiscal_document_number = r.fiscal_document_number
  CROSS JOIN LATERAL (
    SELECT (r.issued_at AT TIME ZONE 'Europe/Moscow')::date AS day,
      e.fiscal_sign = r.fiscal_sign AND (e.kind = r.kind
        OR e.kind = 'SALE' AND r.kind IN ('PREPAYMENT', 'OFFSET')
        OR e.seller_inn = '' AND 'CORRECTION_' || e.kind = r.kind) AS agrees) AS o
  CROSS JOIN LATERAL (
    SELECT r.seller_inn = m.inn AND coalesce(e.seller_inn IN ('', m.inn), true) AS is_own_seller,
      (SELECT bool_and(said.inn IN (SELECT d.inn FROM predecessor d WHERE d.merchant_id = w.merchant_id))
        FROM (VALUES (r.seller_inn), (e.seller_inn)) AS said (inn) WHERE said.inn NOT IN ('', m.inn))
        AS is_predecessor,
      (SELECT (SELECT t.outlet_id FROM terminal t WHERE t.id = f.terminal_id) FROM terminal_fiscal f
        WHERE f.drive_number = r.fiscal_drive_number AND f.days @> o.day) AS of_drive,
      (SELECT (SELECT t.outlet_id FROM terminal t WHERE t.id = f.terminal_id) FROM terminal_fiscal f
        WHERE f.kkt_number = r.kkt_registration_number AND f.days @> o.day) AS of_till
    OFFSET 0) AS b
  WHERE r.purchase_id = w.purchase_id"""

_TAGGED: Final = """
SELECT sum(v::bigint) FROM jsonb_each_text(r.tag_sums) AS s (tag, v) WHERE s.tag = ANY (t.tags)"""

_FIRST: Final = """
(array_agg({} ORDER BY r.issued_at, r.fiscal_drive_number, r.fiscal_document_number)
      FILTER (WHERE r.is_of_sale))[1]"""

_SUMMED: Final = f"""
  SELECT count(*) FILTER (WHERE r.is_of_sale AND r.kind <> 'CORRECTION_RETURN') AS sale_receipts,
    count(*) FILTER (WHERE r.is_correction) AS corrections,
    coalesce(
      sum(r.total) FILTER (WHERE r.kind IN ('SALE', 'OFFSET')),
      sum(r.total) FILTER (WHERE r.kind = 'PREPAYMENT'), 0)
      + coalesce(sum(r.total) FILTER (WHERE r.kind = 'CORRECTION_SALE'), 0)
      - coalesce(sum(r.total) FILTER (WHERE r.kind = 'CORRECTION_RETURN'), 0) AS gross,
    coalesce(sum(r.total) FILTER (WHERE NOT r.is_of_sale), 0) AS returned,
    coalesce(min(r.level) FILTER (WHERE r.is_of_sale), 0) AS sale_level,
    coalesce(min(r.level) FILTER (WHERE NOT r.is_of_sale), 0) AS return_level,
    bool_or(r.is_other) AS is_other, bool_or(r.is_refuted) AS is_refuted, bool_or(r.is_shared) AS is_shared,
    bool_or(r.is_other_seller) AS is_other_seller, bool_or(r.is_foreign_drive) AS is_foreign_drive,
    bool_or(r.is_foreign_till) AS is_foreign_till, bool_or(r.is_unknown_till) AS is_unknown_till,
    bool_or(r.is_predecessor) AS is_predecessor,
    bool_or(r.is_correction AND r.is_old_format) AND bool_or(r.kind = 'SALE') AS corrects_by_old_format,
    bool_or(r.is_of_sale AND r.tag_sums <> '{{}}') AS has_tags,
    coalesce(sum(({_TAGGED})) FILTER (WHERE r.is_of_sale), 0) AS tagged,
    (array_agg(r.line_sums) FILTER (WHERE r.is_of_sale AND r.line_sums <> '[]'))[1] AS line_sums,
    {_FIRST.format("r.fiscal_drive_number")} AS drive_number,
    {_FIRST.format("r.fiscal_document_number")} AS document_number
  FROM ({_OF_PURCHASE}) AS r"""

RECEIPT_FACTS: Final = f"""
WITH RECURSIVE ancestor AS (
  SELECT h.merchant_id, h.successor_of AS id FROM merchant_profile h
  WHERE h.merchant_id IN (SELECT merchant_id FROM wanted) AND h.successor_of IS NOT NULL
  UNION SELECT a.merchant_id, h.successor_of FROM ancestor a JOIN merchant_profile h ON h.merchant_id = a.id
  WHERE h.successor_of IS NOT NULL
), predecessor AS MATERIALIZED (
  SELECT a.merchant_id, g.inn FROM ancestor a JOIN merchant g ON g.id = a.id WHERE g.state = 'ENDED'
), standing AS (
  SELECT h.subject_id AS outlet_id, h.to_state, h.made_at,
    lead(h.made_at) OVER steps AS until, row_number() OVER steps = 1 AND h.from_state = '' AS is_first
  FROM registry_history h
  WHERE h.subject = 'outlet' AND h.subject_id IN (SELECT outlet_id FROM wanted)
  WINDOW steps AS (PARTITION BY h.subject_id ORDER BY h.id)
), away AS (
  SELECT outlet_id, made_at AS since, coalesce(until, 'infinity') AS until FROM standing
  WHERE to_state = 'disabled'
  UNION ALL SELECT outlet_id, '-infinity', made_at FROM standing WHERE is_first
), absent AS MATERIALIZED (
  SELECT DISTINCT d.outlet_id, d.sale_date
  FROM (SELECT DISTINCT outlet_id, sale_date FROM wanted) AS d JOIN away USING (outlet_id)
  WHERE away.since <= d.sale_date::timestamp AT TIME ZONE 'Europe/Moscow'
    AND away.until >= (d.sale_date + 1)::timestamp AT TIME ZONE 'Europe/Moscow'
), facts AS MATERIALIZED (
  SELECT w.operation_id, w.program_code, w.purchase_id, w.kind AS line_kind, t.evidence_needed, t.tolerance,
    p.captured_kopecks AS points, s.*, c.rounding, c.captured_sums,
    (SELECT sum(x::bigint) FROM jsonb_array_elements_text(c.captured_sums) AS x) - c.rounding AS total,
    coalesce((
      SELECT sum((l ->> 'amount_kopecks')::bigint)
      FROM refund f, jsonb_array_elements(f.lines) AS l WHERE f.purchase_id = w.purchase_id), 0) AS refunded,
    a.in_force @> w.sale_date OR a.in_force @> (p.authorized_at AT TIME ZONE 'Europe/Moscow')::date
      AS is_in_force,
    (w.outlet_id, w.sale_date) IN (SELECT outlet_id, sale_date FROM absent) AS is_outlet_absent
  FROM wanted w
  JOIN agreement a ON a.id = w.agreement_id
  JOIN merchant m ON m.id = w.merchant_id
  JOIN purchase p ON p.id = w.purchase_id
  CROSS JOIN LATERAL (
    SELECT coalesce((g ->> 'evidence')::integer, {int(_DEFAULTS.evidence)}) AS evidence_needed,
      coalesce((g ->> 'receipt_tolerance_kopecks')::bigint, {_DEFAULTS.receipt_tolerance_kopecks})
        AS tolerance,
      coalesce(
        (SELECT array_agg(x) FROM jsonb_array_elements_text(g -> 'certificate_tags') AS x), '{{{_TAGS}}}')
        AS tags
    FROM (SELECT a.settings -> 'settlement' AS g) AS said) AS t
  CROSS JOIN LATERAL ({_SUMMED}) AS s
  CROSS JOIN LATERAL (
    SELECT (p.capture ->> 'rounding_kopecks')::bigint AS rounding,
      jsonb_path_query_array(p.capture, '$.lines[*].amount_kopecks') AS captured_sums) AS c
)"""
"""CTEs that end in `facts`, one row for each row of the relation `wanted`.

A receipt of an agreement that ended between hold and sale still belongs to what it authorized. An outlet is
absent on a day that it was disabled, or not yet registered, from beginning to end; one without history was
there. What was bought at one outlet may be brought back to another of the merchant. A number that no till of
the register has is nobody else's: it is unknown, where the register has any numbers for that outlet. Who
attaches a receipt of this merchant's drive to another's purchase spoils that one alone, where the drive is
foreign. A predecessor is whom the merchant succeeds, near or far, and who is out of the register. All joins
are by key: the planner does not know how large `wanted` is, and a join of two CTEs becomes a loop in a loop.
"""

RETURN_RECEIPT: Final = """
SELECT r.fiscal_drive_number, r.fiscal_document_number FROM receipt r
WHERE r.purchase_id = j.purchase_id AND r.kind = 'RETURN'
ORDER BY r.operation_id = j.operation_id DESC, r.issued_at, r.fiscal_drive_number, r.fiscal_document_number
LIMIT 1"""
"""The receipt of the return of a refund `j`: the one that came with it, or else the earliest."""
