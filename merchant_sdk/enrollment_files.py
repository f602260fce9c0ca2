"""The credentials folder of a client, written so that a crash leaves what works or can be resumed.

A new key lies beside the one in use as `new_key.pem` before anybody is asked for a certificate, so that the
same request can be made again. When its certificate has come it is kept as `new_cert.pem`, and the two take
their places: first the certificate, then the key. `settle` ends what a crash cut short.
"""

import base64
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from merchant_sdk.errors import ConfigurationError
from merchant_sdk.signatures import ALGORITHM

CERTIFICATE: Final = "cert.pem"
KEY: Final = "key.pem"
ROOTS: Final = "ca.pem"
OUTCOME_KEYS: Final = "outcome_keys.json"
ENROLLMENT_ROOTS: Final = "enrollment_ca.pem"
TERMINAL: Final = "terminal.json"
CONCENTRATOR: Final = "concentrator.json"

_NEW_CERTIFICATE: Final = "new_cert.pem"
_NEW_KEY: Final = "new_key.pem"

RENEWED_IN_LAST: Final = 3
"""A certificate is renewed in this part of its time: the last third."""


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A public key by which outcomes are verified, 32 bytes."""

    key_id: str
    public_key: bytes


class CredentialsFolder:
    """Where a client keeps its key, its certificate, and what it was told."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def prepare(self) -> None:
        """Make the folder, for its owner alone, and end what a crash cut short; raises ConfigurationError."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            settle(self.path)
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be used: {error.strerror}") from error

    @property
    def is_enrolled(self) -> bool:
        """Whether there is a certificate with its key."""
        return all((self.path / name).exists() for name in (CERTIFICATE, KEY))

    def new_key(self) -> EllipticCurvePrivateKey:
        """The key that is to be certified: the one that waits for it, or a new one on P-256, mode 0600."""
        file = self.path / _NEW_KEY
        if not file.exists():
            made = generate_private_key(SECP256R1())
            pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            write_once(file, pem)
        return _key(file)

    def drop_new_key(self) -> None:
        """Forget the key that waits: nobody will certify it any more."""
        for name in (_NEW_CERTIFICATE, _NEW_KEY):
            (self.path / name).unlink(missing_ok=True)

    def key(self) -> EllipticCurvePrivateKey:
        """The key in use; raises ConfigurationError."""
        return _key(self.path / KEY)

    def certificate(self) -> x509.Certificate:
        """The certificate in use; raises ConfigurationError."""
        try:
            return x509.load_pem_x509_certificate((self.path / CERTIFICATE).read_bytes())
        except OSError as error:
            raise ConfigurationError(f"{CERTIFICATE} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise ConfigurationError(f"{CERTIFICATE} is no certificate") from error

    def is_due(self, now: datetime | None = None) -> bool:
        """Whether the certificate in use has entered the last third of its time."""
        certificate = self.certificate()
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        return (now or datetime.now(UTC)) >= ends - (ends - begins) / RENEWED_IN_LAST

    def description(self) -> dict[str, Any]:
        """What the client was told of itself; raises ConfigurationError."""
        for name in (TERMINAL, CONCENTRATOR):
            file = self.path / name
            if file.exists():
                try:
                    said = json.loads(file.read_bytes())
                except (OSError, ValueError) as error:
                    raise ConfigurationError(f"{name} cannot be read: {error}") from error
                if isinstance(said, dict):
                    return said
        raise ConfigurationError(f"{self.path} has neither {TERMINAL} nor {CONCENTRATOR}")

    def enrollment_roots(self) -> bytes | None:
        """Whom to believe where clients enrol; None: the system's roots."""
        own = self.path / ENROLLMENT_ROOTS
        if own.exists():
            return own.read_bytes() or None
        roots = self.path / ROOTS
        return roots.read_bytes() if roots.exists() else None

    def keep_enrollment_roots(self, pem: bytes | None) -> None:
        """Remember whom to believe where clients enrol; None: the system's roots."""
        write_anew(self.path / ENROLLMENT_ROOTS, pem or b"")

    def keep_outcome_keys(self, told: Iterable[PublishedKey]) -> list[str]:
        """Add what is published to `outcome_keys.json`; the ids that are new. None is ever dropped."""
        file = self.path / OUTCOME_KEYS
        known: dict[str, str] = {}
        if file.exists():
            try:
                known = {
                    one["key_id"]: one["public_key_base64"] for one in json.loads(file.read_bytes())["keys"]
                }
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise ConfigurationError(f"{OUTCOME_KEYS} cannot be read: {error!r}") from error
        published = {key.key_id: base64.b64encode(key.public_key).decode() for key in told}
        changed = [key_id for key_id in known.keys() & published if known[key_id] != published[key_id]]
        if changed:
            raise ConfigurationError(f"{OUTCOME_KEYS} has another key than is published as {changed[0]}")
        whole = {**published, **known}
        new = [key_id for key_id in published if key_id not in known]
        if new or not file.exists():
            keys = [
                {"key_id": key_id, "algorithm": ALGORITHM, "public_key_base64": text}
                for key_id, text in whole.items()
            ]
            write_anew(file, json.dumps({"keys": keys}, indent=1).encode() + b"\n")
        return new

    def keep(self, chain_pem: bytes, roots_pem: bytes, name: str, description: Mapping[str, Any]) -> None:
        """Take a new certificate into use, with the key that waited for it."""
        write_anew(self.path / ROOTS, roots_pem)
        write_anew(self.path / name, json.dumps(description, indent=1).encode() + b"\n")
        write_anew(self.path / _NEW_CERTIFICATE, chain_pem)
        settle(self.path)


def settle(path: Path) -> None:
    """Let a new key and its certificate take their places, as far as they have not yet; raises OSError."""
    new_key, new_certificate = path / _NEW_KEY, path / _NEW_CERTIFICATE
    if not new_key.exists():
        # Somebody else has settled; what is left of a certificate is in use already.
        new_certificate.unlink(missing_ok=True)
        return
    if new_certificate.exists():
        _replace(new_certificate, path / CERTIFICATE)
    if _fits(path / CERTIFICATE, new_key):
        _replace(new_key, path / KEY)
        _sync_folder(path)


def write_anew(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file, whole or not at all, on disk when it returns."""
    partial = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        _write(partial, content, mode)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(path.parent)


def write_once(path: Path, content: bytes) -> None:
    """Write a secret, mode 0600, unless there is one already: whoever was first keeps its place."""
    partial = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        _write(partial, content, 0o600)
        try:
            os.link(partial, path)
        except FileExistsError:
            return
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _write(path: Path, content: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _replace(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except FileNotFoundError:
        # Another process did the same in the meantime.
        if not target.exists():
            raise


def _sync_folder(path: Path) -> None:
    """Names survive a power failure too, where the system lets a folder be synced."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def _fits(certificate_file: Path, key_file: Path) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        return certificate.public_key() == _key(key_file).public_key()
    except (OSError, ValueError, ConfigurationError):
        return False


def _key(path: Path) -> EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise ConfigurationError(f"{path.name} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"{path.name} is no private key") from error
    if not isinstance(key, EllipticCurvePrivateKey):
        raise ConfigurationError(f"{path.name} is no key on an elliptic curve")
    return key
