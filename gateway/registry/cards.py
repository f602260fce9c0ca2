"""Card numbers become keyed tokens here, at the door, and go no further.

An unkeyed hash would be the number itself: there are about 10⁹ candidates (design section 8). The key lives
in a file, never in the database or the environment, so that neither a dump nor a process list gives numbers
away. No error, log or repr here holds a number or a key.
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
from typing import Final, Self

from gateway.registry.secret_files import SecretFileError, create_secret, read_secret

NUMBER_DIGITS_MIN: Final = 9
NUMBER_DIGITS_MAX: Final = 19
KEY_BYTES: Final = 32

_SEPARATORS: Final = dict.fromkeys(map(ord, " -\u00a0\u2007\u2009\u2011\u202f"))


class CardNumberError(ValueError):
    """What was read is no card number; the text does not repeat it."""


@dataclass(frozen=True)
class CardTokenKeys:
    """The secret that makes tokens, and the name under which tokens are kept."""

    key_id: str
    key: bytes = field(repr=False)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a new key and its file; raises FileExistsError if there is one already."""
        keys = cls(f"card-{secrets.token_hex(4)}", secrets.token_bytes(KEY_BYTES))
        content = {"key_id": keys.key_id, "key_base64": base64.b64encode(keys.key).decode()}
        create_secret(path, json.dumps(content, indent=1).encode() + b"\n")
        return keys

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the key file; raises SecretFileError if it is absent, open to others, or no key file."""
        try:
            content = json.loads(read_secret(path))
            key = base64.b64decode(content["key_base64"], validate=True)
            key_id = content["key_id"]
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise SecretFileError(f"{path} is no card token key file") from None
        if not isinstance(key_id, str) or not key_id or len(key) != KEY_BYTES:
            raise SecretFileError(f"{path} is no card token key file of {KEY_BYTES} bytes")
        return cls(key_id, key)


def card_token(number: str, series: str, keys: CardTokenKeys) -> bytes:
    """The token of a card: HMAC-SHA256 over number and series, 32 bytes.

    Spaces and hyphens do not count, nor does the case of a series. A re-issued card keeps its number and
    changes its series, so it has another token. Raises CardNumberError if the number is not 9 to 19 digits.
    """
    digits = number if number.isdigit() else number.translate(_SEPARATORS)
    is_number = digits.isascii() and digits.isdigit()
    if not is_number or not NUMBER_DIGITS_MIN <= len(digits) <= NUMBER_DIGITS_MAX:
        raise CardNumberError(f"a card number has {NUMBER_DIGITS_MIN} to {NUMBER_DIGITS_MAX} digits")
    folded = unicodedata.normalize("NFKC", series).upper() if series else ""
    marks = "".join(char for char in folded if char.isalnum())
    mac = _keyed(keys.key).copy()
    mac.update(f"card\0{digits}\0{marks}".encode())
    return mac.digest()


@lru_cache(maxsize=8)
def _keyed(key: bytes) -> hmac.HMAC:
    """The code of nothing yet, to be copied: working in the key is half of the cost of a token."""
    return hmac.new(key, digestmod="sha256")
