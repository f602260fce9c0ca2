"""Applications: taken or refused by name, reviewed, registered by two people, or refused with a reason."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select, text

from gateway.record.connections import driver_in_transaction
from gateway.record.reading import Filter, entries
from gateway.registry.accounts import account_of
from gateway.registry.applications import (
    application_status,
    apply_for,
    list_applications,
    read_application,
    refuse,
    register,
    review,
)
from gateway.registry.bic.directory import find_bank, import_directory, newest_directory
from gateway.registry.bic.errors import BicFileError
from gateway.registry.bic.file import parse_bic_file
from gateway.registry.checking import ChecksFailedError
from gateway.registry.enrolment_errors import EnrolmentError
from gateway.registry.enrolment_schema import application, bic_entry
from gateway.registry.history import Subject, history_of
from gateway.registry.machine import ApplicationState
from gateway.registry.merchants import exclude, get_merchant
from gateway.registry.outlets import list_outlets
from loadtests.demo.applicants import BANK
from tests.enrolment_kit import WHO, Office, bank_xml, directory_xml, entity, entrepreneur, office_on


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    """An office at an empty register."""
    async with office_on(database_url) as made:
        yield made


async def test_an_applicant_gets_a_receipt_and_asks_for_the_state(office: Office) -> None:
    """Submitted, under review, registered: with the number of the register at the end."""
    async with office.work() as connection:
        receipt = await apply_for(connection, entity())
    async with office.work() as connection:
        first = await application_status(connection, receipt.request_id)
        assert (ApplicationState.SUBMITTED, None) == (first.state, first.merchant_id)
        reviewed = await review(connection, receipt.application_id, by="Первый")
        assert (ApplicationState.UNDER_REVIEW, (), False) == (
            reviewed.status.state,
            reviewed.findings,
            reviewed.has_directory,
        )
        assert entity() == reviewed.application
        merchant_id = await register(connection, receipt.application_id, **WHO)
        driver = await driver_in_transaction(connection)
        (entry,) = await entries(driver, Filter(action="application.submitted"), 10)
        assert ("SYSTEM", "enrollment", str(receipt.application_id)) == (
            entry.actor_kind,
            entry.actor_id,
            entry.subject_id,
        )
        last = await application_status(connection, receipt.request_id)
    assert (ApplicationState.REGISTERED, merchant_id, "") == (last.state, last.merchant_id, last.reason)


async def test_registering_enters_the_merchant_with_its_shops_and_account(office: Office) -> None:
    """And who did it, who approved it, and why."""
    form = entity()
    merchant_id = await office.enrol(form)
    async with office.work() as connection:
        one = await get_merchant(connection, merchant_id)
        shops = await list_outlets(connection, merchant_id=merchant_id)
        account = await account_of(connection, merchant_id)
        (step,) = await history_of(connection, Subject.MERCHANT, merchant_id)
        (shop_step,) = await history_of(connection, Subject.OUTLET, shops[0].id)
    assert (form.inn, form.kpp, form.ogrn, "ENTITY", False) == (
        one.inn,
        one.kpp,
        one.ogrn,
        one.kind,
        one.is_taken_over,
    )
    assert [(o.name, o.address) for o in form.outlets] == [(o.name, o.address) for o in shops]
    assert account is not None
    assert (form.bic, form.account) == (account.bic, account.account)
    assert ("register", "", "ACTIVE", "Первый", "Второй") == (
        step.step,
        step.from_state,
        step.to_state,
        step.made_by,
        step.approved_by,
    )
    assert ("add", "Первый") == (shop_step.step, shop_step.made_by)


@pytest.mark.parametrize("approver", ["Первый", " первый ", "ПЕРВЫЙ"])
async def test_nobody_registers_alone(office: Office, approver: str) -> None:
    """Nor by writing the same name in another way; the application stays under review."""
    async with office.work() as connection:
        receipt = await apply_for(connection, entity())
        await review(connection, receipt.application_id, by="Первый")
    async with office.work() as connection:
        with pytest.raises(EnrolmentError, match="FOUR_EYES"):
            await register(connection, receipt.application_id, by="Первый", approved_by=approver)
        status = await application_status(connection, receipt.request_id)
    assert ApplicationState.UNDER_REVIEW is status.state


async def test_a_refusal_names_its_reason_and_the_applicant_may_come_again(office: Office) -> None:
    """A decided application moves no more."""
    async with office.work() as connection:
        receipt = await apply_for(connection, entity())
        await review(connection, receipt.application_id, by="Первый")
        with pytest.raises(EnrolmentError, match="UNSIGNED"):
            await refuse(connection, receipt.application_id, by="Первый", reason=" ")
        await refuse(connection, receipt.application_id, by="Первый", reason="нет магазина")
        status = await application_status(connection, receipt.request_id)
        assert (ApplicationState.REFUSED, "нет магазина") == (status.state, status.reason)
        for again in (
            review(connection, receipt.application_id, by="Первый"),
            refuse(connection, receipt.application_id, by="Первый", reason="ещё раз"),
            register(connection, receipt.application_id, **WHO),
        ):
            with pytest.raises(EnrolmentError, match="STEP_NOT_ALLOWED"):
                await again
        second = await apply_for(connection, entity())
        assert second.application_id != receipt.application_id


async def test_an_application_is_not_registered_unread(office: Office) -> None:
    """Nor refused: it is taken under review first."""
    async with office.work() as connection:
        receipt = await apply_for(connection, entity())
        with pytest.raises(EnrolmentError, match="STEP_NOT_ALLOWED"):
            await register(connection, receipt.application_id, **WHO)
        with pytest.raises(EnrolmentError, match="APPLICATION_UNKNOWN"):
            await review(connection, receipt.application_id + 1, by="Первый")
        with pytest.raises(EnrolmentError, match="APPLICATION_UNKNOWN"):
            await application_status(connection, uuid4())


async def test_wrong_requisites_leave_nothing_behind(office: Office) -> None:
    """Every failed check is told at once."""
    async with office.work() as connection:
        with pytest.raises(ChecksFailedError) as refused:
            await apply_for(connection, entity(inn="0000000017", kpp=""))
        count = (await connection.execute(select(func.count()).select_from(application))).scalar_one()
    assert 0 == count
    assert ["INN_CHECK_DIGIT", "KPP_MISSING"] == [one.code for one in refused.value.findings]


async def test_a_repeated_call_gets_the_same_receipt_and_another_body_is_a_conflict(office: Office) -> None:
    """Also after the application was decided: the answer to a lost answer."""
    request_id = uuid4()
    async with office.work() as connection:
        first = await apply_for(connection, entity(), request_id=request_id)
        await review(connection, first.application_id, by="Первый")
        await register(connection, first.application_id, **WHO)
        assert first == await apply_for(connection, entity(), request_id=request_id)
        with pytest.raises(EnrolmentError, match="APPLICATION_ID_CONFLICT"):
            await apply_for(connection, entity(name="ООО Другое"), request_id=request_id)


async def test_one_application_of_an_inn_at_a_time(office: Office) -> None:
    """And none of a participant that is in the register."""
    async with office.work() as connection:
        await apply_for(connection, entity())
    async with office.work() as connection:
        with pytest.raises(EnrolmentError, match="APPLICATION_OPEN"):
            await apply_for(connection, entity(name="ООО Другое"))
    merchant_id = await office.enrol(entrepreneur())
    async with office.work() as connection:
        with pytest.raises(EnrolmentError, match="ALREADY_REGISTERED"):
            await apply_for(connection, entrepreneur())
        await exclude(connection, merchant_id, by="Первый", reason="по заявлению")
        await apply_for(connection, entrepreneur())


async def test_of_many_applicants_at_once_one_is_taken(office: Office) -> None:
    """Whether they bring the same id or each its own."""
    request_id = uuid4()

    async def bring(same: bool) -> int | str:
        try:
            async with office.work() as connection:
                form = entity() if same else entrepreneur()
                own_id = request_id if same else None
                return (await apply_for(connection, form, request_id=own_id)).application_id
        except EnrolmentError as error:
            return error.code.name

    same = await asyncio.gather(*(bring(True) for _ in range(6)))
    assert 1 == len(set(same))
    each = await asyncio.gather(*(bring(False) for _ in range(6)))
    assert {"APPLICATION_OPEN"} == {one for one in each if isinstance(one, str)}
    assert 5 == each.count("APPLICATION_OPEN")


async def test_of_two_registrars_at_once_one_registers(office: Office) -> None:
    """The other is told that there is nothing to do any more."""
    async with office.work() as connection:
        receipt = await apply_for(connection, entity())
        await review(connection, receipt.application_id, by="Первый")

    async def attempt() -> str:
        try:
            async with office.work() as connection:
                return str(await register(connection, receipt.application_id, **WHO))
        except EnrolmentError as error:
            return error.code.name

    found = await asyncio.gather(attempt(), attempt(), attempt())
    assert 2 == found.count("STEP_NOT_ALLOWED")


async def test_a_bank_that_lost_its_licence_meanwhile_stops_the_registration(office: Office) -> None:
    """The checks of submission are made again with the newest directory."""
    async with office.work() as connection:
        await import_directory(connection, parse_bic_file(directory_xml(bank_xml())), by="Первый")
        receipt = await apply_for(connection, entity())
        await review(connection, receipt.application_id, by="Первый")
        revoked = bank_xml(inside='<RstrList Rstr="URRS" RstrDate="2022-05-17"/>')
        newer = parse_bic_file(directory_xml(revoked, day="2026-11-02"))
        await import_directory(connection, newer, by="Первый")
    async with office.work() as connection:
        found = await read_application(connection, receipt.application_id)
        assert ["BIC_RESTRICTED"] == [one.code for one in found.findings]
        with pytest.raises(ChecksFailedError, match="URRS"):
            await register(connection, receipt.application_id, **WHO)


async def test_a_bank_that_the_directory_does_not_know_is_refused(office: Office) -> None:
    """Though the key of the account is right."""
    async with office.work() as connection:
        other = directory_xml(bank_xml("049900105"))
        await import_directory(connection, parse_bic_file(other), by="Первый")
        with pytest.raises(ChecksFailedError, match="has no BIK"):
            await apply_for(connection, entity())


async def test_the_newest_directory_answers_and_an_older_one_is_refused(office: Office) -> None:
    """The same file again changes nothing; another content of the same version is an error."""
    first, second = (
        parse_bic_file(directory_xml(bank_xml(name=name), day=day))
        for name, day in (("СТАРЫЙ БАНК", "2026-11-01"), ("НОВЫЙ БАНК", "2026-11-02"))
    )
    async with office.work() as connection:
        assert await find_bank(connection, BANK) is None
        assert (await import_directory(connection, first, by="Первый")).is_new
        assert not (await import_directory(connection, first, by="Первый")).is_new
        assert (await import_directory(connection, second, by="Первый")).is_new
        with pytest.raises(BicFileError, match="OLDER"):
            await import_directory(connection, first, by="Первый")
        with pytest.raises(BicFileError, match="OTHER_CONTENT"):
            await import_directory(connection, replace(second, content_sha256=bytes(32)), by="Первый")
        noted = await connection.execute(
            text("SELECT actor_id, subject_id FROM audit_entry WHERE action = 'bic.imported' ORDER BY id")
        )
        assert [("первый", "2026-11-01/1"), ("первый", "2026-11-02/1")] == [tuple(row) for row in noted]
        bank, last = await find_bank(connection, BANK), await newest_directory(connection)
        count = (await connection.execute(select(func.count()).select_from(bic_entry))).scalar_one()
    assert bank is not None
    assert last is not None
    assert ("НОВЫЙ БАНК", last.business_day) == (bank.name, bank.business_day)
    assert 2 == count


async def test_applications_are_listed_by_state(office: Office) -> None:
    """The oldest first."""
    async with office.work() as connection:
        one = await apply_for(connection, entity(1))
        two = await apply_for(connection, entity(2))
        await review(connection, one.application_id, by="Первый")
        waiting = await list_applications(connection, state=ApplicationState.SUBMITTED)
        everything = await list_applications(connection)
    assert [two.application_id] == [found.application_id for found in waiting]
    assert [one.application_id, two.application_id] == [found.application_id for found in everything]
