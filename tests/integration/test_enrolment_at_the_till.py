"""What the department decides about a participant, as its till meets it: at once, and no buyer is trapped."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.registry import merchants, outlets, terminals
from gateway.registry.agreements import end, list_agreements
from gateway.registry.schema import agreement, outlet, terminal
from gateway.runtime.ceilings import count_ceilings
from merchant_sdk import Reason
from tests.enrolment_kit import Office, moscow_today, office_on
from tests.sdk_support.real import RealGateway
from tests.sdk_support.tills import HOLDER, MILK_AND_BEER, Till, till_of

WHY: dict[str, Any] = {"by": "Первый", "reason": "проверка"}


@dataclass(frozen=True)
class Shop:
    """A till at the real gateway, and the department's office at the same database."""

    till: Till
    office: Office

    async def sale(self) -> Reason:
        """Why a sale is declined; UNSPECIFIED if it is not."""
        reason: Reason = (await self.till.sale(HOLDER, MILK_AND_BEER)).reason
        return reason


@pytest.fixture
async def shop(gateway: RealGateway, database_url: str) -> AsyncIterator[Shop]:
    """Merchant 1 of the fixtures."""
    async with till_of("async", gateway.straight) as till, office_on(database_url) as office:
        yield Shop(till, office)


async def test_a_suspended_merchant_sells_nothing_and_still_takes_goods_back(shop: Shop) -> None:
    """Nor does an excluded one; a resumed one sells again."""
    sold = await shop.till.sale(HOLDER, MILK_AND_BEER)
    held = await shop.till.authorize(HOLDER, MILK_AND_BEER)
    async with shop.office.work() as connection:
        await merchants.suspend(connection, 1, **WHY)
    assert Reason.MERCHANT_SUSPENDED is await shop.sale()
    assert (await shop.till.refund(sold.purchase.ref)).is_approved
    assert (await shop.till.capture(held.purchase.ref)).is_approved
    async with shop.office.work() as connection:
        await merchants.resume(connection, 1, **WHY)
    assert Reason.UNSPECIFIED is await shop.sale()
    async with shop.office.work() as connection:
        await merchants.exclude(connection, 1, **WHY)
    assert Reason.MERCHANT_SUSPENDED is await shop.sale()


async def test_a_shop_or_till_that_is_off_sells_nothing(shop: Shop) -> None:
    """Until it is on again."""
    async with shop.office.work() as connection:
        outlet_id = (await connection.execute(select(outlet.c.id))).scalar_one()
        terminal_id = (await connection.execute(select(terminal.c.id))).scalar_one()
    for switch, number, reason in (
        (outlets.set_outlet_enabled, outlet_id, Reason.OUTLET_DISABLED),
        (terminals.set_terminal_enabled, terminal_id, Reason.TERMINAL_DISABLED),
    ):
        for is_enabled, expected in ((False, reason), (True, Reason.UNSPECIFIED)):
            async with shop.office.work() as connection:
                await switch(connection, number, is_enabled=is_enabled, **WHY)
            assert expected is await shop.sale()


async def test_a_full_ceiling_stops_sales_and_lets_holds_be_captured(shop: Shop) -> None:
    """The agreement says that it does; an amended one opens the shop again."""
    held = await shop.till.authorize(HOLDER, MILK_AND_BEER)
    assert Reason.UNSPECIFIED is await shop.sale()
    settings = {"stops_sales_at_ceiling": True}
    for ceiling_kopecks, expected in ((1_00, Reason.NO_AGREEMENT), (10_000_00, Reason.UNSPECIFIED)):
        async with shop.office.work() as connection:
            values = {"ceiling_kopecks": ceiling_kopecks, "settings": settings}
            await connection.execute(update(agreement).values(values))
            await count_ceilings(connection)
        assert expected is await shop.sale()
        if expected is Reason.NO_AGREEMENT:
            assert (await shop.till.capture(held.purchase.ref)).is_approved


async def test_an_agreement_of_which_today_is_the_last_day_sells_today(shop: Shop) -> None:
    """The end is announced, and holds from midnight."""
    async with shop.office.work() as connection:
        (one,) = await list_agreements(connection, merchant_id=1)
        await end(connection, one.id, last_day=moscow_today(), **WHY)
    assert Reason.UNSPECIFIED is await shop.sale()
