"""The second factor: time-based codes (RFC 6238), each taken once, of a secret that is sealed at rest.

The sealing key is a file of its own: a reader of the database has no codes. AES-256-GCM, the person's number
as associated data, so that a sealed secret can't be moved to another person.
"""

import base64
import hmac
import os
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import quote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_S: Final = 30
DIGITS: Final = 6
SECRET_BYTES: Final = 20
STEPS_OFF: Final = 1
"""How many steps a person's clock may be off, either way."""

_NONCE_BYTES: Final = 12
_ISSUER: Final = "Tillgate"


class SealedSecretError(Exception):
    """A sealed secret was not sealed by this key for this person."""


@dataclass(frozen=True)
class SealingKey:
    """The key that seals secrets of persons."""

    key: bytes = field(repr=False)

    def seal(self, secret: bytes, person_id: int) -> bytes:
        """A secret as it is stored."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, secret, _context(person_id))

    def unseal(self, sealed: bytes, person_id: int) -> bytes:
        """The secret of a stored one; raises SealedSecretError."""
        nonce, sealed_text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(self.key).decrypt(nonce, sealed_text, _context(person_id))
        except (InvalidTag, ValueError):
            raise SealedSecretError("the key of people's secrets is not the one it was sealed with") from None


def new_secret() -> bytes:
    """A new secret of 160 bits."""
    return os.urandom(SECRET_BYTES)


def code_at(secret: bytes, at: datetime) -> str:
    """The code of an instant."""
    return _totp(secret).generate(int(at.timestamp())).decode()


def fitting_step(secret: bytes, code: str, now: datetime, last_step: int | None) -> int | None:
    """The time step of which a code is, if it is near now and newer than the last one taken; else None.

    Every candidate is computed and compared, so that time tells nothing.
    """
    current = int(now.timestamp()) // STEP_S
    digits = code.strip().encode()
    found = None
    for step in range(current - STEPS_OFF, current + STEPS_OFF + 1):
        is_right = hmac.compare_digest(_totp(secret).generate(step * STEP_S), digits)
        if is_right and (last_step is None or step > last_step):
            found = step
    return found


def shown_secret(secret: bytes) -> str:
    """The secret as it is typed into an authenticator: base32 in groups of four."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def address_of(secret: bytes, login: str) -> str:
    """The otpauth address that an authenticator opens."""
    text = base64.b32encode(secret).decode().rstrip("=")
    label = quote(f"{_ISSUER}:{login}")
    return f"otpauth://totp/{label}?secret={text}&issuer={_ISSUER}&digits={DIGITS}&period={STEP_S}"


def _totp(secret: bytes) -> TOTP:
    # Authenticators know SHA-1 best, and HMAC does not mind.
    return TOTP(secret, DIGITS, SHA1(), STEP_S)  # noqa: S303


def _context(person_id: int) -> bytes:
    return f"tillgate totp {person_id}".encode()
