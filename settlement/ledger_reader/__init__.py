"""The one place of settlement that knows the ledger's and the registry's tables; a file for each use."""
