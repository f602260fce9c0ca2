"""What was decided, by whom: an append-only audit log whose entries are chained by their hashes."""
