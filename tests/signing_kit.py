"""Signatures for tests: CMS and powers of attorney as a merchant's program would make them, with no true key.

The structures are made by asn1crypto's own classes, not by those that read them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from asn1crypto import algos, cms, core, keys, x509

ENTITY_INN = "0000000018"
PERSON_INN = "770000000150"
AT = datetime(2026, 12, 15, 9, tzinfo=UTC)
"""When signatures are made, unless a test says otherwise."""

STREEBOG_256 = "1.2.643.7.1.1.2.2"
KEY_256 = "1.2.643.7.1.1.1.1"
INN = "1.2.643.3.131.1.1"
INN_ENTITY = "1.2.643.100.4"
HEAD: Mapping[str, str] = {INN: PERSON_INN, INN_ENTITY: ENTITY_INN}
"""The subject of a head's certificate: the person's INN and the entity's."""
EMPLOYEE: Mapping[str, str] = {INN: PERSON_INN}


class _OpenKey(keys.PublicKeyInfo):  # type: ignore[misc]
    """A key of an algorithm that asn1crypto does not know."""

    _spec_callbacks = {"public_key": lambda _: (core.OctetBitString, None)}  # noqa: RUF012


class _OpenBody(x509.TbsCertificate):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        (name, _OpenKey if name == "subject_public_key_info" else kind, *more)
        for name, kind, *more in x509.TbsCertificate._fields
    ]


class _OpenCertificate(x509.Certificate):  # type: ignore[misc]
    _fields = [("tbs_certificate", _OpenBody), *x509.Certificate._fields[1:]]  # noqa: RUF012


class _OpenCertificates(core.SetOf):  # type: ignore[misc]
    _child_spec = core.Any


class _OpenSignedData(cms.SignedData):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        (name, _OpenCertificates if name == "certificates" else kind, *more)
        for name, kind, *more in cms.SignedData._fields
    ]


class _OpenContentInfo(cms.ContentInfo):  # type: ignore[misc]
    _oid_specs = {"signed_data": _OpenSignedData}  # noqa: RUF012


def name_of(attributes: Mapping[str, str]) -> x509.Name:
    """A name of these attributes, by OID, after a common one; INN are NumericString as in real ones."""
    values = [("2.5.4.3", x509.DirectoryString(name="utf8_string", value="Подписант"))]
    values += [(oid, core.Any(core.NumericString(value))) for oid, value in attributes.items()]
    relative = [
        x509.RelativeDistinguishedName([x509.NameTypeAndValue({"type": oid, "value": value})])
        for oid, value in values
    ]
    return x509.Name(name="", value=x509.RDNSequence(relative))


@dataclass(frozen=True)
class Signed:
    """What a signature says; each field can be made wrong."""

    document: bytes = b"document"
    subject: Mapping[str, str] = field(default_factory=lambda: HEAD)
    valid_from: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    valid_until: datetime = datetime(2027, 1, 1, tzinfo=UTC)
    signed_at: datetime | None = AT
    digest_oid: str = STREEBOG_256
    signature_oid: str = KEY_256
    key_oid: str = KEY_256
    digest_bytes: int = 32
    signature_bytes: int = 64
    signer_count: int = 1
    has_certificate: bool = True
    is_detached: bool = True
    has_attributes: bool = True
    serial_named: int = 4711

    def but(self, **changes: Any) -> "Signed":
        """The same with something else."""
        return replace(self, **changes)

    def der(self) -> bytes:
        """The CMS. The digest is made up: SHA-256 in place of Streebog, cut or padded."""
        digest = (sha256(self.document).digest() * 2)[: self.digest_bytes]
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                name="issuer_and_serial_number",
                value={"issuer": name_of({}), "serial_number": self.serial_named},
            ),
            "digest_algorithm": {"algorithm": self.digest_oid},
            "signature_algorithm": {"algorithm": self.signature_oid},
            "signature": bytes(self.signature_bytes),
        }
        if self.has_attributes:
            signer["signed_attrs"] = self._attributes(digest)
        content: dict[str, Any] = {"content_type": "data"}
        if not self.is_detached:
            content["content"] = self.document
        signed = _OpenSignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": self.digest_oid}],
                "encap_content_info": content,
                "signer_infos": [cms.SignerInfo(signer)] * self.signer_count,
            }
        )
        if self.has_certificate:
            signed["certificates"] = _OpenCertificates([core.Any(self.certificate())])
        return bytes(_OpenContentInfo({"content_type": "signed_data", "content": signed}).dump())

    def _attributes(self, digest: bytes) -> list[cms.CMSAttribute]:
        found = [
            cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [digest]}),
        ]
        if self.signed_at is not None:
            time = cms.Time(name="utc_time", value=core.UTCTime(self.signed_at))
            found.append(cms.CMSAttribute({"type": "signing_time", "values": [time]}))
        return found

    def certificate(self) -> Any:
        """A certificate of a key that there is not."""
        algorithm = algos.SignedDigestAlgorithm({"algorithm": "1.2.643.7.1.1.3.2"})
        body = _OpenBody(
            {
                "version": "v3",
                "serial_number": 4711,
                "signature": algorithm,
                "issuer": name_of({}),
                "validity": {
                    "not_before": x509.Time(name="utc_time", value=core.UTCTime(self.valid_from)),
                    "not_after": x509.Time(name="utc_time", value=core.UTCTime(self.valid_until)),
                },
                "subject": name_of(self.subject),
                "subject_public_key_info": _OpenKey(
                    {"algorithm": {"algorithm": self.key_oid}, "public_key": bytes(64)}
                ),
            }
        )
        return _OpenCertificate(
            {"tbs_certificate": body, "signature_algorithm": algorithm, "signature_value": bytes(64)}
        )


def authority_xml(
    *,
    principal_inn: str = ENTITY_INN,
    representative_inn: str = PERSON_INN,
    first_day: date = date(2026, 6, 1),
    last_day: date = date(2027, 5, 31),
) -> bytes:
    """A power of attorney of an entity, whose head stands in it as well."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Доверенность xmlns="urn://x-artefacts/EMCHD_1" ВерсФорм="EMCHD_1"><Документ><Довер>
<СвДов НомДовер="00000000-0000-4000-8000-000000000001" ДатаВыдДовер="{first_day}" СрокДейст="{last_day}"/>
<СвДоверит ТипДоверит="1"><Доверит><РосОргДовер><СвРосОрг НаимОрг="ООО Пример" ИННЮЛ="{principal_inn}"/>
<ЛицоБезДов><СвФЛ ИННФЛ="770000000168"/></ЛицоБезДов></РосОргДовер></Доверит></СвДоверит>
<СвУпПред ТипПред="3"><Пред><СведФизЛ ИННФЛ="{representative_inn}"/></Пред></СвУпПред>
</Довер></Документ></Доверенность>""".encode()
