"""The one place where settlement reads the ledger's and the registry's tables: one file for each use."""
