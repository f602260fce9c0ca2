"""Subsidy agreements: their way to conclusion, their terms, addenda, ends; and which one a purchase has."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from gateway.registry.addenda import add_addendum, addenda_of
from gateway.registry.agreement_terms import AgreementSettings, Changes, Terms, read_settings
from gateway.registry.agreements import (
    add_agreement,
    agreement_on,
    cancel,
    end,
    get_agreement,
    list_agreements,
    send,
    settle,
    sign,
    take_back,
)
from gateway.registry.enrolment_errors import EnrolmentError
from gateway.registry.history import Subject, history_of
from gateway.registry.machine import AgreementState
from gateway.registry.outlets import list_outlets
from gateway.registry.reading import read_snapshot
from gateway.registry.schema import agreement
from gateway.registry.terminals import add_terminal
from tests.enrolment_kit import Office, entity, office_on

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
WHY: dict[str, Any] = {"by": "Первый", "reason": "по соглашению"}


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    """An office at an empty register, on a Monday."""
    async with office_on(database_url) as made:
        await made.set_clock(NOW)
        yield made


@pytest.fixture
async def merchant_id(office: Office) -> int:
    """A participant registered that day."""
    return await office.enrol(entity())


def terms(number: str = "Д-1", **changes: Any) -> Terms:
    """An agreement on food and children's goods from the first of the month, unless changed."""
    fields: dict[str, Any] = {"first_day": date(2026, 11, 1), "program_codes": ("food", "children")}
    return Terms(number=number, **(fields | changes))


async def add(office: Office, merchant_id: int, said: Terms) -> int:
    """A draft."""
    async with office.work() as connection:
        return await add_agreement(connection, merchant_id, said, by="Первый")


async def conclude(office: Office, merchant_id: int, said: Terms, on: date = TODAY) -> int:
    """An agreement that was sent, signed and returned on a day."""
    agreement_id = await add(office, merchant_id, said)
    async with office.work() as connection:
        for step in (send, sign, take_back):
            await step(connection, agreement_id, on=on, by="Первый")
    return agreement_id


async def on_day(office: Office, merchant_id: int, day: date, program: str = "food") -> int | None:
    """The id of the agreement to which a purchase of that day belongs."""
    async with office.work() as connection:
        found = await agreement_on(connection, merchant_id, program, day)
    return found.id if found else None


async def refusal(office: Office, work: Any) -> str:
    """The name of the reason why something is refused in a transaction of its own."""
    with pytest.raises(EnrolmentError) as refused:
        async with office.work() as connection:
            await work(connection)
    return refused.value.code.name


async def test_an_agreement_gives_a_right_to_sell_once_it_came_back_signed(
    office: Office, merchant_id: int
) -> None:
    """Neither drafted nor sent nor signed: what the money path reads knows nothing of it before."""
    async with office.work() as connection:
        (shop, _) = await list_outlets(connection, merchant_id=merchant_id)
        till = await add_terminal(connection, shop.id, name="Касса 1", by="Первый")
    agreement_id = await add(office, merchant_id, terms())

    async def sells() -> bool:
        standing = (await read_snapshot(office.engine)).standing_of(till)
        assert standing is not None
        return standing.agreement_for("food", TODAY) == agreement_id

    for step in (send, sign, take_back):
        assert not await sells()
        assert await on_day(office, merchant_id, TODAY) is None
        async with office.work() as connection:
            await step(connection, agreement_id, on=TODAY, by="Первый")
    assert await sells()
    assert agreement_id == await on_day(office, merchant_id, TODAY)
    async with office.work() as connection:
        steps = await history_of(connection, Subject.AGREEMENT, agreement_id)
    assert ["DRAFT", "SENT", "SIGNED", "CONCLUDED"] == [step.to_state for step in steps]


async def test_terms_run_in_working_days_of_the_production_calendar(office: Office, merchant_id: int) -> None:
    """Three from the registration of a Monday, five from the sending; or what the agreement says."""
    first = await add(office, merchant_id, terms())
    longer = AgreementSettings(send_within_working_days=1, return_within_working_days=7)
    await office.set_clock(NOW + 30 * DAY)  # a Wednesday
    second = await add(
        office, merchant_id, terms("Д-2", first_day=date(2027, 1, 1), program_codes=("x",), settings=longer)
    )
    async with office.work() as connection:
        await send(connection, first, on=TODAY + 3 * DAY, by="Первый")
        await send(connection, second, on=date(2026, 12, 23), by="Первый")
        one, two = [await get_agreement(connection, found) for found in (first, second)]
    assert (date(2026, 11, 26), date(2026, 12, 3)) == (one.send_due_on, one.return_due_on)
    # 31.12.2026 is a day off by the act of that year, and after it come the holidays.
    assert (date(2026, 12, 24), date(2027, 1, 12)) == (two.send_due_on, two.return_due_on)


