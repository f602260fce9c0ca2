"""Classes of mismatch between purchase, fiscal receipt and claim line."""

from typing import Final

REPORTED_ONLY: Final = ("PAYMENT_TAG",)
"""Names of those in spite of which a line is claimed."""
