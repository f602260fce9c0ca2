"""Passwords: argon2id, and the same work for a login that nobody has.

Parameters are the second recommended set of RFC 9106: 3 passes over 64 MiB with 4 lanes, a salt of 16 bytes
and 32 bytes of hash: tenths of a second, and nothing that a graphics card does cheaply. A stored hash of
other parameters is made anew when its password was right.
"""

import asyncio
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from gateway.people.errors import PeopleCode, PeopleError

LENGTH_MIN: Final = 12
LENGTH_MAX: Final = 128
DIFFERENT_MIN: Final = 6
"""Characters of a password that differ from each other."""

_AT_ONCE: Final = 2
"""Hashes made at once in a process: each takes 64 MiB and a core."""


class Passwords:
    """Makes and verifies hashes, in threads, a few at once."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        # What nobody's password is verified against, so that an unknown login takes as long as a known one.
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """The hash of a password."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, folded(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """True if a password is the one of the hash; never for no hash, after the same work."""
        async with self._turns:
            return await asyncio.to_thread(self._verify, stored, folded(password))

    def is_outdated(self, stored: str) -> bool:
        """True for a hash that was made with other parameters."""
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str | None, password: str) -> bool:
        try:
            self._hasher.verify(stored or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None


def folded(password: str) -> str:
    """A password in one form, however a keyboard composed its letters."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, login: str) -> None:
    """Raise PeopleError PASSWORD_WEAK for what is short, long, monotonous, or the login."""
    text = folded(password)
    if not LENGTH_MIN <= len(text) <= LENGTH_MAX:
        raise _weak(f"от {LENGTH_MIN} до {LENGTH_MAX} знаков", f"{LENGTH_MIN} to {LENGTH_MAX} characters")
    if len(set(text)) < DIFFERENT_MIN:
        raise _weak(
            f"меньше {DIFFERENT_MIN} разных знаков", f"fewer than {DIFFERENT_MIN} different characters"
        )
    if login in text.casefold():
        raise _weak("в нём есть логин", "it has the login in it")


def _weak(ru: str, en: str) -> PeopleError:
    return PeopleError(PeopleCode.PASSWORD_WEAK, ru=ru, en=en)