async def test_days_of_the_way_have_an_order_and_none_is_to_come(office: Office, merchant_id: int) -> None:
    """Signed before it was sent is a slip of the pen."""
    agreement_id = await add(office, merchant_id, terms())
    by: dict[str, Any] = {"by": "Первый"}
    assert "DAY_TO_COME" == await refusal(office, lambda c: send(c, agreement_id, on=TODAY + DAY, **by))
    assert "STEP_NOT_ALLOWED" == await refusal(office, lambda c: sign(c, agreement_id, on=TODAY, **by))
    async with office.work() as connection:
        await send(connection, agreement_id, on=TODAY - DAY, **by)
    assert "DATE_ORDER" == await refusal(office, lambda c: sign(c, agreement_id, on=TODAY - 2 * DAY, **by))
    async with office.work() as connection:
        await sign(connection, agreement_id, on=TODAY, **by)
    assert "DATE_ORDER" == await refusal(office, lambda c: take_back(c, agreement_id, on=TODAY - DAY, **by))
    assert "AGREEMENT_UNKNOWN" == await refusal(office, lambda c: send(c, 999, on=TODAY, **by))


async def test_a_purchase_belongs_to_the_agreement_of_its_day(office: Office, merchant_id: int) -> None:
    """Until 28.02.2022 to the old one, from 01.03.2022 to the new one, whenever somebody asks (3.9, 3.10)."""
    last = date(2022, 2, 28)
    old = await conclude(office, merchant_id, terms("старый", first_day=date(2013, 9, 2), last_day=last))
    new = await conclude(office, merchant_id, terms("новый", first_day=last + DAY))
    days = [date(2013, 9, 1), date(2013, 9, 2), last, last + DAY, TODAY]
    assert [None, old, old, new, new] == [await on_day(office, merchant_id, day) for day in days]
    assert await on_day(office, merchant_id, TODAY, "durable") is None
    async with office.work() as connection:
        found = await get_agreement(connection, old)
        assert found.has_ended(TODAY)
        assert found.is_claimable()
        await settle(connection, old, **WHY)
        assert not (await get_agreement(connection, old)).is_claimable()
    assert old == await on_day(office, merchant_id, last)
    assert "AGREEMENT_IN_FORCE" == await refusal(office, lambda c: settle(c, new, **WHY))


async def test_two_agreements_never_cover_one_program_on_one_day(office: Office, merchant_id: int) -> None:
    """Not even two drafts; what was cancelled covers nothing."""
    first = await add(office, merchant_id, terms())
    other = {"first_day": date(2026, 12, 1)}
    assert "AGREEMENT_OVERLAP" == await refusal(
        office, lambda c: add_agreement(c, merchant_id, terms("Д-2", **other), by="Первый")
    )
    assert "AGREEMENT_EXISTS" == await refusal(
        office, lambda c: add_agreement(c, merchant_id, terms(program_codes=("x",)), by="Первый")
    )
    async with office.work() as connection:
        await cancel(connection, first, **WHY)
        second = await add_agreement(connection, merchant_id, terms("Д-2", **other), by="Первый")
        found = await list_agreements(connection, merchant_id=merchant_id)
    assert [(first, AgreementState.CANCELLED), (second, AgreementState.DRAFT)] == [
        (one.id, one.state) for one in found
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"number": " "}, "UNSIGNED"),
        ({"last_day": date(2026, 10, 31)}, "DAYS_MALFORMED"),
        ({"program_codes": ()}, "PROGRAMS_MISSING"),
        ({"program_codes": ("food", "")}, "PROGRAMS_MISSING"),
        ({"ceiling_kopecks": 0}, "CEILING_MALFORMED"),
        ({"ceiling_kopecks": -1}, "CEILING_MALFORMED"),
        ({"ceiling_kopecks": 1 << 63}, "CEILING_MALFORMED"),
    ],
)
async def test_an_agreement_that_says_nothing_sensible_is_refused(
    office: Office, merchant_id: int, changes: dict[str, Any], expected: str
) -> None:
    """By name, and nothing is kept of it."""
    said = terms(**changes)
    assert expected == await refusal(office, lambda c: add_agreement(c, merchant_id, said, by="Первый"))
    assert "MERCHANT_UNKNOWN" == await refusal(
        office, lambda c: add_agreement(c, merchant_id + 1, terms(), by="Первый")
    )
    async with office.work() as connection:
        assert [] == await list_agreements(connection)


@pytest.mark.parametrize(
    "data",
    [
        {"stop_sales": True},
        {"stops_sales_at_ceiling": "yes"},
        {"signals_percent": [0]},
        {"signals_percent": [101]},
        {"send_within_working_days": -1},
        {"return_within_working_days": 3.5},
    ],
)
def test_settings_that_nobody_knows_are_refused(data: dict[str, Any]) -> None:
    """A misspelt name would be a setting that never works."""
    with pytest.raises(EnrolmentError, match="SETTINGS_MALFORMED"):
        read_settings(data)


def test_settings_are_those_of_the_predecessor_order_unless_said() -> None:
    """Three and five working days, signals at 80, 95 and 100 %, and no stop."""
    assert AgreementSettings(
        send_within_working_days=3,
        return_within_working_days=5,
        signals_percent=(80, 95, 100),
        stops_sales_at_ceiling=False,
    ) == read_settings({})


