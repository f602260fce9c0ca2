"""Reads files of goods that others made: catalogues, category trees, the ОКПД2 table. No database."""
