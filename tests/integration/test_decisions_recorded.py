"""What people and keys decide stands in the audit log, written by the transaction that decides."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.record.connections import driver_in_transaction
from gateway.record.words import Action, Actor, ActorKind, Subject, SubjectKind
from gateway.record.writing import record
from gateway.registry import merchants
from gateway.runtime.database import make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from loadtests.demo.applicants import BANK, account
from tests.cards_kit import number
from tests.cli_kit import CommandLine
from tests.enrolment_kit import WHO, Office, entity, moscow_today, office_on

TODAY = moscow_today().isoformat()
BY = ("--by", "Первый")
WHY = (*BY, "--reason", "по письму")


def recorded(tillgate: CommandLine) -> list[tuple[str, str, str]]:
    """Action, subject and step of every entry, the earliest first."""
    found: list[dict[str, Any]] = tillgate.json("audit", "show", "--json")
    return [
        (one["action"], f"{one['subject_kind']} {one['subject_id']}", one["details"].get("step", ""))
        for one in reversed(found)
    ]


def test_each_step_of_the_register_is_an_entry(tillgate: CommandLine, tmp_path: Path) -> None:
    """From the application to the exclusion; the chain is whole, and a refused step leaves none."""
    form = tmp_path / "form.json"
    form.write_bytes(msgspec.json.encode(entity()))
    tillgate("merchants", "apply", form)
    tillgate("merchants", "review", 1, *BY)
    assert 0 == tillgate("merchants", "register", 1, *BY, "--approved-by", "Второй").exit_code
    assert [
        ("application.submitted", "APPLICATION 1", ""),
        ("application.decided", "APPLICATION 1", "review"),
        ("merchant.registered", "MERCHANT 1", "register"),
        ("outlet.changed", "OUTLET 1", "add"),
        ("outlet.changed", "OUTLET 2", "add"),
        ("merchant.account_changed", "MERCHANT 1", "confirm"),
        ("application.decided", "APPLICATION 1", "register"),
    ] == recorded(tillgate)
    last = tillgate.json("audit", "show", "--json")[0]
    assert ("PERSON", "первый", "второй") == (last["actor_kind"], last["actor_id"], last["approved_by"])
    steps = (
        ("merchants", "account", "propose", 1, "--bic", BANK, "--account", account(9), *WHY),
        ("merchants", "account", "confirm", 2, "--by", "Второй"),
        ("agreements", "add", 1, "--number", "Д-1", "--from", TODAY, "--program", "food", *BY),
        ("agreements", "cancel", 1, *WHY),
        ("outlets", "disable", 1, *WHY),
        ("terminals", "add", 1, "--name", "К1", *BY),
        ("terminals", "disable", 1, *WHY),
        ("merchants", "suspend", 1, *WHY),
        ("merchants", "resume", 1, *WHY),
        ("merchants", "exclude", 1, *WHY),
    )
    for step in steps:
        assert 0 == tillgate(*step).exit_code, step
    assert 1 == tillgate("merchants", "resume", 1, *WHY).exit_code
    assert [
        ("merchant.account_changed", "MERCHANT 1", "propose"),
        ("merchant.account_changed", "MERCHANT 1", "confirm"),
        ("agreement.changed", "AGREEMENT 1", "add"),
        ("agreement.changed", "AGREEMENT 1", "cancel"),
        ("outlet.changed", "OUTLET 1", "disable"),
        ("terminal.changed", "TERMINAL 1", "add"),
        ("terminal.changed", "TERMINAL 1", "disable"),
        ("merchant.suspended", "MERCHANT 1", "suspend"),
        ("merchant.resumed", "MERCHANT 1", "resume"),
        ("merchant.excluded", "MERCHANT 1", "exclude"),
    ] == recorded(tillgate)[7:]
    report = tmp_path / "accounts.csv"
    tillgate("audit", "report", "accounts", "--csv", report)
    assert f"account={account(9)}" in report.read_text(encoding="utf-8-sig")
    assert "whole: " in tillgate("audit", "verify").stdout


def test_keys_codes_and_their_end_are_entries(tillgate: CommandLine, tmp_path: Path) -> None:
    """Who issued and who revoked; a code itself stands in no entry."""
    form = tmp_path / "form.json"
    form.write_bytes(msgspec.json.encode(entity()))
    why = (*WHY, "--approved-by", "Второй")
    tillgate("merchants", "take-over", form, *why)
    tillgate("terminals", "add", 1, "--name", "К1", *BY)
    before = len(recorded(tillgate))
    code = tillgate("pki", "issue-code", "--terminal", 1, *BY).stdout.strip()
    assert code
    assert 0 == tillgate("pki", "revoke", "--terminal", 1, *WHY).exit_code
    assert 0 == tillgate("pki", "rotate-outcome-key", "--to", tmp_path / "key", *BY).exit_code
    (key_id,) = (one[1] for one in recorded(tillgate)[before:] if one[0] == "key.rotated")
    assert 0 == tillgate("pki", "retire-outcome-key", key_id.split()[1], *BY).exit_code
    assert [
        ("key.code_issued", "TERMINAL 1", ""),
        ("key.revoked", "TERMINAL 1", ""),
        ("key.rotated", key_id, ""),
        ("key.retired", key_id, ""),
    ] == recorded(tillgate)[before:]
    kept = tillgate.sql("SELECT details::text FROM audit_entry")
    assert code not in kept
    assert code.split("-", 1)[-1] not in kept


def test_what_is_done_to_cards_is_recorded_without_their_numbers(
    tillgate: CommandLine, tmp_path: Path
) -> None:
    """Stopped, searched, freed, imported, keys; a search of a card that nobody knows too."""
    card, file = number(951), tmp_path / "stop.csv"
    file.write_text(f"number,reason\n{number(952)},lost\n", encoding="utf-8")
    typed = f"{card}\n\n"
    for command in (("stop", "--reason", "утеря"), ("search",), ("unstop",)):
        assert 0 == tillgate("cards", *command, "--by", "desk", typed=typed).exit_code, command
    for loading in (("import-stop-list", file), ("rotate-key",), ("renew-list-key", 7)):
        assert 0 == tillgate("cards", *loading, "--by", "desk").exit_code, loading
    found = recorded(tillgate)
    assert [
        "card.stopped",
        "card.searched",
        "card.freed",
        "stop_list.imported",
        "key.rotated",
        "key.rotated",
    ] == [action for action, _, _ in found]
    assert 1 == len({subject for _, subject, _ in found[:3]})
    assert "0" == tillgate.sql(
        f"SELECT count(*) FROM audit_entry WHERE to_jsonb(audit_entry)::text ~ '{card}|{number(952)}'"  # noqa: S608
    )


@pytest.fixture
def office_url(postgres: EmbeddedPostgres, database_name: str) -> str:
    """The owner's URL."""
    return postgres.url(database_name)


