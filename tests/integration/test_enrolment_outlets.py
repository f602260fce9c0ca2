"""Shops and tills of participants: in Moscow, switched with reasons, with fiscal numbers by the day."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from gateway.registry.checking import ChecksFailedError
from gateway.registry.enrolment_errors import EnrolmentError
from gateway.registry.history import Subject, history_of
from gateway.registry.outlets import add_outlet, list_outlets, set_outlet_enabled
from gateway.registry.reading import read_snapshot
from gateway.registry.terminals import (
    add_terminal,
    end_fiscal_numbers,
    fiscal_numbers_of,
    list_terminals,
    set_fiscal_numbers,
    set_terminal_enabled,
)
from tests.enrolment_kit import ADDRESS, Office, entity, office_on


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    """An office at an empty register."""
    async with office_on(database_url) as made:
        yield made


async def test_an_outlet_elsewhere_is_refused_by_name(office: Office) -> None:
    """And so is a second one of the same name."""
    merchant_id = await office.enrol(entity())
    async with office.work() as connection:
        with pytest.raises(ChecksFailedError) as refused:
            await add_outlet(connection, merchant_id, name="Химки", address="141400, г. Химки", by="Первый")
        assert "ADDRESS_NOT_IN_MOSCOW" == refused.value.findings[0].code
        with pytest.raises(EnrolmentError, match="OUTLET_EXISTS"):
            await add_outlet(connection, merchant_id, name="Магазин 1", address=ADDRESS, by="Первый")
        await add_outlet(connection, merchant_id, name="Магазин 3", address=ADDRESS, by="Первый")
        assert 3 == len(await list_outlets(connection, merchant_id=merchant_id))


async def test_shops_and_tills_are_switched_with_a_reason(office: Office) -> None:
    """Each switch stands in the history and in the next snapshot."""
    merchant_id = await office.enrol(entity())
    said: dict[str, Any] = {"by": "Первый", "reason": "ремонт"}
    async with office.work() as connection:
        (shop, _) = await list_outlets(connection, merchant_id=merchant_id)
        terminal_id = await add_terminal(connection, shop.id, name="Касса 1", by="Первый")
        with pytest.raises(EnrolmentError, match="TERMINAL_EXISTS"):
            await add_terminal(connection, shop.id, name="Касса 1", by="Первый")
        await set_outlet_enabled(connection, shop.id, is_enabled=False, **said)
        await set_terminal_enabled(connection, terminal_id, is_enabled=False, **said)
        for again in (
            set_outlet_enabled(connection, shop.id, is_enabled=False, **said),
            set_terminal_enabled(connection, terminal_id, is_enabled=False, **said),
        ):
            with pytest.raises(EnrolmentError, match="STEP_NOT_ALLOWED"):
                await again
    standing = (await read_snapshot(office.engine)).standing_of(terminal_id)
    assert standing is not None
    assert (False, False) == (standing.is_outlet_enabled, standing.is_terminal_enabled)
    async with office.work() as connection:
        await set_terminal_enabled(connection, terminal_id, is_enabled=True, **said)
        steps = await history_of(connection, Subject.TERMINAL, terminal_id)
        (till,) = await list_terminals(connection, outlet_id=shop.id)
    assert till.is_enabled
    assert ["add", "disable", "enable"] == [step.step for step in steps]


async def test_fiscal_numbers_follow_each_other_and_stand_at_one_till(office: Office) -> None:
    """A new drive ends the old one; neither number can be at two tills on one day."""
    merchant_id = await office.enrol(entity())
    kkt, drives = "0000000000012345", ["7280440700326597", "7280440700326598"]
    async with office.work() as connection:
        (shop, _) = await list_outlets(connection, merchant_id=merchant_id)
        one, two = [await add_terminal(connection, shop.id, name=name, by="Первый") for name in ("1", "2")]

        async def fit(terminal_id: int, drive: str, day: str, number: str = kkt) -> None:
            await set_fiscal_numbers(
                connection, terminal_id, kkt_number=number, drive_number=drive,
                first_day=date.fromisoformat(day), by="Первый",
            )  # fmt: skip

        await fit(one, drives[0], "2026-01-01")
        await fit(one, drives[1], "2026-03-01")
        expected = [(drives[0], date(2026, 2, 28)), (drives[1], None)]
        assert expected == [(n.drive_number, n.last_day) for n in await fiscal_numbers_of(connection, one)]
        for terminal_id, drive, day, number in (
            (two, drives[1], "2026-04-01", "0000000000099999"),
            (two, "7280440700326599", "2026-04-01", kkt),
            (two, drives[0], "2026-02-28", "0000000000099999"),
            (one, drives[1], "2026-02-01", kkt),
        ):
            with pytest.raises(EnrolmentError, match="FISCAL_OVERLAP"):
                await fit(terminal_id, drive, day, number)
        assert expected == [(n.drive_number, n.last_day) for n in await fiscal_numbers_of(connection, one)]
        with pytest.raises(ChecksFailedError, match="16 digits"):
            await fit(two, "728", "2026-04-01")
        last: dict[str, Any] = {"last_day": date(2026, 3, 31), "by": "Первый", "reason": "касса снята"}
        await end_fiscal_numbers(connection, one, **last)
        with pytest.raises(EnrolmentError, match="DAYS_MALFORMED"):
            await end_fiscal_numbers(connection, one, **last)
        await fit(two, drives[1], "2026-04-01", kkt)
