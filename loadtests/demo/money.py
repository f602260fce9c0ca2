"""Sums and numbers for people."""

from typing import Final

from gateway.rpc.notices import rubles

_SPACE: Final = "\u00a0"


def money(kopecks: int) -> str:
    """A sum with the sign of the ruble: 123456 → 1 234,56 ₽."""
    return f"{rubles(kopecks)}{_SPACE}₽"


def count(number: int) -> str:
    """A number of things: 6005 → 6 005."""
    return f"{number:,}".replace(",", _SPACE)
