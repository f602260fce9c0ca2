"""Card numbers become keyed tokens here, at the door, and go no further.

An unkeyed hash would be the number itself: there are about 10⁹ candidates (design section 8). The keys live
in a file or a KMS, never in the database or the environment, so that neither a dump nor a process list gives
numbers away. No error, log or repr here holds a number or a key.

Tokens cannot be made anew without the numbers. So there is a ring of keys: a card is looked for by its token
under the newest key, then under the older ones, and one that is found by an old token gets the new one.
"""

import base64
import binascii
import hmac
import json
import secrets
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol, Self

from gateway.domain.card_tokens import RingToken
from gateway.registry.secret_files import SecretFileError, create_secret, read_secret, replace_secret

NUMBER_DIGITS_MIN: Final = 9
NUMBER_DIGITS_MAX: Final = 19
KEY_BYTES: Final = 32

_SEPARATORS: Final = dict.fromkeys(map(ord, " -\u00a0\u2007\u2009\u2011\u202f"))


class CardNumberError(ValueError):
    """What was read is no card number; the text does not repeat it."""


@dataclass(frozen=True)
class CardTokenKeys:
    """The ring of secrets that make tokens: the one that makes new ones, and `older`, the newest first.

    `key_id` is the name under which tokens are kept.
    """

    key_id: str
    key: bytes = field(repr=False)
    older: tuple["CardTokenKeys", ...] = field(default=(), repr=False)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a new key and its file; raises FileExistsError if there is one already."""
        keys = cls(*_new_key())
        create_secret(path, keys._content())
        return keys

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the key file; raises SecretFileError if it is absent, open to others, or no key file."""
        try:
            content = json.loads(read_secret(path))
            newest, *older = (_read_key(part, path) for part in (content, *content.get("older", ())))
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
            raise SecretFileError(f"{path} is no card token key file") from None
        if len({key_id for key_id, _ in (newest, *older)}) != 1 + len(older):
            raise SecretFileError(f"{path} names a card token key twice")
        return cls(*newest, tuple(CardTokenKeys(*key) for key in older))

    @property
    def ring(self) -> tuple["CardTokenKeys", ...]:
        """Every key, the newest first."""
        return self, *self.older

    def rotated(self, path: Path) -> Self:
        """Put a new key before the others in their file, which is whole or as it was; raises OSError."""
        keys = type(self)(*_new_key(), tuple(CardTokenKeys(one.key_id, one.key) for one in self.ring))
        replace_secret(path, keys._content())
        return keys

    def without(self, key_id: str, path: Path) -> Self:
        """Take an older key out of the file; raises LookupError if it is the newest one or not there."""
        if key_id not in {one.key_id for one in self.older}:
            raise LookupError(f"{key_id} is no older card token key")
        keys = type(self)(self.key_id, self.key, tuple(one for one in self.older if one.key_id != key_id))
        replace_secret(path, keys._content())
        return keys

    def _content(self) -> bytes:
        described = [
            {"key_id": one.key_id, "key_base64": base64.b64encode(one.key).decode()} for one in self.ring
        ]
        content = described[0] | ({"older": described[1:]} if self.older else {})
        return json.dumps(content, indent=1).encode() + b"\n"


class CardKeySource(Protocol):
    """Where the ring comes from: a file, or a KMS that hands out data keys. Asked once, at the start."""

    def load(self) -> CardTokenKeys:
        """The ring; raises SecretFileError or OSError if it cannot be had."""


@dataclass(frozen=True)
class CardKeyFile:
    """A ring in a file; one is made if there is none and `is_made` says so."""

    path: Path
    is_made: bool = False

    def load(self) -> CardTokenKeys:
        """Read the ring; raises SecretFileError."""
        if self.is_made and not self.path.exists():
            return CardTokenKeys.create(self.path)
        return CardTokenKeys.load(self.path)


def _new_key() -> tuple[str, bytes]:
    return f"card-{secrets.token_hex(4)}", secrets.token_bytes(KEY_BYTES)


def _read_key(content: dict[str, Any], path: Path) -> tuple[str, bytes]:
    key_id, key = content["key_id"], base64.b64decode(content["key_base64"], validate=True)
    if not isinstance(key_id, str) or not key_id or len(key) != KEY_BYTES:
        raise SecretFileError(f"{path} is no card token key file of {KEY_BYTES} bytes")
    return key_id, key


def card_token(number: str, series: str, keys: CardTokenKeys) -> bytes:
    """The token of a card under the newest key: HMAC-SHA256 over number and series, 32 bytes.

    Spaces and hyphens do not count, nor does the case of a series. A re-issued card keeps its number and
    changes its series, so it has another token. Raises CardNumberError if the number is not 9 to 19 digits.
    """
    mac = _keyed(keys.key).copy()
    mac.update(card_text(number, series))
    return mac.digest()


def ring_token(number: str, series: str, keys: CardTokenKeys) -> bytes:
    """The token by which a card is looked for under every key of the ring; else as `card_token`."""
    newest = card_token(number, series, keys)
    if not keys.older:
        return newest
    return RingToken(newest, tuple([card_token(number, series, one) for one in keys.older]))


def card_text(number: str, series: str) -> bytes:
    """What of a card is hashed: the same for every way in which the same card is written.

    Raises CardNumberError if the number is not 9 to 19 digits.
    """
    digits = number if number.isdigit() else number.translate(_SEPARATORS)
    is_number = digits.isascii() and digits.isdigit()
    if not is_number or not NUMBER_DIGITS_MIN <= len(digits) <= NUMBER_DIGITS_MAX:
        raise CardNumberError(f"a card number has {NUMBER_DIGITS_MIN} to {NUMBER_DIGITS_MAX} digits")
    folded = unicodedata.normalize("NFKC", series).upper() if series else ""
    marks = "".join(char for char in folded if char.isalnum())
    return f"card\0{digits}\0{marks}".encode()


@lru_cache(maxsize=8)
def _keyed(key: bytes) -> hmac.HMAC:
    """The code of nothing yet, to be copied: working in the key is half of the cost of a token."""
    return hmac.new(key, digestmod="sha256")
