"""An agreement stays claimable until it is settled, and it is settled once nothing of it is on its way."""

import asyncio
from datetime import date

import pytest

from tests.claims_kit import AGREEMENT_ID, month_from, settle, town_on
from tests.cli_kit import CommandLine

BY = ("--by", "first")
CLOSE = ("agreements", "settle", AGREEMENT_ID, *BY, "--reason", "всё рассчитано")


async def _sell(database_url: str) -> date:
    async with town_on(database_url) as town:
        await town.sell(100_00)
        await town.sell(50_00, has_receipt=False)
        month = town.month
        ends = "UPDATE agreement SET in_force = daterange(lower(in_force), $2) WHERE id = $1"
        await town.connection.execute(ends, AGREEMENT_ID, month_from(month, 1))
        await town.on(month_from(month, 1))
    return month


@pytest.fixture
def sold_in(database_url: str) -> date:
    """The last month of an agreement: a sale of 100 points, and one of 50 without a receipt."""
    return asyncio.run(_sell(database_url))


def state_of(tillgate: CommandLine) -> str:
    """The agreement's state."""
    state: str = tillgate.json("agreements", "show", AGREEMENT_ID, "--json")["agreement"]["state"]
    return state


def refusal(tillgate: CommandLine, *arguments: object) -> str:
    """The code for which an agreement is not closed; nothing of it is changed."""
    refused = tillgate(*CLOSE, *arguments)
    assert 1 == refused.exit_code, refused.output
    assert "CONCLUDED" == state_of(tillgate)
    return refused.stderr.removeprefix("Error: ").split(":")[0]


def draft_of(tillgate: CommandLine, month: date) -> int:
    """The claim of the agreement's last month, not filed yet."""
    tillgate("claims", "build", AGREEMENT_ID, "--period", f"{month:%Y-%m}", *BY)
    [draft] = tillgate.json("claims", "list", "--json")
    number: int = draft["id"]
    return number


def test_an_ended_agreement_is_closed_once_its_claims_are_paid(
    tillgate: CommandLine, database_url: str, sold_in: date
) -> None:
    """Not while something is unclaimed, reviewed or unpaid; what is never claimed is named to the kopeck."""
    assert "AGREEMENT_LEAVES" == refusal(tillgate)
    claim_id = draft_of(tillgate, sold_in)
    assert "AGREEMENT_LEAVES" == refusal(tillgate, "--leaves", "50")
    assert 0 == tillgate("claims", "file", claim_id, *BY).exit_code
    assert "AGREEMENT_OPEN" == refusal(tillgate, "--leaves", "50")
    asyncio.run(settle(database_url, claim_id))
    assert "AGREEMENT_LEAVES" == refusal(tillgate)
    assert "AGREEMENT_LEAVES" == refusal(tillgate, "--leaves", "50.01")
    closed = tillgate(*CLOSE, "--leaves", "50")
    assert 0 == closed.exit_code, closed.output
    assert "SETTLED" == state_of(tillgate)
    assert 0 == tillgate("claims", "verify").exit_code


def test_a_draft_of_an_agreement_that_was_closed_is_not_filed(tillgate: CommandLine, sold_in: date) -> None:
    """Whoever closes it gives up what the draft would have claimed."""
    claim_id = draft_of(tillgate, sold_in)
    assert 0 == tillgate(*CLOSE, "--leaves", "150").exit_code
    refused = tillgate("claims", "file", claim_id, *BY)
    assert (1, True) == (refused.exit_code, "AGREEMENT_SETTLED" in refused.stderr)
    assert "DRAFT" == tillgate.json("claims", "show", claim_id, "--json")["state"]
