"""Files of the BIC directory: what is read, and what is refused with a name."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.registry.bic import file as module
from gateway.registry.bic.errors import BicFileError
from gateway.registry.bic.file import BicFile, parse_bic_file, read_bic_file
from gateway.registry.requisites import check_bic, check_correspondent
from loadtests.demo.applicants import BANK, account
from tests.enrolment_kit import TREASURY, bank_xml, directory_xml

BESIDE = Path(__file__).parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("TILLGATE_SHARED_DATA", BESIDE))

GOOD = directory_xml(bank_xml(), bank_xml(TREASURY, "УФК", kind="52"))


def refusal(data: bytes) -> str:
    """The name of the reason why a file is not read."""
    with pytest.raises(BicFileError) as refused:
        parse_bic_file(data)
    return refused.value.code.name


def test_a_directory_is_read_with_names_accounts_and_restrictions() -> None:
    """Dates as days, the bank's own account by its type."""
    restricted = '<RstrList Rstr="URRS" RstrDate="2022-05-17"/>'
    limited = '<AccRstrList AccRstr="LMRS" AccRstrDate="2022-05-18"/>'
    data = directory_xml(
        bank_xml(inside=restricted, inside_account=limited, attributes='DateOut="2022-06-01"')
    )
    read = parse_bic_file(data)
    assert ("2026-11-01", 1) == (str(read.business_day), read.day_version)
    (entry,) = read.entries
    assert (BANK, "ПРИМЕР БАНК", "г Москва") == (entry.bic, entry.name, entry.locality)
    assert ("2001-01-01", "2022-06-01") == (str(entry.since), str(entry.until))
    assert [("URRS", "2022-05-17")] == [(one.code, str(one.since)) for one in entry.restrictions]
    assert account(101, BANK, prefix="30101810", in_bank_of_russia=True) == entry.correspondent_account
    assert ["LMRS"] == [one.code for one in entry.accounts[0].restrictions]


def test_bytes_decide_the_encoding_whatever_is_declared() -> None:
    """Windows-1251, UTF-8, and UTF-8 that declares to be Windows, with and without a byte order mark."""
    names = {
        one.entries[0].name
        for one in (
            parse_bic_file(GOOD),
            parse_bic_file(directory_xml(bank_xml(), encoding="utf-8")),
            parse_bic_file(GOOD.decode("cp1251").encode()),
            parse_bic_file(GOOD.decode("cp1251").encode("utf-8-sig")),
        )
    }
    assert {"ПРИМЕР БАНК"} == names


