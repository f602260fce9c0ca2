"""The one place of settlement that reads the ledger's and the register's tables: a module for each use."""
