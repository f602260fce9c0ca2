"""The gateway's signature under outcomes: Ed25519, 64 bytes over exactly the signed payload."""

import base64
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from nacl.bindings import crypto_sign, crypto_sign_BYTES

from gateway.registry.secret_files import SecretFileError, create_secret, read_secret

ALGORITHM: Final = "Ed25519"


class OutcomeSigner:
    """Signs outcomes with one key; `key_id` goes with every signature, so that keys can be changed."""

    def __init__(self, key_id: str, private_key: Ed25519PrivateKey) -> None:
        self.key_id = key_id
        self._public_key = private_key.public_key().public_bytes_raw()
        self._signing_key = private_key.private_bytes_raw() + self._public_key

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a new key and its file (PKCS#8, PEM); raises FileExistsError if there is one already."""
        private_key = Ed25519PrivateKey.generate()
        pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        create_secret(path, pem)
        return cls(_key_id(private_key), private_key)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key file; raises SecretFileError if it is absent, open to others, or no Ed25519 key."""
        try:
            private_key = load_pem_private_key(read_secret(path), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise SecretFileError(f"{path} is no private key in PEM without a password") from None
        if not isinstance(private_key, Ed25519PrivateKey):
            raise SecretFileError(f"{path} is no {ALGORITHM} key")
        return cls(_key_id(private_key), private_key)

    @property
    def public_key(self) -> bytes:
        """The 32 bytes that verify what this key signs."""
        return self._public_key

    def sign(self, payload: bytes) -> bytes:
        """The signature over exactly these bytes.

        By libsodium: the same bytes as OpenSSL's, in two thirds of its time (ADR 0013).
        """
        return crypto_sign(payload, self._signing_key)[:crypto_sign_BYTES]


def public_key_set(signers: Iterable[OutcomeSigner]) -> str:
    """The JSON that tills verify by: every key that an answer may still bear, the current one first."""
    keys = [
        {
            "key_id": signer.key_id,
            "algorithm": ALGORITHM,
            "public_key_base64": base64.b64encode(signer.public_key).decode(),
        }
        for signer in signers
    ]
    return json.dumps({"keys": keys}, indent=1) + "\n"


def _key_id(private_key: Ed25519PrivateKey) -> str:
    """Named after the public key: the same file has the same name everywhere."""
    digest = hashlib.sha256(private_key.public_key().public_bytes_raw()).hexdigest()
    return f"outcome-{digest[:16]}"
