"""People's door: sign in, decide on proposals, read the audit log, look at one's own merchants."""
