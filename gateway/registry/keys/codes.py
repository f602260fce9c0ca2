"""One-time codes of enrolment: what a merchant types once at a till.

A code is 35 symbols: 8 name it, 26 are the secret (130 bits), the last one checks for typing errors. The
database keeps a slow hash of the secret under the name. Whoever does not know the name cannot even use up
the tries of a code; whoever does has five.
"""

import secrets
from dataclasses import dataclass, field
from hashlib import scrypt
from typing import Final, Self

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: without letters that are read as digits."""
SALT_BYTES: Final = 16

_NAME_CHARS: Final = 8
_SECRET_CHARS: Final = 26
_CHARS: Final = _NAME_CHARS + _SECRET_CHARS + 1
_GROUP: Final = 5
_READ_AS: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_LONGEST_TEXT: Final = 100


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time code; `name` finds its row, `secret` proves that it was given."""

    name: str
    secret: str = field(repr=False)

    @classmethod
    def make(cls) -> Self:
        """A new one, by chance."""
        symbols = "".join(secrets.choice(ALPHABET) for _ in range(_NAME_CHARS + _SECRET_CHARS))
        return cls(symbols[:_NAME_CHARS], symbols[_NAME_CHARS:])

    @classmethod
    def read(cls, text: str) -> Self | None:
        """A code as somebody typed it; None if it cannot be one, whatever it may have been."""
        if len(text) > _LONGEST_TEXT:
            return None
        symbols = text.upper().translate(_READ_AS)
        if len(symbols) != _CHARS or any(symbol not in ALPHABET for symbol in symbols):
            return None
        if symbols[-1] != _check_symbol(symbols[:-1]):
            return None
        return cls(symbols[:_NAME_CHARS], symbols[_NAME_CHARS:-1])

    @property
    def text(self) -> str:
        """How it is shown and typed: in groups of five."""
        symbols = self.name + self.secret
        symbols += _check_symbol(symbols)
        return "-".join(symbols[n : n + _GROUP] for n in range(0, _CHARS, _GROUP))

    def hashed(self, salt: bytes) -> bytes:
        """The slow hash of the secret: 16 MB and some 50 ms of a processor."""
        return scrypt(self.secret.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


def _check_symbol(symbols: str) -> str:
    """Luhn's sum modulo 32: every wrong symbol and almost every pair that changed places is seen."""
    total = 0
    for n, symbol in enumerate(reversed(symbols)):
        value = ALPHABET.index(symbol) * (2 if n % 2 == 0 else 1)
        total += value // 32 + value % 32
    return ALPHABET[-total % 32]
