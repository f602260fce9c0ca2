"""The till's side of Tillgate: a client that knows how to retry, to undo and to verify."""
