"""Signatures under claims as they are read: what is whole is taken, and what is wrong is named."""

import base64
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import given
from hypothesis import strategies as st

from settlement.errors import SettlementError
from settlement.signing.authority import read_authority
from settlement.signing.checking import CLOCKS_APART, check_signature
from settlement.signing.cms import BYTES_MAX, read_cms
from settlement.signing.scans import media_type_of
from tests.signing_kit import (
    AT,
    EMPLOYEE,
    ENTITY_INN,
    INN,
    INN_ENTITY,
    PERSON_INN,
    Signed,
    authority_xml,
)

DAY = timedelta(days=1)
OTHER_INN = "0000000025"
WHOLE = Signed()


def code_of(data: bytes) -> str:
    """What a signature is refused with."""
    with pytest.raises(SettlementError) as error:
        read_cms(data)
    return error.value.code.name


def test_a_signature_says_who_signed_when_and_by_which_certificate() -> None:
    """Both INN of a head's certificate, and its days."""
    read = read_cms(WHOLE.der())
    assert (ENTITY_INN, PERSON_INN) == (read.certificate.entity_inn, read.certificate.person_inn)
    assert (AT, WHOLE.valid_from, WHOLE.valid_until) == (
        read.signed_at, read.certificate.valid_from, read.certificate.valid_until,
    )  # fmt: skip
    assert "1267" == read.certificate.serial_number


@pytest.mark.parametrize("armoured", [
    lambda der: base64.b64encode(der),
    lambda der: base64.encodebytes(der).replace(b"\n", b"\r\n"),
    lambda der: b"-----BEGIN CMS-----\n" + base64.encodebytes(der) + b"-----END CMS-----\n",
])  # fmt: skip
def test_base64_with_or_without_lines_is_the_same_signature(armoured: Callable[[bytes], bytes]) -> None:
    """Programs write all of these under one file name."""
    assert read_cms(WHOLE.der()) == read_cms(armoured(WHOLE.der()))


@pytest.mark.parametrize(("digest", "key", "both", "size"), [
    ("1.2.643.7.1.1.2.2", "1.2.643.7.1.1.1.1", "1.2.643.7.1.1.3.2", 32),
    ("1.2.643.7.1.1.2.3", "1.2.643.7.1.1.1.2", "1.2.643.7.1.1.3.3", 64),
])  # fmt: skip
def test_keys_of_256_and_512_bits_are_read_in_both_notations(
    digest: str, key: str, both: str, size: int
) -> None:
    """The algorithm of a signature is the key's, or that of key and digest together."""
    made = Signed(digest_oid=digest, key_oid=key, digest_bytes=size, signature_bytes=2 * size)
    for oid in (key, both):
        assert oid == read_cms(made.but(signature_oid=oid).der()).signature_oid


@pytest.mark.parametrize(("wrong", "code"), [
    ({"is_detached": False}, "NOT_DETACHED"),
    ({"signer_count": 0}, "SIGNERS_WRONG"),
    ({"signer_count": 2}, "SIGNERS_WRONG"),
    ({"digest_oid": "2.16.840.1.101.3.4.2.1"}, "ALGORITHM_WRONG"),
    ({"signature_oid": "1.2.643.7.1.1.1.2"}, "ALGORITHM_WRONG"),
    ({"key_oid": "1.2.643.2.2.19"}, "ALGORITHM_WRONG"),
    ({"signature_bytes": 63}, "CMS_MALFORMED"),
    ({"digest_bytes": 31}, "ATTRIBUTE_WRONG"),
    ({"has_attributes": False}, "ATTRIBUTE_WRONG"),
    ({"has_certificate": False}, "CERTIFICATE_MISSING"),
    ({"serial_named": 4712}, "CERTIFICATE_MISSING"),
    ({"subject": {INN: "77000000015"}}, "CMS_MALFORMED"),
])  # fmt: skip
def test_what_is_wrong_with_a_signature_is_named(wrong: dict[str, object], code: str) -> None:
    """One thing wrong at a time: 2001's key and SHA-256 are no GOST R 34.10-2012."""
    assert code == code_of(WHOLE.but(**wrong).der())


