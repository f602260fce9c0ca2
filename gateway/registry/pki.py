"""The certificates of the tills' door: a root, an issuing CA below it, one server, many clients.

A till trusts the root and nothing else. The door trusts the root too, and then admits only fingerprints that
the registry holds as active: what a certificate says of its holder decides nothing. The private keys of root
and issuing CA stay in a directory of their own, which no purchase worker needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.registry.secret_files import SecretFileError, create_secret, read_secret

ROOT_VALIDITY: Final = timedelta(days=3650)
ISSUING_VALIDITY: Final = timedelta(days=1825)
LEAF_VALIDITY: Final = timedelta(days=397)
BACKDATED: Final = timedelta(minutes=5)
"""Tills' clocks may be behind by this much (the tolerance of fiscal tills), and still accept a new server."""


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
        root_name, name = _name("Tillgate root"), _name("Tillgate issuing CA")
        root = (
            _builder(root_name, root_name, root_key, now, ROOT_VALIDITY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
            .add_extension(_usage(is_authority=True), critical=True)
            .sign(root_key, SHA256())
        )
        certificate = (
            _builder(name, root_name, key, now, ISSUING_VALIDITY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(is_authority=True), critical=True)
            .add_extension(_authority_key(root_key), critical=False)
            .sign(root_key, SHA256())
        )
        if folder.exists():
            raise FileExistsError(f"{folder} exists; a CA is never replaced")
        # A CA that is half made never gets the final name.
        partial = folder.with_name(f".{folder.name}.{root.serial_number:x}")
        create_secret(partial / "root_key.pem", _key_pem(root_key))
        create_secret(partial / "issuing_key.pem", _key_pem(key))
        (partial / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
        (partial / "issuing.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
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
        return self.root.public_bytes(Encoding.PEM)

    def issue_server(self, names: Sequence[str], now: datetime) -> Issued:
        """A certificate for the gateway under these host names and IP addresses."""
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        return self._issue(names[0], ExtendedKeyUsageOID.SERVER_AUTH, now, alternatives)

    def issue_client(self, subject: str, now: datetime) -> Issued:
        """A certificate for one client; `subject` ("terminal-12") is for people who read it."""
        return self._issue(subject, ExtendedKeyUsageOID.CLIENT_AUTH, now, None)

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
        purpose: x509.ObjectIdentifier,
        now: datetime,
        alternatives: x509.SubjectAlternativeName | None,
    ) -> Issued:
        key = generate_private_key(SECP256R1())
        builder = (
            _builder(_name(common_name), self.certificate.subject, key, now, LEAF_VALIDITY)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(is_authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(_authority_key(self.key), critical=False)
        )
        if alternatives is not None:
            builder = builder.add_extension(alternatives, critical=False)
        certificate = builder.sign(self.key, SHA256())
        chain = certificate.public_bytes(Encoding.PEM) + self.certificate.public_bytes(Encoding.PEM)
        return Issued(chain, _key_pem(key))


def fingerprint_of(certificate_pem: bytes) -> bytes:
    """SHA-256 of the DER form of a certificate, the first one of a chain; raises ValueError if it is none."""
    return x509.load_pem_x509_certificate(certificate_pem).fingerprint(SHA256())


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tillgate"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, now: datetime, validity: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + validity)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _authority_key(key: EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_pem(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
