"""Fiscal receipts in the tax service's form become baskets, or say what is wrong with them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.money import price_times_quantity
from loadtests.demo.baskets import RECEIPTS_FILE, load_fns_receipts


def fiscal_receipt(**changes: Any) -> dict[str, Any]:
    """A made-up receipt in the tax service's form: 2 beers, 0.5 kg of apples, total rounded down."""
    return {
        "code": 3,
        "user": "ООО ПРИМЕР",
        "userInn": "7700000016  ",
        "retailPlaceAddress": "г. Москва, ул. Примерная, д. 1",
        "dateTime": "2025-03-01T09:30:00",
        "kktRegId": "0000000001000001    ",
        "fiscalDriveNumber": "9999078900000001",
        "fiscalDocumentNumber": 17,
        "fiscalSign": 1234567890,
        "shiftNumber": 4,
        "operationType": 1,
        "totalSum": 259_00,
        "items": [
            {
                "name": " Пиво  светлое 0,5л ",
                "price": 99_99,
                "quantity": 2,
                "sum": 199_98,
                "productType": 31,
                "paymentType": 4,
                "productCodeData": {"gtin": 4600000000015},
            },
            {"name": "ЯБЛОКИ ВЕС", "price": 118_90, "quantity": 0.501, "sum": 59_57, "paymentType": 4},
        ],
    } | changes


def write_receipts(data_dir: Path, *receipts: dict[str, Any]) -> Path:
    """The receipts as a file where load_fns_receipts looks for it."""
    path = data_dir / RECEIPTS_FILE
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"{json.dumps(receipt)}\n" for receipt in receipts), encoding="utf-8")
    return data_dir


def test_a_fiscal_receipt_becomes_a_basket_with_its_fiscal_identity(tmp_path: Path) -> None:
    """Weights, GTINs, tag 1212 and all that names the receipt arrive; the lost kopecks are its rounding."""
    (basket,) = load_fns_receipts(write_receipts(tmp_path, fiscal_receipt()))
    beer, apples = basket.lines
    assert (beer.name, beer.okpd2, beer.gtin) == ("Пиво светлое 0,5л", "11.05.10.120", "04600000000015")
    assert (beer.payment_subject, beer.payment_method) == (31, 4)
    assert (apples.quantity_milli, apples.amount_kopecks, apples.gtin) == (501, 59_57, "")
    assert [0, 0] == [line.discount_kopecks for line in basket.lines]
    for line in basket.lines:
        assert line.amount_kopecks == price_times_quantity(line.unit_price_kopecks, line.quantity_milli)
    assert basket.rounding_kopecks == 55
    assert basket.total_kopecks == 259_00
    receipt = basket.receipt
    assert receipt is not None
    assert receipt.fiscal_drive_number == "9999078900000001"
    assert (receipt.fiscal_document_number, receipt.fiscal_sign) == (17, 1234567890)
    assert (receipt.kkt_registration_number, receipt.seller_inn) == ("0000000001000001", "7700000016")
    assert (receipt.shift_number, receipt.operation_type, receipt.total_kopecks) == (4, 1, 259_00)
    assert datetime(2025, 3, 1, 6, 30, tzinfo=UTC) == receipt.issued_at == basket.sold_at


def test_a_receipt_in_rubles_and_without_a_fiscal_identity_is_read_too(tmp_path: Path) -> None:
    """A note says when sums are in rubles; such a receipt has another date form and no ФН."""
    in_rubles = {
        "user": "ООО ПРИМЕР",
        "dateTime": "07.04.2025 15:58",
        "totalSum": 25,
        "items": [{"name": "Лимоны  вес", "price": 219.99, "quantity": 0.114, "sum": 25.08}],
        "_note": "amounts in rubles",
    }
    (basket,) = load_fns_receipts(write_receipts(tmp_path, in_rubles))
    assert basket.receipt is None
    assert (basket.total_kopecks, basket.rounding_kopecks) == (25_00, 8)
    assert (basket.lines[0].name, basket.lines[0].unit_price_kopecks) == ("Лимоны вес", 219_99)
    assert basket.sold_at.isoformat() == "2025-04-07T15:58:00+03:00"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"totalSum": 300_00}, "the total is -4045 kopecks away from the lines"),
        (
            {"items": [{"name": "ХЛЕБ", "price": 50_00, "quantity": 1, "sum": 50_02}]},
            "line 1: the sum is not",
        ),
        ({"items": [{"name": "ХЛЕБ", "price": 50_00, "quantity": 1, "sum": 0}]}, "line 1: the sum is not"),
        ({"items": [{"name": "ХЛЕБ", "price": 50_00, "quantity": 0.1234, "sum": 6_17}]}, "no whole number"),
        (
            {"items": [{"name": "ХЛЕБ", "price": 1, "quantity": 1, "sum": 1}] * 201},
            "201 lines, more than 200",
        ),
        ({"dateTime": "yesterday"}, "yesterday"),
    ],
)
def test_a_receipt_that_does_not_add_up_is_named(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    """The second of two receipts is at fault: file, receipt, line and reason are told."""
    receipts = load_fns_receipts(write_receipts(tmp_path, fiscal_receipt(), fiscal_receipt(**changes)))
    assert next(receipts).total_kopecks == 259_00
    with pytest.raises(ValueError, match=rf"receipts\.jsonl, receipt 2: .*{complaint}"):
        next(receipts)


def test_absent_receipts_are_named_before_anything_is_read(tmp_path: Path) -> None:
    """Whoever has no data folder is told which file is missing, and that it is not shipped."""
    with pytest.raises(FileNotFoundError, match=r"receipts\.jsonl: the file is not shipped with Tillgate"):
        load_fns_receipts(tmp_path)
