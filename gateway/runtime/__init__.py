"""How it runs: settings, database, embedded servers, logging, bootstrap."""
