"""Matching: every class of mismatch is told when it is so, and only then."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.purchase import ReceiptKind
from settlement.matching.mismatches import REPORTED_ONLY, Mismatch
from tests.ledger_kit import AGREEMENT
from tests.matching_kit import Shop, shop_on

RETURN, CORRECTION_SALE, CORRECTION_RETURN = (
    ReceiptKind.RETURN, ReceiptKind.CORRECTION_SALE, ReceiptKind.CORRECTION_RETURN
)  # fmt: skip
NOTHING: set[str] = set()


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    """A shop of a real ledger."""
    async with shop_on(database_url) as shop:
        yield shop


async def test_a_sale_with_its_receipt_matches(shop: Shop) -> None:
    """Declared is enough by default, and the receipt is named."""
    receipt = shop.receipt(100_00)
    await shop.sell(60_00, 40_00, receipts=[receipt])
    (row,) = await shop.matches()
    assert [] == row["mismatches"]
    assert (1, *receipt.key) == (row["evidence"], row["receipt_drive_number"], row["receipt_document_number"])


async def test_a_sale_without_a_receipt_is_told(shop: Shop) -> None:
    """Nothing more is said of it."""
    await shop.sell(100_00)
    (row,) = await shop.matches()
    assert ["NO_RECEIPT"] == row["mismatches"]
    assert (0, None) == (row["evidence"], row["receipt_drive_number"])


@pytest.mark.parametrize(("off", "expected"), [(2, NOTHING), (-2, NOTHING), (3, {"SUM_DIFFERS"})])
async def test_sums_may_differ_by_the_tolerance_of_the_agreement(
    off: int, expected: set[str], shop: Shop
) -> None:
    """And not by a kopeck more."""
    await shop.terms(receipt_tolerance_kopecks=2)
    await shop.sell(100_00, receipts=[shop.receipt(100_00 + off)])
    assert expected == await shop.of_sale()


async def test_several_receipts_of_one_purchase_are_added_up(shop: Shop) -> None:
    """A sale on two receipts, and a prepayment that an offset repeats."""
    await shop.sell(100_00, receipts=[shop.receipt(30_00), shop.receipt(70_00)])
    assert await shop.of_sale() == NOTHING


async def test_a_prepayment_stands_until_its_offset(shop: Shop) -> None:
    """Then the offset stands for the goods."""
    sold = await shop.sell(100_00, receipts=[shop.receipt(100_00, ReceiptKind.PREPAYMENT)])
    assert await shop.of_sale() == NOTHING
    await shop.attach(sold, shop.receipt(100_00, ReceiptKind.OFFSET))
    assert await shop.of_sale() == NOTHING


async def test_cash_for_points_is_told(shop: Shop) -> None:
    """A receipt of a return, and no refund of points."""
    sold = await shop.sell(100_00, receipts=[shop.receipt(100_00)])
    await shop.attach(sold, shop.receipt(25_00, RETURN))
    assert await shop.of_sale() == {"RETURN_WITHOUT_REFUND"}
    await shop.refund(sold, 1)
    assert await shop.of_sale() == NOTHING


async def test_a_refund_without_a_receipt_of_the_return_is_reported_on_the_refund_alone(shop: Shop) -> None:
    """The sale stands; the receipt may come later."""
    sold = await shop.sell(100_00, receipts=[shop.receipt(100_00)])
    await shop.refund(sold, 1)
    assert await shop.of_sale() == NOTHING
    assert await shop.of_refund() == {"REFUND_WITHOUT_RETURN_RECEIPT"}
    await shop.attach(sold, shop.receipt(25_00, RETURN))
    assert await shop.of_refund() == NOTHING


async def test_each_refund_names_the_receipt_that_came_with_it(shop: Shop) -> None:
    """Not that of another return."""
    sold = await shop.sell(100_00, receipts=[shop.receipt(100_00)])
    backs = [shop.receipt(25_00, RETURN) for _ in range(3)]
    for back in backs:
        await shop.refund(sold, 1, back)
    rows = [row for row in await shop.matches() if row["kind"] == "REFUND"]
    assert [back.fiscal_document_number for back in backs] == [row["receipt_document_number"] for row in rows]
    assert [1, 1, 1] == [row["evidence"] for row in rows]


async def test_ffd_1_05_mends_by_a_return_and_a_new_sale(shop: Shop) -> None:
    """The three receipts together tell the right sum."""
    wrong, back, right = shop.receipt(120_00), shop.receipt(120_00, RETURN), shop.receipt(100_00)
    sold = await shop.sell(100_00, receipts=[wrong])
    assert await shop.of_sale() == {"SUM_DIFFERS"}
    await shop.attach(sold, back, right)
    assert await shop.of_sale() == NOTHING


async def test_ffd_1_2_mends_by_corrections(shop: Shop) -> None:
    """A correction of the return side takes the wrong one back; one of the sale side tells it anew."""
    sold = await shop.sell(100_00, receipts=[shop.receipt(120_00)])
    taken_back = shop.receipt(120_00, CORRECTION_RETURN)
    await shop.attach(sold, taken_back)
    assert await shop.of_sale() == {"CORRECTION_RECEIPT"}
    anew = shop.receipt(100_00, CORRECTION_SALE)
    await shop.attach(sold, anew)
    assert await shop.of_sale() == NOTHING
    await shop.in_tax_file(taken_back, format_version=2)
    assert await shop.of_sale() == {"CORRECTION_RECEIPT"}


async def test_a_correction_alone_registers_a_sale_that_had_no_receipt(shop: Shop) -> None:
    """That is what FFD 1.05 has corrections for."""
    correction = shop.receipt(100_00, CORRECTION_SALE)
    await shop.sell(100_00, receipts=[correction])
    await shop.in_tax_file(correction, format_version=2)
    assert await shop.of_sale() == NOTHING


async def test_one_receipt_on_two_purchases_spoils_both(shop: Shop) -> None:
    """No one can say whose it is."""
    receipt = shop.receipt(100_00)
    await shop.sell(100_00, receipts=[receipt])
    await shop.sell(100_00, receipts=[receipt])
    assert [["RECEIPT_ON_TWO_PURCHASES"]] * 2 == [row["mismatches"] for row in await shop.matches()]


@pytest.mark.parametrize(
    "other", [{"sign": 6}, {"is_contested": True}, {"kind": "RETURN"}], ids=["sign", "contested", "kind"]
)
async def test_another_document_under_the_same_numbers_is_told(other: dict[str, Any], shop: Shop) -> None:
    """And is no evidence of this one, confirmed or not."""
    receipt = shop.receipt(100_00)
    await shop.sell(100_00, receipts=[receipt])
    await shop.in_tax_file(receipt, **other)
    await shop.checked(receipt)
    (row,) = await shop.matches()
    assert (["SAME_DOCUMENT_TWICE"], 1) == (row["mismatches"], row["evidence"])


async def test_the_tax_services_sum_counts_where_the_declared_one_differs(shop: Shop) -> None:
    """The same fiscal sign, another sum: the merchant's word does not stand against the file."""
    receipt = shop.receipt(100_00)
    await shop.sell(100_00, receipts=[receipt])
    await shop.in_tax_file(receipt, total=90_00)
    assert await shop.of_sale() == {"SUM_DIFFERS"}


