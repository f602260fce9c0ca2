"""The command line where four eyes are enforced: who signs in proposes, another approves, then it is done."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.people.roles import Role
from gateway.people.second_factor import code_at
from tests.cli_kit import CommandLine
from tests.four_eyes_kit import SigningDesk
from tests.integration.test_issue_command import FOOD
from tests.integration.test_lists_command import SAID, rehearse, when
from tests.issuing_kit import cells, csv_file
from tests.people_kit import PASSWORD
from tests.reference_kit import prohibited_text


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys are made once for all tests here."""
    return tmp_path_factory.mktemp("data")


def test_a_file_is_issued_as_it_was_approved_and_once(signing: SigningDesk, tmp_path: Path) -> None:
    """Before the approval nothing is credited; another file is not; a second execution is refused."""
    file = csv_file(tmp_path, cells(1, **FOOD), cells(2, **FOOD), {**cells(3, **FOOD), "nominal_rubles": "x"})
    number = signing.proposed("operator", "certificates", "issue", file, "--reason", "приказ 17")
    payload = signing.tillgate.json("proposals", "show", number)["payload"]
    assert (3, 1, 600_000) == (
        payload["row_count"],
        payload["unreadable_row_count"],
        payload["total_kopecks"],
    )
    assert [{"program": "food/2", "certificate_count": 2, "nominal_kopecks": 600_000}] == payload["programs"]
    assert "0" == signing.tillgate.sql("SELECT count(*) FROM certificate")
    execute = ("proposals", "execute", number)
    early = signing.as_("operator", *execute, "--file", file)
    assert (1, True) == (early.exit_code, "NOT_APPROVED" in early.stderr)
    assert 0 == signing.approve("approver", number).exit_code
    assert 2 == signing.as_("operator", *execute).exit_code
    other = tmp_path / "other.csv"
    other.write_bytes(file.read_bytes() + b"\n")
    swapped = signing.as_("operator", *execute, "--file", other)
    assert (1, True) == (swapped.exit_code, "OTHER_CONTENT" in swapped.stderr)
    done = signing.as_("operator", *execute, "--file", file)
    assert "2 issued, 0 replayed, 1 refused" in done.stdout
    assert "2" == signing.tillgate.sql("SELECT count(*) FROM certificate")
    again = signing.as_("operator", *execute, "--file", file)
    assert (1, True) == (again.exit_code, "NOT_APPROVED" in again.stderr)
    last = signing.tillgate.json("audit", "show", "--action", "certificates.issue_answered", "--json")[0]
    assert ("operator", "approver", 2) == (last["actor_id"], last["approved_by"], last["details"]["issued"])


def test_a_correction_is_made_by_two_persons(signing: SigningDesk, tmp_path: Path) -> None:
    """The operator can't approve it, nor the approver execute it; the report names both."""
    file = csv_file(tmp_path, cells(1, **FOOD))
    number = signing.proposed("operator", "certificates", "issue", file, "--reason", "приказ 17")
    signing.approve("approver", number)
    assert 0 == signing.as_("operator", "proposals", "execute", number, "--file", file).exit_code
    certificate_id = signing.tillgate.sql("SELECT id FROM certificate")
    correct = (
        "certificates",
        "correct",
        certificate_id,
        "--to",
        "lapsed",
        "--amount",
        "100.00",
        "--document",
        "=Д-1",
    )
    unreasoned = signing.as_("operator", *correct)
    assert "REASON_MISSING" in unreasoned.stderr
    number = signing.proposed("operator", *correct, "--reason", "ошибка ввода")
    assert "NOT_PERMITTED" in signing.approve("operator", number).stderr
    assert 0 == signing.approve("approver", number).exit_code
    assert "NOT_PERMITTED" in signing.as_("approver", "proposals", "execute", number).stderr
    assert "approved" in signing.as_("operator", "proposals", "execute", number).stdout
    assert "290000|10000" == signing.tillgate.sql("SELECT available_kopecks, lapsed_kopecks FROM certificate")
    assert "NOT_APPROVED" in signing.as_("operator", "proposals", "execute", number).stderr
    path = tmp_path / "report.csv"
    assert 0 == signing.tillgate("audit", "report", "corrections", "--csv", path).exit_code
    text = path.read_text(encoding="utf-8-sig")
    assert f";operator;{certificate_id};AVAILABLE;LAPSED;10000;'=Д-1;APPROVED;approver" in text
    pairs = signing.tillgate("audit", "report", "pairs").stdout
    assert re.search(r"operator\s+│ approver\s+│ CORRECT\s+│ 1\s+│ 0", pairs)
    assert "whole: " in signing.tillgate("audit", "verify").stdout


