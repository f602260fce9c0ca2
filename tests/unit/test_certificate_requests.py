"""Certificate requests: a P-256 key whose holder signed, and nothing else."""

from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.registry.keys.requests import CertificateRequestError, digest_of, read_request
from tests.keys_kit import new_key, request_of

KEY = new_key()
GOOD = request_of(KEY)


def built(key: object, algorithm: object = None) -> bytes:
    """A request by any kind of key."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)  # type: ignore[arg-type]


def test_the_key_of_a_request_is_read() -> None:
    """And is the same key whatever names stand beside it."""
    again = read_request(request_of(KEY, "concentrator-7"))
    assert digest_of(read_request(GOOD)) == digest_of(again) == digest_of(KEY.public_key())


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30\x00",
        GOOD[:-1],
        GOOD + b"\0",
        b"-----BEGIN CERTIFICATE REQUEST-----",
        built(ec.generate_private_key(ec.SECP384R1()), SHA384()),
        built(ec.generate_private_key(ec.SECP256K1()), SHA256()),
        built(new_key(), SHA384()),
        built(rsa.generate_private_key(65537, 2048), SHA256()),
        built(ed25519.Ed25519PrivateKey.generate()),
    ],
    ids=range(10),
)
def test_another_request_is_refused(der: bytes) -> None:
    """Garbage, other keys, other curves, other hashes."""
    with pytest.raises(CertificateRequestError):
        read_request(der)


def test_a_request_that_somebody_else_signed_is_refused() -> None:
    """Nobody gets a certificate for a key that he only saw."""
    victim, thief = KEY.public_key(), new_key()
    stolen = request_of(thief)
    theirs = thief.public_key().public_numbers(), victim.public_numbers()
    old, new = (n.x.to_bytes(32, "big") + n.y.to_bytes(32, "big") for n in theirs)
    assert old in stolen
    with pytest.raises(CertificateRequestError, match="signature"):
        read_request(stolen.replace(old, new))


def test_an_oversized_request_is_refused_unread() -> None:
    """However well it is signed."""
    name = x509.NameAttribute(NameOID.COMMON_NAME, "x" * 64)
    subject = x509.Name([name] * 60)
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(KEY, SHA256())
    with pytest.raises(CertificateRequestError, match="4096"):
        read_request(request.public_bytes(Encoding.DER))


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
@example(place=7, flip=127)  # the version
def test_a_damaged_request_is_refused_or_is_of_the_same_key(place: int, flip: int) -> None:
    """Whatever byte is changed, no other key is certified."""
    damaged = bytearray(GOOD)
    damaged[place] ^= flip
    with suppress(CertificateRequestError):
        assert digest_of(read_request(bytes(damaged))) == digest_of(KEY.public_key())
