"""`tillgate claims receipts import`: evidence is kept once, and nothing is overwritten silently."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.runtime.embedded import EmbeddedPostgres
from tests.cli_kit import CommandLine, command_line
from tests.receipts_kit import DRIVE, INN, OTHER_INN, json_lines, qr, tax_receipt

_PREDECESSOR = f"""
INSERT INTO merchant (id, inn, name) OVERRIDING SYSTEM VALUE VALUES (2, '{OTHER_INN}', 'the first shop');
INSERT INTO merchant_profile (merchant_id, kind, full_name, kpp, ogrn, legal_address, postal_address,
  signatory, contact, registered_on, is_taken_over, successor_of)
VALUES (1, 'ENTREPRENEUR', 'shop', '', '300000000000011', 'address', 'address', '{{}}', '{{}}', '2026-01-01',
  false, 2)"""  # noqa: S608


@pytest.fixture
def tillgate(
    postgres: EmbeddedPostgres, database_name: str, redis_url: str, tmp_path: Path
) -> Iterator[CommandLine]:
    """The command line with one merchant in the register."""
    with command_line(postgres, database_name, redis_url, tmp_path / "data") as tillgate:
        tillgate.sql(
            f"INSERT INTO merchant (id, inn, name) OVERRIDING SYSTEM VALUE VALUES (1, '{INN}', 'shop')"  # noqa: S608
        )
        yield tillgate


def bring(tillgate: CommandLine, *arguments: object) -> tuple[int, str]:
    """The exit code and the line of figures of an import."""
    done = tillgate("claims", "receipts", "import", *arguments, "--by", "first")
    return done.exit_code, done.stdout.splitlines()[0] if done.stdout else done.stderr


def test_the_same_file_twice_changes_nothing(tillgate: CommandLine, tmp_path: Path) -> None:
    """Nor does the same receipt in another file, or its QR string."""
    file = json_lines(tmp_path / "tax.jsonl", tax_receipt(1), tax_receipt(2))
    assert (0, "2 stored, 0 known already, 0 not taken") == bring(tillgate, file)
    assert (0, "0 stored, 2 known already, 0 not taken") == bring(tillgate, file)
    (tmp_path / "qr.txt").write_text(qr(1))
    assert (0, "0 stored, 1 known already, 0 not taken") == bring(tillgate, tmp_path / "qr.txt")
    assert tillgate.sql("SELECT count(*), min(level), bool_or(is_contested) FROM receipt_evidence") == "2|2|f"
    assert tillgate.sql("SELECT count(*) FROM audit_entry WHERE action = 'receipts.imported'") == "3"


def test_the_tax_services_record_takes_the_place_of_a_qr_string(
    tillgate: CommandLine, tmp_path: Path
) -> None:
    """The level rises, and seller and lines become known."""
    (tmp_path / "qr.txt").write_text(qr(1))
    bring(tillgate, tmp_path / "qr.txt")
    assert tillgate.sql("SELECT level, seller_inn FROM receipt_evidence") == "1|"
    bring(tillgate, json_lines(tmp_path / "tax.jsonl", tax_receipt(1)))
    assert f"2|{INN}|[10000]" == tillgate.sql("SELECT level, seller_inn, line_sums FROM receipt_evidence")


@pytest.mark.parametrize("is_first", [True, False])
def test_a_qr_string_contests_no_record_of_the_tax_service(
    is_first: bool, tillgate: CommandLine, tmp_path: Path
) -> None:
    """Whoever makes one up keeps nobody's sale out of a claim: the record stands, before it or after."""
    made_up, record = tmp_path / "qr.txt", json_lines(tmp_path / "tax.jsonl", tax_receipt(1))
    made_up.write_text(qr(1, "999.00") + "\n" + qr(1, "998.00"))
    for file in (made_up, record) if is_first else (record, made_up):
        bring(tillgate, file)
    told = tillgate.sql("SELECT level, total_kopecks, is_contested FROM receipt_evidence")
    assert "2|10000|f" == told


@pytest.mark.parametrize("change", [{"fiscalSign": 77}, {"operationType": 2}, {"userInn": OTHER_INN}])
def test_another_document_under_the_same_numbers_is_named_and_contests_the_first(
    change: dict[str, object], tillgate: CommandLine, tmp_path: Path
) -> None:
    """The first stays as it was; in one file as in two."""
    first, other = tax_receipt(1), tax_receipt(1, **change)
    code, _ = bring(tillgate, json_lines(tmp_path / "both.jsonl", first, other))
    assert code == 1
    assert tillgate.sql("SELECT fiscal_sign, kind, is_contested FROM receipt_evidence") == "1001|SALE|t"


def test_a_receipt_of_another_merchant_is_refused_by_name(tillgate: CommandLine, tmp_path: Path) -> None:
    """With the row in the file of problems, and the others stored."""
    file = json_lines(tmp_path / "tax.jsonl", tax_receipt(1), tax_receipt(2, userInn=OTHER_INN))
    problems = tmp_path / "problems.csv"
    done = bring(tillgate, file, "--merchant", 1, "--problems", problems)
    assert (1, "1 stored, 0 known already, 1 not taken") == done
    assert "tax.jsonl;2;OTHER_SELLER" in problems.read_text(encoding="utf-8-sig")
    assert tillgate.sql("SELECT fiscal_drive_number, seller_inn FROM receipt_evidence") == f"{DRIVE}|{INN}"


def test_receipts_of_a_predecessor_are_taken_once_it_is_out_of_the_register(
    tillgate: CommandLine, tmp_path: Path
) -> None:
    """A reorganised one; as long as it is a participant, it brings them itself."""
    tillgate.sql(_PREDECESSOR)
    file = json_lines(tmp_path / "tax.jsonl", tax_receipt(1, userInn=OTHER_INN))
    assert (1, "0 stored, 0 known already, 1 not taken") == bring(tillgate, file, "--merchant", 1)
    tillgate.sql(
        "UPDATE merchant SET (state, suspended_at, suspend_reason) = ('ENDED', now(), 'merged') WHERE id = 2"
    )
    assert (0, "1 stored, 0 known already, 0 not taken") == bring(tillgate, file, "--merchant", 1)


def test_an_unknown_merchant_and_a_broken_file_change_nothing(tillgate: CommandLine, tmp_path: Path) -> None:
    """Named, with exit code 1."""
    file = json_lines(tmp_path / "tax.jsonl", tax_receipt(1))
    code, told = bring(tillgate, file, "--merchant", 99)
    assert code == 1
    assert "MERCHANT_UNKNOWN" in told
    (tmp_path / "broken.json").write_text("[{")
    code, told = bring(tillgate, tmp_path / "broken.json")
    assert code == 1
    assert "NOT_JSON" in told
    assert tillgate.sql("SELECT count(*) FROM receipt_evidence") == "0"
