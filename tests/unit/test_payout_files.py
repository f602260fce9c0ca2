"""Files of a register: the same transfers in every format, and nothing that a format cannot carry."""

import os
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import msgspec
import openpyxl
import pytest
import xmlschema
from client_bank_1c import ClientBank1CLoader
from defusedxml.ElementTree import fromstring
from hypothesis import assume, given
from hypothesis import strategies as st

from settlement.payouts.errors import PayoutError
from settlement.payouts.model import Payout, control_sum
from settlement.payouts.onec_writer import write_onec
from settlement.payouts.pain import NAMESPACE, write_pain
from settlement.payouts.purpose import checked_text, end_to_end_id
from settlement.payouts.writing import PayoutFormat, write
from settlement.payouts.xlsx import write_xlsx
from tests.onec_book import Book, read_book
from tests.payouts_kit import PAYER, counted, payee, payout, transfer

BESIDE: Final = Path(__file__).parents[2].parent / "shared" / "data"
DATA: Final = Path(os.environ.get("TILLGATE_SHARED_DATA", BESIDE))

THREE: Final = payout([transfer(1), transfer(2), transfer(3)])
_NS: Final = {"p": NAMESPACE}


def amounts_of_book(book: Book) -> list[int]:
    """Kopecks of its documents."""
    return [int(Decimal(one["Сумма"]) * 100) for one in book.documents]


def amounts_of_pain(data: bytes) -> list[int]:
    """Kopecks of its transactions."""
    root = fromstring(data)
    return [int(Decimal(one.text or "") * 100) for one in root.iterfind(".//p:InstdAmt", _NS)]


def amounts_of_workbook(data: bytes) -> list[int]:
    """Kopecks of its rows."""
    sheet = openpyxl.load_workbook(BytesIO(data))["Переводы"]
    column = [cell.value for cell in sheet[1]].index("Сумма, руб.")
    return [round(Decimal(str(row[column])) * 100) for row in sheet.iter_rows(min_row=2, values_only=True)]


def test_every_format_has_the_same_count_and_sum() -> None:
    """1C in both encodings, pain.001 and the workbook, each read by another program than wrote it."""
    for form in (PayoutFormat.ONEC, PayoutFormat.ONEC_UTF8):
        counted(amounts_of_book(read_book(write(THREE, form))), THREE.control)
    counted(amounts_of_pain(write(THREE, PayoutFormat.PAIN)), THREE.control)
    counted(amounts_of_workbook(write(THREE, PayoutFormat.XLSX)), THREE.control)


def test_the_message_says_its_own_control_sum() -> None:
    """NbOfTxs and CtrlSum of the whole and of each batch."""
    root = fromstring(write_pain(THREE))
    total = sum(one.amount_kopecks for one in THREE.transfers)
    assert ["3", "3"] == [one.text for one in root.iterfind(".//p:NbOfTxs", _NS)]
    assert {total} == {int(Decimal(one.text or "") * 100) for one in root.iterfind(".//p:CtrlSum", _NS)}
    assert "TG7-" + THREE.control.sha256.hex()[:16] == root.findtext(".//p:MsgId", "", _NS)


def test_the_same_register_gives_the_same_bytes() -> None:
    """Whatever clock, in every format."""
    for form in PayoutFormat:
        assert write(THREE, form) == write(payout([transfer(1), transfer(2), transfer(3)]), form)


def test_the_control_sum_holds_every_field_that_pays() -> None:
    """Any change of a transfer or of the payer shows, its order does not."""
    one = transfer(1)
    other_bank = msgspec.structs.replace(one.payee.bank, account="4" * 20)
    changes = {
        "amount_kopecks": 1, "claim_id": 1, "kbk": "1" * 20, "purpose": "Иное", "order_number": "9",
        "payee": msgspec.structs.replace(one.payee, bank=other_bank), "obligation_number": "",
        "personal_account": "", "purpose_code": "", "end_to_end_id": "TG1-1-57",
    }  # fmt: skip
    known = {control_sum(PAYER, [one]).sha256}
    for field, value in changes.items():
        known.add(control_sum(PAYER, [msgspec.structs.replace(one, **{field: value})]).sha256)
    known.add(control_sum(msgspec.structs.replace(PAYER, account="4" * 20), [one]).sha256)
    assert len(changes) + 2 == len(known)
    assert control_sum(PAYER, THREE.transfers) == control_sum(PAYER, THREE.transfers[::-1])
    assert control_sum(PAYER, [one]) == control_sum(PAYER, [transfer(1, executed_kopecks=5)])


