"""What every certificate of ours is built of."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

BACKDATED: Final = timedelta(minutes=5)
"""Tills' clocks may be behind by this much (the tolerance of fiscal tills), and still accept a new server."""


def name(common_name: str) -> x509.Name:
    """A subject of ours, for people to read."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tillgate"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: EllipticCurvePublicKey,
    now: datetime,
    validity: timedelta,
) -> x509.CertificateBuilder:
    """A certificate with names, key and time, and a serial number of its own."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + validity)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def as_authority(
    built: x509.CertificateBuilder, path_length: int, issuer_key: EllipticCurvePrivateKey | None = None
) -> x509.CertificateBuilder:
    """The same as an authority with so many below it; `issuer_key` is that of who signs, if not its own."""
    built = built.add_extension(
        x509.BasicConstraints(ca=True, path_length=path_length), critical=True
    ).add_extension(usage(is_authority=True), critical=True)
    return built if issuer_key is None else built.add_extension(authority_key(issuer_key), critical=False)


def as_leaf(
    built: x509.CertificateBuilder,
    purpose: x509.ObjectIdentifier,
    issuer_key: EllipticCurvePrivateKey,
    host_names: Sequence[str] = (),
) -> x509.CertificateBuilder:
    """The same as a server or a client, which is no authority."""
    built = (
        built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(authority_key(issuer_key), critical=False)
    )
    if not host_names:
        return built
    alternatives = x509.SubjectAlternativeName([general_name(each) for each in host_names])
    return built.add_extension(alternatives, critical=False)


def authority_key(key: EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    """Who signed."""
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def usage(*, is_authority: bool) -> x509.KeyUsage:
    """An authority signs certificates, everybody else a handshake."""
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


def general_name(host: str) -> x509.GeneralName:
    """A host name or an IP address."""
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def pem(certificate: x509.Certificate) -> bytes:
    """A certificate as text."""
    return certificate.public_bytes(Encoding.PEM)


def key_pem(key: EllipticCurvePrivateKey, passphrase: bytes = b"") -> bytes:
    """A private key as PKCS#8 text, encrypted if there is a passphrase."""
    encryption: KeySerializationEncryption = (
        BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    )
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def sign(built: x509.CertificateBuilder, key: EllipticCurvePrivateKey) -> x509.Certificate:
    """The certificate, by ECDSA with SHA-256."""
    return built.sign(key, SHA256())
