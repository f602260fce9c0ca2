"""Claims outlive the months they were made of: what went into the archive is still accounted for."""

from datetime import timedelta

from gateway.ledger.archive import retire
from gateway.ledger.partitions import partition_name
from settlement.claims.identity import carry_over
from tests.claims_kit import month_from, town_on

SIX_YEARS = timedelta(days=6 * 366)


async def test_what_was_claimed_is_accounted_for_when_its_month_is_in_the_archive(database_url: str) -> None:
    """One sale is paid, one partly refunded, one never had a receipt: truth 9 holds as it did."""
    async with town_on(database_url) as town:
        sold_in = town.month
        await town.sell(100_00)
        await town.refund(await town.sell(50_00), 4)
        await town.sell(7_00, has_receipt=False)
        sold_at = town.now
        await town.on(month_from(sold_in, 1))
        claim = await town.file(await town.build(sold_in))
        await town.decide(claim.id)
        await town.pay(claim.id)
        before = await town.identity()
        assert (157_00, 20_00, 130_00, 7_00, True) == (
            before.captured_kopecks, before.refunded_kopecks, before.paid_kopecks, before.unmatched_kopecks,
            before.holds,
        )  # fmt: skip
        left = [one async for one in carry_over(town.connection, sold_in.year)]
        await town.at(town.now + SIX_YEARS)
        retired = (await retire(town.connection, 5)).retired
        assert {partition_name(table, sold_at) for table in ("purchase", "entry")} <= set(retired)
        await town.connection.execute("SET SESSION AUTHORIZATION tillgate_reader")
        assert before == await town.identity()
        assert left == [one async for one in carry_over(town.connection, sold_in.year)]
