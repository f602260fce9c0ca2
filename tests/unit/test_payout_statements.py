"""Statements of the bank: read in both formats, in any encoding that banks use, or refused by name."""

import os
from datetime import date
from pathlib import Path
from typing import Final

import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st

from settlement.payouts import onec_reader, reading
from settlement.payouts.errors import PayoutError
from settlement.payouts.onec_writer import write_onec
from settlement.payouts.reading import read_statement, read_statement_file
from settlement.payouts.statement import Direction, Statement, kopecks_of
from tests.payouts_kit import DAY, PAYER, Line, came_back, camt, onec, paid, payout, transfer

BESIDE: Final = Path(__file__).parents[2].parent / "shared" / "data"
DATA: Final = Path(os.environ.get("TILLGATE_SHARED_DATA", BESIDE))
OURS: Final = {PAYER.account}
OTHER: Final = "40702810000000000777"

ONE: Final = transfer(1)
LINES: Final = (paid(ONE), came_back(ONE, 5), Line(7, "Аренда ёлки №5", number="44"))

BOMB: Final = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">&c;</Document>"""


def read(data: bytes) -> Statement:
    """A statement of our account."""
    return read_statement(data, OURS)


def refusal(data: bytes) -> str:
    """What a file is refused with."""
    with pytest.raises(PayoutError) as error:
        read(data)
    return error.value.code.name


def sums(found: Statement) -> list[tuple[Direction, int]]:
    """Which way how much went."""
    return [(one.direction, one.amount_kopecks) for one in found.entries]


SUMS: Final = [
    (Direction.DEBIT, ONE.amount_kopecks), (Direction.CREDIT, 5), (Direction.DEBIT, 7),
]  # fmt: skip


@pytest.mark.parametrize("encoding", ["cp1251", "utf-8", "utf-8-sig", "cp866"])
def test_a_1c_statement_is_read_in_any_encoding(encoding: str) -> None:
    """All of these declare Windows; the bytes decide."""
    lines = LINES if encoding != "cp866" else (LINES[0], LINES[1], Line(7, "Аренда", number="44"))
    found = read(onec(*lines, encoding=encoding))
    assert SUMS == sums(found)
    first = found.entries[0]
    assert (DAY, ONE.order_number, ONE.dated) == (first.booked_on, first.order_number, first.order_date)
    assert (ONE.payee.bank.account, ONE.purpose) == (first.counterparty_account, first.purpose)
    assert (PAYER.account, DAY, DAY) == (found.account, found.first_day, found.last_day)


@pytest.mark.parametrize("version", ["02", "08"])
def test_a_camt_statement_is_read_in_both_versions(version: str) -> None:
    """With the id that the bank repeats, and a purpose that was cut into pieces."""
    found = read(camt(*LINES, version=version))
    assert SUMS == sums(found)
    first, _, last = found.entries
    assert (ONE.end_to_end_id, "") == (first.end_to_end_id, last.end_to_end_id)
    assert (ONE.purpose, ONE.order_number) == (first.purpose, first.order_number)
    assert (ONE.payee.bank.account, ONE.dated) == (first.counterparty_account, first.order_date)


def test_blank_lines_other_cases_and_broken_purposes_are_read() -> None:
    """As banks write them."""
    text = onec(Line(7, "Первая")).decode("cp1251").replace("\r\n", "\n\n").replace("Сумма", "сумма")
    text = text.replace("НазначениеПлатежа=Первая", "НазначениеПлатежа=Первая\nвторая")
    assert ["Первая вторая"] == [one.purpose for one in read(text.encode("cp1251")).entries]


def test_an_order_without_a_day_of_movement_is_none() -> None:
    """Our own draft, given back as a statement, executes nothing."""
    drafts = read(write_onec(payout([ONE, transfer(2)])))
    assert ([], 2) == (list(drafts.entries), drafts.not_booked)
    pending = read(camt(Line(7, is_booked=False)))
    assert ([], 1) == (list(pending.entries), pending.not_booked)


@pytest.mark.parametrize("write", [onec, camt])
def test_a_statement_of_another_account_is_refused(write: object) -> None:
    """By the number of that account."""
    data = (onec if write is onec else camt)(*LINES, account=OTHER)
    with pytest.raises(PayoutError, match=f"FOREIGN_STATEMENT.*{OTHER}"):
        read(data)


