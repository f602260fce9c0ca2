"""tillgate certificates issue: files in, result files out, nothing of a card left behind."""

import csv
import json
from pathlib import Path

from gateway.ledger.issuing.results import result_path
from gateway.runtime.embedded import EmbeddedPostgres
from tests.cli_kit import CommandLine
from tests.issuing_kit import cells, csv_file

CARD = "9643100000000000001"
FOOD = {"program": "food", "program_version": "2", "nominal_rubles": "3000.00"}


def answers_of(path: Path) -> list[dict[str, str]]:
    """The rows of a file's result file."""
    with result_path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def test_a_file_is_answered_row_by_row_and_again_the_same(tillgate: CommandLine, tmp_path: Path) -> None:
    """Refused rows make exit code 1; the second run replays the certificates of the first."""
    file = csv_file(tmp_path, cells(1, **FOOD), cells(2, program="none"), cells(3, **FOOD))
    first = tillgate("certificates", "issue", file)
    issued = answers_of(file)
    again = tillgate("certificates", "issue", file)
    replayed = answers_of(file)
    assert (1, 1) == (first.exit_code, again.exit_code)
    assert "2 issued, 0 replayed, 1 refused\n  1 PROGRAM_UNKNOWN\n" == first.stdout
    assert "0 issued, 2 replayed, 1 refused\n  1 PROGRAM_UNKNOWN\n" == again.stdout
    assert ["ISSUED", "REFUSED", "ISSUED"] == [row["answer"] for row in issued]
    assert ["REPLAYED", "REFUSED", "REPLAYED"] == [row["answer"] for row in replayed]
    assert [row["certificate_id"] for row in issued] == [row["certificate_id"] for row in replayed]
    assert issued[1] == replayed[1]


def test_json_lines_are_answered_in_a_result_file_too(tillgate: CommandLine, tmp_path: Path) -> None:
    """Where it goes can be chosen."""
    file, result = tmp_path / "certificates.jsonl", tmp_path / "answers.csv"
    file.write_text("\n".join(json.dumps(cells(n, **FOOD)) for n in range(3)), encoding="utf-8")
    assert 0 == tillgate("certificates", "issue", file, "--result", result).exit_code
    assert 4 == len(result.read_text(encoding="utf-8").splitlines())


def test_a_card_number_stays_in_the_file_that_brought_it(
    tillgate: CommandLine, tmp_path: Path, postgres: EmbeddedPostgres
) -> None:
    """Neither result, output, database nor data directory has it, also of rows that are refused."""
    rows = (
        cells(1, card_number=CARD, card_series="01", **FOOD),
        cells(2, card_number=f"{CARD}x", **FOOD),
        cells(3, card_number=CARD, program="none"),
        {**cells(4, **FOOD), "holder_id": CARD, "card_number": CARD},
    )
    file = csv_file(tmp_path, *rows)
    done = tillgate("certificates", "issue", file)
    assert "1" == tillgate.sql("SELECT count(*) FROM card WHERE octet_length(token) = 32")
    written = [done.output, result_path(file).read_text(encoding="utf-8")]
    written += [path.read_text(errors="replace") for path in (tmp_path / "data").rglob("*") if path.is_file()]
    tables = ("outcome", "certificate", "card_account", "card", "entry")
    written += [tillgate.sql(f"SELECT t::text FROM {table} t") for table in tables]  # noqa: S608
    assert not any(CARD in text for text in written)


def test_a_file_that_is_none_is_refused_as_a_whole(tillgate: CommandLine, tmp_path: Path) -> None:
    """Exit code 2, the missing columns by name, and nothing in the ledger."""
    file = tmp_path / "certificates.csv"
    file.write_text("issue_ref;holder\n1;2\n")
    done = tillgate("certificates", "issue", file)
    assert 2 == done.exit_code
    assert "unknown columns: holder" in done.stderr
    assert not result_path(file).exists()
    assert "0" == tillgate.sql("SELECT count(*) FROM card_account")


def test_a_result_never_overwrites_the_file_itself(tillgate: CommandLine, tmp_path: Path) -> None:
    """Whoever names the file as its own result has made a mistake."""
    file = csv_file(tmp_path, cells(1, **FOOD))
    content = file.read_bytes()
    assert 2 == tillgate("certificates", "issue", file, "--result", file).exit_code
    assert content == file.read_bytes()
