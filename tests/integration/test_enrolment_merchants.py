"""Participants: suspended, excluded, taken over, succeeded; their accounts; and what is published of them."""

from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain.policy import MOSCOW
from gateway.registry.accounts import (
    account_of,
    accounts_of,
    confirm_account,
    propose_account,
    reject_account,
)
from gateway.registry.agreement_terms import Terms
from gateway.registry.agreements import add_agreement, end, send, sign, take_back
from gateway.registry.applications import apply_for, register, review
from gateway.registry.checking import ChecksFailedError
from gateway.registry.enrolment_errors import EnrolmentError
from gateway.registry.history import Subject, history_of
from gateway.registry.machine import MerchantState
from gateway.registry.merchants import (
    Merchant,
    exclude,
    get_merchant,
    list_merchants,
    name_successor,
    resume,
    suspend,
    take_over,
)
from gateway.registry.outlets import list_outlets, set_outlet_enabled
from gateway.registry.published import as_csv, as_json, published_register
from gateway.registry.reading import read_snapshot
from gateway.registry.schema import merchant
from gateway.registry.terminals import add_terminal
from loadtests.demo.applicants import BANK, account
from tests.enrolment_kit import WHO, Office, entity, entrepreneur, moscow_today, office_on
from tests.registry_kit import epoch_of

FIRST_DAY = date(2026, 1, 1)


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    """An office at an empty register."""
    async with office_on(database_url) as made:
        yield made


async def test_a_merchant_is_suspended_resumed_and_excluded_with_reasons(office: Office) -> None:
    """Each step counts the epoch up, and stands in the history."""
    merchant_id = await office.enrol(entity())
    epochs = [await epoch_of(office.engine)]
    async with office.work() as connection:
        await suspend(connection, merchant_id, by="Первый", reason="проверка")
    one = await read_one(office, merchant_id)
    assert (MerchantState.SUSPENDED, "проверка") == (one.state, one.suspend_reason)
    assert one.suspended_at is not None
    epochs.append(await epoch_of(office.engine))
    async with office.work() as connection:
        await resume(connection, merchant_id, by="Второй", reason="нарушений нет")
    one = await read_one(office, merchant_id)
    assert (MerchantState.ACTIVE, None, "") == (one.state, one.suspended_at, one.suspend_reason)
    epochs.append(await epoch_of(office.engine))
    async with office.work() as connection:
        await exclude(connection, merchant_id, by="Первый", reason="по заявлению")
        steps = await history_of(connection, Subject.MERCHANT, merchant_id)
    epochs.append(await epoch_of(office.engine))
    assert sorted(set(epochs)) == epochs
    assert [
        ("register", "ACTIVE", "заявка 1"),
        ("suspend", "SUSPENDED", "проверка"),
        ("resume", "ACTIVE", "нарушений нет"),
        ("exclude", "ENDED", "по заявлению"),
    ] == [(step.step, step.to_state, step.reason) for step in steps]


async def read_one(office: Office, merchant_id: int) -> Merchant:
    """A merchant as it is now."""
    async with office.work() as connection:
        return await get_merchant(connection, merchant_id)


async def test_a_suspended_merchant_that_is_excluded_winds_down_no_longer(office: Office) -> None:
    """The time runs from the suspension; a step that there is not is refused, as is an unsigned one."""
    merchant_id = await office.enrol(entity())
    async with office.work() as connection:
        await suspend(connection, merchant_id, by="Первый", reason="проверка")
    before = await read_one(office, merchant_id)
    async with office.work() as connection:
        with pytest.raises(EnrolmentError, match="STEP_NOT_ALLOWED"):
            await suspend(connection, merchant_id, by="Первый", reason="ещё раз")
        with pytest.raises(EnrolmentError, match="UNSIGNED"):
            await exclude(connection, merchant_id, by="Первый", reason="")
        with pytest.raises(EnrolmentError, match="MERCHANT_UNKNOWN"):
            await suspend(connection, merchant_id + 1, by="Первый", reason="проверка")
        await exclude(connection, merchant_id, by="Первый", reason="нарушение")
        with pytest.raises(EnrolmentError, match="STEP_NOT_ALLOWED"):
            await resume(connection, merchant_id, by="Первый", reason="передумали")
    after = await read_one(office, merchant_id)
    assert (MerchantState.ENDED, before.suspended_at) == (after.state, after.suspended_at)


