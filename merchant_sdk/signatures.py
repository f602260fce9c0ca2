"""Signed outcomes: verify the bytes, then parse. The signed bytes are what a merchant archives."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from merchant_sdk.errors import ConfigurationError, SignatureError

ALGORITHM: Final = "Ed25519"


@dataclass(frozen=True, slots=True)
class SignedBytes:
    """A serialized SignedOutcome exactly as signed, with its signature and the key's id."""

    payload: bytes
    signature: bytes
    key_id: str


@dataclass(frozen=True, slots=True)
class OutcomeKeys:
    """The gateway's public keys by id; retired ones stay, since stored answers keep their signature."""

    keys: Mapping[str, Ed25519PublicKey]

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read `outcome_keys.json`; raises ConfigurationError that names what is wrong with it."""
        try:
            document = json.loads(path.read_bytes())
            keys = {item["key_id"]: _public_key(item) for item in document["keys"]}
        except OSError as error:
            raise ConfigurationError(f"{path.name} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(f"{path.name} is not a set of {ALGORITHM} keys: {error!r}") from error
        if not keys:
            raise ConfigurationError(f"{path.name} holds no key: no answer could be believed")
        return cls(keys)

    def verify(self, signed: SignedBytes) -> None:
        """Raise SignatureError unless a known key signed exactly these bytes."""
        key = self.keys.get(signed.key_id)
        if key is None:
            raise SignatureError(f"the answer is signed by an unknown key {signed.key_id!r}", signed)
        try:
            key.verify(signed.signature, signed.payload)
        except InvalidSignature:
            raise SignatureError(f"the signature by key {signed.key_id!r} is wrong", signed) from None


def _public_key(item: Mapping[str, str]) -> Ed25519PublicKey:
    if item["algorithm"] != ALGORITHM:
        raise ValueError(f"algorithm {item['algorithm']!r}")
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(item["public_key_base64"], validate=True))
    except binascii.Error as error:
        raise ValueError(f"key {item['key_id']!r}: {error}") from error
