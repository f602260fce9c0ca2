"""The one way from settlement to the tables of ledger and registry; one module for each use."""
