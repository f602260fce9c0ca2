"""tillgate ledger verify and tillgate database: what an operator reads, and the exit codes scripts go by."""

import json
from pathlib import Path

import pytest

from gateway.registry.signing import OutcomeSigner, public_key_set
from gateway.runtime.embedded import EmbeddedPostgres
from tests.cli_kit import CommandLine
from tests.issuing_kit import cells, csv_file

FOOD = {"program": "food", "program_version": "2", "nominal_rubles": "3000.00"}


@pytest.fixture
def issued(tillgate: CommandLine, tmp_path: Path) -> CommandLine:
    """The same with three certificates in the ledger."""
    file = csv_file(tmp_path, *(cells(n, **FOOD) for n in range(3)))
    assert 0 == tillgate("certificates", "issue", file).exit_code
    return tillgate


def test_a_clean_ledger_is_told_so_in_text_and_json(issued: CommandLine) -> None:
    """Exit code 0, what was looked at, and no findings."""
    text = issued("ledger", "verify")
    assert 0 == text.exit_code
    assert "clean" in text.stdout
    report = issued.json("ledger", "verify", "--json")
    assert (True, 0, []) == (report["clean"], report["total"], report["findings"])
    assert (3, 3) == (report["counted"]["certificate"], report["counted"]["entry"])


def test_discrepancies_are_named_and_fail_the_command(issued: CommandLine) -> None:
    """Exit code 1, each with check, subject and detail."""
    issued.sql("UPDATE certificate SET available_kopecks = available_kopecks - 1, lapsed_kopecks = 1")
    text = issued("ledger", "verify")
    assert 1 == text.exit_code
    assert "6 discrepancies" in text.stdout
    assert "certificate.balance" in text.stdout
    report = issued.json("ledger", "verify", "--json")
    assert (False, 6) == (report["clean"], report["total"])
    assert {"check", "subject", "detail"} == report["findings"][0].keys()
    assert "available: stated 299999, computed 300000" in {found["detail"] for found in report["findings"]}


def test_signatures_are_verified_against_the_published_keys(issued: CommandLine, tmp_path: Path) -> None:
    """The set that tills verify by; another key's set finds every signature wrong."""
    own, other = tmp_path / "own.json", tmp_path / "other.json"
    own.write_text(
        public_key_set([OutcomeSigner.load(tmp_path / "data" / "keys" / "outcome_signing_key.pem")])
    )
    other.write_text(public_key_set([OutcomeSigner.create(tmp_path / "other.pem")]))
    assert 3 == issued.json("ledger", "verify", "--json", "--keys", own)["counted"]["signature"]
    assert 3 == issued.json("ledger", "verify", "--json", "--keys", other)["total"]
    other.write_text(json.dumps({"keys": [{"key_id": "x"}]}))
    assert 2 == issued("ledger", "verify", "--keys", other).exit_code


def test_a_migrated_database_passes_its_check(tillgate: CommandLine) -> None:
    """All but durability, which the servers of tests do without on purpose."""
    done = tillgate("database", "check")
    assert 1 == done.exit_code
    assert 1 == done.stdout.count("WRONG")
    assert "survives a power failure" in done.stdout


def test_an_empty_database_is_found_to_lack_its_schema_and_migrated(
    tillgate: CommandLine, postgres: EmbeddedPostgres
) -> None:
    """`migrate` brings schema and partitions; running it again changes nothing."""
    tillgate.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    before = tillgate("database", "check")
    assert "None, the newest is" in before.stdout
    assert [0, 0] == [tillgate("database", "migrate").exit_code for _ in range(2)]
    assert "None, the newest is" not in tillgate("database", "check").stdout
    assert tillgate.json("ledger", "verify", "--json")["clean"]


def test_missing_partitions_are_found_and_made(tillgate: CommandLine) -> None:
    """By name; those further ahead on request."""
    name = tillgate.sql("SELECT 'entry_' || to_char(now() + interval '1 month', 'YYYY_MM')")
    tillgate.sql(f"DROP TABLE {name}")
    assert name in tillgate("database", "check").stdout
    assert f"made: {name}\n" == tillgate("database", "partitions").stdout
    assert "made: none, all were there\n" == tillgate("database", "partitions").stdout
    made = tillgate("database", "partitions", "--months", 5)
    assert (0, 4) == (made.exit_code, made.stdout.count("_20"))


def test_a_gateway_that_could_rewrite_history_is_found(tillgate: CommandLine) -> None:
    """The right to update an append-only table is an error of the database's owner."""
    tillgate.sql("GRANT UPDATE ON outcome TO tillgate_gateway")
    assert "['outcome']" in tillgate("database", "check").stdout


def test_a_database_that_is_away_is_told_in_one_line(
    tillgate: CommandLine, postgres: EmbeddedPostgres
) -> None:
    """No traceback; exit code 1."""
    tillgate.sql("ALTER ROLE tillgate_reader CONNECTION LIMIT 0")
    done = tillgate("ledger", "verify")
    tillgate.sql("ALTER ROLE tillgate_reader CONNECTION LIMIT -1")
    assert 1 == done.exit_code
    assert done.stderr.startswith("Error: the database refused")
