"""Day seals: one signed root over all outcomes of a Moscow day, by merchant, which both sides can verify."""
