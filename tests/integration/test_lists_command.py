"""tillgate lists: from a file to a publication, and what an operator is told on the way."""

import csv
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.goods.loader import SHIPPED
from tests.cli_kit import CommandLine
from tests.reference_kit import gtin, prohibited_text

SAID = (
    "--act-body", "Департамент", "--act-number", "17", "--act-date", "2026-10-01",
    "--address", "https://example.org/list", "--by", "operator-2",
)  # fmt: skip


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """A catalogue with a good row, two codes for one GTIN, a shop's own number and a row that is none."""
    path = tmp_path / "catalogue.csv"
    rows = [
        (gtin(1), "Молоко", "10.51.11"),
        (gtin(2), "Квас", "11.07.19"),
        (gtin(2), "Пиво", "11.05.10"),
        ("2000000000015", "Сыр", "10.51.40"),
        ("123", "Хлеб", "10.71.11"),
    ]
    path.write_text("gtin;name;okpd2\n" + "".join(";".join(row) + "\n" for row in rows), encoding="utf-8")
    return path


def rehearse(tillgate: CommandLine, version: str) -> None:
    """What the rehearsal does, which is no command of this group."""
    rehearsed = "rehearsed_by = 'operator-1', rehearsed_at = tillgate_now(), rehearsal = '{}'"
    found = f"WHERE version = '{version}'"
    tillgate.sql(f"UPDATE reference_version SET state = 'REHEARSED', {rehearsed} {found}")  # noqa: S608


def when(tillgate: CommandLine, interval: str) -> str:
    """A moment from now, as the command takes it."""
    return (
        tillgate.sql(f"SELECT to_char(tillgate_now() + interval '{interval}', 'YYYY-MM-DD\"T\"HH24:MI:SSOF')")
        + ":00"
    )


def test_a_list_goes_from_its_file_to_its_publication(tillgate: CommandLine, tmp_path: Path) -> None:
    """Taken over, drafted, shown, refused without a rehearsal, published, shown as announced."""
    taken = tillgate("lists", "take-over", SHIPPED, "--by", "operator-1")
    assert (0, 4) == (taken.exit_code, len(taken.stdout.splitlines()))
    path = tmp_path / "new.toml"
    path.write_text(prohibited_text("new", "11.05", "12"), encoding="utf-8")
    drafted = tillgate("lists", "import", "prohibited", path, "--by", "operator-1")
    assert "prohibited new: a draft of 2 rows, sha256 " in drafted.stdout
    again = tillgate("lists", "import", "prohibited", path, "--by", "operator-1")
    assert "prohibited new says the same: nothing is changed\n" == again.stdout
    said = (*SAID, "--announced-at", when(tillgate, "-30 days"), "--effective-from", when(tillgate, "1 hour"))
    early = tillgate("lists", "publish", "prohibited", "new", *said)
    assert (1, True) == (early.exit_code, "NOT_REHEARSED" in early.stderr)
    rehearse(tillgate, "new")
    assert 0 == tillgate("lists", "publish", "prohibited", "new", *said).exit_code
    shown = tillgate.json("lists", "show", "prohibited", "--json")
    assert ["SUPERSEDED", "IN FORCE", "ANNOUNCED"] == [one["standing"] for one in shown]
    assert "Департамент от 01.10.2026 № 17" == shown[-1]["act"]
    table = tillgate("lists", "show").stdout
    assert all(word in table for word in ("ANNOUNCED", "IN FORCE", "SUPERSEDED", "classes", "programs"))


def test_an_import_shows_how_far_it_is(tillgate: CommandLine, catalogue: Path, tmp_path: Path) -> None:
    """Of every kind, beside the answer and not in it."""
    codes = tmp_path / "okpd2.tsv"
    codes.write_text("10\tПродукты\n", encoding="utf-8")
    for kind, path, last_step in (("okpd2", codes, "storing"), ("catalogue", catalogue, "committing")):
        done = tillgate("lists", "import", kind, path, "--version", "1", "--by", "operator-1")
        assert 0 == done.exit_code
        assert last_step in done.stderr
        assert last_step not in done.stdout


def test_an_urgent_list_takes_two_approvers(tillgate: CommandLine, tmp_path: Path) -> None:
    """Without them the end of the notice is named."""
    path = tmp_path / "new.toml"
    path.write_text(prohibited_text("new", "11.05"), encoding="utf-8")
    tillgate("lists", "import", "prohibited", path, "--by", "operator-1")
    said = (*SAID, "--announced-at", when(tillgate, "-1 hour"), "--effective-from", when(tillgate, "2 hours"))
    publish = ("lists", "publish", "prohibited", "new", *said)
    assert "NOTICE_TOO_SHORT" in tillgate(*publish).stderr
    assert 2 == tillgate(*publish, "--approver", "operator-3").exit_code
    approvers = ("--approver", "operator-3", "--approver", "operator-4")
    assert 0 == tillgate(*publish, "--urgent", *approvers).exit_code
    (shown,) = tillgate.json("lists", "show", "--json")
    assert ["operator-3", "operator-4"] == [who["by"] for who in shown["approvals"]]


def test_rows_that_could_not_be_used_are_counted_and_told(
    tillgate: CommandLine, catalogue: Path, tmp_path: Path
) -> None:
    """In a file that a spreadsheet opens, by row."""
    problems = tmp_path / "problems.csv"
    done = tillgate("lists", "import", "catalogue", catalogue, "--version", "1", "--problems", problems)
    assert 0 == done.exit_code
    assert "2 added, 0 changed, 0 removed, 0 unchanged" in done.stdout
    assert 3 == done.stdout.count("  1 × ")
    with problems.open(encoding="utf-8-sig", newline="") as file:
        told = list(csv.DictReader(file, delimiter=";"))
    assert [("5", "gtin"), ("6", "gtin"), ("4", "okpd2")] == [(row["line"], row["column"]) for row in told]


