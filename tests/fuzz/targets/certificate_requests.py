"""Certificate requests of tills, and proofs of renewal by certificates as anybody may send them."""

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1

from gateway.registry.keys.requests import (
    REQUEST_MAX_BYTES,
    CertificateRequestError,
    digest_of,
    is_proved,
    read_request,
)


def check(data: bytes) -> None:
    """A request that is granted has a key on P-256; bytes that are another's prove nothing."""
    assert not is_proved(data, data, data[-72:])
    try:
        key = read_request(data)
    except CertificateRequestError as error:
        assert error.ru
        return
    assert len(data) <= REQUEST_MAX_BYTES
    assert isinstance(key.curve, SECP256R1)
    assert len(digest_of(key)) == 32