@pytest.mark.parametrize("encoding", ["windows-1251", "utf-8"])
def test_a_file_of_1c_survives_the_round_trip(encoding: str) -> None:
    """A reader that shares nothing with the writer finds every field of every transfer."""
    data = write_onec(THREE, encoding)
    book = read_book(data)
    assert {"windows-1251": "Windows", "utf-8": "UTF-8"}[encoding] == book.head["Кодировка"]
    assert ("1.03", PAYER.account) == (book.head["ВерсияФормата"], book.head["РасчСчет"])
    for one, found in zip(THREE.transfers, book.documents, strict=True):
        bank = one.payee.bank
        assert {
            "Номер": one.order_number,
            "Дата": "24.11.2026",
            "Сумма": f"{Decimal(one.amount_kopecks) / 100:.2f}",
            "Получатель": one.payee.name,
            "ПолучательИНН": one.payee.inn,
            "ПолучательКПП": one.payee.kpp,
            "ПолучательСчет": bank.account,
            "ПолучательБИК": bank.bic,
            "ПолучательКорсчет": bank.correspondent_account,
            "ПлательщикРасчСчет": PAYER.account,
            "Плательщик": f"{PAYER.name} (л/с {one.personal_account})",
            "ПлательщикКПП": PAYER.kpp,
            "ПоказательКБК": one.kbk,
            "ОКАТО": PAYER.oktmo,
            "Очередность": "5",
            "ВидОплаты": "01",
            "НазначениеПлатежа": one.purpose,
        }.items() <= found.items()
        assert one.end_to_end_id in found["НазначениеПлатежа"]
    assert data.endswith("КонецФайла\r\n".encode(encoding))
    assert data.count(b"\n") == data.count(b"\r\n")


def test_a_reader_that_others_made_finds_the_same_orders() -> None:
    """A library for this format, which knows nothing of us: days, sums and texts."""
    book = ClientBank1CLoader()(write_onec(THREE))
    assert ("1.03", [PAYER.account], ["Платежное поручение"]) == (
        book.info["ВерсияФормата"], book.info["РасчСчет"], book.info["Документ"],
    )  # fmt: skip
    assert [
        (
            one.order_number, one.dated, Decimal(one.amount_kopecks) / 100, one.payee.inn,
            one.payee.bank.account, one.payee.bank.bic, one.payee.name, one.kbk, one.purpose,
        )
        for one in THREE.transfers
    ] == [
        (
            one["Номер"], one["Дата"], one["Сумма"], one["ПолучательИНН"],
            one["ПолучательСчет"], one["ПолучательБИК"], one["Получатель"], one["ПоказательКБК"],
            one["НазначениеПлатежа"],
        )
        for one in book.documents
    ]  # fmt: skip


@given(st.text(min_size=1, max_size=160))
def test_whatever_text_may_stand_in_a_payment_comes_out_of_its_files_again(text: str) -> None:
    """Or it is refused before: no file is cut, broken or changed by a character."""
    try:
        name = checked_text(text, "TG7-1-49", "payee", 160)
    except PayoutError:
        assume(False)
    one = payout([transfer(1, payee=payee(1, name=name))])
    assert name == read_book(write_onec(one, "utf-8")).documents[0]["Получатель"]
    party = fromstring(write_pain(one)).find(".//p:CdtTrfTxInf/p:Cdtr", _NS)
    assert party is not None
    pieces = [
        party.findtext("p:Nm", "", _NS),
        *(line.text or "" for line in party.iterfind(".//p:AdrLine", _NS)),
    ]
    assert name == "".join(pieces)


