"""Money and quantity arithmetic: whole kopecks, whole thousandths, no floats."""

from typing import Final

AMOUNT_MAX_KOPECKS: Final = 10_000_000_000_00
"""Largest amount of one line, basket or certificate: far above any basket, far below 2**63."""

QUANTITY_MAX_MILLI: Final = 1_000_000_000
"""Largest quantity of one line: a million pieces or kilograms."""

MILLI: Final = 1000


def divide_half_up(numerator: int, denominator: int) -> int:
    """Quotient of two non-negative integers, halves rounded up (the rule of fiscal tills)."""
    return (2 * numerator + denominator) // (2 * denominator)


def price_times_quantity(unit_price_kopecks: int, quantity_milli: int) -> int:
    """Kopecks of `quantity_milli` thousandths at `unit_price_kopecks` each, half up."""
    return divide_half_up(unit_price_kopecks * quantity_milli, MILLI)


def ceiling_kopecks(unit_ceiling_kopecks: int, quantity_milli: int) -> int:
    """Most that points may pay for a quantity under a unit ceiling; never rounded above it."""
    return unit_ceiling_kopecks * quantity_milli // MILLI
