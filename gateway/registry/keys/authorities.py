"""The root, which no server ever reads, and the issuing authorities below it, which only enrolment does.

A folder of issuing authorities has `root.pem` (all roots that tills are to trust) and a folder for each
authority with `certificate.pem` and `key.pem`, encrypted. The newest one signs; the older ones are kept for
what they have signed, until their own end. An issuing authority may sign clients and nothing else, so that
whoever steals its key cannot pass for the gateway, and no client of his is in the registry.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.registry.keys.building import as_authority, as_leaf, builder, key_pem, name, pem, sign
from gateway.registry.pki import ISSUING_VALIDITY, LEAF_VALIDITY, ROOT_VALIDITY, Issued, IssuingAuthority
from gateway.registry.secret_files import SecretFileError, create_secret, read_secret

PASSPHRASE_MIN_CHARS: Final = 12

_ROOT: Final = "root.pem"
_CERTIFICATE: Final = "certificate.pem"
_KEY: Final = "key.pem"


def check_passphrase(passphrase: bytes) -> None:
    """Raises SecretFileError if a passphrase is too short to protect a key."""
    if len(passphrase.decode("utf-8", "replace")) < PASSPHRASE_MIN_CHARS:
        raise SecretFileError(f"a passphrase has at least {PASSPHRASE_MIN_CHARS} characters")


@dataclass(frozen=True)
class RootAuthority:
    """The root with its private key: for a machine without a network, and the moments in which it signs."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def create(cls, folder: Path, passphrase: bytes, now: datetime, common_name: str) -> Self:
        """Make a root and its folder; raises FileExistsError if there is one, SecretFileError."""
        check_passphrase(passphrase)
        if folder.exists():
            raise FileExistsError(f"{folder} exists; a root is never replaced")
        key = generate_private_key(SECP256R1())
        subject = name(common_name)
        built = builder(subject, subject, key.public_key(), now, ROOT_VALIDITY)
        made = cls(sign(as_authority(built, 1), key), key)
        partial = folder.with_name(f".{folder.name}.{made.certificate.serial_number:x}")
        create_secret(partial / _KEY, key_pem(key, passphrase))
        (partial / _ROOT).write_bytes(pem(made.certificate))
        partial.rename(folder)
        return made

    @classmethod
    def load(cls, folder: Path, passphrase: bytes) -> Self:
        """Read what `create` made; raises SecretFileError."""
        return cls(*_load_pair(folder / _ROOT, folder / _KEY, passphrase))

    def issue_server(self, names: Sequence[str], now: datetime) -> Issued:
        """A key and a certificate for a gateway under these host names and IP addresses."""
        key = generate_private_key(SECP256R1())
        built = builder(name(names[0]), self.certificate.subject, key.public_key(), now, LEAF_VALIDITY)
        leaf = sign(as_leaf(built, ExtendedKeyUsageOID.SERVER_AUTH, self.key, names), self.key)
        return Issued(pem(leaf), key_pem(key))

    def certify_issuing(
        self, folder: Path, passphrase: bytes, now: datetime, validity: timedelta = ISSUING_VALIDITY
    ) -> x509.Certificate:
        """Add an issuing authority to a folder of them, which is made if it is not there.

        The former ones stay. Raises SecretFileError.
        """
        check_passphrase(passphrase)
        key = generate_private_key(SECP256R1())
        subject = name(f"Tillgate clients {now:%Y-%m-%d}")
        built = builder(subject, self.certificate.subject, key.public_key(), now, validity)
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        limited = as_authority(built, 0, self.key).add_extension(purpose, critical=False)
        certificate = sign(limited, self.key)
        partial = folder / f".{certificate.serial_number:x}"
        create_secret(partial / _KEY, key_pem(key, passphrase))
        (partial / _CERTIFICATE).write_bytes(pem(certificate))
        self._add_root(folder)
        # An authority that is half made never gets a name under which it is found.
        partial.rename(folder / f"{now:%Y%m%dT%H%M%SZ}-{certificate.serial_number:x}")
        return certificate

    def _add_root(self, folder: Path) -> None:
        file = folder / _ROOT
        known = x509.load_pem_x509_certificates(file.read_bytes()) if file.exists() else []
        if self.certificate not in known:
            whole = b"".join(map(pem, (*known, self.certificate)))
            partial = file.with_name(f".{file.name}")
            partial.write_bytes(whole)
            partial.rename(file)


@dataclass(frozen=True)
class IssuingFolder:
    """A folder of issuing authorities as anybody may read it, without their keys."""

    folder: Path

    def roots_pem(self) -> bytes:
        """All roots that tills are to trust; raises SecretFileError."""
        try:
            return (self.folder / _ROOT).read_bytes()
        except OSError as error:
            raise SecretFileError(f"{self.folder} holds no issuing authority: {error.strerror}") from None

    def certificates(self) -> list[tuple[Path, x509.Certificate]]:
        """Every authority with its folder, the newest first; raises SecretFileError."""
        found = []
        for file in self.folder.glob(f"[!.]*/{_CERTIFICATE}"):
            try:
                found.append((file.parent, x509.load_pem_x509_certificate(file.read_bytes())))
            except (OSError, ValueError):
                raise SecretFileError(f"{file} is no certificate") from None
        return sorted(found, key=lambda pair: (pair[1].not_valid_before_utc, pair[0].name), reverse=True)

    def current(self, passphrase: bytes, now: datetime) -> IssuingAuthority:
        """The newest authority that is valid, with its key; raises SecretFileError."""
        for folder, certificate in self.certificates():
            if certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
                _, key = _load_pair(folder / _CERTIFICATE, folder / _KEY, passphrase)
                return IssuingAuthority(self._root_of(certificate), certificate, key)
        raise SecretFileError(f"{self.folder} holds no issuing authority that is valid now")

    def _root_of(self, certificate: x509.Certificate) -> x509.Certificate:
        for root in x509.load_pem_x509_certificates(self.roots_pem()):
            if root.subject == certificate.issuer:
                return root
        raise SecretFileError(f"{self.folder / _ROOT} lacks the root of the issuing authority")


def _load_pair(
    certificate_file: Path, key_file: Path, passphrase: bytes
) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    try:
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = load_pem_private_key(read_secret(key_file), password=passphrase)
    except OSError as error:
        raise SecretFileError(f"{certificate_file}: {error.strerror}") from None
    except (ValueError, TypeError):
        raise SecretFileError(f"{key_file} does not open with this passphrase, or is no key") from None
    if not isinstance(key, EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise SecretFileError(f"{key_file} is not the key of {certificate_file}")
    return certificate, key
