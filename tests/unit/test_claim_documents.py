"""Documents of a claim: all say the same, to the kopeck and to the byte."""

import csv
import json
import os
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from openpyxl import load_workbook
from pypdf import PdfReader

from settlement.claims.model import LineVerdict, Treatment
from settlement.claims.states import ClaimState
from settlement.documents.claim_json import schema
from settlement.documents.control import Tally
from settlement.documents.forms import Form, check_form
from settlement.documents.making import MadeDocuments
from settlement.documents.printing import print_form
from settlement.documents.register_xlsx import HEADER_ROWS
from settlement.documents.rows import COLUMNS
from settlement.documents.words import NBSP, shown_sum
from settlement.errors import SettlementError
from settlement.matching.mismatches import Mismatch
from tests.documents_kit import BUILT_AT, NAMES, OUTLETS, claim_of, line, lines_of, made

AMOUNTS = (100_00, 250_50, -50_25, 1_234_567_89, 1, -1)
FIELDS = [column.field for column in COLUMNS]
SUM = FIELDS.index("amount_kopecks")


def csv_rows(documents: MadeDocuments) -> list[list[str]]:
    """All rows of the CSV, the column titles first."""
    text = documents.register_csv.read_text("utf-8-sig")
    return list(csv.reader(text.splitlines(), delimiter=";"))


def xlsx_rows(documents: MadeDocuments) -> list[tuple[Any, ...]]:
    """All rows of the XLSX from the column titles on."""
    book = load_workbook(documents.register_xlsx, read_only=True)
    rows = list(book["Реестр"].iter_rows(min_row=HEADER_ROWS, values_only=True))
    book.close()
    return rows


