"""Reads a detached CMS signature of GOST R 34.10-2012: who signed, when, by which certificate.

What needs the algorithms of GOST (the digest of the document, the signature itself) and the state's
registers (revocation, accreditation of the issuer) is asked of a verifier, `settlement.signing.verifier`. The
bytes come from outside: DER or, as many programs write it, BASE64 with or without PEM's lines.

OIDs: RFC 9215 and RFC 4357; INN by the order of the FSB on the form of qualified certificates (no. 795 of
27.12.2011, as amended).
"""

import base64
import binascii
import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from asn1crypto.core import ObjectIdentifier, OctetString
from msgspec import Struct

from settlement.errors import SettlementError
from settlement.signing import grammar
from settlement.signing.errors import SigningCode

BYTES_MAX: Final = 1 << 20

_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
_DATA: Final = "1.2.840.113549.1.7.1"
_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
_SINGLE: Final = (_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_TIME)

_STREEBOG_256: Final = "1.2.643.7.1.1.2.2"
_STREEBOG_512: Final = "1.2.643.7.1.1.2.3"
_DIGEST_BYTES: Final = {_STREEBOG_256: 32, _STREEBOG_512: 64}
# By the key alone, or by key and digest together: both are written.
_SIGNATURES: Final = {
    _STREEBOG_256: ("1.2.643.7.1.1.1.1", "1.2.643.7.1.1.3.2"),
    _STREEBOG_512: ("1.2.643.7.1.1.1.2", "1.2.643.7.1.1.3.3"),
}
_INN_ENTITY: Final = "1.2.643.100.4"
_INN: Final = "1.2.643.3.131.1.1"
_DIGITS: Final = re.compile(r"[0-9]{10}([0-9]{2})?")

_ARMOUR: Final = re.compile(rb"-----(BEGIN|END) [A-Z0-9 ]{1,40}-----")
# What asn1crypto raises on bytes that are no such structure.
_UNREADABLE: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)


class SignerCertificate(Struct, frozen=True):
    """A signer's certificate: `person_inn` and `entity_inn` are "" where it names none.

    An entity's 12-digit INN with two leading zeros, of certificates before 2021, is its entity's.
    """

    sha256: str
    serial_number: str
    person_inn: str
    entity_inn: str
    valid_from: datetime
    valid_until: datetime


class CmsSignature(Struct, frozen=True):
    """A signature as it was read; `signed_at` is what the signer's computer said, None if nothing."""

    digest_oid: str
    message_digest: str
    signature_oid: str
    signed_at: datetime | None
    certificate: SignerCertificate


def read_cms(data: bytes) -> CmsSignature:
    """Read a signature; raises SettlementError TOO_LARGE, CMS_MALFORMED, and what else is wrong with it."""
    if len(data) > BYTES_MAX:
        raise SettlementError(SigningCode.TOO_LARGE, what="CMS", limit=BYTES_MAX)
    try:
        return _read(_der(data))
    except _UNREADABLE as error:
        raise _malformed(type(error).__name__) from None


def _der(data: bytes) -> bytes:
    if data[:1] == b"\x30":
        return data
    try:
        return base64.b64decode(b"".join(_ARMOUR.sub(b"", data).split()), validate=True)
    except binascii.Error:
        raise _malformed("DER, BASE64") from None


def _read(der: bytes) -> CmsSignature:
    shell = grammar.ContentInfo.load(der, strict=True)
    if shell["type"].dotted != _SIGNED_DATA:
        raise _malformed(shell["type"].dotted)
    signed = shell["content"].parse(grammar.SignedData)
    if signed["content"]["type"].dotted != _DATA:
        raise _malformed(signed["content"]["type"].dotted)
    if signed["content"]["content"].native is not None:
        raise SettlementError(SigningCode.NOT_DETACHED)
    signers = signed["signers"]
    if len(signers) != 1:
        raise SettlementError(SigningCode.SIGNERS_WRONG, count=len(signers))
    signer = signers[0]
    digest_oid, signature_oid = _algorithms(signer)
    attributes = _attributes(signer)
    certificate = _certificate(signed, signer, _SIGNATURES[digest_oid][0])
    return CmsSignature(
        digest_oid=digest_oid,
        message_digest=_digest(attributes, digest_oid).hex(),
        signature_oid=signature_oid,
        signed_at=_signed_at(attributes),
        certificate=certificate,
    )


