"""Certificate requests (PKCS#10): only the key counts, and that its holder signed; names are ignored."""

from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_UNREADABLE: Final = (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature, x509.InvalidVersion)
"""What the library raises of bytes that are none of what they should be."""

REQUEST_MAX_BYTES: Final = 4096
CERTIFICATE_MAX_BYTES: Final = 8192
RENEWAL_CONTEXT: Final = b"tillgate-renew-v1\0"
"""What precedes a request where the key in use signs it, so that the signature means nothing elsewhere."""


class CertificateRequestError(ValueError):
    """What was sent is no request that can be granted; the text is for people."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(en)
        self.ru, self.en = ru, en


def read_request(der: bytes) -> EllipticCurvePublicKey:
    """The public key of a request; raises CertificateRequestError."""
    if len(der) > REQUEST_MAX_BYTES:
        ru, en = f"больше {REQUEST_MAX_BYTES} байт", f"more than {REQUEST_MAX_BYTES} bytes"
        raise CertificateRequestError(ru, en)
    try:
        request = x509.load_der_x509_csr(der)
        key = request.public_key()
        is_signed = request.is_signature_valid
    except _UNREADABLE:
        raise CertificateRequestError("не PKCS#10 в DER", "no PKCS#10 in DER") from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise CertificateRequestError("нужен ключ ECDSA на P-256", "an ECDSA key on P-256 is needed")
    if not is_signed or not isinstance(request.signature_hash_algorithm, SHA256):
        ru, en = "подпись запроса неверна", "the request's own signature is wrong"
        raise CertificateRequestError(ru, en)
    return key


def digest_of(key: EllipticCurvePublicKey) -> bytes:
    """SHA-256 of a public key's SubjectPublicKeyInfo."""
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def is_proved(certificate_der: bytes, request_der: bytes, signature: bytes) -> bool:
    """Whether the key of a certificate signed a request for its renewal."""
    try:
        key = x509.load_der_x509_certificate(certificate_der).public_key()
        if not isinstance(key, EllipticCurvePublicKey):
            return False
        key.verify(signature, RENEWAL_CONTEXT + request_der, ECDSA(SHA256()))
    except _UNREADABLE:
        return False
    return True
