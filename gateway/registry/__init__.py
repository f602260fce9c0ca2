"""Who may: merchants, agreements, outlets, terminals, cards and keys."""
