"""Payouts by the command line, from the claim that waits for money to the reconciliation."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from loadtests.demo.applicants import account
from settlement.payouts.model import Payout
from tests.cli_kit import CommandLine
from tests.enrolment_kit import moscow_today
from tests.four_eyes_kit import SigningDesk
from tests.onec_book import read_book
from tests.payouts_kit import DAY, PAYER, PAYER_TOML, Treasury, onec, paid, treasury_on

BY_FIRST = ("--by", "first")
BY_SECOND = ("--by", "second")
Result = TypeVar("Result")


class Desk:
    """The treasury's desk between two commands, each of which has an event loop of its own."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url

    def do(self, work: Callable[[Treasury], Awaitable[Result]]) -> Result:
        """Do a piece of work."""

        async def done() -> Result:
            async with treasury_on(self._url) as treasury:
                return await work(treasury)

        return asyncio.run(done())

    def claim(self, kopecks: int) -> int:
        """A claim of a new merchant that waits for money."""

        async def made(treasury: Treasury) -> int:
            return await treasury.claim(await treasury.merchant(1), kopecks)

        return self.do(made)

    def sent(self) -> Payout:
        """A register that was handed on."""
        return self.do(lambda treasury: treasury.sent())

    def payouts(self) -> int:
        """How many registers there are."""
        count: int = self.do(lambda treasury: treasury.sql("SELECT count(*) FROM payout"))
        return count


@pytest.fixture
def treasury_desk(database_url: str) -> Desk:
    """A desk."""
    return Desk(database_url)


@pytest.fixture
def payer_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The department's requisites."""
    path = tmp_path / "payer.toml"
    path.write_text(PAYER_TOML, encoding="utf-8")
    monkeypatch.setenv("TILLGATE_PAYER_FILE", str(path))
    return path


def test_a_claim_is_paid_by_commands(
    tillgate: CommandLine, treasury_desk: Desk, payer_file: Path, tmp_path: Path
) -> None:
    """Make, look, approve, export in each format, import the answer, reconcile."""
    claim = treasury_desk.claim(123_456_78)
    made = tillgate("claims", "payout", "make", "--dated", DAY, *BY_FIRST)
    assert "payout 1: 1 transfers, 123,456.78 rubles" in made.stdout
    shown = tillgate.json("claims", "payout", "show", 1, "--json")
    assert [claim] == [one["claim_id"] for one in shown["transfers"]]
    digest = ("--sha256", shown["sha256"])
    same = tillgate("claims", "payout", "approve", 1, *digest, "--by", " First ")
    assert (1, True) == (same.exit_code, "SAME_PERSON" in same.stderr)
    early = tillgate("claims", "payout", "export", 1, "--format", "1c", *BY_FIRST)
    assert (1, True) == (early.exit_code, "PAYOUT_NOT_APPROVED" in early.stderr)
    assert 0 == tillgate("claims", "payout", "approve", 1, *digest, *BY_SECOND).exit_code
    files = {form: tmp_path / f"payout.{form}" for form in ("1c", "1c-utf8", "pain", "xlsx")}
    for form, file in files.items():
        told = tillgate("claims", "payout", "export", 1, "--format", form, "--out", file, *BY_FIRST)
        assert shown["sha256"] in told.stdout
    assert "123456.78" == read_book(files["1c"].read_bytes()).documents[0]["Сумма"]
    assert "approved by second" in tillgate("claims", "payout", "show", 1).stdout
    assert "EXPORTED" in tillgate("claims", "payout", "show").stdout
    assert ["EXPORTED"] == [one["state"] for one in tillgate.json("claims", "payout", "show", "--json")]

    days = ("--from", DAY, "--to", DAY)
    missing = tillgate("claims", "reconcile", *days)
    assert (1, True) == (missing.exit_code, "MISSING" in missing.stdout)
    answer = tmp_path / "statement.txt"
    answer.write_bytes(onec(paid(treasury_desk.do(lambda treasury: treasury.read(1)).transfers[0])))
    assert "1 executed" in tillgate("claims", "import", answer, *BY_FIRST).stdout
    assert "imported already" in tillgate("claims", "import", answer, *BY_FIRST).stdout
    assert ("PAID", 123_456_78) == treasury_desk.do(lambda treasury: treasury.claim_now(claim))
    assert "everything agrees" in tillgate("claims", "reconcile", *days).stdout
    assert [] == tillgate.json("claims", "reconcile", *days, "--json")["findings"]