def test_an_account_that_is_closed_is_not_the_banks_own() -> None:
    """By its status or its last day."""
    open_one = bank_xml()
    for closed in (
        open_one.replace('AccountStatus="ACAC"', 'AccountStatus="ACDL"'),
        open_one.replace('AccountStatus="ACAC"', 'DateOut="2022-01-01"'),
    ):
        assert "" == parse_bic_file(directory_xml(closed)).entries[0].correspondent_account


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b"<ED807>&b;</ED807>"
)
EXTERNAL = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><ED807>&a;</ED807>'


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "NOT_XML"),
        (b"PK\x03\x04", "NOT_XML"),
        (GOOD[:-20], "NOT_XML"),
        (b"<a>" * 100_000, "NOT_XML"),
        (BOMB, "XML_FORBIDDEN"),
        (EXTERNAL, "XML_FORBIDDEN"),
        (GOOD.replace(b"?><ED807", b"?><!DOCTYPE ED807><ED807"), "XML_FORBIDDEN"),
        (GOOD.replace(b"windows-1251", b"koi8-r"), "ENCODING_UNKNOWN"),
        (GOOD.decode("cp1251").encode("utf-16"), "ENCODING_UNKNOWN"),
        (GOOD.replace("ПРИМЕР".encode("cp1251"), b"\x98"), "ENCODING_UNKNOWN"),
        (GOOD.replace(b"ED807", b"ED999"), "WRONG_ROOT"),
        (GOOD.replace(b"urn:cbr-ru:ed:v2.0", b"urn:cbr-ru:ed:v3.0"), "WRONG_ROOT"),
        (GOOD.replace(b"FIRR", b"SIRR"), "NOT_FULL"),
        (directory_xml(), "NO_ENTRIES"),
        (directory_xml(bank_xml(), bank_xml()), "BIC_TWICE"),
        (GOOD.replace(b'BusinessDay="2026-11-01"', b'BusinessDay="2026-11-31"'), "VALUE_WRONG"),
        (GOOD.replace(b'BusinessDay="2026-11-01"', b""), "VALUE_MISSING"),
        (GOOD.replace(b'DirectoryVersion="1"', b'DirectoryVersion="-1"'), "VALUE_WRONG"),
        (GOOD.replace(b'BIC="049900101"', b'BIC="04990010x"'), "VALUE_WRONG"),
        (GOOD.replace(b'DateIn="2001-01-01" PtType', b'DateIn="01.01.2001" PtType'), "VALUE_WRONG"),
        (GOOD.replace(b'PtType="20"', b""), "VALUE_MISSING"),
        (directory_xml('<BICDirectoryEntry BIC="049900101"/>'), "VALUE_MISSING"),
        (GOOD.replace(b'Account="30101810', b'Account="30101811'), "KEY_WRONG"),
        (GOOD.replace(b'Account="30101810', b'Account="3010181'), "VALUE_WRONG"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_name(data: bytes, expected: str) -> None:
    """Not XML, a bomb, another document, a part only, or a value that cannot be."""
    assert expected == refusal(data)


def test_a_file_beyond_all_measure_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more bytes are read than a directory could have."""
    monkeypatch.setattr(module, "BYTES_MAX", len(GOOD) - 1)
    path = tmp_path / "large.xml"
    path.write_bytes(GOOD)
    with pytest.raises(BicFileError, match="TOO_LARGE"):
        read_bic_file(path)
    monkeypatch.setattr(module, "BYTES_MAX", len(GOOD))
    assert isinstance(read_bic_file(path), BicFile)


def test_every_cut_of_a_file_is_refused() -> None:
    """A download that broke off never passes for a directory."""
    for length in range(0, len(GOOD) - 1, 37):
        assert refusal(GOOD[:length]) in ("NOT_XML", "ENCODING_UNKNOWN")


def test_the_whole_directory_passes_our_checks() -> None:
    """That of the Bank of Russia of 30.06.2022, if it is at hand: keys of all accounts among them."""
    path = DATA / "cbr_bic_directory" / "20220630_ED807_full.xml"
    if not path.is_file():
        pytest.skip(f"{path} is absent; it is not shipped (TILLGATE_SHARED_DATA names another folder)")
    read = read_bic_file(path)
    assert (1725, 1884) == (len(read.entries), sum(len(one.accounts) for one in read.entries))
    own = [one for one in read.entries if one.correspondent_account]
    assert 1151 + 85 == len(own)  # some offices of the Treasury have two accounts of 88
    assert all(check_bic(one.bic) is None for one in read.entries)
    for entry in own:
        for one in entry.accounts:
            assert not one.is_correspondent or check_correspondent(one.account, entry.bic) is None


@given(st.data())
def test_whatever_happens_to_a_file_it_is_read_or_refused_by_name(data: st.DataObject) -> None:
    """Bytes cut out, doubled and changed: no other error ever comes out."""
    changed = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, max(len(changed) - 1, 0)))
        length = data.draw(st.integers(0, 40))
        changed[place : place + length] = data.draw(
            st.one_of(st.binary(max_size=8), st.sampled_from([b"", b"&#0;", b"&#xD800;", b'"', b"<", b"]]>"]))
        )
    try:
        read = parse_bic_file(bytes(changed))
    except BicFileError:
        return
    assert read.entries
