"""Throw-away keys and certificates, and the credentials folder of a till."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

MERCHANT_ID = 11
OUTLET_ID = 22
TERMINAL_ID = 33
KEY_ID = "outcome-test-1"


@dataclass(frozen=True)
class KeyPair:
    """A certificate and its private key, PEM."""

    certificate_pem: bytes
    private_key_pem: bytes


@dataclass(frozen=True)
class Keys:
    """All that a gateway and its till need."""

    ca_pem: bytes
    server: KeyPair
    till: KeyPair
    stranger: KeyPair
    outcome_key: Ed25519PrivateKey


@cache
def throwaway_keys() -> Keys:
    """The keys of this test process; the stranger's certificate is by a CA that nobody knows."""
    ca_key, ca = _authority("Test CA")
    other_key, other = _authority("Another CA")
    return Keys(
        ca_pem=ca.public_bytes(Encoding.PEM),
        server=_issue(ca_key, ca, "gateway"),
        till=_issue(ca_key, ca, "till"),
        stranger=_issue(other_key, other, "till"),
        outcome_key=Ed25519PrivateKey.generate(),
    )


def write_folder(folder: Path, endpoint: str, keys: Keys) -> Path:
    """Write what `TillCredentials.from_folder` reads."""
    folder.mkdir(exist_ok=True)
    (folder / "cert.pem").write_bytes(keys.till.certificate_pem)
    (folder / "key.pem").write_bytes(keys.till.private_key_pem)
    (folder / "ca.pem").write_bytes(keys.ca_pem)
    raw = keys.outcome_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    key = {"key_id": KEY_ID, "algorithm": "Ed25519", "public_key_base64": base64.b64encode(raw).decode()}
    (folder / "outcome_keys.json").write_text(json.dumps({"keys": [key]}), encoding="utf-8")
    terminal = {
        "endpoint": endpoint,
        "merchant_id": MERCHANT_ID,
        "outlet_id": OUTLET_ID,
        "terminal_id": TERMINAL_ID,
    }
    (folder / "terminal.json").write_text(json.dumps(terminal), encoding="utf-8")
    return folder


def _authority(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    return key, _builder(subject, subject, key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    ).sign(key, hashes.SHA256())


def _issue(ca_key: ec.EllipticCurvePrivateKey, ca: x509.Certificate, name: str) -> KeyPair:
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    certificate = (
        _builder(_name(name), ca.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(names, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return KeyPair(
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
