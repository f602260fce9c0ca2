"""Why a code is not read, or not wholly."""

from enum import Enum


class Problem(Enum):
    """What is wrong with a code. Never a text: a reader gives either digits or one of these."""

    LENGTH = "length"
    """Not as many digits as its kind has."""
    NOT_DIGITS = "not_digits"
    CHECK_DIGIT = "check_digit"
    ALL_ZEROS = "all_zeros"
    """Digits that stand where there is no code."""
    UNKNOWN_FORM = "unknown_form"
    """No form of marking code that is known here."""
    OPAQUE = "opaque"
    """Its form is known, but it names no GTIN."""
    SERIAL_UNREADABLE = "serial_unreadable"
    """The GTIN is read; where its serial lies, or with what characters, is not."""
    SERIAL_END_GUESSED = "serial_end_guessed"
    """The separators were lost, and the serial may as well end at another place than the one taken."""
    NOT_IN_STORE = "not_in_store"
    """No number of restricted circulation."""
    NO_TEMPLATE = "no_template"
    """A shop's own number, and the shop did not say how to read it."""
    NOT_IN_TRADE = "not_in_trade"
    """A number of restricted circulation where one of goods in trade belongs."""
    GTINS_DIFFER = "gtins_differ"
    """Marking code and barcode of one line name different goods."""
