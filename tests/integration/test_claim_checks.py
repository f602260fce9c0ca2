"""Checks before filing: what blocks is told with its lines, what is odd with figures, no line is dropped."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.commands import ByPurchaseId, Void
from gateway.domain.policy import moscow_date
from gateway.domain.purchase import ReceiptKind
from gateway.record.words import Actor
from settlement.checks.checking import check_claim
from settlement.checks.confirming import FileChecker, Verdict, confirm_sample
from settlement.checks.filing import blockers
from settlement.checks.findings import Finding
from settlement.checks.sampling import draw_sample
from settlement.errors import SettlementError
from settlement.ledger_reader.receipts_asked import asked_receipts
from settlement.ledger_reader.receipts_prices import class_prices, class_prices_beside
from tests.ledger_kit import authorize, line, new_request_id, origin
from tests.matching_kit import ENDED, SUCCESSION, Shop, draft_claim, shop_on

CLERK = Actor.person("first")


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    """A shop of a real ledger."""
    async with shop_on(database_url) as shop:
        yield shop


async def sell(shop: Shop, count: int) -> None:
    """Sales of 100 rubles with their receipts."""
    for _ in range(count):
        await shop.sell(100_00, receipts=[shop.receipt(100_00)])


async def check(shop: Shop, claim_id: int) -> list[Finding]:
    """Check a claim beside the prices of its period."""
    medians = await class_prices_beside(shop.connection, claim_id)
    return await check_claim(shop.connection, claim_id, medians)


async def codes(shop: Shop, claim_id: int) -> list[str]:
    """What a check finds."""
    return [one.code for one in await check(shop, claim_id)]


async def test_a_plain_claim_has_nothing_to_be_said_of(shop: Shop) -> None:
    """And may be filed."""
    await sell(shop, 2)
    claim_id = await draft_claim(shop)
    assert [] == await codes(shop, claim_id)
    assert [] == await blockers(shop.connection, claim_id)


async def test_the_sample_is_the_same_whenever_it_is_drawn_again(shop: Shop) -> None:
    """Its seed is kept; the least number of lines is kept, and a percentage is rounded up."""
    await shop.terms(sample_percent=30, sample_lines_min=2)
    await sell(shop, 9)
    claim_id = await draft_claim(shop)
    first = await draw_sample(shop.connection, claim_id)
    assert 3 == len(first)
    assert first == await draw_sample(shop.connection, claim_id)
    seed = await shop.connection.fetchval("SELECT sample_seed FROM claim WHERE id = $1", claim_id)
    assert 16 == len(seed)
    await shop.terms(sample_lines_min=100)
    assert 9 == len(await draw_sample(shop.connection, claim_id))


async def test_another_seed_draws_other_lines(shop: Shop) -> None:
    """Chance decides: of a hundred seeds some choose each of four lines."""
    await shop.terms(sample_lines_min=1)
    await sell(shop, 4)
    claim_id = await draft_claim(shop)
    chosen = set()
    for number in range(100):
        await shop.connection.execute(
            "UPDATE claim SET sample_seed = $2 WHERE id = $1", claim_id, number.to_bytes(16)
        )
        chosen |= {line.n for line in await draw_sample(shop.connection, claim_id)}
    assert {1, 2, 3, 4} == chosen


async def test_filing_waits_until_the_whole_sample_is_confirmed(shop: Shop, tmp_path: Path) -> None:
    """By a checker: here an operator's file, whose word on other receipts is not asked."""
    await shop.terms(sample_lines_min=2)
    await sell(shop, 3)
    claim_id = await draft_claim(shop)
    sample = await draw_sample(shop.connection, claim_id)
    (blocker,) = await blockers(shop.connection, claim_id)
    assert ("SAMPLE_UNCONFIRMED", [line.n for line in sample]) == (blocker.code, blocker.figures["lines"])
    asked = await asked_receipts(shop.connection, claim_id, [line.n for line in sample])
    file = tmp_path / "answers.csv"
    told = "fn;fd;answer;told\r\n" + f"{asked[0].drive_number};999;confirmed;\r\n"
    file.write_text(told + f"{asked[0].drive_number};{asked[0].document_number};confirmed;ok\r\n")
    answered = await confirm_sample(shop.connection, claim_id, FileChecker(file), by=CLERK)
    assert 1 == answered[Verdict.CONFIRMED]
    (blocker,) = await blockers(shop.connection, claim_id)
    assert [sample[1].n] == blocker.figures["lines"]
    file.write_text(f"{asked[1].drive_number};{asked[1].document_number};CONFIRMED\n")
    await confirm_sample(shop.connection, claim_id, FileChecker(file), by=CLERK)
    assert [] == await blockers(shop.connection, claim_id)
    assert 2 == await shop.connection.fetchval("SELECT count(*) FROM receipt_check")
    levels = [row["evidence"] for row in await shop.matches()]
    assert [1, 3, 3] == sorted(levels)


