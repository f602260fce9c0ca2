"""Receipts of tax files are offered to purchases without one, and nothing is written."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from settlement.errors import SettlementError
from settlement.ledger_reader.receipts_candidates import Candidate, candidates
from tests.matching_kit import ENDED, SUCCESSION, Shop, shop_on


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    """A shop of a real ledger."""
    async with shop_on(database_url) as shop:
        yield shop


async def offered(shop: Shop) -> list[Candidate]:
    """Candidates of merchant 1 of these days."""
    today = await shop.connection.fetchval("SELECT current_date")
    return await candidates(shop.connection, 1, today - timedelta(days=2), today + timedelta(days=2))


async def test_a_receipt_of_the_same_outlet_sum_and_time_is_offered(shop: Shop) -> None:
    """Until it is attached: only the ledger's own command does that."""
    sold = await shop.sell(100_00)
    receipt = shop.receipt(100_00, terminal_id=12)
    await shop.in_tax_file(receipt)
    (one,) = await offered(shop)
    assert (sold.id, *receipt.key, 1) == (one.purchase_id, one.drive_number, one.document_number, one.rivals)
    assert 0 == await shop.connection.fetchval("SELECT count(*) FROM receipt")
    await shop.attach(sold, receipt)
    assert [] == await offered(shop)
    (row,) = await shop.matches()
    assert ([], 2) == (row["mismatches"], row["evidence"])


@pytest.mark.parametrize(
    "change",
    [
        {"total": 99_00},
        {"inn": "0000000002"},
        {"till": "0" * 14 + "19"},
        {"level": 1},
        {"is_contested": True},
        {"kind": "RETURN"},
    ],
)
async def test_a_receipt_that_does_not_fit_is_not_offered(change: dict[str, Any], shop: Shop) -> None:
    """Another sum, seller or outlet, or a receipt that proves nothing."""
    await shop.sell(100_00)
    await shop.in_tax_file(shop.receipt(100_00), **change)
    assert [] == await offered(shop)


async def test_a_reorganised_predecessors_receipt_is_offered(shop: Shop) -> None:
    """The till was not yet registered anew."""
    await shop.sell(100_00)
    await shop.in_tax_file(shop.receipt(100_00), inn="0000000002")
    await shop.connection.execute(SUCCESSION, 1, 2)
    assert [] == await offered(shop)
    await shop.connection.execute(ENDED, [2])
    assert 1 == len(await offered(shop))


async def test_a_merchant_that_there_is_not_is_refused(shop: Shop) -> None:
    """By name."""
    with pytest.raises(SettlementError, match="MERCHANT_UNKNOWN"):
        await candidates(shop.connection, 99, date(2026, 11, 1), date(2026, 11, 30))


async def test_a_receipt_of_another_time_is_not_offered(shop: Shop) -> None:
    """A quarter of an hour is enough for any clock and queue."""
    await shop.sell(100_00)
    receipt = shop.receipt(100_00)
    await shop.in_tax_file(replace(receipt, issued_at=receipt.issued_at + timedelta(minutes=16)))
    assert [] == await offered(shop)


async def test_pairs_that_could_be_mixed_up_are_counted(shop: Shop) -> None:
    """Two equal purchases and one receipt: a person decides."""
    await shop.sell(100_00)
    await shop.sell(100_00)
    await shop.in_tax_file(shop.receipt(100_00))
    assert [2, 2] == [one.rivals for one in await offered(shop)]