def test_a_list_is_published_by_two_persons_who_are_its_approvers(
    signing: SigningDesk, tmp_path: Path
) -> None:
    """Urgently too: the one who proposed and the one who approved, neither of whom imported it."""
    path = tmp_path / "new.toml"
    path.write_text(prohibited_text("new", "11.05"), encoding="utf-8")
    signing.join("importer", Role.OPERATOR)
    signing.as_("importer", "lists", "import", "prohibited", path)
    rehearse(signing.tillgate, "new")
    said = (
        *SAID[:-2],
        "--announced-at",
        when(signing.tillgate, "-1 hour"),
        "--effective-from",
        when(signing.tillgate, "2 hours"),
    )
    publish = ("lists", "publish", "prohibited", "new", *said, "--urgent")
    assert 2 == signing.as_("operator", *publish, "--approver", "x", "--approver", "y").exit_code
    number = signing.proposed("operator", *publish, "--reason", "опасный товар")
    signing.approve("approver", number)
    done = signing.as_("operator", "proposals", "execute", number)
    assert "prohibited new is published" in done.stdout, done.output
    (shown,) = signing.tillgate.json("lists", "show", "--json")
    assert ["operator", "approver"] == [who["by"] for who in shown["approvals"]]
    overrides = signing.tillgate("audit", "report", "overrides").stdout
    assert "prohibited/new" in overrides
    assert "operator, approver" in overrides
    assert "EXECUTED" in signing.tillgate("proposals", "list", "--all").stdout
    assert "NOT_APPROVED" in signing.as_("operator", "proposals", "execute", number).stderr


def test_what_the_rules_refuse_leaves_the_proposal_as_it_was(signing: SigningDesk, tmp_path: Path) -> None:
    """A publication whose notice is too short fails when it is executed, and nothing of it stays."""
    path = tmp_path / "new.toml"
    path.write_text(prohibited_text("new", "11.05"), encoding="utf-8")
    signing.join("importer", Role.OPERATOR)
    signing.as_("importer", "lists", "import", "prohibited", path)
    said = (
        *SAID[:-2],
        "--announced-at",
        when(signing.tillgate, "-1 hour"),
        "--effective-from",
        when(signing.tillgate, "2 hours"),
    )
    number = signing.proposed(
        "operator", "lists", "publish", "prohibited", "new", *said, "--reason", "так надо"
    )
    signing.approve("approver", number)
    refused = signing.as_("operator", "proposals", "execute", number)
    assert (1, True) == (refused.exit_code, "NOTICE_TOO_SHORT" in refused.stderr)
    assert "APPROVED" == signing.tillgate.json("proposals", "show", number)["state"]
    assert [] == signing.tillgate.json("audit", "show", "--action", "list.", "--json")


@pytest.mark.parametrize(
    ("login", "password", "refusal"),
    [
        ("operator", "wrong", "SIGN_IN_REFUSED"),
        ("nobody", PASSWORD, "SIGN_IN_REFUSED"),
        ("approver", PASSWORD, "NOT_PERMITTED"),
    ],
)
def test_a_command_takes_a_person_who_signs_in_and_may(
    signing: SigningDesk, tmp_path: Path, login: str, password: str, refusal: str
) -> None:
    """A name alone does nothing."""
    file = csv_file(tmp_path, cells(1, **FOOD))
    done = signing.as_(login, "certificates", "issue", file, "--reason", "x", password=password)
    assert (1, True) == (done.exit_code, refusal in done.stderr)
    assert "0|0" == signing.tillgate.sql(
        "SELECT (SELECT count(*) FROM certificate), (SELECT count(*) FROM proposal)"
    )
    assert password not in done.output


def test_the_same_code_does_not_sign_two_commands(signing: SigningDesk, tmp_path: Path) -> None:
    """It was taken by the first."""
    file = csv_file(tmp_path, cells(1, **FOOD))
    issue = ("certificates", "issue", file, "--reason", "x", "--by", "operator")
    signing.minutes += 1
    code = code_at(signing.secrets["operator"], signing.now() + timedelta(seconds=30))
    first, second = (signing.tillgate(*issue, typed=f"{PASSWORD}\n{code}\n") for _ in range(2))
    assert (0, 1) == (first.exit_code, second.exit_code)
    assert "SIGN_IN_REFUSED" in second.stderr