async def test_an_agreement_ends_today_or_later_and_never_backwards(office: Office, merchant_id: int) -> None:
    """What was sold until now stays where it belongs."""
    agreement_id = await conclude(office, merchant_id, terms(last_day=date(2026, 12, 31)))
    for day, expected in (
        (TODAY - DAY, "AGREEMENT_STARTED"),
        (date(2027, 1, 1), "AGREEMENT_STARTED"),
        (date(2026, 10, 31), "DAYS_MALFORMED"),
    ):
        assert expected == await refusal(office, lambda c, day=day: end(c, agreement_id, last_day=day, **WHY))
    async with office.work() as connection:
        await end(connection, agreement_id, last_day=TODAY, **WHY)
    assert [agreement_id, None] == [await on_day(office, merchant_id, day) for day in (TODAY, TODAY + DAY)]
    await office.set_clock(NOW + DAY)
    async with office.work() as connection:
        await settle(connection, agreement_id, **WHY)
    assert "STEP_NOT_ALLOWED" == await refusal(
        office, lambda c: end(c, agreement_id, last_day=TODAY + DAY, **WHY)
    )


async def test_an_addendum_changes_what_it_names_and_keeps_what_was(office: Office, merchant_id: int) -> None:
    """Ceiling, last day, programs, settings; each with the value before and after."""
    agreement_id = await conclude(office, merchant_id, terms(ceiling_kopecks=100_00))
    stops = AgreementSettings(stops_sales_at_ceiling=True)
    changes = Changes(
        last_day=date(2027, 12, 31), ceiling_kopecks=None, settings=stops, added_program_codes=("durable",)
    )
    signed: dict[str, Any] = {"signed_on": TODAY, "by": "Первый"}
    async with office.work() as connection:
        await add_addendum(connection, agreement_id, changes, number="ДС-1", **signed)
        found = await get_agreement(connection, agreement_id)
        (addendum,) = await addenda_of(connection, agreement_id)
    assert (date(2027, 12, 31), None, stops, ("children", "durable", "food")) == (
        found.last_day,
        found.ceiling_kopecks,
        found.settings,
        found.program_codes,
    )
    assert [10000, None] == addendum.changes["ceiling_kopecks"]
    assert [None, "2027-12-31"] == addendum.changes["last_day"]
    assert {"last_day", "ceiling_kopecks", "settings", "program_codes"} == addendum.changes.keys()
    assert agreement_id == await on_day(office, merchant_id, TODAY, "durable")
    for again, expected in (
        (Changes(), "ADDENDUM_EMPTY"),
        (Changes(ceiling_kopecks=None), "ADDENDUM_EMPTY"),
        (Changes(ceiling_kopecks=0), "CEILING_MALFORMED"),
        (Changes(ceiling_kopecks=1), "ADDENDUM_EXISTS"),
        (Changes(last_day=TODAY - DAY), "AGREEMENT_STARTED"),
    ):
        assert expected == await refusal(
            office, lambda c, a=again: add_addendum(c, agreement_id, a, number="ДС-1", **signed)
        )
    async with office.work() as connection:
        assert found == await get_agreement(connection, agreement_id)


async def test_an_addendum_prolongs_no_agreement_that_is_over_and_none_into_anothers_days(
    office: Office, merchant_id: int
) -> None:
    """The days between would change what purchases belong to."""
    over = await conclude(office, merchant_id, terms("Д-0", first_day=date(2026, 1, 1), last_day=TODAY - DAY))
    running = await conclude(office, merchant_id, terms("Д-1", first_day=TODAY, last_day=TODAY + 30 * DAY))
    await add(office, merchant_id, terms("Д-2", first_day=TODAY + 31 * DAY))
    signed: dict[str, Any] = {"number": "ДС-1", "signed_on": TODAY, "by": "Первый"}
    longer = Changes(last_day=TODAY + 60 * DAY)
    assert "AGREEMENT_STARTED" == await refusal(office, lambda c: add_addendum(c, over, longer, **signed))
    assert "AGREEMENT_OVERLAP" == await refusal(office, lambda c: add_addendum(c, running, longer, **signed))
    later = signed | {"signed_on": TODAY + DAY}
    assert "DAY_TO_COME" == await refusal(office, lambda c: add_addendum(c, running, longer, **later))
    draft = await add(office, merchant_id, terms("Д-3", program_codes=("durable",)))
    assert "STEP_NOT_ALLOWED" == await refusal(office, lambda c: add_addendum(c, draft, longer, **signed))


async def test_an_agreement_entered_before_there_were_states_is_in_force(
    office: Office, merchant_id: int
) -> None:
    """As the first registries had them: a number and days."""
    agreement_id = await conclude(office, merchant_id, terms())
    async with office.work() as connection:
        bare: dict[str, Any] = {"settings": {}, "sent_on": None, "send_due_on": None, "return_due_on": None}
        await connection.execute(update(agreement).where(agreement.c.id == agreement_id).values(bare))
        found = await get_agreement(connection, agreement_id)
    assert AgreementSettings() == found.settings
    assert agreement_id == await on_day(office, merchant_id, TODAY)
