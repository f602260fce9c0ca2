"""The certificates of the tills' door: a root, an issuing CA below it, one server, many clients.

A till trusts the root and nothing else. The door trusts the root too, and then admits only fingerprints that
the registry holds as active: what a certificate says of its holder decides nothing. The private keys of root
and issuing CA stay in a directory of their own, which no purchase worker needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.registry.keys.building import as_authority, as_leaf, builder, key_pem, name, pem, sign
from gateway.registry.secret_files import SecretFileError, create_secret, read_secret

ROOT_VALIDITY: Final = timedelta(days=3650)
ISSUING_VALIDITY: Final = timedelta(days=1825)
LEAF_VALIDITY: Final = timedelta(days=397)


@dataclass(frozen=True)
class Issued:
    """A new certificate with its chain up to the root, without it, and its private key, PEM."""

    chain_pem: bytes
    key_pem: bytes = field(repr=False)

    @property
    def fingerprint(self) -> bytes:
        """What the registry knows the certificate by."""
        return fingerprint_of(self.chain_pem)


@dataclass(frozen=True)
class IssuingAuthority:
    """The CA that signs the server's and the clients' certificates."""

    root: x509.Certificate
    certificate: x509.Certificate
    key: EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def create(cls, folder: Path, now: datetime) -> Self:
        """Make a root and an issuing CA below `folder`, the keys in files of their own with mode 0600.

        Raises FileExistsError if there is a CA already.
        """
        root_key, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
        root_name, subject = name("Tillgate root"), name("Tillgate issuing CA")
        own = builder(root_name, root_name, root_key.public_key(), now, ROOT_VALIDITY)
        root = sign(as_authority(own, 1), root_key)
        below = builder(subject, root_name, key.public_key(), now, ISSUING_VALIDITY)
        certificate = sign(as_authority(below, 0, root_key), root_key)
        if folder.exists():
            raise FileExistsError(f"{folder} exists; a CA is never replaced")
        # A CA that is half made never gets the final name.
        partial = folder.with_name(f".{folder.name}.{root.serial_number:x}")
        create_secret(partial / "root_key.pem", key_pem(root_key))
        create_secret(partial / "issuing_key.pem", key_pem(key))
        (partial / "root.pem").write_bytes(pem(root))
        (partial / "issuing.pem").write_bytes(pem(certificate))
        partial.rename(folder)
        return cls(root, certificate, key)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `create` made; raises SecretFileError if a part is absent, open to others, or not its."""
        try:
            key = load_pem_private_key(read_secret(folder / "issuing_key.pem"), password=None)
            root, certificate = (
                x509.load_pem_x509_certificate((folder / name).read_bytes())
                for name in ("root.pem", "issuing.pem")
            )
        except (OSError, ValueError, TypeError) as error:
            raise SecretFileError(f"{folder} holds no CA: {error}") from None
        if not isinstance(key, EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise SecretFileError(f"{folder} holds no CA: issuing_key.pem is not the key of issuing.pem")
        return cls(root, certificate, key)

    @property
    def root_pem(self) -> bytes:
        """What tills and the door trust."""
        return pem(self.root)

    def issue_server(self, names: Sequence[str], now: datetime) -> Issued:
        """A certificate for the gateway under these host names and IP addresses."""
        key = generate_private_key(SECP256R1())
        chain = self._issue(names[0], key.public_key(), ExtendedKeyUsageOID.SERVER_AUTH, now, names)
        return Issued(chain, key_pem(key))

    def issue_client(self, subject: str, now: datetime) -> Issued:
        """A key and a certificate for one client; `subject` ("terminal-12") is for people who read it."""
        key = generate_private_key(SECP256R1())
        return Issued(self.certify_client(subject, key.public_key(), now), key_pem(key))

    def certify_client(self, subject: str, public_key: EllipticCurvePublicKey, now: datetime) -> bytes:
        """The certificate of a key that a client made itself, with its chain up to the root, PEM.

        It ends with this CA at the latest.
        """
        return self._issue(subject, public_key, ExtendedKeyUsageOID.CLIENT_AUTH, now)

    def has_issued(self, certificate: x509.Certificate) -> bool:
        """True if this CA signed the certificate."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def _issue(
        self,
        common_name: str,
        public_key: EllipticCurvePublicKey,
        purpose: x509.ObjectIdentifier,
        now: datetime,
        host_names: Sequence[str] = (),
    ) -> bytes:
        validity = min(LEAF_VALIDITY, self.certificate.not_valid_after_utc - now)
        built = builder(name(common_name), self.certificate.subject, public_key, now, validity)
        return pem(sign(as_leaf(built, purpose, self.key, host_names), self.key)) + pem(self.certificate)


def fingerprint_of(certificate_pem: bytes) -> bytes:
    """SHA-256 of the DER form of a certificate, the first one of a chain; raises ValueError if it is none."""
    return x509.load_pem_x509_certificate(certificate_pem).fingerprint(SHA256())
