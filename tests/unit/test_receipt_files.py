"""Files of receipts: every shape that they come in is read, and what is wrong is named by row."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.policy import MOSCOW
from gateway.domain.purchase import ReceiptKind
from gateway.domain.settlement_terms import Evidence
from gateway.registry.requisites import is_valid_inn
from settlement.errors import SettlementError
from settlement.receipts.files import ROW_MAX_BYTES, ReceiptFile
from settlement.receipts.model import EvidenceReceipt
from settlement.receipts.qr import read_qr
from settlement.receipts.tax_json import decode_json, read_tax_receipt
from tests.receipts_kit import DRIVE, INN, TILL, json_lines, qr, tax_receipt

READING = datetime(2026, 11, 2, 12, 5, tzinfo=MOSCOW)


def read(record: Any) -> EvidenceReceipt:
    """The receipt of one record."""
    return read_tax_receipt(record, is_valid_inn)


def codes(path: Path) -> list[str]:
    """Of each row the name of its problem, or its kind."""
    told = []
    for row in ReceiptFile(path, is_valid_inn).rows():
        assert (row.receipt is None) != (row.problem is None)
        told.append(row.problem.code.name if row.problem else row.receipt.kind.name if row.receipt else "")
    return told


def test_a_flat_record_tells_everything() -> None:
    """Blanks behind numbers, sums by tag, lines."""
    receipt = read(tax_receipt(7, 60_00, 40_00, cashTotalSum=10_00, ecashTotalSum=90_00))
    assert receipt.key == (DRIVE, 7)
    assert (INN, TILL, 1_007, 4) == (
        receipt.seller_inn, receipt.kkt_registration_number, receipt.fiscal_sign, receipt.format_version
    )  # fmt: skip
    assert receipt.issued_at == READING
    assert receipt.level is Evidence.TAX_FILE
    assert [60_00, 40_00] == [line.sum_kopecks for line in receipt.lines]
    assert (10_00, 90_00) == (receipt.tag_sums["1031"], receipt.tag_sums["1081"])


@pytest.mark.parametrize(
    ("wrapped", "kind"),
    [
        ({"ticket": {"document": {"receipt": tax_receipt()}}}, ReceiptKind.SALE),
        ({"document": {"receipt": tax_receipt(operationType=2)}}, ReceiptKind.RETURN),
        ({"document": {"receiptCorrection": tax_receipt(code=None)}}, ReceiptKind.CORRECTION_SALE),
        ({"data": {"json": tax_receipt(code=31, operationType=2)}}, ReceiptKind.CORRECTION_RETURN),
        (tax_receipt(code=None, receiptCode=3), ReceiptKind.SALE),
    ],
)
def test_nested_records_and_corrections_are_read(wrapped: Any, kind: ReceiptKind) -> None:
    """As the service's programs export them."""
    assert read(wrapped).kind is kind


def test_rubles_are_read_where_the_record_says_so() -> None:
    """And to the kopeck."""
    record = tax_receipt(_note="amounts in rubles", totalSum=109.99, ecashTotalSum=109.99)
    record["items"][0]["sum"] = 109.99
    record = decode_json(json.dumps(record))
    assert read(record).total_kopecks == 109_99


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"fiscalDriveNumber": None}, "FIELD_MISSING"),
        ({"fiscalDriveNumber": "12"}, "DRIVE_NUMBER_WRONG"),
        ({"kktRegId": "12"}, "TILL_NUMBER_WRONG"),
        ({"fiscalDocumentNumber": 0}, "NUMBER_OUT_OF_RANGE"),
        ({"fiscalSign": 2**32}, "NUMBER_OUT_OF_RANGE"),
        ({"userInn": "7707083894"}, "INN_WRONG"),
        ({"operationType": 3}, "NOT_A_SALE"),
        ({"dateTime": "yesterday"}, "TIME_UNREADABLE"),
        ({"dateTime": "0001-01-01T00:00:00"}, "TIME_UNREADABLE"),
        ({"totalSum": -1}, "SUM_NEGATIVE"),
        ({"ecashTotalSum": -1}, "SUM_NEGATIVE"),
        ({"totalSum": 99.5}, "FIELD_UNREADABLE"),
        ({"totalSum": True}, "FIELD_UNREADABLE"),
        ({"totalSum": 10**17, "items": None}, "SUM_TOO_LARGE"),
        ({"totalSum": 100_01}, "LINES_DO_NOT_SUM"),
        ({"items": "no"}, "FIELD_UNREADABLE"),
        ({"items": [7]}, "FIELD_UNREADABLE"),
    ],
)
def test_what_is_wrong_with_a_record_is_named(changes: dict[str, Any], code: str) -> None:
    """Each by its own code, with texts in both languages."""
    with pytest.raises(SettlementError) as refused:
        read(tax_receipt(**changes))
    assert code == refused.value.code.name
    assert refused.value.ru
    assert refused.value.en