def test_a_true_cms_of_other_algorithms_is_refused_by_them() -> None:
    """Made by another library, with an elliptic curve of the West."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "signer")])
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 1, AT - DAY, AT + DAY).sign(
        key, SHA256()
    )
    made = pkcs7.PKCS7SignatureBuilder().set_data(b"document").add_signer(certificate, key, SHA256())
    der = made.sign(Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])
    assert "ALGORITHM_WRONG" == code_of(der)
    attached = made.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])
    assert "NOT_DETACHED" == code_of(attached)


@pytest.mark.parametrize("data", [
    b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80" * 5_000, b"MII", b"\x00" * 100, b"%PDF-1.7",
    b"\x30\x00", WHOLE.der()[:-1], WHOLE.der() + b"\0",
])  # fmt: skip
def test_what_is_no_cms_is_refused_by_that_name(data: bytes) -> None:
    """Empty, cut, endless, nested without end, something else."""
    assert "CMS_MALFORMED" == code_of(data)


def test_a_signature_beyond_its_size_is_not_read() -> None:
    """A megabyte is a hundred times what one takes."""
    assert "TOO_LARGE" == code_of(b"\x30" + bytes(BYTES_MAX))


@given(data=st.data())
def test_a_damaged_signature_is_refused_by_name_or_still_one(data: st.DataObject) -> None:
    """Whatever byte of it is another."""
    der = bytearray(WHOLE.der())
    for place in data.draw(st.lists(st.integers(0, len(der) - 1), min_size=1, max_size=4)):
        der[place] = data.draw(st.integers(0, 255))
    try:
        read = read_cms(bytes(der))
    except SettlementError:
        return
    assert 64 == len(read.message_digest)


def checked(signed: Signed, *, authority: bytes | None = None, at: datetime = AT) -> str:
    """What a signature under a claim of `ENTITY_INN` is refused with, "" if it may stand."""
    given_authority = None if authority is None else read_authority(authority)
    try:
        check_signature(read_cms(signed.der()), merchant_inn=ENTITY_INN, at=at, authority=given_authority)
    except SettlementError as error:
        return error.code.name
    return ""


@pytest.mark.parametrize(("subject", "code"), [
    ({INN: PERSON_INN, INN_ENTITY: ENTITY_INN}, ""),
    ({INN: f"00{ENTITY_INN}"}, ""),
    ({INN_ENTITY: OTHER_INN, INN: PERSON_INN}, "SIGNER_FOREIGN"),
    ({INN: PERSON_INN}, "SIGNER_FOREIGN"),
    ({}, "SIGNER_UNNAMED"),
])  # fmt: skip
def test_the_certificate_is_the_merchants(subject: dict[str, str], code: str) -> None:
    """By the entity's INN, in the form of before 2021 as well; a person alone needs a power of attorney."""
    assert code == checked(WHOLE.but(subject=subject))


def test_an_entrepreneur_signs_with_the_persons_own_inn() -> None:
    """There is no entity in the certificate."""
    read = read_cms(WHOLE.but(subject=EMPLOYEE).der())
    check_signature(read, merchant_inn=PERSON_INN, at=AT)


@pytest.mark.parametrize(("authority", "code"), [
    (authority_xml(), ""),
    (authority_xml(first_day=date(2026, 12, 15), last_day=date(2026, 12, 15)), ""),
    (authority_xml(principal_inn=OTHER_INN), "AUTHORITY_OF_ANOTHER"),
    (authority_xml(representative_inn="770000000168"), "AUTHORITY_TO_ANOTHER"),
    (authority_xml(first_day=date(2026, 12, 16)), "AUTHORITY_NOT_IN_FORCE"),
    (authority_xml(last_day=date(2026, 12, 14)), "AUTHORITY_NOT_IN_FORCE"),
])  # fmt: skip
def test_an_employee_signs_by_a_power_of_attorney_that_covers_it(authority: bytes, code: str) -> None:
    """Of this merchant, to this person, on this day of Moscow."""
    assert code == checked(WHOLE.but(subject=EMPLOYEE), authority=authority)


def test_the_head_of_another_entity_needs_a_power_of_attorney_to_the_person() -> None:
    """Its entity's certificate is a person's as well."""
    foreign = WHOLE.but(subject={INN: PERSON_INN, INN_ENTITY: OTHER_INN})
    assert "" == checked(foreign, authority=authority_xml())


