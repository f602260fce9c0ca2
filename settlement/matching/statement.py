"""The match of claim lines with receipts as one SQL statement."""

from typing import Final

from settlement.ledger_reader.receipts_facts import RECEIPT_FACTS, RETURN_RECEIPT

MATCHES: Final = f"""
{RECEIPT_FACTS}, weighed AS (
  SELECT f.*,
    f.sale_receipts > 0 AS has_receipt, f.corrections > 0 AS is_corrected,
    abs(f.gross - f.total) <= f.tolerance AS is_right,
    abs(f.gross - f.returned - f.total + f.refunded)
      <= f.tolerance + CASE WHEN f.refunded > 0 THEN f.rounding ELSE 0 END AS is_even,
    f.returned - f.refunded > f.tolerance + f.rounding AS returns_more,
    f.refunded - f.returned > f.tolerance + f.rounding AS returns_less
  FROM facts f
), judged AS (
  SELECT operation_id, program_code, purchase_id, line_kind, sale_level, return_level, drive_number,
    document_number,
    array_remove(ARRAY[
      CASE WHEN NOT has_receipt THEN 'NO_RECEIPT' END,
      CASE WHEN has_receipt AND NOT is_corrected AND NOT is_right AND NOT is_even THEN 'SUM_DIFFERS' END,
      CASE WHEN returns_more AND NOT is_even THEN 'RETURN_WITHOUT_REFUND' END,
      CASE WHEN is_corrected AND (corrects_by_old_format OR NOT is_right AND NOT is_even)
        THEN 'CORRECTION_RECEIPT' END,
      CASE WHEN is_other THEN 'SAME_DOCUMENT_TWICE' END,
      CASE WHEN is_shared THEN 'RECEIPT_ON_TWO_PURCHASES' END,
      CASE WHEN NOT is_in_force THEN 'OUTSIDE_AGREEMENT' END,
      CASE WHEN is_foreign_drive THEN 'FOREIGN_DRIVE' END,
      CASE WHEN is_foreign_till THEN 'FOREIGN_TILL' END,
      CASE WHEN is_other_seller THEN 'SELLER_INN_DIFFERS' END,
      CASE WHEN is_outlet_absent THEN 'OUTLET_NOT_REGISTERED' END,
      CASE WHEN sale_receipts = 1 AND NOT is_corrected AND returned = 0 AND line_sums <> captured_sums
        AND EXISTS (
          SELECT x::bigint FROM jsonb_array_elements_text(captured_sums) AS x WHERE x <> '0'
          EXCEPT ALL SELECT y::bigint FROM jsonb_array_elements_text(line_sums) AS y)
        THEN 'LINE_NOT_ON_RECEIPT' END,
      CASE WHEN is_refuted THEN 'REFUTED' END,
      CASE WHEN has_receipt AND sale_level < evidence_needed THEN 'EVIDENCE_TOO_LOW' END,
      CASE WHEN is_predecessor THEN 'PREDECESSOR_INN' END,
      CASE WHEN is_unknown_till THEN 'UNKNOWN_TILL' END,
      CASE WHEN has_tags AND tagged < points THEN 'PAYMENT_TAG' END
    ], NULL) AS of_sale,
    CASE WHEN returns_less AND NOT is_even THEN ARRAY['REFUND_WITHOUT_RETURN_RECEIPT'] ELSE '{{}}' END
      AS of_refund
  FROM weighed
)
SELECT j.operation_id, j.program_code,
  CASE j.line_kind WHEN 'SALE' THEN j.of_sale WHEN 'REFUND' THEN j.of_refund ELSE '{{}}' END AS mismatches,
  CASE j.line_kind WHEN 'SALE' THEN j.sale_level WHEN 'REFUND' THEN j.return_level ELSE 0 END::smallint
    AS evidence,
  CASE j.line_kind WHEN 'SALE' THEN j.drive_number ELSE b.fiscal_drive_number END AS receipt_drive_number,
  CASE j.line_kind WHEN 'SALE' THEN j.document_number ELSE b.fiscal_document_number END
    AS receipt_document_number
FROM judged j
LEFT JOIN LATERAL ({RETURN_RECEIPT}) AS b ON j.line_kind = 'REFUND'"""
"""A SELECT of (operation_id, program_code, mismatches, evidence, receipt_drive_number,
receipt_document_number), for every row of the relation `wanted` that stands in a CTE before it.

Receipts of a purchase are weighed together. Gross is what its sales, offsets (else prepayments) and
corrections come to, net is gross less returns. Gross must be the purchase's total, or net what is left of it
after refunds: so FFD 1.05 mends by a return and a new sale, and 1.1 and 1.2 by corrections. A correction of
FFD 1.05 beside a sale mends nothing.
"""