def test_a_statement_with_a_bad_entry_tells_it_and_ends_with_exit_code_1(
    tillgate: CommandLine, treasury_desk: Desk, payer_file: Path, tmp_path: Path
) -> None:
    """With its number and reason; set aside it waits until a person applies or dismisses it by its name."""
    claim = treasury_desk.claim(1000)
    (one,) = treasury_desk.sent().transfers
    file = tmp_path / "statement.txt"
    file.write_bytes(onec(paid(one, 1001)))
    told = tillgate("claims", "import", file, *BY_FIRST)
    assert 1 == told.exit_code
    assert "entry 1: MORE_THAN_LEFT" in told.stderr
    assert "ENTRIES_REFUSED" in told.stderr
    assert "1 set aside" in tillgate("claims", "import", file, "--set-aside", *BY_FIRST).stdout
    days = ("--from", DAY, "--to", DAY)
    findings = tillgate.json("claims", "reconcile", *days, "--json")["findings"]
    assert ["MISSING", "DIFFERS"] == [finding["kind"] for finding in findings]
    file.write_bytes(onec(paid(one, account=account(9))))
    assert "1 set aside" in tillgate("claims", "import", file, "--set-aside", *BY_FIRST).stdout
    assert "MORE_THAN_LEFT" in tillgate("claims", "entries", "list").stdout
    over, elsewhere = (found["name"] for found in tillgate.json("claims", "entries", "list", "--json"))
    why = ("--reason", "письмо банка 17", *BY_SECOND)
    nowhere = tillgate("claims", "entries", "apply", elsewhere, *why)
    assert (2, True) == (nowhere.exit_code, "either --transfer or --demand" in nowhere.stderr)
    pays = ("claims", "entries", "apply", elsewhere, "--transfer", one.end_to_end_id, *why)
    assert f"entry {elsewhere} is EXECUTED\n" == tillgate(*pays).stdout
    assert "already" in tillgate(*pays).stdout
    refused = tillgate("claims", "entries", "apply", over, "--transfer", one.end_to_end_id, *why)
    assert (1, True) == (refused.exit_code, "MORE_THAN_LEFT" in refused.stderr), refused.stderr
    assert "DISMISSED" in tillgate("claims", "entries", "dismiss", over, *why).stdout
    assert [] == tillgate.json("claims", "entries", "list", "--others", "--json")
    assert "everything agrees" in tillgate("claims", "reconcile", *days).stdout
    assert ("PAID", 1000) == treasury_desk.do(lambda treasury: treasury.claim_now(claim))


