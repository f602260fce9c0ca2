"""What the department decides one at a time: by its documents, once, with readable answers."""

import re
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cli_kit import CommandLine
from tests.issuing_kit import cells, csv_file

ACT = ("--act-body", "Комиссия", "--act-number", "18", "--act-date", "2026-11-20")
REQUEST_ID = re.compile(r"request id: ([0-9a-f-]{36})")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys are made once for all tests here."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def certificate_id(tillgate: CommandLine, tmp_path: Path) -> str:
    """A certificate of 3000.00 points of holder-1."""
    row = cells(program="food", program_version="2", nominal_rubles="3000.00")
    assert 0 == tillgate("certificates", "issue", csv_file(tmp_path, row)).exit_code
    return tillgate.sql("SELECT id FROM certificate")


def balance(tillgate: CommandLine) -> str:
    """available|held|spent|lapsed|state of the one certificate."""
    return tillgate.sql(
        "SELECT available_kopecks, held_kopecks, spent_kopecks, lapsed_kopecks, state FROM certificate"
    )


def test_a_withdrawal_lapses_what_is_available(tillgate: CommandLine, certificate_id: str) -> None:
    """The answer tells the certificate as it stands, the outcome keeps reason and act."""
    done = tillgate("certificates", "withdraw", certificate_id, "--reason", "holder_died", *ACT)
    assert 0 == done.exit_code
    assert "approved" in done.stdout
    assert "WITHDRAWN" in done.stdout
    assert "lapsed 3,000.00" in done.stdout
    assert "0|0|0|300000|WITHDRAWN" == balance(tillgate)
    stored = tillgate.sql("SELECT canonical FROM outcome WHERE kind = 'WITHDRAW'")
    assert all(text in stored for text in ("HOLDER_DIED", "Комиссия", "2026-11-20"))


def test_a_command_repeated_under_its_request_id_is_answered_as_before(
    tillgate: CommandLine, certificate_id: str
) -> None:
    """The id is printed before the command is sent; a lost answer is asked for again with it."""
    correct = ("certificates", "correct", certificate_id, "--to", "lapsed", "--document", "Д-1")
    first = tillgate(*correct, "--amount", "100.00")
    found = REQUEST_ID.search(first.stderr)
    assert found
    again = tillgate(*correct, "--amount", "100.00", "--request-id", found[1])
    assert (0, "as answered before: approved\n") == (again.exit_code, again.stdout)
    assert "290000|0|0|10000|ACTIVE" == balance(tillgate)
    other = tillgate(*correct, "--amount", "200.00", "--request-id", found[1])
    assert 1 == other.exit_code
    assert "amount_kopecks" in other.stderr
    assert "290000|0|0|10000|ACTIVE" == balance(tillgate)


def test_a_correction_goes_both_ways_and_names_its_document(
    tillgate: CommandLine, certificate_id: str
) -> None:
    """Between available and lapsed, never above what is there."""
    correct = ("certificates", "correct", certificate_id, "--document", "Д-2")
    assert 0 == tillgate(*correct, "--to", "lapsed", "--amount", "100.00").exit_code
    assert 0 == tillgate(*correct, "--to", "available", "--amount", "40.00").exit_code
    assert "294000|0|0|6000|ACTIVE" == balance(tillgate)
    declined = tillgate(*correct, "--to", "available", "--amount", "60.01")
    assert 1 == declined.exit_code
    assert "declined, AMOUNT_ABOVE_BALANCE" in declined.stdout
    assert "294000|0|0|6000|ACTIVE" == balance(tillgate)
    assert "Д-2" in tillgate.sql("SELECT canonical FROM outcome WHERE kind = 'CORRECT' LIMIT 1")


def test_a_declined_command_is_answered_the_same_when_repeated(
    tillgate: CommandLine, certificate_id: str
) -> None:
    """A refusal is remembered as firmly as a success."""
    request_id = uuid4()
    extend = ("certificates", "extend", certificate_id, "--last-day", "2999-12-31", *ACT)
    first, again = (tillgate(*extend, "--request-id", request_id) for _ in range(2))
    assert (1, 1) == (first.exit_code, again.exit_code)
    assert first.stdout.startswith("declined, ALREADY_IN_STATE")
    assert f"as answered before: {first.stdout}" == again.stdout


def test_validity_is_moved_by_an_act(tillgate: CommandLine, certificate_id: str) -> None:
    """To the end of the named Moscow day."""
    done = tillgate("certificates", "extend", certificate_id, "--last-day", "2027-03-31", *ACT)
    assert 0 == done.exit_code
    assert "until 2027-03-31" in done.stdout
    assert "2027-03-31 21:00:00+00" == tillgate.sql(
        "SELECT valid_until AT TIME ZONE 'UTC' || '+00' FROM certificate"
    )


def test_an_account_and_a_certificate_are_blocked_and_unblocked(
    tillgate: CommandLine, certificate_id: str
) -> None:
    """The account of a holder as a whole, or one certificate of it."""
    assert 0 == tillgate("certificates", "block", "holder-1", *ACT).exit_code
    assert "t" == tillgate.sql("SELECT is_blocked FROM card_account")
    assert 1 == tillgate("certificates", "block", "holder-1", *ACT).exit_code
    assert 0 == tillgate("certificates", "unblock", "holder-1", *ACT).exit_code
    assert "f" == tillgate.sql("SELECT is_blocked FROM card_account")
    one = ("holder-1", "--certificate", certificate_id)
    assert "BLOCKED" in tillgate("certificates", "block", *one, *ACT).stdout
    assert "ACTIVE" in tillgate("certificates", "unblock", *one, *ACT).stdout


def test_what_is_unknown_is_declined_by_name(tillgate: CommandLine, certificate_id: str) -> None:
    """Another certificate, another holder, a certificate of another holder."""
    withdraw = tillgate("certificates", "withdraw", uuid4(), "--reason", "refused", *ACT)
    block = tillgate("certificates", "block", "nobody", *ACT)
    foreign = tillgate("certificates", "block", "nobody", "--certificate", certificate_id, *ACT)
    assert ["CERTIFICATE_UNKNOWN", "CARD_UNKNOWN", "CERTIFICATE_UNKNOWN"] == [
        done.stdout.split()[1].rstrip(":") for done in (withdraw, block, foreign)
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("withdraw", "no-uuid", "--reason", "refused", *ACT),
        ("withdraw", str(uuid4()), "--reason", "boredom", *ACT),
        ("withdraw", str(uuid4()), "--reason", "refused"),
        ("extend", str(uuid4()), "--last-day", "31.12.2026", *ACT),
        ("correct", str(uuid4()), "--to", "spent", "--amount", "1.00", "--document", "1"),
        ("correct", str(uuid4()), "--to", "lapsed", "--amount", "1", "--document", "1"),
        ("correct", str(uuid4()), "--to", "lapsed", "--amount", "0.00", "--document", "1"),
        ("correct", str(uuid4()), "--to", "lapsed", "--amount", "1.00"),
    ],
)
def test_what_is_not_well_formed_is_never_sent(tillgate: CommandLine, arguments: tuple[str, ...]) -> None:
    """Exit code 2, and no outcome."""
    assert 2 == tillgate("certificates", *arguments).exit_code
    assert "0" == tillgate.sql("SELECT count(*) FROM outcome")