@pytest.mark.parametrize(("char", "code"), [("☃", "U+2603"), ("𝄞", "U+1D11E"), ("ﬁ", "U+FB01")])
def test_a_character_that_windows_1251_lacks_is_named(char: str, code: str) -> None:
    """The transfer, the field, the character and its number; UTF-8 takes it."""
    one = transfer(1, payee=payee(1, name=f"ООО Пример {char}"))
    with pytest.raises(PayoutError) as error:
        write_onec(payout([one]), "windows-1251")
    assert "CHARACTER_UNFIT" == error.value.code.name
    for said in (end_to_end_id(7, 1), "Получатель", char, code, "windows-1251"):
        assert said in str(error.value)
    assert char in read_book(write_onec(payout([one]), "utf-8")).documents[0]["Получатель"]


def test_a_cell_of_the_workbook_is_never_a_formula() -> None:
    """A name that begins as one stands there as a text."""
    book = write_xlsx(payout([transfer(1, payee=payee(1, name="=1+1"))]))
    sheet = openpyxl.load_workbook(BytesIO(book))["Переводы"]
    found = next(cell for row in sheet for cell in row if "1+1" in str(cell.value))
    assert ("s", "'=1+1") == (found.data_type, found.value)


def test_the_workbook_tells_the_control_sum() -> None:
    """Count, sum and SHA-256 beside who made and approved it."""
    sheet = openpyxl.load_workbook(BytesIO(write_xlsx(THREE)))["Контроль"]
    said = {row[0]: row[1] for row in sheet.iter_rows(values_only=True)}
    assert THREE.control.sha256.hex() == said["SHA-256 переводов"]
    assert (3, THREE.control.sum_kopecks) == (
        said["Переводов"],
        round(Decimal(str(said["Сумма, руб."])) * 100),
    )
    assert "second" == said["Утвердил"]


def schema(path: Path) -> xmlschema.XMLSchema10:
    """A schema that is not shipped."""
    if not path.is_file():
        pytest.skip(f"{path} is absent; it is not shipped (TILLGATE_SHARED_DATA names another folder)")
    return xmlschema.XMLSchema10(path)


def hard_payouts() -> list[Payout]:
    """Registers at the edges of what the message takes."""
    long_name = "Общество «" + "Д" * 149 + "»"
    bare: dict[str, Any] = {"kbk": "", "personal_account": "", "obligation_number": "", "purpose_code": ""}
    bare_payer = msgspec.structs.replace(PAYER, oktmo="", bank_city="")
    return [
        THREE,
        payout([transfer(1, payee=payee(1, name=long_name), purpose="Н" * 210, obligation_number="о" * 40)]),
        payout([transfer(1, **bare)], payer=bare_payer),
        payout([transfer(1), transfer(2, personal_account="0314811111450002")]),
        payout([transfer(1, amount_kopecks=9_999_999_999_99, payee=payee(1, name="<&>\"'"))]),
    ]


def test_the_message_is_valid_by_its_schema() -> None:
    """pain.001.001.09 as ISO 20022 published it, if it is at hand."""
    valid = schema(DATA / "iso20022_pain001" / "pain.001.001.09.xsd")
    for one in hard_payouts():
        valid.validate(BytesIO(write_pain(one)))
        counted(amounts_of_pain(write_pain(one)), one.control)


def test_the_creation_time_is_moscows() -> None:
    """With its offset, so that nobody has to guess."""
    root = fromstring(write_pain(THREE))
    assert "2026-11-24T12:00:00+03:00" == root.findtext(".//p:CreDtTm", "", _NS)
    made_at = read_book(write_onec(THREE)).head
    said = datetime.strptime(f"{made_at['ДатаСоздания']} {made_at['ВремяСоздания']}", "%d.%m.%Y %H:%M:%S")  # noqa: DTZ007
    assert datetime(2026, 11, 24, 12) == said  # noqa: DTZ001 - as the file has it
