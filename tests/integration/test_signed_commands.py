"""What one person does alone takes their sign-in where four eyes are enforced, and no name that is typed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

from gateway.cli import tillgate
from tests.cli_kit import CommandLine
from tests.four_eyes_kit import SigningDesk, signing_desk

WHY: Final = ("--reason", "приказ 17")
ON: Final = ("--on", "2026-12-01")
COMMANDS: Final[dict[str, list[tuple[object, ...]]]] = {
    "merchants": [
        ("apply", __file__),
        ("suspend", 1, *WHY),
        ("resume", 1, *WHY),
        ("exclude", 1, *WHY),
        ("succeed", 1, 2, "--approved-by", "approver", *WHY),
        ("review", 1),
        ("refuse", 1, *WHY),
        ("account", "reject", 1, *WHY),
    ],
    "agreements": [
        ("add", 1, "--number", "1", "--from", "2026-12-01", "--program", "food"),
        ("send", 1, *ON),
        ("sign", 1, *ON),
        ("return", 1, *ON),
        ("amend", 1, "--number", "2", "--signed-on", "2026-12-01"),
        ("cancel", 1, *WHY),
        ("end", 1, "--to", "2026-12-31", *WHY),
        ("settle", 1, *WHY),
    ],
    "outlets": [
        ("add", 1, "--name", "1", "--address", "125009, г. Москва, ул. Тверская, 1"),
        ("enable", 1, *WHY),
        ("disable", 1, *WHY),
    ],
    "terminals": [
        ("add", 1, "--name", "1"),
        ("fiscal", 1, "--kkt", "1" * 16, "--drive", "2" * 16, "--from", "2026-12-01"),
        ("end-fiscal", 1, "--to", "2026-12-01", *WHY),
        ("enable", 1, *WHY),
        ("disable", 1, *WHY),
    ],
    "pki": [
        ("issue-code", "--terminal", 1),
        ("revoke", "--terminal", 1, *WHY),
        ("register", "--terminal", 1, "--certificate", __file__),
        ("hmac-key", "--terminal", 1, "--to", "hmac.json"),
        ("publish-outcome-key", __file__),
        ("rotate-outcome-key", "--to", "key.pem"),
        ("retire-outcome-key", "x"),
    ],
    "users": [
        ("add", "second", "--name", "Второй", "--role", "approver"),
        ("invite", "operator"),
        ("reset-totp", "operator"),
        ("roles", "approver", "--role", "operator"),
        ("disable", "approver", *WHY),
        ("unlock", "approver"),
    ],
    "lists": [
        ("import", "prohibited", __file__),
        ("take-over", Path(__file__).parent),
        ("discard", "prohibited", "1"),
    ],
    "goods": [
        ("rehearse", "prohibited", "1"),
        ("confirm", 1, "--okpd2", "11.05.10", "--act", "1"),
        ("dismiss", 1, "--because", "x"),
        ("accept", 1, "--okpd2", "11.05.10", "--act", "1"),
        ("refuse", 1, "--because", "x"),
        ("end-rule", 1),
        ("set-template", 1, "2PPPPPPVVVVVC"),
        ("end-template", 1),
    ],
    "claims": [
        (
            "budget",
            "set",
            "1" * 20,
            "--year",
            2026,
            "--limit",
            "1",
            "--act-number",
            "1",
            "--act-date",
            "2026-01-01",
        ),
        ("demand", "make", 1),
        ("demand", "returned", 1, "--amount", "1"),
        ("demand", "offset", 1),
        ("demand", "sue", 1),
        ("file", 1),
        ("forms", "add", "claim", __file__),
        ("objections", "add", 1, "--text", "x"),
        ("objections", "answer", 1, "--dismiss", "--answer", "x"),
        ("payout", "make"),
        ("payout", "discard", 1, *WHY),
        ("review", "take-up", 1),
        ("payout", "reject", 1, *WHY),
        ("payout", "export", 1, "--format", "pain"),
        ("review", "return", 1, *WHY),
        ("review", "payable", 1),
        ("review", "verdicts", 1, "--rest"),
        ("sign", "seal", 1),
        ("sign", "add", 1, __file__),
        ("sign", "check", 1, "--with", "true"),
        ("sign", "judge", 1, "--valid", "--detail", "x"),
    ],
    "cards": [
        ("stop", *WHY),
        ("unstop",),
        ("search",),
        ("unlock", 1),
        ("renew-list-key", 1),
        ("rotate-key",),
        ("drop-key", "x"),
    ],
}
FROM_OTHER_SYSTEMS: Final = {
    "bic import", "cards import-stop-list", "cards reissue", "claims import", "claims receipts import",
}  # fmt: skip
"""What comes in files at night, and is held against what is there."""
COUNTED: Final = {"claims build", "claims check", "demand"}
"""Figures that come out the same whoever asks for them; nobody decides anything by them."""
TWO_PERSONS: Final = {
    "certificates block", "certificates correct", "certificates extend", "certificates issue",
    "certificates unblock", "certificates withdraw", "claims payout approve", "claims review approve",
    "claims review refuse", "lists publish",
    "merchants account confirm", "merchants account propose", "merchants register", "merchants take-over",
    "proposals approve", "proposals execute", "proposals refuse", "proposals withdraw",
}  # fmt: skip
"""By proposals, or by an act: test_four_eyes_commands.py, test_claims_payouts_command.py."""
EVERY: Final = [(group, *rest) for group, some in COMMANDS.items() for rest in some]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys are made once for all tests here."""
    return tmp_path_factory.mktemp("data")


