"""The parts of CMS (RFC 5652) and X.509 (RFC 5280) that are looked at, as asn1crypto reads them.

Its own classes know the algorithms of the West alone and fail at a key of GOST R 34.10-2012; these leave
open whatever depends on an algorithm.
"""

from asn1crypto.core import (
    Any,
    BitString,
    Choice,
    GeneralizedTime,
    Integer,
    ObjectIdentifier,
    OctetString,
    Sequence,
    SequenceOf,
    SetOf,
    UTCTime,
)


class Algorithm(Sequence):  # type: ignore[misc]
    """AlgorithmIdentifier."""

    _fields = [("algorithm", ObjectIdentifier), ("parameters", Any, {"optional": True})]  # noqa: RUF012


class Algorithms(SetOf):  # type: ignore[misc]
    """DigestAlgorithmIdentifiers."""

    _child_spec = Algorithm


class SetOfAny(SetOf):  # type: ignore[misc]
    """A set of anything."""

    _child_spec = Any


class TypeAndValue(Sequence):  # type: ignore[misc]
    """AttributeTypeAndValue of a name."""

    _fields = [("type", ObjectIdentifier), ("value", Any)]  # noqa: RUF012


class RelativeName(SetOf):  # type: ignore[misc]
    """RelativeDistinguishedName."""

    _child_spec = TypeAndValue


class Name(SequenceOf):  # type: ignore[misc]
    """The one choice of Name, RDNSequence."""

    _child_spec = RelativeName


class Time(Choice):  # type: ignore[misc]
    """UTCTime until 2049, GeneralizedTime after it."""

    _alternatives = [("utc_time", UTCTime), ("general_time", GeneralizedTime)]  # noqa: RUF012


class Validity(Sequence):  # type: ignore[misc]
    """From when to when a certificate is valid, both inclusive."""

    _fields = [("not_before", Time), ("not_after", Time)]  # noqa: RUF012


class PublicKey(Sequence):  # type: ignore[misc]
    """SubjectPublicKeyInfo."""

    _fields = [("algorithm", Algorithm), ("key", BitString)]  # noqa: RUF012


class CertificateBody(Sequence):  # type: ignore[misc]
    """TBSCertificate."""

    _fields = [  # noqa: RUF012
        ("version", Integer, {"explicit": 0, "default": 0}),
        ("serial_number", Integer),
        ("signature", Algorithm),
        ("issuer", Name),
        ("validity", Validity),
        ("subject", Name),
        ("public_key", PublicKey),
        ("issuer_unique_id", BitString, {"implicit": 1, "optional": True}),
        ("subject_unique_id", BitString, {"implicit": 2, "optional": True}),
        ("extensions", Any, {"explicit": 3, "optional": True}),
    ]


class Certificate(Sequence):  # type: ignore[misc]
    """Certificate."""

    _fields = [  # noqa: RUF012
        ("body", CertificateBody),
        ("signature_algorithm", Algorithm),
        ("signature", BitString),
    ]


class IssuerAndSerial(Sequence):  # type: ignore[misc]
    """IssuerAndSerialNumber, by which a signer names its certificate."""

    _fields = [("issuer", Name), ("serial_number", Integer)]  # noqa: RUF012


class Attribute(Sequence):  # type: ignore[misc]
    """Attribute of a signer."""

    _fields = [("type", ObjectIdentifier), ("values", SetOfAny)]  # noqa: RUF012


class Attributes(SetOf):  # type: ignore[misc]
    """SignedAttributes."""

    _child_spec = Attribute


class Signer(Sequence):  # type: ignore[misc]
    """SignerInfo."""

    _fields = [  # noqa: RUF012
        ("version", Integer),
        ("sid", Any),
        ("digest_algorithm", Algorithm),
        ("signed_attributes", Attributes, {"implicit": 0, "optional": True}),
        ("signature_algorithm", Algorithm),
        ("signature", OctetString),
        ("unsigned_attributes", SetOfAny, {"implicit": 1, "optional": True}),
    ]


class Signers(SetOf):  # type: ignore[misc]
    """SignerInfos."""

    _child_spec = Signer


class SignedContent(Sequence):  # type: ignore[misc]
    """EncapsulatedContentInfo; a detached signature has no content."""

    _fields = [("type", ObjectIdentifier), ("content", Any, {"explicit": 0, "optional": True})]  # noqa: RUF012


class SignedData(Sequence):  # type: ignore[misc]
    """SignedData."""

    _fields = [  # noqa: RUF012
        ("version", Integer),
        ("digest_algorithms", Algorithms),
        ("content", SignedContent),
        ("certificates", SetOfAny, {"implicit": 0, "optional": True}),
        ("revocations", SetOfAny, {"implicit": 1, "optional": True}),
        ("signers", Signers),
    ]


class ContentInfo(Sequence):  # type: ignore[misc]
    """The outermost shell."""

    _fields = [("type", ObjectIdentifier), ("content", Any, {"explicit": 0})]  # noqa: RUF012