def test_what_one_person_may_do_alone_wants_them_to_sign_in_too(signing: SigningDesk) -> None:
    """A block by an act: signed by an operator, refused to an approver, and on record either way."""
    block = (
        "certificates",
        "block",
        "holder-9",
        "--act-body",
        "К",
        "--act-number",
        "1",
        "--act-date",
        "2026-11-01",
    )
    assert "NOT_PERMITTED" in signing.as_("approver", *block).stderr
    assert "declined" in signing.as_("operator", *block).stdout
    shown = signing.tillgate.json("audit", "show", "--subject-kind", "holder", "--json")
    assert [("ledger.command_answered", "operator"), ("ledger.command_ordered", "operator")] == [
        (entry["action"], entry["actor_id"]) for entry in shown
    ]


def test_users_are_changed_and_listed(signing: SigningDesk) -> None:
    """Roles, a new invitation, the end; a wrong word is told in one line."""
    signing.join("boss", Role.OPERATOR)
    signing.alone("users", "roles", "operator", "--role", "auditor")
    roles = signing.as_("boss", "users", "roles", "operator", "--role", "auditor")
    assert "operator: AUDITOR" in roles.stdout
    assert 0 == signing.as_("boss", "users", "reset-totp", "operator").exit_code
    assert 0 == signing.as_("boss", "users", "invite", "operator").exit_code
    assert 0 == signing.as_("boss", "users", "unlock", "approver").exit_code
    assert 0 == signing.as_("boss", "users", "disable", "approver", "--reason", "уволен").exit_code
    listed = {
        one["login"]: (one["state"], one["roles"]) for one in signing.tillgate.json("users", "list", "--json")
    }
    assert {
        "operator": ("INVITED", ["AUDITOR"]),
        "approver": ("DISABLED", ["APPROVER"]),
        "boss": ("ACTIVE", ["OPERATOR"]),
    } == listed
    assert "DISABLED" in signing.tillgate("users", "list").stdout
    for arguments, refusal in (
        (("users", "disable", "nobody", "--reason", "x"), "UNKNOWN_PERSON"),
        (("users", "add", "operator", "--name", "x", "--role", "operator"), "LOGIN_TAKEN"),
        (("users", "add", "Первый", "--name", "x", "--role", "operator"), "LOGIN_UNFIT"),
        (("users", "add", "chief", "--name", "x", "--role", "merchant_manager"), "MERCHANTS_UNFIT"),
    ):
        done = signing.as_("boss", *arguments)
        assert (1, True) == (done.exit_code, refusal in done.stderr)
    actions = [
        entry["action"] for entry in signing.tillgate.json("audit", "show", "--action", "person.", "--json")
    ]
    assert [
        "person.disabled",
        "person.unlocked",
        "person.invited",
        "person.totp_reset",
        "person.roles_changed",
    ] == actions[:5]


def test_in_development_named_persons_decide_as_before(tillgate: CommandLine, tmp_path: Path) -> None:
    """No password; what they do is on record, and a broken record is named."""
    file = csv_file(tmp_path, cells(1, **FOOD))
    assert 0 == tillgate("certificates", "issue", file, "--by", "Operator-1").exit_code
    shown = tillgate.json("audit", "show", "--json")
    assert ["certificates.issue_answered", "certificates.issue_ordered"] == [
        entry["action"] for entry in shown
    ]
    assert {"operator-1"} == {entry["actor_id"] for entry in shown}
    whole = tillgate("audit", "verify")
    end = re.search(r"the end is (\d+:[0-9a-f]{64})", whole.stdout)
    assert end
    assert 0 == tillgate("audit", "verify", "--anchor", end[1]).exit_code
    assert 2 == tillgate("audit", "verify", "--anchor", "2:beef").exit_code
    tillgate.sql("SET session_replication_role = replica; UPDATE audit_entry SET actor_id = 'x' WHERE id = 2")
    broken = tillgate("audit", "verify")
    assert (1, True) == (broken.exit_code, "broken at entry 2" in broken.stdout)


def test_a_report_is_a_table_or_a_file(tillgate: CommandLine, tmp_path: Path) -> None:
    """Of each kind, also while there is nothing in it."""
    for kind in ("corrections", "overrides", "accounts", "persons", "pairs"):
        assert 0 == tillgate("audit", "report", kind, "--since", "2026-01-01").exit_code
        path = tmp_path / f"{kind}.csv"
        assert f"0 rows in {path}" in tillgate("audit", "report", kind, "--csv", path).stdout
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert json.loads(tillgate("audit", "show", "--json").stdout) == []
