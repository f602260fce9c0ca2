"""Registrations and changes of account where four eyes are enforced: proposed, approved, then done once."""

from pathlib import Path

import msgspec
import pytest

from loadtests.demo.applicants import BANK, account
from tests.cli_kit import CommandLine
from tests.enrolment_kit import entity
from tests.four_eyes_kit import SigningDesk

WHY = ("--reason", "приказ 17")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys are made once for all tests here."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def form(tmp_path: Path) -> Path:
    """The file of an application."""
    path = tmp_path / "form.json"
    path.write_bytes(msgspec.json.encode(entity()))
    return path


def executed(signing: SigningDesk, number: str) -> str:
    """Approve and execute; what is told."""
    assert 0 == signing.approve("approver", number).exit_code
    done = signing.as_("operator", "proposals", "execute", number)
    assert 0 == done.exit_code, done.output
    return done.stdout


def registered(signing: SigningDesk, form: Path) -> None:
    """A merchant of two outlets and one account."""
    number = signing.proposed("operator", "merchants", "take-over", form, *WHY)
    assert "merchant 1" in executed(signing, number)


def test_a_merchant_is_registered_by_two_persons_who_signed_in(signing: SigningDesk, form: Path) -> None:
    """A name that a command gives approves nothing; the log names who proposed and who approved."""
    signing.as_("operator", "merchants", "apply", form)
    signing.as_("operator", "merchants", "review", 1)
    register = ("merchants", "register", 1)
    assert 2 == signing.as_("operator", *register, "--approved-by", "approver", *WHY).exit_code
    assert "NOT_PERMITTED" in signing.as_("approver", *register, *WHY).stderr
    assert "SIGN_IN_REFUSED" in signing.as_("operator", *register, *WHY, password="wrong").stderr
    assert "REASON_MISSING" in signing.as_("operator", *register).stderr
    number = signing.proposed("operator", *register, *WHY)
    payload = signing.tillgate.json("proposals", "show", number)["payload"]
    assert (1, entity().inn, account(1)) == (
        payload["application_id"],
        payload["inn"],
        payload["account"],
    )
    assert "NOT_PERMITTED" in signing.approve("operator", number).stderr
    assert "NOT_APPROVED" in signing.as_("operator", "proposals", "execute", number).stderr
    assert "0" == signing.tillgate.sql("SELECT count(*) FROM merchant")
    assert "merchant 1" in executed(signing, number)
    assert "NOT_APPROVED" in signing.as_("operator", "proposals", "execute", number).stderr
    (one,) = signing.tillgate.json("audit", "show", "--action", "merchant.registered", "--json")
    assert ("operator", "approver") == (one["actor_id"], one["approved_by"])
    assert "1|1" == signing.tillgate.sql(
        "SELECT (SELECT count(*) FROM merchant), (SELECT count(*) FROM proposal WHERE state = 'EXECUTED')"
    )


def test_a_participant_is_taken_over_by_two_persons(signing: SigningDesk, form: Path) -> None:
    """With all of the form in the proposal; a second one finds it there, and nothing of it stays."""
    again = signing.proposed("operator", "merchants", "take-over", form, *WHY)
    registered(signing, form)
    signing.approve("approver", again)
    refused = signing.as_("operator", "proposals", "execute", again)
    assert (1, True) == (refused.exit_code, "ALREADY_REGISTERED" in refused.stderr)
    assert "APPROVED" == signing.tillgate.json("proposals", "show", again)["state"]
    assert "1" == signing.tillgate.sql("SELECT count(*) FROM merchant_account")


def test_another_account_is_entered_and_confirmed_by_persons_who_signed_in(
    signing: SigningDesk, form: Path
) -> None:
    """The approver's signature confirms it; until then the old one is paid to."""
    registered(signing, form)
    enter = ("merchants", "account", "propose", 1, "--bic", BANK, "--account", account(9), *WHY)
    assert "NOT_PERMITTED" in signing.as_("approver", *enter).stderr
    assert 0 == signing.as_("operator", *enter).exit_code
    number = signing.proposed("operator", "merchants", "account", "confirm", 2, *WHY)
    payload = signing.tillgate.json("proposals", "show", number)["payload"]
    assert (account(9), "operator") == (payload["account"], payload["entered_by"])
    states = "SELECT string_agg(state || coalesce(decided_by, ''), ' ' ORDER BY id) FROM merchant_account"
    assert "CONFIRMEDapprover PROPOSED" == signing.tillgate.sql(states)
    assert "account 2 is the one of merchant 1" in executed(signing, number)
    assert "CONFIRMEDapprover CONFIRMEDapprover" == signing.tillgate.sql(states)


def test_an_account_that_was_dropped_meanwhile_is_not_confirmed(signing: SigningDesk, form: Path) -> None:
    """What was approved is no longer there to be done."""
    registered(signing, form)
    signing.as_(
        "operator", "merchants", "account", "propose", 1, "--bic", BANK, "--account", account(9), *WHY
    )
    number = signing.proposed("operator", "merchants", "account", "confirm", 2, *WHY)
    signing.approve("approver", number)
    signing.as_("operator", "merchants", "account", "reject", 2, *WHY)
    refused = signing.as_("operator", "proposals", "execute", number)
    assert (1, True) == (refused.exit_code, "STEP_NOT_ALLOWED" in refused.stderr)
    assert "REJECTED" == signing.tillgate.sql("SELECT state FROM merchant_account WHERE id = 2")


def test_in_development_a_second_person_is_named(tillgate: CommandLine, form: Path) -> None:
    """And nobody is registered without one."""
    taken = ("merchants", "take-over", form, "--by", "Первый", *WHY)
    assert 2 == tillgate(*taken).exit_code
    assert "merchant 1" in tillgate(*taken, "--approved-by", "Второй").stdout
