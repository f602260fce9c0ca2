"""`tillgate claims`: drafts, filing, budget, demands and the recount, as an operator meets them."""

import asyncio
from datetime import date
from pathlib import Path

import pytest

from settlement.claims.states import ClaimState
from tests.claims_kit import AGREEMENT_ID, month_from, settle, town_on
from tests.cli_kit import CommandLine

KBK, REVENUE_KBK = "14810020000000000810", "14811302992020000130"


async def _sell(database_url: str) -> date:
    async with town_on(database_url, kbk=KBK, revenue_kbk=REVENUE_KBK, may_net_refunds=False) as town:
        await town.sell(100_00)
        await town.sell(50_00)
        month = town.month
        await town.on(month_from(month, 1))
    return month


async def _refund(database_url: str, claim_id: int) -> None:
    await settle(database_url, claim_id)
    async with town_on(database_url, is_new=False) as town:
        await town.refund_of(50_00, 10)


@pytest.fixture
def sold_in(database_url: str) -> date:
    """The month in which a sale of 100 and one of 50 points were made, which is over now."""
    return asyncio.run(_sell(database_url))


def build(tillgate: CommandLine, month: date, *arguments: object) -> None:
    """Build the drafts of a month."""
    done = tillgate("claims", "build", *arguments, "--period", f"{month:%Y-%m}", "--by", "first")
    assert 0 == done.exit_code, done.output


def test_claims_of_all_agreements_are_built_filed_and_shown(tillgate: CommandLine, sold_in: date) -> None:
    """Built twice it is one draft; filed it is counted against the budget and the recount agrees."""
    limit = ("--year", sold_in.year, "--limit", "1000", "--act-number", "5", "--act-date", "2026-01-15")
    assert 0 == tillgate("claims", "budget", "set", KBK, *limit, "--by", "first").exit_code
    build(tillgate, sold_in)
    again = tillgate("claims", "build", "--period", f"{sold_in:%Y-%m}", "--by", "first")
    assert "0 drafts made, 1 as they were" in again.stdout
    [draft] = tillgate.json("claims", "list", "--json")
    assert 0 == tillgate("claims", "file", draft["id"], "--by", "first").exit_code
    assert ClaimState.FILED == tillgate.json("claims", "show", draft["id"], "--json")["state"]
    shown = tillgate("claims", "show", draft["id"], "--lines").stdout
    assert "150.00" in shown
    assert "INCLUDED" in shown
    assert "not signed" in shown
    [budget] = tillgate.json("claims", "budget", "list", "--json")
    assert (1000_00, 150_00) == (budget["limit_kopecks"], budget["used_kopecks"])
    verified = tillgate("claims", "verify")
    assert (0, True) == (verified.exit_code, "9 agreements, 0 wrong" in verified.stdout)
    carried = tillgate.json("claims", "carry-over", sold_in.year, "--json")
    assert [] == carried


def test_a_claim_is_shown_as_unverified_until_its_signature_is_answered(
    tillgate: CommandLine, sold_in: date, tmp_path: Path
) -> None:
    """Whoever reviews it sees that before anything else."""
    build(tillgate, sold_in, AGREEMENT_ID)
    [draft] = tillgate.json("claims", "list", "--json")
    tillgate("claims", "file", draft["id"], "--by", "first")
    tillgate.sql("""UPDATE agreement SET settings = '{"settlement": {"signature": "PAPER"}}'""")
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n")
    assert 0 == tillgate("claims", "sign", "add", draft["id"], scan, "--paper").exit_code
    assert "SIGNATURE_UNVERIFIED" in tillgate("claims", "show", draft["id"]).stdout
    judged = tillgate("claims", "sign", "judge", 1, "--valid", "--detail", "подпись и печать")
    assert 0 == judged.exit_code, judged.output
    assert "SIGNATURE_VALID" in tillgate("claims", "show", draft["id"]).stdout


def test_the_recount_names_a_line_that_the_ledger_has_not(tillgate: CommandLine, sold_in: date) -> None:
    """A line that was changed behind our back is told, with exit code 1."""
    build(tillgate, sold_in, AGREEMENT_ID)
    [draft] = tillgate.json("claims", "list", "--json")
    tillgate("claims", "file", draft["id"], "--by", "first")
    tillgate.sql("UPDATE claim_line SET amount_kopecks = 1 WHERE n = 1")
    told = tillgate("claims", "verify")
    assert 1 == told.exit_code
    assert "says 1 kopecks, the ledger 10000" in told.stdout


def test_what_is_refused_is_told_in_one_line(tillgate: CommandLine, sold_in: date) -> None:
    """An open period, a day that begins none, an agreement and a claim that there are not."""
    for arguments, code in (
        (("build", AGREEMENT_ID, "--period", f"{month_from(sold_in, 1):%Y-%m}"), "PERIOD_OPEN"),
        (("build", "--period", f"{month_from(sold_in, 1):%Y-%m}"), "PERIOD_OPEN"),
        (("build", AGREEMENT_ID, "--period", f"{sold_in:%Y-%m}-02"), "PERIOD_UNFIT"),
        (("build", 999, "--period", f"{sold_in:%Y-%m}"), "AGREEMENT_UNKNOWN"),
        (("build", AGREEMENT_ID + 1, "--period", f"{sold_in:%Y-%m}"), "NOTHING_TO_CLAIM"),
        (("file", 999), "CLAIM_UNKNOWN"),
        (("demand", "sue", 999), "DEMAND_UNKNOWN"),
    ):
        refused = tillgate("claims", *arguments, "--by", "first")
        assert (1, True) == (refused.exit_code, f"Error: {code}" in refused.stderr), refused.output


def test_a_refund_after_payment_is_demanded_back_and_returned(
    tillgate: CommandLine, database_url: str, sold_in: date
) -> None:
    """In parts: the first leaves the demand open, the last closes it; a kopeck more is refused."""
    build(tillgate, sold_in)
    [draft] = tillgate.json("claims", "list", "--json")
    tillgate("claims", "file", draft["id"], "--by", "first")
    asyncio.run(_refund(database_url, draft["id"]))
    [demand] = tillgate.json("claims", "demand", "make", AGREEMENT_ID, "--json", "--by", "first")
    assert (50_00, REVENUE_KBK) == (demand["amount_kopecks"], demand["revenue_kbk"])
    assert f"требование № {demand['id']}" in demand["purpose"]
    assert [] == tillgate.json("claims", "demand", "make", AGREEMENT_ID, "--json", "--by", "first")
    back = ("claims", "demand", "returned", demand["id"], "--by", "first", "--amount")
    assert "DEMANDED, 20.00 left" in tillgate(*back, "30").stdout
    assert "DEMAND_SUM_UNFIT" in tillgate(*back, "20.01").stderr
    assert "RETURNED, 0.00 left" in tillgate(*back, "20").stdout
    assert [] == tillgate.json("claims", "demand", "list", "--waiting", "--json")
    assert 0 == tillgate("claims", "verify").exit_code