async def test_whoever_was_excluded_comes_back_under_the_same_number(office: Office) -> None:
    """By a new application; as long as an old agreement would revive, not at all."""
    merchant_id = await office.enrol(entity())
    agreement_id = await conclude(office, merchant_id)
    async with office.work() as connection:
        await exclude(connection, merchant_id, by="Первый", reason="по заявлению")
        receipt = await apply_for(connection, entity(name="ООО Пример-1 новое"))
        await review(connection, receipt.application_id, by="Первый")
    async with office.work() as connection:
        with pytest.raises(EnrolmentError, match="AGREEMENT_IN_FORCE"):
            await register(connection, receipt.application_id, **WHO)
    today = moscow_today()
    async with office.work() as connection:
        await end(connection, agreement_id, last_day=today, by="Первый", reason="исключён")
    tomorrow = datetime.combine(today + timedelta(days=1), time(12), MOSCOW)
    await office.set_clock(tomorrow)
    async with office.work() as connection:
        assert merchant_id == await register(connection, receipt.application_id, **WHO)
        one = await get_merchant(connection, merchant_id)
        steps = await history_of(connection, Subject.MERCHANT, merchant_id)
    assert (MerchantState.ACTIVE, None, "ООО Пример-1 новое") == (one.state, one.suspended_at, one.name)
    assert ("ENDED", "ACTIVE") == (steps[-1].from_state, steps[-1].to_state)


async def test_a_participant_taken_over_sells_from_the_first_day_of_its_new_agreement(office: Office) -> None:
    """Without an application, by two people; and not a day before, nor unless it is concluded."""
    async with office.work() as connection:
        with pytest.raises(EnrolmentError, match="FOUR_EYES"):
            await take_over(connection, entity(), by="Первый", approved_by="первый", reason="3.8")
        with pytest.raises(ChecksFailedError):
            await take_over(connection, entity(kpp=""), **WHO, reason="3.8")
        merchant_id = await take_over(connection, entity(), **WHO, reason="п. 3.8")
        one = await get_merchant(connection, merchant_id)
        assert one.is_taken_over
        (shop, _) = await list_outlets(connection, merchant_id=merchant_id)
        terminal_id = await add_terminal(connection, shop.id, name="Касса 1", by="Первый")
        with pytest.raises(EnrolmentError, match="ALREADY_REGISTERED"):
            await take_over(connection, entity(), **WHO, reason="п. 3.8")
    assert not await may_sell(office, terminal_id, FIRST_DAY)
    await conclude(office, merchant_id)
    assert await may_sell(office, terminal_id, FIRST_DAY)
    assert not await may_sell(office, terminal_id, FIRST_DAY - timedelta(days=1))


async def test_a_reorganised_merchant_names_whom_it_succeeds(office: Office) -> None:
    """Nobody succeeds himself, nor those that come after him."""
    one, two, three = [await office.enrol(entity(n)) for n in (1, 2, 3)]
    reason: dict[str, Any] = {"reason": "присоединение", **WHO}
    async with office.work() as connection:
        await name_successor(connection, two, one, **reason)
        await name_successor(connection, three, two, **reason)
        assert two == (await get_merchant(connection, three)).successor_of
        for heir, ancestor in ((one, three), (one, one), (one, two)):
            with pytest.raises(EnrolmentError, match="SUCCESSOR_CIRCLE"):
                await name_successor(connection, heir, ancestor, **reason)
        with pytest.raises(EnrolmentError, match="MERCHANT_UNKNOWN"):
            await name_successor(connection, one, 999, **reason)
        bare = insert(merchant).values(inn="0000000999", name="ООО Без анкеты").returning(merchant.c.id)
        without = (await connection.execute(bare)).scalar_one()
        with pytest.raises(EnrolmentError, match="PROFILE_MISSING"):
            await name_successor(connection, without, one, **reason)
        with pytest.raises(EnrolmentError, match="FOUR_EYES"):
            await name_successor(
                connection, one, two, by="Второй", approved_by="Второй", reason="присоединение"
            )


async def test_another_account_is_confirmed_by_another_person(office: Office) -> None:
    """Until then the old one is in use; whoever proposed it cannot confirm it."""
    merchant_id = await office.enrol(entity())
    new = account(77)
    async with office.work() as connection:
        account_id = await propose_account(
            connection, merchant_id, bic=BANK, account=new, by="Первый", reason="письмо участника"
        )
        assert entity().account == (await current(connection, merchant_id))
        with pytest.raises(EnrolmentError, match="FOUR_EYES"):
            await confirm_account(connection, account_id, by="ПЕРВЫЙ ")
        with pytest.raises(EnrolmentError, match="ACCOUNT_PROPOSED"):
            await propose_account(
                connection, merchant_id, bic=BANK, account=account(78), by="Третий", reason="ещё"
            )
        assert entity().account == (await current(connection, merchant_id))
        await confirm_account(connection, account_id, by="Второй")
        assert new == (await current(connection, merchant_id))
        with pytest.raises(EnrolmentError, match="STEP_NOT_ALLOWED"):
            await confirm_account(connection, account_id, by="Третий")
        everything = await accounts_of(connection, merchant_id)
    assert [entity().account, new] == [one.account for one in everything]
    assert ("Первый", "Второй") == (everything[1].proposed_by, everything[1].decided_by)


