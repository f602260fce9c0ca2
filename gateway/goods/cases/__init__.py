"""Goods that a person has to look at: cases, what is confirmed of them, and what merchants submit ahead."""
