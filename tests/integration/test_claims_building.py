"""Claims are built from the ledger's entries: every line once, the same set always the same bytes."""

from collections.abc import AsyncIterator

import pytest

from gateway.domain.policy import moscow_date
from settlement.claims.building import build
from settlement.claims.canonical import lines_sha256
from settlement.claims.filing import file
from settlement.claims.model import Treatment
from settlement.claims.states import ClaimState
from tests.claims_kit import CLERK, Town, month_from, town_on


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    """A town of its own, on the first day of a month."""
    async with town_on(database_url) as made:
        yield made


async def test_a_claim_holds_what_was_sold_less_what_was_given_back(town: Town) -> None:
    """One sale stands, one is partly refunded, one is voided at once, one has no receipt."""
    month = moscow_date(town.now)
    await town.sell(100_00)
    await town.refund(await town.sell(50_00), 4)
    await town.undo(await town.sell(10_00, has_receipt=False))
    await town.sell(7_00, has_receipt=False)
    await town.on(month_from(month, 1))
    claim = await town.build(month)
    assert (ClaimState.DRAFT, 150_00, 20_00, 7_00) == (
        claim.state, claim.sale_kopecks, claim.returned_kopecks, claim.unmatched_kopecks
    )  # fmt: skip
    assert [
        (Treatment.INCLUDED, 100_00),
        (Treatment.INCLUDED, 50_00),
        (Treatment.INCLUDED, -20_00),
        (Treatment.UNMATCHED, 7_00),
    ] == await town.sums(claim)
    assert claim.lines_sha256 == lines_sha256(await town.lines(claim))
    filed = await file(town.connection, claim.id, by=CLERK)
    assert ClaimState.FILED is filed.state
    again = await build(town.connection, 7, month, by=CLERK)
    assert again.correction_number == 1
    assert again.lines_sha256 == claim.lines_sha256
