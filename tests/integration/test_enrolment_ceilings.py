"""Ceilings: counted from the ledger's entries, signalled once, and closing sales where it is agreed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.domain.commands import ByPurchaseId, Capture, Refund, RefundLine
from gateway.domain.purchase import Purchase
from gateway.ledger.committer import Committer
from gateway.registry.ceilings import signals_since
from gateway.registry.history import Subject, history_of
from gateway.registry.reading import read_snapshot
from gateway.registry.schema import agreement, agreement_program
from gateway.runtime.ceilings import count_ceilings, watch_ceilings
from tests.ledger_kit import AGREEMENT, Kit, authorize, kit_on, line, must, new_request_id, origin

STOPS = {"stops_sales_at_ceiling": True}


@pytest.fixture
async def kit(database_url: str) -> AsyncIterator[Kit]:
    """A ledger whose merchant 1 sells under agreement 7."""
    async with kit_on(database_url) as made:
        async with made.engine.begin() as connection:
            covered = select(agreement.c.id, agreement.c.merchant_id, agreement.c.in_force)
            rows = [
                {"agreement_id": row[0], "merchant_id": row[1], "in_force": row[2], "program_code": "FOOD"}
                for row in await connection.execute(covered)
            ]
            await connection.execute(agreement_program.insert(), rows)
        yield made


@pytest.fixture
async def card(kit: Kit) -> tuple[Committer, bytes]:
    """A committer and a card with plenty."""
    committer = await kit.committer()
    return committer, await kit.card(committer, 5000_00)


async def agree(kit: Kit, ceiling_kopecks: int | None, **settings: Any) -> None:
    """Give agreement 7 a ceiling and settings."""
    async with kit.engine.begin() as connection:
        values = {"ceiling_kopecks": ceiling_kopecks, "settings": settings}
        await connection.execute(update(agreement).where(agreement.c.id == AGREEMENT.id).values(values))


async def sell(card: tuple[Committer, bytes], kopecks: int) -> Purchase:
    """A captured purchase of merchant 1."""
    committer, token = card
    held = must(await committer.submit(authorize(token, line(1, kopecks)))).purchase
    assert held is not None
    done = must(await committer.submit(Capture(new_request_id(), origin(), ByPurchaseId(held.id))))
    assert done.purchase is not None
    return done.purchase


async def count(kit: Kit) -> tuple[list[int], list[tuple[int, int, bool]]]:
    """Percentages that are newly signalled; (used kopecks, percent, is closed) of each ceiling."""
    async with kit.engine.begin() as connection:
        signals, uses = await count_ceilings(connection)
    return [s.percent for s in signals], [(u.used_kopecks, u.percent, u.is_closed) for u in uses]


async def test_what_is_captured_less_what_is_refunded_is_used(
    kit: Kit, card: tuple[Committer, bytes]
) -> None:
    """A hold uses nothing, nor does what another merchant sells; a count says the same again."""
    await agree(kit, 1000_00)
    committer, token = card
    assert ([], [(0, 0, False)]) == await count(kit)
    await committer.submit(authorize(token, line(1, 300_00)))
    sold = await sell(card, 100_00)
    other = must(await committer.submit(authorize(token, line(1, 50_00), terminal_id=21))).purchase
    assert other is not None
    await committer.submit(Capture(new_request_id(), origin(21), ByPurchaseId(other.id)))
    assert ([], [(100_00, 10, False)]) == await count(kit)
    back = Refund(new_request_id(), origin(), ByPurchaseId(sold.id), (RefundLine(1, 400),))
    assert must(await committer.submit(back)).is_approved
    assert ([], [(60_00, 6, False)]) == await count(kit)
    assert ([], [(60_00, 6, False)]) == await count(kit)


async def test_each_percentage_is_signalled_once_for_a_height(
    kit: Kit, card: tuple[Committer, bytes]
) -> None:
    """79 % is silent; several reached at once are told together; a raised ceiling begins anew."""
    await agree(kit, 100_00)
    await sell(card, 79_99)
    assert ([], [(79_99, 79, False)]) == await count(kit)
    await sell(card, 1)
    assert ([80], [(80_00, 80, False)]) == await count(kit)
    await sell(card, 20_00)
    assert ([95, 100], [(100_00, 100, False)]) == await count(kit)
    assert ([], [(100_00, 100, False)]) == await count(kit)
    await agree(kit, 125_00)
    assert ([80], [(100_00, 80, False)]) == await count(kit)
    async with kit.engine.connect() as connection:
        now = (await connection.exec_driver_sql("SELECT tillgate_now() - interval '1 day'")).scalar_one()
        assert [80, 95, 100, 80] == [one.percent for one in await signals_since(connection, now)]


async def test_a_full_ceiling_stops_new_sales_where_the_agreement_says_so(
    kit: Kit, card: tuple[Committer, bytes]
) -> None:
    """What was authorized before is captured under it all the same; a raised ceiling opens it again."""
    await agree(kit, 100_00, **STOPS)
    await sell(card, 100_00)
    before = (await read_snapshot(kit.engine)).epoch
    assert ([80, 95, 100], [(100_00, 100, True)]) == await count(kit)
    snapshot = await read_snapshot(kit.engine)
    assert snapshot.epoch > before
    standing = snapshot.standing_of(11)
    assert standing is not None
    sold_on = (await sell(card, 1)).capture
    assert sold_on is not None
    assert not standing.may_sell("FOOD", sold_on.sale_date)
    assert AGREEMENT.id == standing.agreement_for("FOOD", sold_on.sale_date)
    other = snapshot.standing_of(21)
    assert other is not None
    assert other.may_sell("FOOD", sold_on.sale_date)
    await agree(kit, 200_00, **STOPS)
    assert ([], [(100_01, 50, False)]) == await count(kit)
    standing = (await read_snapshot(kit.engine)).standing_of(11)
    assert standing is not None
    assert standing.may_sell("FOOD", sold_on.sale_date)
    async with kit.engine.connect() as connection:
        steps = await history_of(connection, Subject.AGREEMENT, AGREEMENT.id)
    assert ["close sales", "open sales"] == [step.step for step in steps]


async def test_a_ceiling_that_is_dropped_opens_sales_again(kit: Kit, card: tuple[Committer, bytes]) -> None:
    """Though nothing is left to count."""
    await agree(kit, 1_00, **STOPS)
    await sell(card, 1_00)
    assert [(1_00, 100, True)] == (await count(kit))[1]
    await agree(kit, None, **STOPS)
    assert ([], []) == await count(kit)
    standing = (await read_snapshot(kit.engine)).standing_of(11)
    assert standing is not None
    assert all(one.is_open for one in standing.agreements)


async def test_of_many_nodes_one_counts_and_not_all_the_time(
    kit: Kit, card: tuple[Committer, bytes], database_url: str
) -> None:
    """Each percentage is told by one of them, and within five minutes by none again."""
    await agree(kit, 100_00)
    await sell(card, 100_00)
    told = await asyncio.gather(*(watch_ceilings(database_url) for _ in range(4)))
    assert 3 == sum(len(signals) for signals in told)
    await agree(kit, 101_00)
    assert [] == await watch_ceilings(database_url)
    async with kit.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE ceiling_count SET counted_at = counted_at - interval '5 min'"
        )
    assert [80, 95] == [one.percent for one in await watch_ceilings(database_url)]
