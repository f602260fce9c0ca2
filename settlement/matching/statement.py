"""The match of claim lines with receipts as one SQL statement."""

from typing import Final

MATCHES: Final = """
SELECT w.operation_id, w.program_code,
  CASE WHEN r.purchase_id IS NULL AND w.kind = 'SALE' THEN ARRAY['NO_RECEIPT'] ELSE '{}' END AS mismatches,
  CASE WHEN r.purchase_id IS NULL THEN 0 ELSE 1 END::smallint AS evidence,
  r.fiscal_drive_number AS receipt_drive_number, r.fiscal_document_number AS receipt_document_number
FROM wanted w LEFT JOIN LATERAL (
  SELECT purchase_id, fiscal_drive_number, fiscal_document_number FROM receipt
  WHERE receipt.purchase_id = w.purchase_id AND kind = 'SALE'
  ORDER BY issued_at, fiscal_drive_number, fiscal_document_number LIMIT 1) AS r ON w.kind = 'SALE'"""
"""Mismatches, evidence and receipt of every row of the relation `wanted`."""