@pytest.mark.parametrize(("time", "second"), [("20261102T1205", 0), ("20261102T120507", 7)])
def test_a_qr_string_has_its_time_with_or_without_seconds(time: str, second: int) -> None:
    """It tells neither seller nor lines, and is declared, not proved."""
    receipt = read_qr(qr(5, "975.88", time=time, kind=2))
    assert receipt.issued_at == READING.replace(second=second)
    assert (975_88, ReceiptKind.RETURN, Evidence.DECLARED) == (
        receipt.total_kopecks, receipt.kind, receipt.level
    )  # fmt: skip
    assert receipt.key == (DRIVE, 5)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("hello", "FIELD_MISSING"),
        (qr() + "&n=1", "QR_UNREADABLE"),
        (qr(rubles="-5.00"), "SUM_NEGATIVE"),
        (qr(rubles="5.001"), "FIELD_UNREADABLE"),
        (qr(kind=3), "NOT_A_SALE"),
        (qr(time="20261302T1205"), "TIME_UNREADABLE"),
        (qr().replace(DRIVE, "1"), "DRIVE_NUMBER_WRONG"),
        (qr(0), "NUMBER_OUT_OF_RANGE"),
        ("t=" + "1" * 1000, "ROW_TOO_LONG"),
    ],
)
def test_what_is_wrong_with_a_qr_string_is_named(text: str, code: str) -> None:
    """Likewise."""
    with pytest.raises(SettlementError) as refused:
        read_qr(text)
    assert code == refused.value.code.name


@given(st.integers(0, 10**13 - 1))
def test_kopecks_of_a_qr_string_are_exact(kopecks: int) -> None:
    """No float is on the way."""
    assert read_qr(qr(rubles=f"{kopecks // 100}.{kopecks % 100:02}")).total_kopecks == kopecks


def test_a_bad_row_spoils_no_other(tmp_path: Path) -> None:
    """Numbers are those of an editor; blank rows are none."""
    good = json.dumps(tax_receipt())
    path = tmp_path / "mixed.jsonl"
    path.write_text("\ufeff" + f"{good}\n\n{{broken}}\n{qr()}\n" + "x" * (ROW_MAX_BYTES + 9) + f"\n{good}\n")
    rows = [*ReceiptFile(path, is_valid_inn).rows()]
    assert [1, 3, 4, 5, 6] == [row.number for row in rows]
    assert ["SALE", "NOT_JSON", "SALE", "ROW_TOO_LONG", "SALE"] == codes(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_a_document_of_several_lines_is_read_in_any_usual_encoding(encoding: str, tmp_path: Path) -> None:
    """An exported list, indented."""
    path = tmp_path / "list.json"
    text = json.dumps([tax_receipt(1), {"nothing": 1}, tax_receipt(2)], ensure_ascii=False, indent=1)
    path.write_bytes(text.encode(encoding))
    assert ["SALE", "NO_RECEIPT_IN_IT", "SALE"] == codes(path)
    first = next(ReceiptFile(path, is_valid_inn).rows()).receipt
    assert first is not None
    assert first.lines[0].name == "Товар 1"


def test_a_document_that_is_no_json_or_too_large_is_refused_whole(tmp_path: Path) -> None:
    """It is not even read if it is too large."""
    broken = tmp_path / "broken.json"
    broken.write_text("[{")
    with pytest.raises(SettlementError, match="NOT_JSON"):
        codes(broken)
    huge = tmp_path / "huge.json"
    huge.write_text("[\n")
    os.truncate(huge, 65 << 20)
    with pytest.raises(SettlementError, match="FILE_TOO_LARGE"):
        codes(huge)


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    """A bomb of brackets is no receipt."""
    path = tmp_path / "deep.json"
    path.write_text("[" * 100_000)
    with pytest.raises(SettlementError, match="NOT_JSON"):
        codes(path)
    assert json_lines(path, tax_receipt()).exists()
