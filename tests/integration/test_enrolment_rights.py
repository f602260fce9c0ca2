"""What was done in the register cannot be undone by anybody, and whom the database lets see what."""

from collections.abc import AsyncIterator
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from gateway.registry.accounts import propose_account
from gateway.registry.addenda import add_addendum
from gateway.registry.agreement_terms import Changes, Terms
from gateway.registry.agreements import add_agreement, send, sign, take_back
from gateway.registry.applications import application_status, apply_for
from gateway.registry.bic.directory import import_directory
from gateway.registry.bic.file import parse_bic_file
from gateway.registry.enrolment_schema import metadata
from gateway.registry.outlets import list_outlets
from gateway.registry.published import published_register
from gateway.registry.terminals import add_terminal, set_fiscal_numbers
from gateway.runtime.database import make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from loadtests.demo.applicants import BANK, account
from tests.enrolment_kit import Office, bank_xml, directory_xml, entity, entrepreneur, moscow_today, office_on

PERMANENT = (
    "application",
    "registry_history",
    "merchant_account",
    "agreement_addendum",
    "ceiling_signal",
    "terminal_fiscal",
    "bic_directory",
    "bic_entry",
)


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    """An office with a row in every table of enrolment."""
    async with office_on(database_url) as made:
        merchant_id = await made.enrol(entity())
        today = moscow_today()
        terms = Terms(number="Д-1", first_day=date(2026, 1, 1), program_codes=("food",))
        async with made.work() as connection:
            await import_directory(connection, parse_bic_file(directory_xml(bank_xml())), by="Первый")
            await apply_for(connection, entrepreneur())
            await propose_account(
                connection, merchant_id, bic=BANK, account=account(5), by="Первый", reason="письмо"
            )
            agreement_id = await add_agreement(connection, merchant_id, terms, by="Первый")
            for step in (send, sign, take_back):
                await step(connection, agreement_id, on=today, by="Первый")
            await add_addendum(
                connection,
                agreement_id,
                Changes(ceiling_kopecks=1),
                number="1",
                signed_on=today,
                by="Первый",
            )
            (shop, _) = await list_outlets(connection, merchant_id=merchant_id)
            till = await add_terminal(connection, shop.id, name="Касса 1", by="Первый")
            await set_fiscal_numbers(
                connection, till, kkt_number="0" * 16, drive_number="1" * 16, first_day=today, by="Первый"
            )
            await connection.execute(
                text("INSERT INTO ceiling_signal VALUES (:id, 1, 80, 1)"), {"id": agreement_id}
            )
        yield made


async def attempt(office: Office, statement: str) -> None:
    """Run a statement as the owner."""
    async with office.work() as connection:
        await connection.execute(text(statement))


@pytest.mark.parametrize("table", PERMANENT)
async def test_nothing_that_was_recorded_is_deleted(office: Office, table: str) -> None:
    """Not even by the owner of the tables."""
    for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):  # noqa: S608
        with pytest.raises(IntegrityError, match="stays as it was recorded"):
            await attempt(office, statement)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("registry_history", "reason = 'другое'"),
        ("registry_history", "made_by = 'другой'"),
        ("agreement_addendum", "changes = '{}'"),
        ("ceiling_signal", "used_kopecks = 0"),
        ("bic_directory", "business_day = '2030-01-01'"),
        ("bic_entry", "name = 'другой'"),
        ("application", "body = '{}'"),
        ("application", "inn = '0000000025'"),
        ("application", "state = 'SUBMITTED', merchant_id = NULL"),
        ("merchant_account", "account = '00000000000000000000'"),
        ("merchant_account", "proposed_by = 'другой'"),
        ("merchant_account", "state = 'PROPOSED', decided_by = NULL, decided_at = NULL"),
        ("terminal_fiscal", "drive_number = '9999999999999999'"),
        ("terminal_fiscal", "days = '[2020-01-01,)'"),
    ],
)
async def test_what_was_said_and_decided_stays(office: Office, table: str, change: str) -> None:
    """A decision is added beside it, never written over it."""
    with pytest.raises(IntegrityError, match="stays as it was recorded"):
        await attempt(office, f"UPDATE {table} SET {change}")  # noqa: S608


async def test_the_database_itself_wants_four_eyes(office: Office) -> None:
    """Past every function of ours."""
    with pytest.raises(IntegrityError, match="merchant_account_four_eyes"):
        await attempt(
            office,
            "UPDATE merchant_account SET state = 'CONFIRMED', decided_by = proposed_by,"
            " decided_at = tillgate_now() WHERE state = 'PROPOSED'",
        )
    with pytest.raises(IntegrityError, match="registry_history_four_eyes"):
        await attempt(
            office,
            "INSERT INTO registry_history (subject, subject_id, step, from_state, to_state, reason, made_by,"
            " approved_by) VALUES ('merchant', 1, 'register', '', 'ACTIVE', '', 'Первый', 'Первый')",
        )


async def test_enrolment_takes_applications_and_reads_no_people(
    office: Office, postgres: EmbeddedPostgres, database_name: str
) -> None:
    """Its role tells their state, and sees neither what was said in them nor accounts; it decides nothing.

    Whoever serves purchases takes none.
    """
    engine = make_engine(postgres.url(database_name, "tillgate_enrollment"))
    selling = make_engine(postgres.url(database_name, "tillgate_gateway"))
    try:
        async with engine.begin() as connection:
            receipt = await apply_for(connection, entity(5))
            again = await apply_for(connection, entity(5), request_id=receipt.request_id)
            assert receipt == again
            status = await application_status(connection, receipt.request_id)
            assert "SUBMITTED" == status.state
        for statement in (
            "SELECT body FROM application",
            "SELECT signatory FROM merchant_profile",
            "SELECT account FROM merchant_account",
            "SELECT reason FROM registry_history",
            "UPDATE application SET state = 'UNDER_REVIEW'",
            "INSERT INTO merchant (inn, name) VALUES ('0000000025', 'x')",
            "UPDATE agreement SET state = 'CONCLUDED'",
            "UPDATE agreement SET sales_closed_at = NULL",
            "INSERT INTO bic_entry SELECT * FROM bic_entry",
            "DELETE FROM ceiling_signal",
        ):
            with pytest.raises(ProgrammingError, match="permission denied"):
                async with engine.begin() as connection:
                    await connection.execute(text(statement))
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with selling.begin() as connection:
                await apply_for(connection, entity(6))
    finally:
        await selling.dispose()
        await engine.dispose()


async def test_the_reader_publishes_the_register_and_reads_no_people(
    office: Office, postgres: EmbeddedPostgres, database_name: str
) -> None:
    """Names of signatories and contacts stay with the owner."""
    engine = make_engine(postgres.url(database_name, "tillgate_reader"))
    try:
        async with engine.begin() as connection:
            assert 1 == len(await published_register(connection))
        for statement in ("SELECT contact FROM merchant_profile", "SELECT body FROM application"):
            with pytest.raises(ProgrammingError, match="permission denied"):
                async with engine.begin() as connection:
                    await connection.execute(text(statement))
        for table in metadata.tables:
            with pytest.raises(DBAPIError):
                async with engine.begin() as connection:
                    await connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608
    finally:
        await engine.dispose()