@pytest.mark.parametrize(("changes", "code"), [
    ({"valid_until": AT}, ""),
    ({"valid_until": AT - timedelta(seconds=1), "signed_at": AT - DAY}, "CERTIFICATE_NOT_IN_FORCE"),
    ({"valid_from": AT + timedelta(seconds=1)}, "CERTIFICATE_NOT_IN_FORCE"),
    ({"valid_from": AT - DAY, "signed_at": AT - 2 * DAY}, "CERTIFICATE_NOT_IN_FORCE"),
    ({"signed_at": AT + CLOCKS_APART}, ""),
    ({"signed_at": AT + CLOCKS_APART + timedelta(seconds=1)}, "SIGNED_IN_FUTURE"),
    ({"signed_at": None}, ""),
])  # fmt: skip
def test_the_certificate_is_in_force_when_it_signs_and_when_it_comes(
    changes: dict[str, object], code: str
) -> None:
    """To the second; a signer's clock may be five minutes ahead."""
    assert code == checked(WHOLE.but(**changes))


def authority_code(data: bytes) -> str:
    """What a power of attorney is refused with."""
    with pytest.raises(SettlementError) as error:
        read_authority(data)
    return error.value.code.name


def test_a_power_of_attorney_says_whose_for_whom_and_until_when() -> None:
    """The head, who stands below the principal with an INN too, is not the principal."""
    read = read_authority(authority_xml())
    assert (ENTITY_INN, (PERSON_INN,)) == (read.principal_inn, read.representative_inns)
    assert (date(2026, 6, 1), date(2027, 5, 31)) == (read.first_day, read.last_day)


BOMB = (
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>'
    "<Доверенность>&c;</Доверенность>"
).encode()
OUTSIDE = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/hostname">]><Доверенность>&a;</Доверенность>'.encode()


@pytest.mark.parametrize(("data", "code"), [
    (BOMB, "AUTHORITY_FORBIDDEN"),
    (OUTSIDE, "AUTHORITY_FORBIDDEN"),
    (b"", "AUTHORITY_MALFORMED"),
    (b"<a", "AUTHORITY_MALFORMED"),
    (b"<a/>", "AUTHORITY_MALFORMED"),
    (b'<?xml version="1.0" encoding="no-such"?><a/>', "AUTHORITY_MALFORMED"),
    (b"<a>" * 100_000, "AUTHORITY_MALFORMED"),
    (b" " * (BYTES_MAX + 1), "TOO_LARGE"),
    (authority_xml().replace("СвУпПред".encode(), "Свидетель".encode()), "AUTHORITY_MALFORMED"),
    (authority_xml().replace("СвРосОрг".encode(), "СвИнОрг".encode()), "AUTHORITY_MALFORMED"),
    (authority_xml().replace(b"2026-06-01", b"01.06.2026"), "AUTHORITY_MALFORMED"),
    (authority_xml(principal_inn="7"), "AUTHORITY_MALFORMED"),
    (authority_xml(representative_inn="x"), "AUTHORITY_MALFORMED"),
])  # fmt: skip
def test_what_is_no_power_of_attorney_is_named(data: bytes, code: str) -> None:
    """Bombs, entities from outside, broken XML, other documents, missing parts."""
    assert code == authority_code(data)


@pytest.mark.parametrize(("data", "media_type"), [
    (b"%PDF-1.7\n...\n%%EOF\n", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n....IEND\xae\x42\x60\x82", "image/png"),
    (b"\xff\xd8\xff\xe0" + bytes(8) + b"\xff\xd9", "image/jpeg"),
])  # fmt: skip
def test_a_scan_is_what_its_bytes_say(data: bytes, media_type: str) -> None:
    """A name of a file says nothing; what was cut on its way shows."""
    assert media_type == media_type_of(data)
    with pytest.raises(SettlementError) as error:
        media_type_of(data[:-8])
    assert "SCAN_CUT" == error.value.code.name


@pytest.mark.parametrize(("data", "code"), [
    (b"", "SCAN_UNKNOWN"),
    (b"<html>", "SCAN_UNKNOWN"),
    (b"MZ", "SCAN_UNKNOWN"),
    (b"%PDF-" + bytes(21 << 20), "TOO_LARGE"),
])  # fmt: skip
def test_what_is_no_scan_is_named(data: bytes, code: str) -> None:
    """A web page, a program, twenty-one megabytes."""
    with pytest.raises(SettlementError) as error:
        media_type_of(data)
    assert code == error.value.code.name