async def test_a_proposed_account_may_be_dropped_and_a_wrong_one_is_not_proposed(office: Office) -> None:
    """One person is enough to say no; the account in use is no change."""
    merchant_id = await office.enrol(entity())
    said: dict[str, Any] = {"by": "Первый", "reason": "письмо"}
    async with office.work() as connection:
        with pytest.raises(ChecksFailedError, match="the key"):
            await propose_account(connection, merchant_id, bic=BANK, account=account(5, "044525225"), **said)
        with pytest.raises(EnrolmentError, match="ACCOUNT_SAME"):
            await propose_account(connection, merchant_id, bic=BANK, account=entity().account, **said)
        account_id = await propose_account(connection, merchant_id, bic=BANK, account=account(5), **said)
        await reject_account(connection, account_id, by="Первый", reason="ошибка")
        assert entity().account == (await current(connection, merchant_id))
        await propose_account(connection, merchant_id, bic=BANK, account=account(6), **said)
        with pytest.raises(EnrolmentError, match="ACCOUNT_UNKNOWN"):
            await confirm_account(connection, 999, by="Второй")


async def test_the_published_register_tells_shops_and_nothing_private(office: Office) -> None:
    """Active participants by INN; no account, no signatory, no home of an entrepreneur."""
    shown = await office.enrol(entity(1, full_name='=HYPERLINK("http://x")'))
    await office.enrol(entrepreneur(2, legal_address="г. Москва, ул. Домашняя, кв. 7"))
    hidden = await office.enrol(entity(3))
    async with office.work() as connection:
        await suspend(connection, hidden, by="Первый", reason="проверка")
        (_, closed) = await list_outlets(connection, merchant_id=shown)
        await set_outlet_enabled(connection, closed.id, is_enabled=False, by="Первый", reason="ремонт")
        register_ = await published_register(connection)
    text, data = as_csv(register_), as_json(register_).decode()
    assert {entity(1).inn, entrepreneur(2).inn} == {one.inn for one in register_}
    assert ["Магазин 1"] == [
        shop.name for one in register_ if one.inn == entity(1).inn for shop in one.outlets
    ]
    for private in (
        "Домашняя",
        "Директор",
        "post@example.org",
        account(1),
        entity(3).inn,
        "Магазин 2;г. Москва, ул. Вторая, д. 2;x",
    ):
        assert private not in text
        assert private not in data
    assert ";'=HYPERLINK" not in text
    assert "\"'=HYPERLINK" in text
    assert text.startswith("\ufeffinn;ogrn;")


async def test_participants_are_listed_by_state_and_inn(office: Office) -> None:
    """Page by page."""
    one, two = [await office.enrol(form) for form in (entity(1), entrepreneur(2))]
    async with office.work() as connection:
        await suspend(connection, two, by="Первый", reason="проверка")
        found = [
            [m.id for m in await list_merchants(connection, **filters)]
            for filters in (
                {},
                {"state": MerchantState.SUSPENDED},
                {"inn": entity(1).inn},
                {"after_id": one},
                {"limit": 1},
            )
        ]
    assert [[one, two], [two], [one], [two], [one]] == found


async def current(connection: AsyncConnection, merchant_id: int) -> str:
    """The account in use."""
    found = await account_of(connection, merchant_id)
    assert found is not None
    return found.account


async def conclude(office: Office, merchant_id: int) -> int:
    """An agreement without end on food from FIRST_DAY, signed and returned today; its id."""
    terms = Terms(number="Д-1", first_day=FIRST_DAY, program_codes=("food",))
    today = moscow_today()
    async with office.work() as connection:
        agreement_id = await add_agreement(connection, merchant_id, terms, by="Первый")
        for step in (send, sign, take_back):
            await step(connection, agreement_id, on=today, by="Первый")
    return agreement_id


async def may_sell(office: Office, terminal_id: int, day: date) -> bool:
    """Whether the money path would find an agreement on food."""
    standing = (await read_snapshot(office.engine)).standing_of(terminal_id)
    assert standing is not None
    return standing.may_sell("food", day)