def _algorithms(signer: Any) -> tuple[str, str]:
    digest_oid: str = signer["digest_algorithm"]["algorithm"].dotted
    signature_oid: str = signer["signature_algorithm"]["algorithm"].dotted
    if digest_oid not in _DIGEST_BYTES:
        raise SettlementError(SigningCode.ALGORITHM_WRONG, oid=digest_oid)
    if signature_oid not in _SIGNATURES[digest_oid]:
        raise SettlementError(SigningCode.ALGORITHM_WRONG, oid=signature_oid)
    if len(signer["signature"].native) != 2 * _DIGEST_BYTES[digest_oid]:
        raise _malformed("signature")
    return digest_oid, signature_oid


def _attributes(signer: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    attributes = signer["signed_attributes"]
    # Without them the list is a Void, which has no children.
    for one in attributes if isinstance(attributes, grammar.Attributes) else ():
        oid = one["type"].dotted
        if oid in found or (oid in _SINGLE and len(one["values"]) != 1):
            raise SettlementError(SigningCode.ATTRIBUTE_WRONG, attribute=oid)
        found[oid] = one["values"]
    if _CONTENT_TYPE not in found or found[_CONTENT_TYPE][0].parse(ObjectIdentifier).dotted != _DATA:
        raise SettlementError(SigningCode.ATTRIBUTE_WRONG, attribute=_CONTENT_TYPE)
    return found


def _digest(attributes: dict[str, Any], digest_oid: str) -> bytes:
    if _MESSAGE_DIGEST in attributes:
        digest: bytes = attributes[_MESSAGE_DIGEST][0].parse(OctetString).native
        if len(digest) == _DIGEST_BYTES[digest_oid]:
            return digest
    raise SettlementError(SigningCode.ATTRIBUTE_WRONG, attribute=_MESSAGE_DIGEST)


def _signed_at(attributes: dict[str, Any]) -> datetime | None:
    if _SIGNING_TIME not in attributes:
        return None
    return _instant(grammar.Time.load(attributes[_SIGNING_TIME][0].dump(), strict=True))


def _certificate(signed: Any, signer: Any, key_oid: str) -> SignerCertificate:
    """The certificate that the signer names by issuer and number."""
    sid = signer["sid"].parse(grammar.IssuerAndSerial)
    wanted = sid["issuer"].dump(), sid["serial_number"].native
    certificates = signed["certificates"]
    for one in certificates if isinstance(certificates, grammar.SetOfAny) else ():
        der = one.dump()
        if der[:1] != b"\x30":
            continue  # attribute certificates and other choices of CertificateChoices are tagged
        body = grammar.Certificate.load(der, strict=True)["body"]
        if (body["issuer"].dump(), body["serial_number"].native) != wanted:
            continue
        found_oid = body["public_key"]["algorithm"]["algorithm"].dotted
        if found_oid != key_oid:
            raise SettlementError(SigningCode.ALGORITHM_WRONG, oid=found_oid)
        person_inn, entity_inn = _inns(body["subject"])
        return SignerCertificate(
            sha256=sha256(der).hexdigest(),
            serial_number=f"{body['serial_number'].native:x}",
            person_inn=person_inn,
            entity_inn=entity_inn,
            valid_from=_instant(body["validity"]["not_before"]),
            valid_until=_instant(body["validity"]["not_after"]),
        )
    raise SettlementError(SigningCode.CERTIFICATE_MISSING)


def _inns(subject: Any) -> tuple[str, str]:
    """The INN of a person and of an entity; "" for what the name has not. One written twice is refused."""
    found: dict[str, str] = {}
    for relative in subject:
        for one in relative:
            oid = one["type"].dotted
            if oid in (_INN, _INN_ENTITY):
                text = one["value"].native
                if oid in found or not isinstance(text, str) or not _DIGITS.fullmatch(text):
                    raise _malformed(oid)
                found[oid] = text
    person, entity = found.get(_INN, ""), found.get(_INN_ENTITY, "")
    if len(person) == 10 or person.startswith("00"):
        person, entity = "", entity or person[-10:]
    return person, entity.removeprefix("00") if len(entity) == 12 else entity


def _instant(time: Any) -> datetime:
    instant: datetime = time.chosen.native
    return instant.astimezone(UTC)


def _malformed(what: str) -> SettlementError:
    return SettlementError(SigningCode.CMS_MALFORMED, what=what)