def test_a_draft_is_discarded_and_an_order_rejected_by_commands(
    tillgate: CommandLine, treasury_desk: Desk, payer_file: Path
) -> None:
    """Each for a reason; the day of the orders is today in Moscow unless another is named."""
    claim = treasury_desk.claim(1000)
    days = (moscow_today(), moscow_today() + timedelta(1))
    assert 0 == tillgate("claims", "payout", "make", claim, *BY_FIRST).exit_code
    shown = tillgate.json("claims", "payout", "show", 1, "--json")
    assert date.fromisoformat(shown["dated"]) in days
    why = ("--reason", "не тот день")
    assert 0 == tillgate("claims", "payout", "discard", 1, *why, *BY_FIRST).exit_code
    (one,) = treasury_desk.sent().transfers
    assert 0 == tillgate("claims", "payout", "reject", one.end_to_end_id, *why, *BY_FIRST).exit_code
    assert ("RETURNED_BY_BANK", 0) == treasury_desk.do(lambda treasury: treasury.claim_now(claim))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace(PAYER.account, PAYER.account[:-1] + "7"), "account: the key"),
        (lambda text: text.replace("inn", "tax"), "tax"),
        (lambda text: text.replace("[payer]", "[other]"), "[payer]"),
        (lambda text: text + '\nmore = "1"', "more"),
        (lambda text: "[payer", "PAYER_FILE"),
        (lambda text: text.replace(PAYER.name, "Имя\\u202e"), "CHARACTER_UNFIT"),
    ],
)
def test_requisites_of_the_payer_that_cannot_be_are_refused(
    tillgate: CommandLine, treasury_desk: Desk, payer_file: Path, change: Callable[[str], str], told: str
) -> None:
    """Before any register is made, with what is wrong."""
    treasury_desk.claim(1000)
    payer_file.write_text(change(PAYER_TOML), encoding="utf-8")
    refused = tillgate("claims", "payout", "make", *BY_FIRST)
    assert (1, True) == (refused.exit_code, told in refused.stderr), refused.stderr
    assert 0 == treasury_desk.payouts()


def test_without_requisites_of_the_payer_the_setting_is_named(
    tillgate: CommandLine, treasury_desk: Desk
) -> None:
    """So that an operator knows what to do."""
    refused = tillgate("claims", "payout", "make", *BY_FIRST)
    assert (1, True) == (refused.exit_code, "TILLGATE_PAYER_FILE" in refused.stderr)


def test_in_production_who_signs_brings_password_and_code(
    tillgate: CommandLine, treasury_desk: Desk, payer_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name alone makes, approves or exports nothing where four eyes are enforced."""
    monkeypatch.setenv("TILLGATE_FOUR_EYES", "1")
    treasury_desk.claim(1000)
    why = ("--reason", "письмо банка 17")
    for command in (("payout", "make"), ("entries", "dismiss", "1-1", *why)):
        refused = tillgate("claims", *command, *BY_FIRST, typed="secret\n000000\n")
        assert (1, True) == (refused.exit_code, "SIGN_IN_REFUSED" in refused.stderr)
    assert 0 == treasury_desk.payouts()


def test_where_four_eyes_are_enforced_an_approver_approves_and_an_operator_does_the_rest(
    signing: SigningDesk, treasury_desk: Desk, payer_file: Path, tmp_path: Path
) -> None:
    """Each of them is refused what is the other's; nobody's name alone does anything."""
    treasury_desk.claim(1000)
    made = ("claims", "payout", "make")
    assert "NOT_PERMITTED" in signing.as_("approver", *made).stderr
    assert 0 == signing.as_("operator", *made).exit_code
    shown = signing.tillgate.json("claims", "payout", "show", 1, "--json")
    approve = ("claims", "payout", "approve", 1, "--sha256", shown["sha256"])
    assert "NOT_PERMITTED" in signing.as_("operator", *approve).stderr
    assert 0 == signing.as_("approver", *approve).exit_code
    export = ("claims", "payout", "export", 1, "--format", "pain", "--out", tmp_path / "payout.xml")
    assert "NOT_PERMITTED" in signing.as_("approver", *export).stderr
    assert 0 == signing.as_("operator", *export).exit_code
    answer = tmp_path / "statement.txt"
    answer.write_bytes(onec(paid(treasury_desk.do(lambda treasury: treasury.read(1)).transfers[0], 1001)))
    imported = ("claims", "import", answer, "--set-aside")
    assert "NOT_PERMITTED" in signing.as_("approver", *imported).stderr
    assert 0 == signing.as_("operator", *imported).exit_code
    dismiss = ("claims", "entries", "dismiss", "1-1", "--reason", "ошибка банка")
    assert "NOT_PERMITTED" in signing.as_("approver", *dismiss).stderr
    assert 0 == signing.as_("operator", *dismiss).exit_code
    last = signing.tillgate.json("audit", "show", "--action", "payout.exported", "--json")[0]
    assert ("operator", "approver") == (last["actor_id"], last["approved_by"])
