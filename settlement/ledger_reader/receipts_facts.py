"""What ledger, registry and evidence say of the receipts of purchases: facts, which matching weighs."""

from typing import Final

from gateway.domain.settlement_terms import SettlementTerms

_DEFAULTS: Final = SettlementTerms()
_TAGS: Final = ",".join(_DEFAULTS.certificate_tags)

RECEIPT_FACTS: Final = f"""
WITH bought AS MATERIALIZED (
  SELECT DISTINCT purchase_id, agreement_id, merchant_id, outlet_id, sale_date FROM wanted
), terms AS MATERIALIZED (
  SELECT a.id AS agreement_id, a.in_force,
    coalesce((s ->> 'evidence')::integer, {int(_DEFAULTS.evidence)}) AS evidence_needed,
    coalesce((s ->> 'receipt_tolerance_kopecks')::bigint, {_DEFAULTS.receipt_tolerance_kopecks})
      AS tolerance,
    coalesce(
      (SELECT array_agg(t) FROM jsonb_array_elements_text(s -> 'certificate_tags') AS t), '{{{_TAGS}}}')
      AS tags
  FROM agreement a, LATERAL (SELECT a.settings -> 'settlement' AS s) AS settled
  WHERE a.id IN (SELECT agreement_id FROM bought)
), fiscal AS MATERIALIZED (
  SELECT f.kkt_number, f.drive_number, f.days, t.outlet_id
  FROM terminal_fiscal f JOIN terminal t ON t.id = f.terminal_id
), standing AS (
  SELECT h.subject_id AS outlet_id, h.to_state, h.made_at,
    lead(h.made_at) OVER steps AS until, row_number() OVER steps = 1 AND h.from_state = '' AS is_first
  FROM registry_history h
  WHERE h.subject = 'outlet' AND h.subject_id IN (SELECT outlet_id FROM bought)
  WINDOW steps AS (PARTITION BY h.subject_id ORDER BY h.id)
), away AS (
  SELECT outlet_id, made_at AS since, coalesce(until, 'infinity') AS until FROM standing
  WHERE to_state = 'disabled'
  UNION ALL SELECT outlet_id, '-infinity', made_at FROM standing WHERE is_first
), absent AS MATERIALIZED (
  SELECT DISTINCT d.outlet_id, d.sale_date
  FROM (SELECT DISTINCT outlet_id, sale_date FROM bought) AS d JOIN away USING (outlet_id)
  WHERE away.since <= d.sale_date::timestamp AT TIME ZONE 'Europe/Moscow'
    AND away.until >= (d.sale_date + 1)::timestamp AT TIME ZONE 'Europe/Moscow'
), of_purchase AS (
  SELECT b.purchase_id, b.agreement_id, r.operation_id, r.kind, r.fiscal_drive_number,
    r.fiscal_document_number, r.issued_at, r.kind <> 'RETURN' AS is_of_sale,
    r.kind IN ('CORRECTION_SALE', 'CORRECTION_RETURN') AS is_correction,
    CASE WHEN o.agrees THEN e.total_kopecks ELSE r.total_kopecks END AS total,
    coalesce(e.is_contested OR NOT o.agrees, false) AS is_other,
    CASE WHEN coalesce(e.is_contested OR NOT o.agrees, false) THEN 1
      WHEN k.verdict = 'CONFIRMED' THEN 3
      WHEN e.level = 2 AND e.total_kopecks = r.total_kopecks THEN 2 ELSE 1 END AS level,
    coalesce(k.verdict <> 'CONFIRMED', false) AS is_refuted,
    r.seller_inn <> m.inn OR coalesce(e.seller_inn NOT IN ('', m.inn), false) AS is_other_seller,
    d.outlet_id IS NOT NULL AND d.outlet_id <> b.outlet_id AS is_foreign_drive,
    t.outlet_id IS NOT NULL AND t.outlet_id <> b.outlet_id AS is_foreign_till,
    EXISTS (
      SELECT FROM receipt twin
      WHERE twin.fiscal_drive_number = r.fiscal_drive_number
        AND twin.fiscal_document_number = r.fiscal_document_number AND twin.purchase_id <> r.purchase_id)
      AS is_shared,
    coalesce(e.format_version <= 2, false) AS is_old_format, e.line_sums, e.tag_sums
  FROM bought b
  JOIN receipt r ON r.purchase_id = b.purchase_id
  JOIN merchant m ON m.id = b.merchant_id
  LEFT JOIN receipt_evidence e ON e.fiscal_drive_number = r.fiscal_drive_number
    AND e.fiscal_document_number = r.fiscal_document_number
  LEFT JOIN receipt_check k ON k.fiscal_drive_number = r.fiscal_drive_number
    AND k.fiscal_document_number = r.fiscal_document_number
  LEFT JOIN fiscal d ON d.drive_number = r.fiscal_drive_number
    AND d.days @> (r.issued_at AT TIME ZONE 'Europe/Moscow')::date
  LEFT JOIN fiscal t ON t.kkt_number = r.kkt_registration_number
    AND t.days @> (r.issued_at AT TIME ZONE 'Europe/Moscow')::date
  LEFT JOIN LATERAL (
    SELECT e.fiscal_sign = r.fiscal_sign AND (e.kind = r.kind
      OR e.kind = 'SALE' AND r.kind IN ('PREPAYMENT', 'OFFSET')
      OR e.seller_inn = '' AND 'CORRECTION_' || e.kind = r.kind) AS agrees) AS o
    ON e.fiscal_drive_number IS NOT NULL
), summed AS (
  SELECT r.purchase_id, r.agreement_id,
    count(*) FILTER (WHERE r.is_of_sale AND r.kind <> 'CORRECTION_RETURN') AS sale_receipts,
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
    bool_or(r.is_foreign_till) AS is_foreign_till,
    bool_or(r.is_correction AND r.is_old_format) AND bool_or(r.kind = 'SALE') AS corrects_by_old_format,
    bool_or(r.is_of_sale AND r.tag_sums <> '{{}}') AS has_tags,
    sum((
      SELECT sum(v::bigint) FROM jsonb_each_text(r.tag_sums) AS s (tag, v) WHERE s.tag = ANY (t.tags)))
      FILTER (WHERE r.is_of_sale) AS tagged,
    (array_agg(r.line_sums) FILTER (WHERE r.is_of_sale AND r.line_sums <> '[]'))[1] AS line_sums,
    (array_agg(r.fiscal_drive_number ORDER BY r.issued_at, r.fiscal_drive_number, r.fiscal_document_number)
      FILTER (WHERE r.is_of_sale))[1] AS drive_number,
    (array_agg(r.fiscal_document_number ORDER BY r.issued_at, r.fiscal_drive_number, r.fiscal_document_number)
      FILTER (WHERE r.is_of_sale))[1] AS document_number
  FROM of_purchase r JOIN terms t USING (agreement_id)
  GROUP BY r.purchase_id, r.agreement_id
), facts AS (
  SELECT b.purchase_id, b.agreement_id, t.evidence_needed, t.tolerance, p.captured_kopecks AS points,
    coalesce(s.sale_receipts, 0) AS sale_receipts, coalesce(s.corrections, 0) AS corrections,
    coalesce(s.gross, 0) AS gross, coalesce(s.returned, 0) AS returned,
    coalesce(s.sale_level, 0) AS sale_level, coalesce(s.return_level, 0) AS return_level,
    s.is_other, s.is_refuted, s.is_shared, s.is_other_seller, s.is_foreign_drive, s.is_foreign_till,
    s.corrects_by_old_format, s.has_tags, coalesce(s.tagged, 0) AS tagged, s.line_sums, s.drive_number,
    s.document_number, c.rounding, c.captured_sums,
    (SELECT sum(x::bigint) FROM jsonb_array_elements_text(c.captured_sums) AS x) - c.rounding AS total,
    coalesce((
      SELECT sum((l ->> 'amount_kopecks')::bigint)
      FROM refund f, jsonb_array_elements(f.lines) AS l WHERE f.purchase_id = b.purchase_id), 0) AS refunded,
    t.in_force @> b.sale_date OR t.in_force @> (p.authorized_at AT TIME ZONE 'Europe/Moscow')::date
      AS is_in_force,
    a.outlet_id IS NOT NULL AS is_outlet_absent
  FROM bought b
  JOIN terms t USING (agreement_id)
  JOIN purchase p ON p.id = b.purchase_id
  LEFT JOIN absent a ON (a.outlet_id, a.sale_date) = (b.outlet_id, b.sale_date)
  LEFT JOIN summed s ON (s.purchase_id, s.agreement_id) = (b.purchase_id, b.agreement_id),
  LATERAL (
    SELECT (p.capture ->> 'rounding_kopecks')::bigint AS rounding,
      jsonb_path_query_array(p.capture, '$.lines[*].amount_kopecks') AS captured_sums) AS c
)"""
"""CTEs that end in `facts`, one row of each purchase and agreement of the relation `wanted`.

A receipt of an agreement that ended between hold and sale still belongs to what it authorized. An outlet is
absent on a day that it was disabled, or not yet registered, from beginning to end; one without history was
there. A number that no till of the register has is nobody else's.
"""