@pytest.mark.parametrize(
    "text", ["a;b;confirmed", "1;2;perhaps", "1;2", '1;2;confirmed;"open', "1;²;confirmed"]
)
async def test_a_file_of_answers_that_cannot_be_read_is_refused(text: str, tmp_path: Path) -> None:
    """By its row, and nothing is stored."""
    file = tmp_path / "answers.csv"
    file.write_text(text)
    with pytest.raises(SettlementError, match="ANSWERS_UNREADABLE"):
        FileChecker(file)


async def test_sums_that_do_not_add_up_block(shop: Shop) -> None:
    """Somebody changed a claim."""
    await sell(shop, 2)
    claim_id = await draft_claim(shop)
    await shop.connection.execute("UPDATE claim SET sale_kopecks = sale_kopecks + 1 WHERE id = $1", claim_id)
    (blocker,) = await blockers(shop.connection, claim_id)
    assert ("ARITHMETIC", 200_00, 200_01) == (
        blocker.code, blocker.figures["lines_kopecks"], blocker.figures["claim_kopecks"]
    )  # fmt: skip


async def test_a_line_of_a_filed_claim_blocks_another(shop: Shop) -> None:
    """A kopeck is claimed once; filing itself would call the claim stale."""
    await sell(shop, 2)
    filed = await draft_claim(shop)
    await shop.connection.execute("UPDATE claim_line SET is_live = true WHERE claim_id = $1", filed)
    await shop.connection.execute(
        "UPDATE claim SET state = 'FILED', filed_at = tillgate_now() WHERE id = $1", filed
    )
    again = await draft_claim(shop)
    assert [] == await blockers(shop.connection, again)
    (blocker,) = await check(shop, again)
    assert ("CLAIMED_TWICE", [1, 2]) == (blocker.code, blocker.figures["lines"])


async def test_one_receipt_in_lines_of_two_purchases_blocks(shop: Shop) -> None:
    """Matching keeps such sales out; whoever put them in is found."""
    await sell(shop, 3)
    claim_id = await draft_claim(shop)
    await shop.connection.execute("UPDATE claim_line SET receipt_document_number = 1 WHERE n > 1")
    (blocker,) = await blockers(shop.connection, claim_id)
    assert ("RECEIPT_TWICE", 1, [1]) == (blocker.code, *(blocker.figures[x] for x in ("count", "lines")))


async def test_what_is_not_claimed_and_what_came_later_is_told_with_its_sums(shop: Shop) -> None:
    """Mismatches by class, operations after the build, returns that no purchase knows of."""
    await sell(shop, 1)
    await shop.sell(70_00)
    claim_id = await draft_claim(shop)
    await shop.sell(30_00)
    await shop.in_tax_file(shop.receipt(15_00, ReceiptKind.RETURN))
    found = {one.code: one.figures for one in await check(shop, claim_id)}
    assert {"NOT_IN_THE_CLAIM", "RETURNS_UNKNOWN", "UNMATCHED"} == {*found}
    assert (1, 30_00) == (found["NOT_IN_THE_CLAIM"]["count"], found["NOT_IN_THE_CLAIM"]["kopecks"])
    assert (1, 15_00) == (found["RETURNS_UNKNOWN"]["count"], found["RETURNS_UNKNOWN"]["kopecks"])
    assert ("NO_RECEIPT", 70_00) == (found["UNMATCHED"]["mismatch"], found["UNMATCHED"]["kopecks"])


