"""Matching against the register: whose outlet, till, drive and INN a receipt's are, and what is not known."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.purchase import ReceiptKind
from tests.ledger_kit import authorize, line
from tests.matching_kit import ENDED, SUCCESSION, Shop, shop_on

RETURN = ReceiptKind.RETURN
NOTHING: set[str] = set()


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    """A shop of a real ledger."""
    async with shop_on(database_url) as shop:
        yield shop


async def test_nobody_spoils_anothers_sale_by_its_receipt(shop: Shop) -> None:
    """Whose drive it was by the register keeps the sale; where nobody's is known, both are spoiled."""
    receipt = shop.receipt(100_00)
    await shop.sell(100_00, receipts=[receipt])
    await shop.do(authorize(shop.token, line(1, 100_00), terminal_id=21, is_sale=True, receipts=(receipt,)))
    ours, theirs = [set(row["mismatches"]) for row in await shop.matches()]
    assert NOTHING == ours
    assert {"RECEIPT_ON_TWO_PURCHASES", "FOREIGN_DRIVE"} <= theirs
    await shop.connection.execute(
        "UPDATE terminal_fiscal SET days = '[2022-03-01,2022-03-02)' WHERE terminal_id = 11"
    )
    for row in await shop.matches():
        assert "RECEIPT_ON_TWO_PURCHASES" in row["mismatches"]


async def test_numbers_of_another_outlet_are_told(shop: Shop) -> None:
    """Those that it has no more are nobody's, and unknown."""
    sold = await shop.sell(100_00, receipts=[shop.receipt(100_00, terminal_id=19)])
    assert await shop.of_sale() == {"FOREIGN_DRIVE", "FOREIGN_TILL"}
    await shop.connection.execute(
        "UPDATE terminal_fiscal SET days = daterange('2022-03-01', $1::date) WHERE terminal_id = 19",
        sold.made_capture.sale_date,
    )
    assert await shop.of_sale() == {"UNKNOWN_TILL"}


async def test_a_till_beside_is_no_foreigner(shop: Shop) -> None:
    """A receipt may come from the next till."""
    await shop.sell(100_00, receipts=[shop.receipt(100_00, terminal_id=12)])
    assert await shop.of_sale() == NOTHING


@pytest.mark.parametrize(
    "unknown", [{"kkt_registration_number": "1" * 16}, {"fiscal_drive_number": "2" * 16}]
)
async def test_numbers_that_the_register_does_not_know_are_reported(
    unknown: dict[str, Any], shop: Shop
) -> None:
    """Where it knows numbers of the outlet; where it knows none, it is the register that lacks them."""
    await shop.sell(100_00, receipts=[shop.receipt(100_00, **unknown)])
    assert await shop.of_sale() == {"UNKNOWN_TILL"}
    await shop.connection.execute(
        "UPDATE terminal_fiscal SET days = '[2022-03-01,2022-03-02)' WHERE terminal_id BETWEEN 11 AND 18"
    )
    assert await shop.of_sale() == NOTHING


@pytest.mark.parametrize(
    ("terminal_id", "expected"), [(12, NOTHING), (19, NOTHING), (21, {"FOREIGN_DRIVE", "FOREIGN_TILL"})]
)
async def test_goods_may_be_brought_back_to_another_outlet_of_the_merchant(
    terminal_id: int, expected: set[str], shop: Shop
) -> None:
    """The receipt of the return is of a till there; one of another merchant's is not."""
    sold = await shop.sell(100_00, receipts=[shop.receipt(100_00)])
    await shop.refund(sold, 1, shop.receipt(25_00, RETURN, terminal_id=terminal_id))
    assert expected == await shop.of_sale()
    assert NOTHING == await shop.of_refund()


async def test_another_seller_is_told_by_receipt_or_by_tax_file(shop: Shop) -> None:
    """Whoever says so."""
    await shop.sell(100_00, receipts=[shop.receipt(100_00, seller_inn="0000000002")])
    declared = shop.receipt(100_00)
    await shop.sell(100_00, receipts=[declared])
    await shop.in_tax_file(declared, inn="0000000002")
    assert [["SELLER_INN_DIFFERS"]] * 2 == [row["mismatches"] for row in await shop.matches()]


async def test_a_reorganised_predecessors_receipt_is_reported(shop: Shop) -> None:
    """Near or far, once it is out of the register; an heir's receipt is another seller's."""
    for heir, predecessor in ((1, 2), (2, 3), (4, 1)):
        await shop.connection.execute(SUCCESSION, heir, predecessor)
    for seller in (2, 3, 4):
        await shop.sell(100_00, receipts=[shop.receipt(100_00, seller_inn=f"{seller:010}")])
    assert [["SELLER_INN_DIFFERS"]] * 3 == [row["mismatches"] for row in await shop.matches()]
    await shop.connection.execute(ENDED, [2, 3, 4])
    told = [["PREDECESSOR_INN"], ["PREDECESSOR_INN"], ["SELLER_INN_DIFFERS"]]
    assert told == [row["mismatches"] for row in await shop.matches()]


async def test_a_predecessor_covers_no_other_seller(shop: Shop) -> None:
    """Declared the predecessor's, by the tax service's file somebody else's."""
    await shop.connection.execute(SUCCESSION, 1, 2)
    await shop.connection.execute(ENDED, [2])
    receipt = shop.receipt(100_00, seller_inn="0000000002")
    await shop.sell(100_00, receipts=[receipt])
    await shop.in_tax_file(receipt)
    assert await shop.of_sale() == {"PREDECESSOR_INN"}
    await shop.connection.execute("UPDATE receipt_evidence SET seller_inn = '0000000005'")
    assert await shop.of_sale() == {"SELLER_INN_DIFFERS"}


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([("", "enabled", -9)], NOTHING),
        ([("", "enabled", 2)], {"OUTLET_NOT_REGISTERED"}),
        ([("enabled", "disabled", -2)], {"OUTLET_NOT_REGISTERED"}),
        ([("enabled", "disabled", -2), ("disabled", "enabled", 2)], {"OUTLET_NOT_REGISTERED"}),
        ([("enabled", "disabled", -9), ("disabled", "enabled", -2)], NOTHING),
        ([("enabled", "disabled", 0)], NOTHING),
    ],
)
async def test_an_outlet_must_be_in_the_register_on_the_day(
    steps: list[tuple[str, str, int]], expected: set[str], shop: Shop
) -> None:
    """Steps are days before or after the sale; one day in part is enough."""
    await shop.sell(100_00, receipts=[shop.receipt(100_00)])
    for before, after, days in steps:
        await shop.connection.execute(
            "INSERT INTO registry_history (subject, subject_id, step, from_state, to_state, reason, made_by,"
            " made_at) VALUES ('outlet', 100, 'step', $1, $2, '', 'first', tillgate_now() + $3)",
            before,
            after,
            timedelta(days=days),
        )
    assert expected == await shop.of_sale()
