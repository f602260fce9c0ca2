"""A proxy that ends TLS before the gateway, as where another cipher is demanded, and says who is behind it.

It sends two headers (over gRPC: metadata) with each request: the SHA-256 of the client's certificate in DER,
as 64 hexadecimal digits, and the secret that it shares with the gateway. It must take both out of what
clients send. The gateway listens on a loopback address alone meanwhile.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from hmac import compare_digest
from pathlib import Path
from typing import Final, Self

from gateway.registry.secret_files import SecretFileError, read_secret

FINGERPRINT_HEADER: Final = "x-tillgate-client-sha256"
SECRET_HEADER: Final = "x-tillgate-proxy-secret"  # noqa: S105 the name of a header
SECRET_MIN_BYTES: Final = 32

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class TrustedProxy:
    """Believes whoever knows the secret."""

    secret: bytes = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the secret's file; raises SecretFileError if it is absent, open to others, or too short."""
        secret = read_secret(path).strip()
        if len(secret) < SECRET_MIN_BYTES or not secret.isascii():
            raise SecretFileError(f"{path} must hold at least {SECRET_MIN_BYTES} ASCII characters")
        return cls(secret)

    def is_known(self, headers: Iterable[tuple[str, str | bytes]]) -> bool:
        """Whether the request comes through the proxy: the secret, once and right."""
        said = [value for name, value in headers if name.lower() == SECRET_HEADER]
        return len(said) == 1 and compare_digest(_bytes(said[0]), self.secret)

    def fingerprint_in(self, headers: Iterable[tuple[str, str | bytes]]) -> bytes | None:
        """What the proxy says of the client; None if it is not the proxy, or says nothing or two things."""
        headers = list(headers)
        if not self.is_known(headers):
            return None
        said = [value for name, value in headers if name.lower() == FINGERPRINT_HEADER]
        if len(said) != 1:
            return None
        text = _bytes(said[0]).decode("ascii", "replace")
        return bytes.fromhex(text) if _FINGERPRINT.fullmatch(text) else None


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
