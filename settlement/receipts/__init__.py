"""Fiscal receipts as evidence: from files of the tax service and QR strings, kept beside the ledger."""
