"""Keys by which requests of the JSON door are authenticated where a client has no certificate.

No key is stored: each is HKDF of one master key and the key's id, which names a terminal or a concentrator
and a version. In the registry stands only the fingerprint of the id, as one of a certificate would: an HMAC
key is admitted, revoked and counted as every other key.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.registry.secret_files import KEY_BYTES, create_key, read_key

SCHEME: Final = "TILLGATE-HMAC-SHA256"
CLOCK_TOLERANCE_S: Final = 300
"""How far a request's time may lie from the gateway's."""


@dataclass(frozen=True)
class HmacMaster:
    """The secret of which all HMAC keys are made."""

    secret: bytes = field(repr=False)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a new master key and its file; raises FileExistsError if there is one already."""
        return cls(create_key(path))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file; raises SecretFileError if it is absent, open to others, or no master key."""
        return cls(read_key(path, "HMAC master key"))

    def key(self, named: str) -> bytes:
        """The key of an id; every id has one, whether it is registered or not."""
        return _derived(self.secret, named)


def key_id(owner_name: str, version: int) -> str:
    """The id of a key: terminal-12.3 is the third one of terminal 12."""
    return f"{owner_name}.{version}"


def fingerprint_of_key_id(named: str) -> bytes:
    """What the registry knows an HMAC key by. No certificate begins like this, so none can collide."""
    return sha256(b"tillgate-hmac-key\0" + named.encode()).digest()


def code_of(key: bytes, request: Mapping[str, str]) -> bytes:
    """The code over a request: its parts in this order, each ended by a line feed.

    `request` has key_id, method, path, query, body_sha256 (hexadecimal) and timestamp (seconds since 1970).
    """
    parts = (SCHEME, *(request[name] for name in SIGNED))
    return hmac.digest(key, "".join(f"{part}\n" for part in parts).encode(), "sha256")


SIGNED: Final = ("key_id", "method", "path", "query", "body_sha256", "timestamp")


@lru_cache(maxsize=16_384)
def _derived(master: bytes, named: str) -> bytes:
    info = b"tillgate-hmac-v1\0" + named.encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(master)