def test_no_command_is_done_by_a_name_alone(signing: SigningDesk) -> None:
    """Who signs in must be one who may; an unknown name gets nowhere."""
    decided = "SELECT count(*) FROM audit_entry WHERE action NOT LIKE 'session.%'"
    before = signing.tillgate.sql(decided)
    for command in EVERY:
        done = signing.as_("approver", *command)
        assert (1, True) == (done.exit_code, "NOT_PERMITTED" in done.stderr), (command, done.output)
    unknown = signing.as_("nobody", "merchants", "suspend", 1, *WHY)
    assert (1, True) == (unknown.exit_code, "SIGN_IN_REFUSED" in unknown.stderr)
    assert before == signing.tillgate.sql(decided)


def test_every_command_that_names_somebody_is_here() -> None:
    """A new command with `--by` is signed, or it says why not."""
    tried = {" ".join(_words(command)) for command in EVERY}
    assert tried | FROM_OTHER_SYSTEMS | COUNTED | TWO_PERSONS == {" ".join(path) for path in _named(tillgate)}


def _words(command: tuple[object, ...]) -> Iterator[str]:
    found: click.Command | None = tillgate
    for word in command:
        if not isinstance(found, click.Group):
            return
        found = found.get_command(click.Context(found), str(word))
        yield str(word)


def _named(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from _named(command, (*path, name))
        elif command and any(option.name == "by" for option in command.params):
            yield (*path, name)


def test_who_signed_in_is_named_in_the_books(signing: SigningDesk, tmp_path: Path) -> None:
    """The login, however it was typed."""
    signing.alone("fixtures", "create", "--outlets", 1, "--terminals", 1, "--merchants", 1)
    done = signing.as_("operator", "merchants", "suspend", 1, *WHY)
    assert 0 == done.exit_code, done.output
    (entry,) = signing.tillgate.json("audit", "show", "--action", "merchant.suspended", "--json")
    assert "operator" == entry["actor_id"]


def test_the_first_person_is_made_by_whoever_has_the_database(tillgate: CommandLine) -> None:
    """As long as there is nobody who could sign in; then no more."""
    desk = signing_desk(tillgate, joins=False)
    first = desk.tillgate("users", "add", "first", "--name", "Первый", "--role", "operator")
    again = desk.tillgate("users", "invite", "first")
    assert (0, 0) == (first.exit_code, again.exit_code), first.output
    desk.joined("first", again)
    second = ("users", "add", "second", "--name", "Второй", "--role", "approver")
    refused = desk.tillgate(*second, typed="x\n0\n")
    assert (1, True) == (refused.exit_code, "SIGN_IN_REFUSED" in refused.stderr)
    assert 0 == desk.as_("first", *second).exit_code
