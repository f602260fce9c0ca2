"""Documents of a claim: its register, the claim on paper, JSON, reconciliation, the audit bundle."""