async def test_a_return_at_a_predecessors_till_is_told_too(shop: Shop) -> None:
    """By the file of the tax service it was the reorganised merchant's."""
    await sell(shop, 1)
    claim_id = await draft_claim(shop)
    await shop.in_tax_file(shop.receipt(15_00, ReceiptKind.RETURN), inn="0000000002")
    assert [] == await codes(shop, claim_id)
    await shop.connection.execute(SUCCESSION, 1, 2)
    await shop.connection.execute(ENDED, [2])
    assert ["RETURNS_UNKNOWN"] == await codes(shop, claim_id)


async def test_an_odd_price_is_told_and_dropped_from_nothing(shop: Shop) -> None:
    """Twenty cheap lines and one a hundred times dearer, read from the ledger's baskets."""
    await sell(shop, 20)
    await shop.sell(10_000_00, receipts=[shop.receipt(10_000_00)])
    claim_id = await draft_claim(shop)
    # All of it is sold at the hour of the test, which may be night.
    findings = await check(shop, claim_id)
    (found,) = [one for one in findings if one.code == "UNIT_PRICE"]
    assert ("UNIT_PRICE", "10", 1, 21, 21) == (
        found.code, *(found.figures[name] for name in ("okpd2", "count", "total", "n"))
    )  # fmt: skip
    assert not found.blocks
    assert 21 == await shop.connection.fetchval(
        "SELECT count(*) FROM claim_line WHERE treatment = 'INCLUDED'"
    )


async def sell_at(shop: Shop, terminal_id: int, *kopecks: int) -> None:
    """Sales of one line each at a till of any merchant."""
    for one in kopecks:
        await shop.do(authorize(shop.token, line(1, one), terminal_id=terminal_id, is_sale=True))


async def test_a_merchant_whose_prices_are_all_too_high_is_told_beside_the_others(shop: Shop) -> None:
    """Two lines of his against the median of all that was sold in the period."""
    await sell_at(shop, 21, *[100_00] * 20)
    for _ in range(2):
        await shop.do(
            authorize(shop.token, line(1, 2_000_00), is_sale=True, receipts=(shop.receipt(2_000_00),))
        )
    findings = await check(shop, await draft_claim(shop))
    (found,) = [one for one in findings if one.code == "UNIT_PRICE"]
    assert (2, 2, 100_00, 2_000_00) == tuple(
        found.figures[name] for name in ("count", "total", "median", "highest")
    )


async def test_prices_of_a_period_are_of_what_points_paid_for_in_it(shop: Shop) -> None:
    """Neither of what was voided, nor of prohibited goods, nor of other days; a sample is the same again."""
    today = moscow_date(datetime.now(UTC))
    days = today, today + timedelta(days=1)
    await sell_at(shop, 21, *[100_00] * 19)
    sold = await shop.sell(4_000_00)
    await shop.do(Void(new_request_id(), origin(11), ByPurchaseId(sold.id)))
    await shop.do(authorize(shop.token, line(1, 300_00), line(2, 1_00, "11.05.10"), is_sale=True))
    assert {"10": 100_00} == await class_prices(shop.connection, *days)
    later = days[1] + timedelta(days=1)
    assert {} == await class_prices(shop.connection, later, later)
    await sell_at(shop, 22, *[500_00 + n for n in range(20)])
    some = await class_prices(shop.connection, *days, purchases_max=25)
    assert {"10"} == {*some}
    assert some == await class_prices(shop.connection, *days, purchases_max=25)


async def test_an_unknown_claim_is_refused(shop: Shop) -> None:
    """By name."""
    with pytest.raises(SettlementError, match="CLAIM_UNKNOWN"):
        await check(shop, 99)