def pdf_text(content: Path) -> str:
    """What a PDF says, with plain blanks wherever there are some."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(content).pages).split())


def kopecks(cell: object) -> int:
    """The kopecks of a cell of rubles."""
    return round(Decimal(str(cell).replace(",", ".")) * 100)


async def test_all_formats_say_the_same_sums_and_one_control_sum(tmp_path: Path) -> None:
    """Lines, totals and the sum that vouches for them."""
    lines = lines_of(AMOUNTS)
    claim = claim_of(lines)
    documents = await made(claim, lines, tmp_path)
    in_json = json.loads(documents.claim_json.read_bytes())
    in_csv, in_xlsx = csv_rows(documents), xlsx_rows(documents)
    in_pdf = pdf_text(documents.claim_pdf)

    assert list(AMOUNTS) == [one["amount_kopecks"] for one in in_json["lines"]]
    assert list(AMOUNTS) == [kopecks(row[SUM]) for row in in_csv[1 : 1 + len(AMOUNTS)]]
    assert list(AMOUNTS) == [kopecks(row[SUM]) for row in in_xlsx[1 : 1 + len(AMOUNTS)]]

    net = sum(AMOUNTS)
    assert net == claim.net_kopecks == in_json["claim"]["net_kopecks"]
    assert net == next(kopecks(row[SUM]) for row in in_csv if row[1:2] == ["Итого к возмещению"])
    assert net == next(kopecks(row[SUM]) for row in in_xlsx if row[1] == "Итого к возмещению")
    assert f"Итого к возмещению: {shown_sum(net).replace(NBSP, ' ')} руб." in in_pdf

    assert documents.control_sum == in_json["control_sum"]
    assert documents.control_sum in in_pdf
    for rows in (in_csv, in_xlsx):
        said = [row[SUM] for row in rows if "Контрольная сумма (SHA-256)" in row]
        assert [documents.control_sum] == said


async def test_the_same_claim_makes_the_same_bytes(tmp_path: Path) -> None:
    """Whenever and wherever it is printed."""
    lines = lines_of(AMOUNTS)
    first = await made(claim_of(lines), lines, tmp_path / "first")
    second = await made(claim_of(lines), lines, tmp_path / "second")
    for one, other in zip(first.files, second.files, strict=True):
        assert one.name == other.name
        assert one.read_bytes() == other.read_bytes()


async def test_the_json_fits_its_schema(tmp_path: Path) -> None:
    """Also lines without a receipt, with a verdict, and an entrepreneur without account."""
    lines = [
        line(1, 100_00),
        line(2, 50_00, receipt=None, treatment=Treatment.UNMATCHED, mismatches=("NO_RECEIPT",)),
        line(3, -10_00, verdict=LineVerdict.REFUSED, verdict_reason="нет чека"),
    ]
    claim = claim_of(lines, account=None, filed_at=None)
    documents = await made(claim, lines, tmp_path)
    jsonschema.Draft202012Validator.check_schema(schema())
    checker = jsonschema.FormatChecker()
    document = json.loads(documents.claim_json.read_bytes())
    jsonschema.validate(document, schema(), cls=jsonschema.Draft202012Validator, format_checker=checker)
    document["claim"]["net_kopecks"] = "10000"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema(), cls=jsonschema.Draft202012Validator)


async def test_a_review_changes_no_document_and_no_control_sum(tmp_path: Path) -> None:
    """What was filed is vouched for; what was decided of it stands in files of other names."""
    lines = lines_of(AMOUNTS)
    reviewed = [replace(one, verdict=LineVerdict.APPROVED) for one in lines]
    claim = claim_of(lines)
    later = replace(claim, state=ClaimState.PAID, approved_kopecks=1, paid_kopecks=1)
    filed = await made(claim, lines, tmp_path / "filed")
    again = await made(later, reviewed, tmp_path / "again")
    for one, other in zip(filed.files, again.files, strict=True):
        assert one.read_bytes() == other.read_bytes()
    after = await made(later, reviewed, tmp_path / "again", is_reviewed=True)
    assert filed.control_sum == after.control_sum
    assert not set(again.files) & set(after.files)
    assert ["принято"] * len(AMOUNTS) == [
        row[FIELDS.index("verdict")] for row in csv_rows(after)[1 : 1 + len(AMOUNTS)]
    ]


@given(st.lists(st.integers(-(10**9), 10**9).filter(bool), min_size=1, max_size=60), st.data())
@settings(max_examples=50)
def test_no_line_can_be_changed_without_it_showing(amounts: list[int], data: st.DataObject) -> None:
    """In a sum, or in the digest of the lines where sums stay equal."""
    lines = lines_of(amounts)
    claim = claim_of(lines)

    at = data.draw(st.integers(0, len(lines) - 1))
    others: list[dict[str, Any]] = [
        {"amount_kopecks": lines[at].amount_kopecks + 1},
        {"operation_id": lines[at].purchase_id},
        {"outlet_id": 300 - lines[at].outlet_id},
        {"receipt": None},
        {"treatment": Treatment.CARRIED},
        {"is_earlier": True},
    ]
    other = data.draw(st.sampled_from(others))
    tally = Tally(claim)
    tally.take([*lines[:at], replace(lines[at], **other), *lines[at + 1 :]])
    with pytest.raises(SettlementError, match="LINES_DIFFER"):
        tally.finish()


async def test_lines_that_are_not_the_claims_leave_no_file(tmp_path: Path) -> None:
    """One line too few: nothing is printed, and nothing half-written stays."""
    lines = lines_of(AMOUNTS)
    with pytest.raises(SettlementError, match="LINES_DIFFER"):
        await made(claim_of(lines), lines[:-1], tmp_path)
    assert [] == os.listdir(tmp_path)


async def test_names_that_look_like_formulas_stay_texts(tmp_path: Path) -> None:
    """In CSV and XLSX; a negative sum stays a number."""
    lines = [line(1, 100_00, mismatches=("+1",)), line(2, -1_00)]
    evil = {**OUTLETS, 100: "=HYPERLINK(1)", 200: "@SUM(A1)"}
    documents = await made(claim_of(lines), lines, tmp_path, names=replace(NAMES, outlets=evil))
    outlet, reason = FIELDS.index("outlet"), FIELDS.index("reason")
    for rows in (csv_rows(documents), xlsx_rows(documents)):
        assert ["'@SUM(A1)", "'=HYPERLINK(1)"] == [row[outlet] for row in rows[1:3]]
        assert "'+1" == rows[1][reason]
        assert -1_00 == kopecks(rows[2][SUM])
    with ZipFile(documents.register_xlsx) as package:
        assert b"<f>" not in package.read("xl/worksheets/sheet1.xml")


async def test_markup_in_a_name_stays_a_text(tmp_path: Path) -> None:
    """The file is still a workbook, and the cell says what was said."""
    name = '<r><t>x</t></r><c r="A1"><f>1</f></c></r>'
    lines = [line(2, 1_00)]
    documents = await made(claim_of([replace(lines[0], n=1)]), [replace(lines[0], n=1)], tmp_path,
                           names=replace(NAMES, outlets={100: name}))  # fmt: skip
    assert f"'{name}" == xlsx_rows(documents)[1][FIELDS.index("outlet")]


async def test_a_register_shows_moscow_time_and_the_sale_of_a_refund(tmp_path: Path) -> None:
    """A second before midnight in Moscow is still the day before."""
    lines = [line(1, 100_00, decided_at=datetime.fromisoformat("2026-11-30T23:59:59+03:00")), line(2, -1_00)]
    documents = await made(claim_of(lines), lines, tmp_path)
    moment, original = FIELDS.index("decided_at"), FIELDS.index("original_operation_id")
    assert "30.11.2026 23:59:59" == csv_rows(documents)[1][moment]
    assert datetime(2026, 11, 30, 23, 59, 59) == xlsx_rows(documents)[1][moment].replace(microsecond=0)  # noqa: DTZ001
    assert [str(lines[0].operation_id)] == [row[original] for row in csv_rows(documents)[2:3]]


async def test_people_read_words_and_programs_read_codes(tmp_path: Path) -> None:
    """Words in XLSX and PDF, codes in CSV and JSON; a program that no list names keeps its code."""
    lines = [
        line(1, 100_00, program_code="children"),
        line(2, 50_00, program_code="food"),
        line(
            3,
            7_00,
            program_code="children",
            treatment=Treatment.UNMATCHED,
            mismatches=("NO_RECEIPT", "PAYMENT_TAG"),
        ),
    ]
    documents = await made(claim_of(lines), lines, tmp_path)
    program, reason = FIELDS.index("program"), FIELDS.index("reason")
    in_xlsx, in_csv = xlsx_rows(documents)[1:4], csv_rows(documents)[1:4]
    in_json = json.loads(documents.claim_json.read_bytes())["lines"]
    assert ["Детские товары", "food", "Детские товары"] == [row[program] for row in in_xlsx]
    assert ["children", "food", "children"] == [row[program] for row in in_csv]
    assert ["children", "food", "children"] == [one["program_code"] for one in in_json]
    assert f"{Mismatch.NO_RECEIPT.ru}; {Mismatch.PAYMENT_TAG.ru}" == in_xlsx[2][reason]
    assert "NO_RECEIPT, PAYMENT_TAG" == in_csv[2][reason]
    assert ["NO_RECEIPT", "PAYMENT_TAG"] == in_json[2]["mismatches"]
    text = pdf_text(documents.claim_pdf)
    assert "Детские товары" in text
    assert "children" not in text


async def test_the_claim_on_paper_has_its_words_pages_and_signatory(tmp_path: Path) -> None:
    """Cyrillic that can be searched, numbered pages, the sum in words; a draft says so."""
    lines = lines_of([20_01, 1_00])
    documents = await made(claim_of(lines), lines, tmp_path / "filed")
    text = pdf_text(documents.claim_pdf)
    pages = len(PdfReader(documents.claim_pdf).pages)
    for said in (
        "Расчёт № 17",
        "за ноябрь 2026 г.",
        "Двадцать один рубль 01 копейка",
        "№ Д-2026/15 от 20 октября 2026 г.",
        "генеральный директор",
        "Директор Примера",
        "не было ко времени подачи",
        *(f"Стр. {n} из {pages}" for n in range(1, pages + 1)),
    ):
        assert said in text
    assert "ПРОЕКТ" not in text
    draft = await made(claim_of(lines, filed_at=None), lines, tmp_path / "draft")
    assert "ПРОЕКТ" in pdf_text(draft.claim_pdf)


async def test_five_thousand_lines_are_all_there(tmp_path: Path) -> None:
    """Pages do not lose or repeat a row."""
    lines = lines_of([100 + n for n in range(5000)])
    documents = await made(claim_of(lines), lines, tmp_path)
    wanted = [one.amount_kopecks for one in lines]
    for rows in (csv_rows(documents), xlsx_rows(documents)):
        assert wanted == [kopecks(row[SUM]) for row in rows[1:5001]]
        assert list(range(1, 5001)) == [int(row[0]) for row in rows[1:5001]]


@pytest.mark.parametrize(
    "body",
    ['#import "@preview/example:0.1.0": x', '#include "other.typ"', '#eval("1")'],
)
def test_a_form_that_brings_something_in_is_refused(body: str) -> None:
    """It would print differently elsewhere, or ask the network."""
    with pytest.raises(SettlementError, match="FORM_UNSAFE"):
        check_form(Form("other", 1, body))


@pytest.mark.parametrize("body", ['#read("/etc/hostname")', '#image("../../secret.png")', "#let x = "])
def test_a_form_that_cannot_be_printed_is_named(body: str) -> None:
    """Files outside of its empty folder are not there for it."""
    with pytest.raises(SettlementError, match="FORM_BROKEN"):
        print_form(Form("other", 1, body), {}, BUILT_AT)


def test_texts_of_data_are_never_markup() -> None:
    """A merchant's name is printed as it is written."""
    name = "#panic() *ООО* $x$ \\ <a> _б_"
    body = "#let data = json(bytes(sys.inputs.data))\n#data.name"
    printed = print_form(Form("other", 1, body), {"name": name}, BUILT_AT)
    (page,) = PdfReader(BytesIO(printed)).pages
    assert name.replace(" ", "") == page.extract_text().replace(" ", "").replace("\n", "")
