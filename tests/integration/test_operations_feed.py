"""A merchant's feed of operations, and what it is owed by outlet and age: real sales, claims put by hand."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import pytest

from gateway.domain.commands import ByPurchaseId, Void
from gateway.domain.purchase import Purchase
from settlement.errors import SettlementError
from settlement.reports.errors import ReportCode
from settlement.reports.feed import Operation, operations_feed
from settlement.reports.receivables import Age, Owed, age_of, receivables_of
from settlement.reports.standings import Standing
from tests.cli_kit import CommandLine
from tests.ledger_kit import Kit, Ledger, kit_on, must, new_request_id, origin
from tests.reports_kit import (
    MATCHES,
    MERCHANT,
    attach,
    operation_of_refund,
    put_claim,
    refund,
    sell,
)

AT_ONCE = timedelta()


@dataclass
class Shop:
    """A merchant with a card that buys."""

    kit: Kit
    ledger: Ledger
    card: bytes

    async def sell(self, kopecks: int, *, document: int = 0, terminal_id: int = 11) -> Purchase:
        """One sale."""
        return await sell(
            self.kit, self.ledger, self.card, kopecks, document=document, terminal_id=terminal_id
        )

    async def feed(self) -> dict[UUID, Operation]:
        """All operations in one page."""
        async with self.kit.connect() as connection:
            page = await operations_feed(connection, MERCHANT, MATCHES, delay=AT_ONCE)
        assert page.next_token == ""
        return {one.operation_id: one for one in page.operations}

    async def owed(self, days: int = 0) -> list[Owed]:
        """Receivables as they are in so many days."""
        async with self.kit.connect() as connection:
            today = await connection.fetchval("SELECT max(sale_date) FROM entry")
            return await receivables_of(connection, MERCHANT, MATCHES, today + timedelta(days=days))

    async def claim(
        self, state: str, *lines: tuple[Purchase, str, str | None], first: str = "2026-11-01"
    ) -> int:
        """A claim about sales."""
        async with self.kit.connect() as connection:
            return await put_claim(connection, state, lines, first_day=first)


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    """Merchant 1 and a card with much on it."""
    async with kit_on(database_url) as kit:
        ledger = await kit.ledger()
        yield Shop(kit, ledger, await kit.card(ledger, 4000_00))


async def test_each_operation_says_where_it_stands(shop: Shop) -> None:
    """One of each: without a receipt, unclaimed, under review, approved, refused, paid; receivables agree."""
    bare, matched = await shop.sell(10_00), await shop.sell(11_00, document=1)
    sold = [await shop.sell(kopecks * 100, document=kopecks) for kopecks in range(12, 18)]
    filed = await shop.claim("UNDER_REVIEW", (sold[0], "INCLUDED", None), (sold[1], "OVER_LIMIT", None))
    part = await shop.claim(
        "APPROVED_IN_PART", (sold[2], "INCLUDED", "APPROVED"), (sold[3], "INCLUDED", "REFUSED"),
        first="2026-10-01",
    )  # fmt: skip
    paid = await shop.claim("PAID", (sold[4], "INCLUDED", "APPROVED"), first="2026-09-01")
    draft = await shop.claim("DRAFT", (sold[5], "CARRIED", None), first="2026-12-01")
    found = await shop.feed()
    wanted = {
        bare.id: (Standing.UNMATCHED, None), matched.id: (Standing.UNCLAIMED, None),
        sold[0].id: (Standing.UNDER_REVIEW, filed), sold[1].id: (Standing.REFUSED, filed),
        sold[2].id: (Standing.APPROVED, part), sold[3].id: (Standing.REFUSED, part),
        sold[4].id: (Standing.PAID, paid), sold[5].id: (Standing.CARRIED, draft),
    }  # fmt: skip
    assert wanted == {one.operation_id: (one.standing, one.claim_id) for one in found.values()}
    sums = Counter[str]()
    for one in found.values():
        sums[f"{one.standing.value.lower()}_kopecks"] += one.amount_kopecks
    [owed] = await shop.owed()
    assert sums == {name: value for name in sums if (value := getattr(owed, name))}
    assert owed.total_kopecks == sums.total()
    assert found[bare.id].mismatches == ("NO_RECEIPT",)
    assert found[sold[3].id].reason == "нет чека"
    assert found[sold[1].id].reason == "сверх предельного объёма"
    assert found[matched.id].receipt == ("9999078900000001", 1)
    assert (found[bare.id].outlet_name, found[bare.id].terminal_name) == ("shop", "till 1")


async def test_a_refused_operation_is_what_the_newest_claim_says(shop: Shop) -> None:
    """Refused once, under review in the next claim; a superseded claim says nothing."""
    sold, other = await shop.sell(10_00, document=1), await shop.sell(11_00, document=2)
    async with shop.kit.connect() as connection:
        refused = await put_claim(connection, "REFUSED", [(sold, "INCLUDED", "REFUSED")])
        await connection.execute("UPDATE claim_line SET is_live = false WHERE claim_id = $1", refused)
    await shop.claim("SUPERSEDED", (other, "INCLUDED", None), first="2026-10-01")
    newest = await shop.claim("FILED", (sold, "INCLUDED", None), first="2026-12-01")
    found = await shop.feed()
    assert (found[sold.id].standing, found[sold.id].claim_id) == (Standing.UNDER_REVIEW, newest)
    assert (found[other.id].standing, found[other.id].claim_id) == (Standing.UNCLAIMED, None)


async def test_a_receipt_that_came_later_matches_what_a_claim_left_out(shop: Shop) -> None:
    """The claim's word is of its day, the feed's of today."""
    sold = await shop.sell(10_00)
    await shop.claim("FILED", (sold, "UNMATCHED", None))
    assert (await shop.feed())[sold.id].standing is Standing.UNMATCHED
    assert [10_00] == [owed.unmatched_kopecks for owed in await shop.owed()]
    await attach(shop.kit, shop.ledger, sold, 5)
    assert (await shop.feed())[sold.id].standing is Standing.UNCLAIMED
    assert [10_00] == [owed.unclaimed_kopecks for owed in await shop.owed()]


async def test_a_mismatch_that_is_only_reported_keeps_nothing_out(shop: Shop) -> None:
    """Another tag of payment is told of a sale, and the sale is claimed all the same."""
    sold = await shop.sell(10_00)
    tagged = MATCHES.replace("'NO_RECEIPT'", "'PAYMENT_TAG'")
    async with shop.kit.connect() as connection:
        [one] = (await operations_feed(connection, MERCHANT, tagged, delay=AT_ONCE)).operations
    assert (one.operation_id, one.standing) == (sold.id, Standing.UNCLAIMED)


async def test_refunds_voids_and_demands_are_told_apart(shop: Shop) -> None:
    """A refund lowers, a void undoes both, what is demanded back says so."""
    paid, undone = await shop.sell(30_00, document=1), await shop.sell(20_00)
    await shop.claim("PAID", (paid, "INCLUDED", "APPROVED"))
    await refund(shop.ledger, paid)
    void = Void(new_request_id(), origin(), ByPurchaseId(undone.id))
    assert must(await shop.ledger.submit(void)).is_approved
    async with shop.kit.connect() as connection:
        given_back = await operation_of_refund(connection, paid)
    assert (await shop.feed())[given_back].standing is Standing.UNCLAIMED
    assert (await shop.feed())[given_back].amount_kopecks == -30_00
    [owed] = await shop.owed()
    assert (owed.paid_kopecks, owed.unclaimed_kopecks, owed.total_kopecks) == (30_00, -30_00, 0)
    async with shop.kit.connect() as connection:
        await connection.execute(
            "INSERT INTO return_demand (agreement_id, operation_id, program_code, amount_kopecks, reason,"
            " revenue_kbk, purpose, demanded_on, due_on) VALUES (7, $1, 'FOOD', 3000, 'r', '', 'p', $2, $2)",
            given_back, date(2026, 11, 1),
        )  # fmt: skip
    found = await shop.feed()
    assert found[given_back].standing is Standing.DEMANDED
    assert [Standing.UNDONE] * 2 == [o.standing for o in found.values() if o.purchase_id == undone.id]


async def test_pages_follow_each_other_without_gap(shop: Shop) -> None:
    """Every operation once, in the order of decisions; a token serves its merchant alone."""
    sold = [(await shop.sell(100 * n)).id for n in range(1, 8)]
    seen, token = list[UUID](), ""
    async with shop.kit.connect() as connection:
        while True:
            page = await operations_feed(connection, MERCHANT, MATCHES, token=token, limit=3, delay=AT_ONCE)
            seen += [one.operation_id for one in page.operations]
            if not (token := page.next_token):
                break
            last = token
        assert sold == seen
        for wrong in (last[:-4], "%", "A" * len(last)):
            with pytest.raises(SettlementError) as refused:
                await operations_feed(connection, MERCHANT, MATCHES, token=wrong)
            assert refused.value.code is ReportCode.PAGE_TOKEN_INVALID
        with pytest.raises(SettlementError):
            await operations_feed(connection, MERCHANT + 1, MATCHES, token=last)


async def test_receivables_sum_to_what_was_captured_less_given_back(shop: Shop) -> None:
    """By outlet and age; what moves between standings changes no total."""
    first, second = await shop.sell(10_00, document=1), await shop.sell(20_00, document=2)
    await shop.sell(40_00)
    [owed] = await shop.owed()
    assert (owed.outlet_id, owed.age) == (100, Age.TO_30)
    assert (owed.unmatched_kopecks, owed.unclaimed_kopecks, owed.total_kopecks) == (40_00, 30_00, 70_00)
    await shop.claim("UNDER_REVIEW", (first, "INCLUDED", None))
    await shop.claim("PAID", (second, "INCLUDED", "APPROVED"), first="2026-10-01")
    [owed] = await shop.owed(days=45)
    assert owed.age is Age.TO_60
    assert (owed.under_review_kopecks, owed.paid_kopecks, owed.total_kopecks) == (10_00, 20_00, 70_00)


@pytest.mark.parametrize(
    ("days", "age"),
    [(0, Age.TO_30), (30, Age.TO_30), (31, Age.TO_60), (60, Age.TO_60), (61, Age.TO_90), (90, Age.TO_90),
     (91, Age.OVER_90)],
)  # fmt: skip
def test_an_age_begins_after_the_last_day_of_the_one_before(days: int, age: Age) -> None:
    """30 days is young, 31 is not."""
    assert age_of(date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=days)) is age


async def test_the_commands_print_what_a_merchant_sees(database_url: str, tillgate: CommandLine) -> None:
    """As a table, or as JSON."""
    async with kit_on(database_url) as kit:
        ledger = await kit.ledger()
        sold = await sell(kit, ledger, await kit.card(ledger, 500_00), 12_34)
        # An operation is listed when all that was decided before it is.
        await kit.shift_clock(timedelta(minutes=1))
    [listed] = (await asyncio.to_thread(tillgate.json, "claims", "feed", MERCHANT, "--json"))["operations"]
    assert (listed["operation_id"], listed["standing"]) == (str(sold.id), "UNMATCHED")
    [owed] = await asyncio.to_thread(tillgate.json, "claims", "receivables", MERCHANT, "--json")
    assert (owed["age"], owed["unmatched_kopecks"]) == ("0-30", 12_34)
    assert "NO_RECEIPT" in (await asyncio.to_thread(tillgate, "claims", "feed", MERCHANT)).output
    assert "12,34" in (await asyncio.to_thread(tillgate, "claims", "receivables", MERCHANT)).output
    wrong = await asyncio.to_thread(tillgate, "claims", "feed", MERCHANT, "--after", "x")
    assert (wrong.exit_code, "PAGE_TOKEN_INVALID" in wrong.output) == (1, True)
