"""Wire messages become domain commands here; the one set of rules for what a till may send."""