async def test_a_day_of_sale_outside_the_agreement_is_told(shop: Shop) -> None:
    """Unless the agreement was in force when the points were held."""
    sold = await shop.sell(100_00, receipts=[shop.receipt(100_00)])
    day = sold.made_capture.sale_date
    ends = "UPDATE agreement SET in_force = daterange('2022-03-01', $2::date) WHERE id = $1"
    await shop.connection.execute(ends, AGREEMENT.id, day)
    assert await shop.of_sale() == {"OUTSIDE_AGREEMENT"}
    await shop.connection.execute(
        "UPDATE purchase SET authorized_at = authorized_at - interval '1 day' WHERE id = $1", sold.id
    )
    assert await shop.of_sale() == NOTHING


@pytest.mark.parametrize(
    ("line_sums", "expected"),
    [
        ("[4000, 6000]", NOTHING),
        ("[6000, 4000]", NOTHING),
        ("[5000, 5000]", {"LINE_NOT_ON_RECEIPT"}),
        ("[10000]", {"LINE_NOT_ON_RECEIPT"}),
        ("[]", NOTHING),
    ],
)
async def test_lines_must_stand_on_the_receipt_if_the_file_has_lines(
    line_sums: str, expected: set[str], shop: Shop
) -> None:
    """In any order, by their sums."""
    receipt = shop.receipt(100_00)
    await shop.sell(60_00, 40_00, receipts=[receipt])
    await shop.in_tax_file(receipt, line_sums=line_sums)
    assert expected == await shop.of_sale()


