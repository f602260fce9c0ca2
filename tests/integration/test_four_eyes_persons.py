"""Who may sign is added, changed and invited anew by two persons, once there are two."""

from pathlib import Path

import pytest

from gateway.people.roles import Role
from tests.cli_kit import CommandLine
from tests.four_eyes_kit import INVITATION, SigningDesk, signing_desk

WHY = ("--reason", "приказ 17")
THIRD = ("users", "add", "third", "--name", "Третий", "--role", "approver")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys are made once for all tests here."""
    return tmp_path_factory.mktemp("data")


def state_of(signing: SigningDesk, login: str) -> tuple[str, list[str]] | None:
    """State and roles of a person, or None if there is no such person."""
    listed = signing.tillgate.json("users", "list", "--json")
    return next(((one["state"], one["roles"]) for one in listed if one["login"] == login), None)


def test_an_operator_does_not_add_an_approver_alone(signing: SigningDesk) -> None:
    """The approver sees whom and as what; the invitation is shown at the execution, and kept nowhere."""
    number = signing.proposed("operator", *THIRD, *WHY)
    assert state_of(signing, "third") is None
    payload = signing.tillgate.json("proposals", "show", number)["payload"]
    told = (payload["action"], payload["login"], payload["full_name"], payload["roles"])
    assert ("ADD", "third", "Третий", ["APPROVER"]) == told
    assert "NOT_APPROVED" in signing.as_("operator", "proposals", "execute", number).stderr
    assert 0 == signing.approve("approver", number).exit_code
    done = signing.as_("operator", "proposals", "execute", number)
    assert ("INVITED", ["APPROVER"]) == state_of(signing, "third")
    found = INVITATION.search(done.stdout)
    assert found
    assert found[1] not in signing.tillgate("proposals", "show", number).stdout
    signing.joined("third", done)
    assert ("ACTIVE", ["APPROVER"]) == state_of(signing, "third")
    report = signing.tillgate("audit", "report", "persons").stdout
    (added,) = [line for line in report.splitlines() if "third" in line and "person.added" in line]
    assert "operator" in added
    assert "approver" in added


@pytest.mark.parametrize(
    "change",
    [
        ("invite", "approver"),
        ("reset-totp", "approver"),
        ("roles", "approver", "--role", "auditor"),
        ("roles", "watcher", "--role", "approver"),
        ("roles", "watcher", "--role", "operator"),
        ("invite", "second"),
    ],
)
def test_nobody_becomes_another_signatory_alone(signing: SigningDesk, change: tuple[str, ...]) -> None:
    """An invitation of somebody who may sign is that person's signature; so are the roles."""
    signing.join("watcher", Role.AUDITOR)
    signing.join("second", Role.OPERATOR)
    signing.join("deputy", Role.APPROVER)
    before = state_of(signing, change[1])
    missing = signing.as_("operator", "users", *change)
    assert (1, True) == (missing.exit_code, "REASON_MISSING" in missing.stderr)
    number = signing.proposed("operator", "users", *change, *WHY)
    assert before == state_of(signing, change[1])
    assert 0 == signing.approve("deputy", number).exit_code
    assert 0 == signing.as_("operator", "proposals", "execute", number).exit_code
    assert before != state_of(signing, change[1])


def test_who_signs_nothing_is_changed_by_one_person(signing: SigningDesk) -> None:
    """An auditor reads; nothing can be approved by that login."""
    watcher = ("users", "add", "watcher", "--name", "Смотритель", "--role", "auditor")
    signing.joined("watcher", signing.as_("operator", *watcher))
    assert ("ACTIVE", ["AUDITOR"]) == state_of(signing, "watcher")
    assert "once: " in signing.as_("operator", "users", "invite", "watcher").stdout


def test_what_would_be_refused_is_not_proposed(signing: SigningDesk) -> None:
    """And whose roles are others by now is not changed by an older approval."""
    refused = signing.as_("operator", "users", "add", "approver", *THIRD[3:], *WHY)
    assert (1, True) == (refused.exit_code, "LOGIN_TAKEN" in refused.stderr)
    assert "0" == signing.tillgate.sql("SELECT count(*) FROM proposal")
    signing.join("deputy", Role.APPROVER)
    number = signing.proposed("operator", "users", "invite", "deputy", *WHY)
    signing.approve("approver", number)
    signing.alone("users", "roles", "deputy", "--role", "operator", "--role", "approver")
    late = signing.as_("operator", "proposals", "execute", number)
    assert (1, True) == (late.exit_code, "OTHER_CONTENT" in late.stderr)
    assert ("ACTIVE", ["APPROVER", "OPERATOR"]) == state_of(signing, "deputy")


def test_where_nobody_else_could_approve_one_person_acts_and_the_report_says_so(
    tillgate: CommandLine,
) -> None:
    """The first approver is added so, and the only one invited anew so."""
    signing = signing_desk(tillgate, joins=False)
    signing.join("operator", Role.OPERATOR)
    signing.joined("third", signing.as_("operator", *THIRD))
    anew = signing.as_("operator", "users", "reset-totp", "third")
    assert 0 == anew.exit_code, anew.output
    report = signing.tillgate("audit", "report", "persons").stdout
    assert 1 == sum("person.totp_reset" in line for line in report.splitlines())
