"""Refunds of claimed sales: each lowers one claim, and none that its own sale did not raise before."""

from collections.abc import AsyncIterator

import pytest

from settlement.claims.model import Claim, LineVerdict, Treatment
from tests.claims_kit import Town, month_from, town_on

IN, CARRIED = Treatment.INCLUDED, Treatment.CARRIED


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    """A town of its own, on the 1st of February."""
    async with town_on(database_url) as made:
        yield made


async def draft_of(town: Town) -> Claim:
    """Let the month end and build its claim."""
    over = town.month
    await town.on(month_from(over, 1))
    return await town.build(over)


async def given_back_under_review(town: Town) -> tuple[Claim, Claim]:
    """A claim of 100 and 20 whose first sale is partly refunded before it is decided, and the draft after."""
    sold = await town.sell(100_00)
    await town.sell(20_00)
    filed = await town.file(await draft_of(town))
    await town.refund(sold, 3)
    await town.sell(80_00)
    draft = await draft_of(town)
    return filed, draft


async def test_a_refund_waits_until_its_sale_is_granted(town: Town) -> None:
    """Its claim is not decided: the refund is carried. Approved, it lowers the next claim."""
    filed, draft = await given_back_under_review(town)
    assert [(CARRIED, -30_00), (IN, 80_00)] == await town.sums(draft)
    await town.decide(filed.id)
    again = await town.build(draft.first_day)
    assert [(IN, -30_00), (IN, 80_00)] == await town.sums(again)
    await town.file(again)
    found = await town.identity()
    assert (True, 0, 50_00) == (found.holds, found.not_netted_kopecks, found.under_review_kopecks)


async def test_nobody_pays_back_what_was_never_granted(town: Town) -> None:
    """The sale is refused for good after the next claim was filed: its refund lowers no claim at all."""
    filed, draft = await given_back_under_review(town)
    after = await town.file(draft)
    await town.decide(filed.id, {1: LineVerdict.REFUSED_FOR_GOOD})
    await town.sell(10_00)
    last = await draft_of(town)
    assert ([(IN, 80_00)], [(IN, 10_00)]) == (
        [one for one in await town.sums(after) if one[0] is IN], await town.sums(last)
    )  # fmt: skip
    found = await town.identity()
    assert (True, 70_00) == (found.holds, found.refused_kopecks)


async def test_a_refund_goes_with_its_sale_that_is_claimed_again(town: Town) -> None:
    """Refused, but not for good: both are lines of the next claim."""
    filed, draft = await given_back_under_review(town)
    await town.decide(filed.id, {1: LineVerdict.REFUSED})
    again = await town.build(draft.first_day)
    assert [(IN, 100_00), (IN, -30_00), (IN, 80_00)] == await town.sums(again)
    assert (await town.identity()).holds


async def test_a_claim_approved_in_part_grants_once_it_is_payable(town: Town) -> None:
    """Until then an objection may open its review again."""
    filed, draft = await given_back_under_review(town)
    await town.decide(filed.id, {2: LineVerdict.REFUSED_FOR_GOOD})
    assert [(CARRIED, -30_00), (IN, 80_00)] == await town.sums(await town.build(draft.first_day))
    await town.pay(filed.id, 10_00)
    assert [(IN, -30_00), (IN, 80_00)] == await town.sums(await town.build(draft.first_day))


async def test_refunds_that_are_carried_leave_the_ceiling_to_the_sales_that_fit(town: Town) -> None:
    """Of this year more came back than was sold: sales of the year before keep all the room that there is."""
    december = month_from(town.month, 10)
    await town.on(month_from(december, 1))
    sold = await town.sell(90_00)
    january = await town.file(await draft_of(town))
    await town.decide(january.id)
    await town.agree(ceiling_kopecks=200_00)
    await town.refund(sold, 10)
    for kopecks in (60_00, 100_00):
        await town.capture_late(december, kopecks)
    draft = await draft_of(town)
    assert [(IN, 60_00), (CARRIED, 100_00), (CARRIED, -90_00)] == await town.sums(draft)
    await town.file(draft)
    assert (await town.identity()).holds
