"""Detached CMS signatures under claims."""

from settlement.errors import SettlementError
from settlement.signing.cms import read_cms


def check(data: bytes) -> None:
    """A signature is refused by name or has a digest, a certificate and its days."""
    try:
        read = read_cms(data)
    except SettlementError:
        return
    assert len(read.message_digest) in (64, 128), read
    certificate = read.certificate
    assert len(certificate.person_inn) in (0, 12), read
    assert len(certificate.entity_inn) in (0, 10, 12), read
    assert certificate.valid_from.tzinfo is not None
