"""How good decisions are, in figures."""