async def test_the_level_of_evidence_rises_and_the_agreement_asks_for_one(shop: Shop) -> None:
    """Declared, in a tax file, confirmed; a QR string proves no more than a declaration."""
    await shop.terms(evidence=3)
    receipt, by_qr = shop.receipt(50_00), shop.receipt(50_00)
    await shop.sell(50_00, receipts=[receipt])
    await shop.sell(50_00, receipts=[by_qr])
    await shop.in_tax_file(by_qr, level=1, inn="", till="", tag_sums="{}")
    await shop.in_tax_file(receipt)
    assert [2, 1] == [row["evidence"] for row in await shop.matches()]
    await shop.checked(receipt)
    rows = await shop.matches()
    assert [(3, []), (1, ["EVIDENCE_TOO_LOW"])] == [(row["evidence"], row["mismatches"]) for row in rows]


@pytest.mark.parametrize(("minutes", "level"), [(5, 2), (-5, 2), (6, 1), (-6, 1)])
async def test_a_tax_file_that_tells_another_time_proves_nothing(
    minutes: int, level: int, shop: Shop
) -> None:
    """The day of sale hangs on the time that was declared."""
    receipt = shop.receipt(100_00)
    await shop.sell(100_00, receipts=[receipt])
    await shop.in_tax_file(receipt, issued_at=receipt.issued_at + timedelta(minutes=minutes))
    (row,) = await shop.matches()
    assert (level, []) == (row["evidence"], row["mismatches"])


@pytest.mark.parametrize("verdict", ["NOT_FOUND", "DIFFERS"])
async def test_a_receipt_that_a_checker_did_not_find_is_told(verdict: str, shop: Shop) -> None:
    """Whatever the merchant's file says."""
    receipt = shop.receipt(100_00)
    await shop.sell(100_00, receipts=[receipt])
    await shop.in_tax_file(receipt)
    await shop.checked(receipt, verdict)
    assert await shop.of_sale() == {"REFUTED"}


@pytest.mark.parametrize(("tag", "expected"), [("1217", NOTHING), ("1031", {"PAYMENT_TAG"})])
async def test_a_share_under_another_tag_of_payment_is_reported(
    tag: str, expected: set[str], shop: Shop
) -> None:
    """The certificate paid all of it, and the receipt says so by tag."""
    receipt = shop.receipt(100_00)
    await shop.sell(100_00, receipts=[receipt])
    await shop.in_tax_file(receipt, tag_sums=f'{{"{tag}": 10000}}')
    assert expected == await shop.of_sale()


async def test_tags_are_those_of_the_agreement(shop: Shop) -> None:
    """One that the agreement does not name is reported."""
    await shop.terms(certificate_tags=["1217"])
    receipt = shop.receipt(100_00)
    await shop.sell(100_00, receipts=[receipt])
    await shop.in_tax_file(receipt)
    assert await shop.of_sale() == {"PAYMENT_TAG"}


def test_every_class_has_both_texts_and_what_was_given_back_never_blocks() -> None:
    """Cash for points blocks; policy and refunds are reported."""
    reported = ("PREDECESSOR_INN", "UNKNOWN_TILL", "PAYMENT_TAG", "REFUND_WITHOUT_RETURN_RECEIPT")
    assert reported == REPORTED_ONLY
    assert all(mismatch.ru and mismatch.en for mismatch in Mismatch)