async def test_a_change_whose_record_fails_is_not_made(office_url: str) -> None:
    """The log refuses, and the merchant goes on selling."""
    async with office_on(office_url) as office:
        merchant_id = await office.enrol(entity())
        async with office.work() as connection:
            await connection.execute(
                text("ALTER TABLE audit_entry ADD CONSTRAINT full_disk CHECK (id < 1) NOT VALID")
            )
        with pytest.raises(asyncpg.CheckViolationError, match="full_disk"):
            await suspended(office, merchant_id)
        async with office.work() as connection:
            assert "ACTIVE" == (await merchants.get_merchant(connection, merchant_id)).state


async def test_decisions_of_many_at_once_make_one_chain(office_url: str) -> None:
    """Admissions that link predecessors, and suspensions, meet nobody who waits for them in a circle."""
    async with office_on(office_url) as office:
        first = await office.enrol(entity(1))

        async def taken_over(n: int) -> int:
            async with office.work() as connection:
                return await merchants.take_over(
                    connection, entity(n), **WHO, reason="3.8", successor_of=first
                )

        async def linked(merchant_id: int) -> None:
            async with office.work() as connection:
                await merchants.name_successor(connection, merchant_id, first, **WHO, reason="реорганизация")

        second = await office.enrol(entity(2))
        await asyncio.gather(
            *(taken_over(n) for n in range(3, 8)),
            *(linked(second) for _ in range(5)),
            suspended(office, first),
        )
        async with office.work() as connection:
            driver = await driver_in_transaction(connection)
            count = await driver.fetchval("SELECT count(*) FROM audit_entry WHERE action LIKE 'merchant.%'")
            assert await driver.fetchval("SELECT max(id) = count(*) FROM audit_entry")
        # Each admission: the merchant and its account; then links and the suspension.
        assert 2 * 7 + 5 + 1 == count


async def suspended(office: Office, merchant_id: int) -> None:
    """A merchant that sells no more."""
    async with office.work() as connection:
        await merchants.suspend(connection, merchant_id, by="Первый", reason="проверка")


@pytest.fixture
async def enrolling(postgres: EmbeddedPostgres, database_name: str) -> Any:
    """The database as the process of enrolment has it."""
    engine = make_engine(postgres.url(database_name, "tillgate_enrollment"), pool_size=1)
    yield engine
    await engine.dispose()


async def entry(connection: AsyncConnection, actor: Actor, action: Action) -> None:
    """Append one."""
    await record(connection, actor=actor, action=action, subject=Subject(SubjectKind.CLIENT_KEY, "00"))


async def test_enrolment_records_keys_and_speaks_for_nobody(enrolling: AsyncEngine) -> None:
    """Broken into, it still cannot make an entry of a person, nor read what others decided."""
    async with enrolling.begin() as connection:
        await entry(connection, Actor.system("enrollment"), Action.KEY_ISSUED)
        await entry(connection, Actor.system("enrollment"), Action.APPLICATION_SUBMITTED)
    for actor, action in (
        (Actor.person("first"), Action.KEY_ISSUED),
        (Actor.system("enrollment"), Action.MERCHANT_RESUMED),
        (Actor(ActorKind.CLIENT_KEY, "00"), Action.KEY_REVOKED),
    ):
        with pytest.raises(Exception, match="nothing else"):
            async with enrolling.begin() as connection:
                await entry(connection, actor, action)
    for statement in ("SELECT details FROM audit_entry", "DELETE FROM audit_entry"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with enrolling.begin() as connection:
                await connection.execute(text(statement))
