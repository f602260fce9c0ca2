"""`tillgate claims check-all`: every draft of a month, counted by what was found."""

import asyncio
from datetime import date

import pytest

from tests.claims_kit import month_from, town_on
from tests.cli_kit import CommandLine

TILLS = (11, 21, 31)
"""One of each of three merchants."""


async def _sell(database_url: str) -> date:
    async with town_on(database_url) as town:
        for terminal_id in TILLS:
            await town.sell(100_00, terminal_id)
        await town.sell(70_00, TILLS[0], has_receipt=False)
        # A single dear line: only beside what others sell is it one.
        for _ in range(20):
            await town.sell(20_00, TILLS[1])
        await town.sell(9_000_00, TILLS[2])
        month = town.month
        await town.on(month_from(month, 1))
    return month


@pytest.fixture
def drafts_of(database_url: str, tillgate: CommandLine) -> date:
    """A month of which three drafts are built."""
    month = asyncio.run(_sell(database_url))
    done = tillgate("claims", "build", "--period", f"{month:%Y-%m}", "--by", "first")
    assert 0 == done.exit_code, done.output
    return month


def test_drafts_are_counted_by_what_is_found_in_them(tillgate: CommandLine, drafts_of: date) -> None:
    """However many are checked at once; prices are compared with those of all merchants."""
    period = ("claims", "check-all", "--period", f"{drafts_of:%Y-%m}")
    found = tillgate.json(*period, "--json")
    assert {"drafts": 3, "findings": {"UNMATCHED": 1, "UNIT_PRICE": 1}, "blocking": []} == found
    assert found == tillgate.json(*period, "--json", "--jobs", 1)
    shown = tillgate(*period)
    assert 0 == shown.exit_code
    assert "3 drafts of" in shown.stdout
    assert "UNIT_PRICE" in shown.stdout


def test_a_draft_that_may_not_be_filed_is_told_with_exit_code_1(
    tillgate: CommandLine, drafts_of: date
) -> None:
    """As `claims check` tells it of that claim alone; what is filed is checked no more."""
    changed = int(tillgate.sql("UPDATE claim SET sale_kopecks = sale_kopecks + 1 WHERE id = 2 RETURNING id"))
    period = ("claims", "check-all", "--period", f"{drafts_of:%Y-%m}")
    told = tillgate(*period)
    assert 1 == told.exit_code
    assert "ARITHMETIC" in told.stdout
    assert ["ARITHMETIC"] == tillgate.json(*period, "--json")["blocking"]
    assert "ARITHMETIC" in tillgate("claims", "check", changed).stdout
    tillgate.sql("UPDATE claim SET sale_kopecks = sale_kopecks - 1 WHERE id = 2")
    for claim in tillgate.json("claims", "list", "--json"):
        assert 0 == tillgate("claims", "file", claim["id"], "--by", "first").exit_code
    assert {"drafts": 0, "findings": {}, "blocking": []} == tillgate.json(*period, "--json")


def test_a_month_without_drafts_has_nothing_to_be_checked(tillgate: CommandLine, drafts_of: date) -> None:
    """Nor is a month that is none."""
    next_month = month_from(drafts_of, 1)
    period = ("claims", "check-all", "--period")
    assert 0 == tillgate.json(*period, f"{next_month:%Y-%m}", "--json")["drafts"]
    assert 2 == tillgate(*period, "2026-13").exit_code
