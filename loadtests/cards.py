"""Card numbers of tests, demo and bench: all made up, and all of one reserved prefix, so that leaks show."""

from typing import Final

CARD_BIN: Final = "964310"
"""What every made-up number begins with, and no payment card: 9 and the country are national numbering."""

NUMBER_DIGITS: Final = 16


def made_up_number(n: int, digits: int = NUMBER_DIGITS) -> str:
    """The n-th made-up card number."""
    return f"{CARD_BIN}{n:0{digits - len(CARD_BIN)}}"