def test_totals_that_do_not_agree_are_refused() -> None:
    """A sum that was changed on the way shows."""
    assert "TOTALS_DIFFER" == refusal(onec(*LINES, left="1.00"))
    assert "TOTALS_DIFFER" == refusal(onec(*LINES, came="1.00"))
    assert "TOTALS_DIFFER" == refusal(camt(*LINES, total="1.00"))


@pytest.mark.parametrize(
    ("wrong", "right", "code"),
    [
        ("Сумма=0.07", "Сумма=-0.07", "VALUE_WRONG"),
        ("Сумма=0.07", "Сумма=1e3", "VALUE_WRONG"),
        ("Сумма=0.07", "Сумма=0.071", "VALUE_WRONG"),
        ("Сумма=0.07", "Сумма=0.07\r\nСумма=0.08", "VALUE_TWICE"),
        ("ДатаСписано=24.11.2026", "ДатаСписано=31.11.2026", "VALUE_WRONG"),
        ("Дата=24.11.2026\r\nСумма", "Сумма", "VALUE_MISSING"),
        (f"ПлательщикСчет={PAYER.account}\r\nПлательщикРасчСчет={PAYER.account}", f"ПлательщикСчет={OTHER}",
         "FOREIGN"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_entry_is_told_by_its_number(wrong: str, right: str, code: str) -> None:
    """And the others are read, so that everything is told at once."""
    text = onec(Line(5), Line(7), Line(9)).decode("cp1251")
    place = text.index("Сумма=0.07")
    start = text.rindex("СекцияДокумент", 0, place)
    changed = text[:start] + text[start:].replace(wrong, right, 1)
    found = read(changed.encode("cp1251"))
    assert [(2, code)] == [(one.n, one.code.name) for one in found.problems]
    assert [5, 9] == [one.amount_kopecks for one in found.entries]


@pytest.mark.parametrize(
    ("wrong", "right", "code"),
    [
        ('Ccy="RUB">0.07', 'Ccy="USD">0.07', "VALUE_WRONG"),
        ("0.07</Amt><CdtDbtInd>DBIT", "0.07</Amt><CdtDbtInd>BOTH", "VALUE_WRONG"),
        ("0.07</Amt>", "nan</Amt>", "VALUE_WRONG"),
        ("<TxDtls>", "<TxDtls><Amt Ccy='RUB'>0.03</Amt></TxDtls><TxDtls><Amt Ccy='RUB'>0.03</Amt>",
         "PARTS_DIFFER"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_camt_entry_is_told_too(wrong: str, right: str, code: str) -> None:
    """A batch whose parts are not the whole among it."""
    found = read(camt(Line(7)).decode().replace(wrong, right, 1).encode())
    assert [(1, code)] == [(one.n, one.code.name) for one in found.problems]


def test_a_batch_has_an_entry_for_each_part() -> None:
    """As a bank books a whole register at once."""
    parts = "<TxDtls><Amt Ccy='RUB'>0.03</Amt></TxDtls><TxDtls><Amt Ccy='RUB'>0.04</Amt>"
    found = read(camt(Line(7)).decode().replace("<TxDtls>", parts, 1).encode())
    assert [3, 4] == [one.amount_kopecks for one in found.entries]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (BOMB, "XML_FORBIDDEN"),
        (b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><d/>', "XML_FORBIDDEN"),
        (camt(*LINES)[:-30], "NOT_XML"),
        (camt(*LINES).replace(b"camt.053", b"camt.054"), "FORMAT_UNKNOWN"),
        (b"<a>" * 10_000, "NOT_XML"),
        (b"<d>" + b"<a/>" * 3_000_000 + b"</d>", "TOO_MANY_TAGS"),
        (b'<?xml version="1.0"?><d>\xff</d>', "ENCODING_UNKNOWN"),
        (onec(*LINES)[:-20], "CUT_OFF"),
        (onec(*LINES).replace("КонецДокумента".encode("cp1251"), b"", 1), "CUT_OFF"),
        (onec(*LINES).replace("ДатаНачала=24".encode("cp1251"), "ДатаНачала=99".encode("cp1251"), 1),
         "VALUE_WRONG"),
        (onec(*LINES).replace("ДатаКонца=24".encode("cp1251"), "ДатаКонца=23".encode("cp1251")),
         "VALUE_WRONG"),
        (onec(*LINES).replace(f"РасчСчет={PAYER.account}".encode("cp1251"), b"x=1"), "VALUE_MISSING"),
        (onec(*LINES, encoding="utf-16"), "FORMAT_UNKNOWN"),
        (b"", "FORMAT_UNKNOWN"),
        (b"PK\x03\x04", "FORMAT_UNKNOWN"),
        (b"1CClientBankExchange\n\x00", "ENCODING_UNKNOWN"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_statement_is_refused_by_name(data: bytes, code: str) -> None:
    """Broken, cut off, a bomb, another message, another program's."""
    assert code == refusal(data)


def test_a_file_beyond_all_measure_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more bytes and no more entries than a statement could have."""
    path = tmp_path / "statement.txt"
    path.write_bytes(onec(*LINES))
    assert SUMS == sums(read_statement_file(path, OURS))
    monkeypatch.setattr(reading, "BYTES_MAX", 100)
    with pytest.raises(PayoutError, match="FILE_TOO_LARGE"):
        read_statement_file(path, OURS)
    monkeypatch.undo()
    monkeypatch.setattr(onec_reader, "ENTRIES_MAX", 2)
    with pytest.raises(PayoutError, match="TOO_MANY_ENTRIES"):
        read_statement_file(path, OURS)


@pytest.mark.parametrize(
    ("text", "kopecks"),
    [("1", 100), ("1.5", 150), ("1,05", 105), ("0.00", 0), ("1.50000", 150), ("", None), ("1.005", None),
     ("+1", None), ("1 000", None), ("١", None), ("9" * 14, None)],
)  # fmt: skip
def test_sums_are_whole_kopecks_or_nothing(text: str, kopecks: int | None) -> None:
    """No float and no sign on the way."""
    assert kopecks == kopecks_of(text)


@given(st.data())
def test_whatever_happens_to_a_statement_it_is_read_or_refused_by_name(data: st.DataObject) -> None:
    """Bytes cut out, doubled and changed: no other error ever comes out."""
    changed = bytearray(data.draw(st.sampled_from([onec(*LINES), camt(*LINES), camt(*LINES, version="02")])))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, max(len(changed) - 1, 0)))
        changed[place : place + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=8))
    try:
        found = read(bytes(changed))
    except PayoutError:
        return
    assert all(one.amount_kopecks > 0 for one in found.entries)


def test_files_as_banks_write_them_are_read() -> None:
    """Real ones, if they are at hand: each declares Windows and is UTF-8, one is of version 1.01."""
    folder = DATA / "clientbank_1c"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent; it is not shipped (TILLGATE_SHARED_DATA names another folder)")
    made_up = (folder / "xini1_sample1.txt").read_text(encoding="utf-8")
    for key in ("ВсегоПоступило", "ВсегоСписано"):
        made_up = made_up.replace(f"{key}=10.10", f"{key}=20.20")
    both = read_statement(made_up.encode(), {"12345678901234567890"})
    assert [(Direction.DEBIT, 1010), (Direction.CREDIT, 1010)] * 2 == sums(both)
    assert date(2020, 1, 1) == both.first_day
    for name, account in (("2", "40706810900000064381"), ("5", "40702810800030005413")):
        drafts = read_statement_file(folder / f"xini1_sample{name}.txt", {account})
        assert ([], []) == (drafts.entries, drafts.problems)
        assert 0 < drafts.not_booked


def test_the_camt_files_of_these_tests_are_valid() -> None:
    """By the schema of version 02, if it is at hand: what is read here is what banks may send."""
    path = DATA / "directbank_1c" / "xsd" / "camt.053.001.02.xsd"
    if not path.is_file():
        pytest.skip(f"{path} is absent; it is not shipped (TILLGATE_SHARED_DATA names another folder)")
    xmlschema.XMLSchema10(path).validate(camt(*LINES, version="02").decode())