def test_an_export_is_the_lines_of_its_hash(tillgate: CommandLine, catalogue: Path, tmp_path: Path) -> None:
    """In full, and as the difference to another version, which names both hashes."""
    tillgate("lists", "import", "catalogue", catalogue, "--version", "1")
    said = ("--announced-at", when(tillgate, "-1 hour"), "--effective-from", when(tillgate, "1 hour"))
    assert 0 == tillgate("lists", "publish", "catalogue", "1", *SAID, *said).exit_code
    catalogue.write_text(f"gtin;name\n{gtin(3)};Чай\n", encoding="utf-8")
    assert 0 == tillgate("lists", "import", "catalogue", catalogue, "--version", "2", "--add").exit_code
    full, delta = tmp_path / "full.tsv", tmp_path / "delta.txt"
    tillgate("lists", "export", "catalogue", "2", "-o", full)
    tillgate("lists", "export", "catalogue", "2", "--since", "1", "-o", delta)
    hashes = {one["version"]: one["content_sha256"] for one in tillgate.json("lists", "show", "--json")}
    assert hashes["2"] == hashlib.sha256(full.read_bytes()).hexdigest()
    head, *changes = delta.read_text(encoding="utf-8").splitlines()
    assert (hashes["1"], hashes["2"]) == (json.loads(head)["from_sha256"], json.loads(head)["to_sha256"])
    assert [f"+0{gtin(3)}\t\tЧай"] == changes


def test_looking_and_exporting_need_the_reader_alone(tillgate: CommandLine, tmp_path: Path) -> None:
    """They work on a standby, and where nobody may write."""
    tillgate("lists", "take-over", SHIPPED)
    nobody = {"TILLGATE_DATABASE_MIGRATOR_URL": "postgresql+asyncpg://nobody@localhost:1/nowhere"}
    reader = replace(tillgate, environment={**tillgate.environment, **nobody})
    assert 0 == reader("lists", "show").exit_code
    assert 0 == reader("lists", "export", "programs", "1", "-o", tmp_path / "programs.jsonl").exit_code
    assert 1 == reader("lists", "discard", "programs", "1").exit_code


def test_a_small_list_and_a_classifier_are_exported_too(tillgate: CommandLine, tmp_path: Path) -> None:
    """The classifier as the folder that it was."""
    tillgate("lists", "take-over", SHIPPED)
    out = tmp_path / "programs.jsonl"
    assert 0 == tillgate("lists", "export", "programs", "1", "-o", out).exit_code
    lines = out.read_text(encoding="utf-8").splitlines()
    assert any("food" in json.loads(line).get("program", {}).values() for line in lines)
    model = tmp_path / "model"
    model.mkdir()
    (model / "card.json").write_text("{}")
    assert 0 == tillgate("lists", "import", "names", model, "--version", "1").exit_code
    assert 0 == tillgate("lists", "export", "names", "1", "-o", tmp_path / "out").exit_code
    assert "{}" == (tmp_path / "out" / "card.json").read_text()
    assert 2 == tillgate("lists", "export", "names", "1", "-o", tmp_path / "out").exit_code
    nowhere = tillgate("lists", "export", "programs", "1", "-o", tmp_path / "absent" / "programs.jsonl")
    assert (1, True) == (nowhere.exit_code, "Could not open file" in nowhere.stderr)


def test_a_discarded_draft_is_shown_as_such(tillgate: CommandLine, catalogue: Path) -> None:
    """And its name is not free again."""
    tillgate("lists", "import", "catalogue", catalogue, "--version", "1")
    assert 0 == tillgate("lists", "discard", "catalogue", "1").exit_code
    assert ["DISCARDED"] == [one["standing"] for one in tillgate.json("lists", "show", "--json")]
    again = tillgate("lists", "import", "catalogue", catalogue, "--version", "1")
    assert (1, True) == (again.exit_code, "VERSION_EXISTS" in again.stderr)


def test_what_is_wrong_is_named(tillgate: CommandLine, catalogue: Path, tmp_path: Path) -> None:
    """Exit code 2 for a file or an option that cannot be used, 1 for what the rules refuse."""
    text = catalogue.read_bytes()
    bad = tmp_path / "bad.csv"
    bad.write_text("barcode;price\n1;2\n", encoding="utf-8")
    loop = tmp_path / "tree.csv"
    loop.write_text("id;parent_id;name\n1;2;Еда\n2;1;Напитки\n", encoding="utf-8")
    refused = {
        "no column name": ("import", "catalogue", bad),
        "circle": ("import", "catalogue", catalogue, "--tree", loop),
        "is no list file": ("take-over", tmp_path),
        "is the file itself": ("import", "catalogue", catalogue, "--problems", catalogue),
        "imported whole": ("import", "okpd2", bad, "--add"),
        "2026-12-01T09:30": (
            "publish", "catalogue", "1", *SAID, "--announced-at", "soon", "--effective-from", "2026-12-01",
        ),
    }  # fmt: skip
    for words, arguments in refused.items():
        done = tillgate("lists", *arguments)
        assert (2, True) == (done.exit_code, words in done.stderr), done.stderr
    absent = tillgate("lists", "discard", "catalogue", "1")
    assert (1, True) == (absent.exit_code, "UNKNOWN_VERSION" in absent.stderr)
    assert text == catalogue.read_bytes()
    assert "0" == tillgate.sql("SELECT count(*) FROM reference_version")
