"""The one place of settlement that names tables of the ledger and the registry; a file for each use."""
