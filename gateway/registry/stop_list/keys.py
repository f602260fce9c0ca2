"""The master key of the stop list, what is sealed by it, and the lists' code that tills understand.

A till knows its merchant's list key, so that whoever holds one could try every card number (10⁹) against its
list. What a list is made of is therefore a slow digest of the card: trying one number costs scrypt's 16 MiB
and tens of milliseconds, all numbers years of a processor. The digest has no key of its own, and so is never
stored open: a reader of the database finds it sealed.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.registry.cards import card_text
from gateway.registry.secret_files import KEY_BYTES, SecretFileError, create_key, read_key

ENTRY_BYTES: Final = 16
FIRST_KEY_VERSION: Final = 1

DEPARTMENT_ID: Final = 0
"""The merchant in whose code the list's own hash is made: nobody's."""

_FIELD: Final = "stop_list_key_base64"
_SALT: Final = b"tillgate stop list 1"
_SCRYPT: Final = {"n": 16_384, "r": 8, "p": 1, "dklen": 32, "maxmem": 64 * 1024 * 1024}
_NONCE_BYTES: Final = 12


def slow_digest(number: str, series: str) -> bytes:
    """The digest of a card that lists are made of, 32 bytes; costs tens of milliseconds, without the GIL.

    Raises CardNumberError if the number is not 9 to 19 digits.
    """
    return hashlib.scrypt(card_text(number, series), salt=_SALT, **_SCRYPT)


def list_entries(merchant_key: bytes, digests: Iterable[bytes]) -> list[bytes]:
    """What stands in a merchant's list for cards of these digests, in their order."""
    keyed = hmac.new(merchant_key, digestmod="sha256")
    found = []
    for digest in digests:
        mac = keyed.copy()
        mac.update(digest)
        found.append(mac.digest()[:ENTRY_BYTES])
    return found


def list_sha256(ascending: Iterable[bytes]) -> str:
    """The SHA-256 of a list: that of its entries in ascending order, one after the other."""
    return sha256(b"".join(ascending)).hexdigest()


@dataclass(frozen=True)
class StopListKeys:
    """The master key of the stop list."""

    master: bytes = field(repr=False)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a new key and its file; raises FileExistsError if there is one already."""
        return cls(create_key(path, _FIELD))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the key file; raises SecretFileError if it is absent, open to others, or no key file."""
        return cls(read_key(path, "stop list key file", _FIELD))

    def merchant_key(self, merchant_id: int, version: int) -> bytes:
        """The key of a merchant's list; nothing in it tells of another merchant's or another version's."""
        return self._derived(f"list\0{merchant_id}\0{version}")

    def seal(self, digest: bytes) -> bytes:
        """A digest as it may be stored."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._box().encrypt(nonce, digest, None)

    def unseal(self, sealed: Iterable[bytes]) -> list[bytes]:
        """Digests that were sealed; raises SecretFileError if that was done by another key."""
        box = self._box()
        try:
            return [box.decrypt(one[:_NONCE_BYTES], one[_NONCE_BYTES:], None) for one in sealed]
        except InvalidTag:
            raise SecretFileError("the stop list in the database is sealed by another key") from None

    def _box(self) -> AESGCM:
        return AESGCM(self._derived("seal"))

    def _derived(self, purpose: str) -> bytes:
        info = f"tillgate stop list\0{purpose}".encode()
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(self.master)
