"""Real baskets for the demo: the shipped excerpt of `completejourney`, and fiscal receipts if at hand.

Both come out in one form, as a till would send them: whole kopecks, thousandths, ОКПД2, tag 1212.
"""

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Final

from gateway.domain.basket import LINES_MAX, ROUNDING_MAX_KOPECKS
from gateway.domain.money import MILLI, divide_half_up, price_times_quantity
from loadtests.demo.categories import DATA_DIR, okpd2_by_name, rule_for, till_name

KOPECKS_PER_DOLLAR: Final = 90_00
"""90.00 rubles a dollar: a constant of this demo, no quotation of any day."""

FULL_PAYMENT: Final = 4
"""Tag 1214: paid in full with the goods handed over."""

MOSCOW: Final = timezone(timedelta(hours=3), "Europe/Moscow")
"""Moscow has had one offset since 26.10.2014, before any receipt of this form."""

LINES_FILE: Final = DATA_DIR / "completejourney_lines.csv.gz"
PRODUCTS_FILE: Final = DATA_DIR / "completejourney_products.csv.gz"
RECEIPTS_FILE: Final = Path("ru_receipts_54fz") / "receipts.jsonl"

_FUEL_TYPE: Final = "GASOLINE-REG UNLEADED"
_LITRES_PER_GALLON: Final = Decimal("3.785411784")


@dataclass(frozen=True, slots=True)
class DemoLine:
    """One basket line. amount = half_up(quantity × unit price) − discount, within a kopeck.

    `payment_subject` and `payment_method` are tags 1212 and 1214. `gtin` has 14 digits or is empty.
    """

    line_number: int
    name: str
    okpd2: str
    gtin: str
    item_code: str
    quantity_milli: int
    unit_price_kopecks: int
    discount_kopecks: int
    amount_kopecks: int
    payment_subject: int
    payment_method: int


@dataclass(frozen=True, slots=True)
class DemoReceipt:
    """The fiscal identity of a receipt: tags 1041, 1040, 1077, 1037, 1018, 1038, 1012, 1020, 1054.

    `operation_type` is 1 for a sale, 2 for its return.
    """

    fiscal_drive_number: str
    fiscal_document_number: int
    fiscal_sign: int
    kkt_registration_number: str
    seller_inn: str
    shift_number: int
    issued_at: datetime
    total_kopecks: int
    operation_type: int


@dataclass(frozen=True, slots=True)
class DemoBasket:
    """What one buyer bought at once; `receipt` only where the source has a fiscal one."""

    basket_id: str
    outlet: str
    sold_at: datetime
    lines: tuple[DemoLine, ...]
    rounding_kopecks: int = 0
    receipt: DemoReceipt | None = None

    @property
    def total_kopecks(self) -> int:
        """What the buyer owed: the lines less the rounding of the receipt."""
        return sum(line.amount_kopecks for line in self.lines) - self.rounding_kopecks


def load_baskets(limit: int | None = None) -> Iterator[DemoBasket]:
    """The shipped baskets in order of time, at most `limit` of them; the same ones each time."""
    return islice(_journey_baskets(), limit)


def load_fns_receipts(data_dir: Path) -> Iterator[DemoBasket]:
    """Fiscal receipts as the tax service gives them, from `data_dir`/ru_receipts_54fz/receipts.jsonl.

    They carry no ОКПД2: it is derived from the words of the item name, "" where those tell nothing.
    Raises FileNotFoundError when the file is absent, ValueError for a receipt whose sums do not add up.
    """
    path = data_dir / RECEIPTS_FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"no fiscal receipts at {path}: the file is not shipped with Tillgate, "
            f"name a data folder that holds {RECEIPTS_FILE}"
        )
    return _fns_baskets(path)


def cents(dollars: str) -> int:
    """Whole cents of a sum as the source writes it ("3.5"; "4.440892e-16" is its way to say nothing)."""
    return int((Decimal(dollars) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def is_fuel(product_type: str) -> bool:
    """Fuel is sold by thousandths of a gallon in the source, everything else by the piece."""
    return product_type == _FUEL_TYPE


def _journey_baskets() -> Iterator[DemoBasket]:
    products = _products()
    with gzip.open(LINES_FILE, "rt", encoding="utf-8", newline="") as file:
        for basket_id, rows in groupby(csv.DictReader(file), key=lambda row: row["basket_id"]):
            listed = list(rows)
            yield DemoBasket(
                basket_id=basket_id,
                outlet=listed[0]["store_id"],
                sold_at=datetime.fromisoformat(listed[0]["transaction_timestamp"]),
                lines=tuple(
                    _journey_line(number, row, products[row["product_id"]])
                    for number, row in enumerate(listed, start=1)
                ),
            )


@cache
def _products() -> dict[str, dict[str, str]]:
    with gzip.open(PRODUCTS_FILE, "rt", encoding="utf-8", newline="") as file:
        return {row["product_id"]: row for row in csv.DictReader(file)}


def _journey_line(number: int, row: dict[str, str], product: dict[str, str]) -> DemoLine:
    product_type = product["product_type"]
    rule = rule_for(product["product_category"], product_type)
    quantity = Decimal(row["quantity"])
    if is_fuel(product_type):
        quantity_milli = int((quantity * _LITRES_PER_GALLON).quantize(Decimal(1), ROUND_HALF_UP))
    else:
        quantity_milli = int(quantity * MILLI)
    # The shelf price stands before all three discounts, but sales_value already holds what the maker of
    # the goods gives back for its coupon: counted on the source, see README.md beside the data.
    shelf_cents = sum(cents(row[name]) for name in ("sales_value", "retail_disc", "coupon_match_disc"))
    paid_kopecks = _kopecks(cents(row["sales_value"]) - cents(row["coupon_disc"]))
    # Rounded up, so that the discount, which absorbs the rounding, is never negative.
    unit_price_kopecks = -(-_kopecks(shelf_cents) * MILLI // quantity_milli)
    return DemoLine(
        line_number=number,
        name=till_name(rule, product_type, product["package_size"]),
        okpd2=rule.okpd2,
        gtin="",
        item_code=row["product_id"],
        quantity_milli=quantity_milli,
        unit_price_kopecks=unit_price_kopecks,
        discount_kopecks=price_times_quantity(unit_price_kopecks, quantity_milli) - paid_kopecks,
        amount_kopecks=paid_kopecks,
        payment_subject=rule.payment_subject,
        payment_method=FULL_PAYMENT,
    )


def _kopecks(amount_cents: int) -> int:
    return divide_half_up(amount_cents * KOPECKS_PER_DOLLAR, 100)


def _fns_baskets(path: Path) -> Iterator[DemoBasket]:
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file, start=1):
            try:
                yield _fns_basket(number, json.loads(text, parse_float=Decimal))
            except (KeyError, ValueError) as error:
                raise ValueError(f"{path}, receipt {number}: {error}") from error


def _fns_basket(number: int, receipt: dict[str, Any]) -> DemoBasket:
    unit = 100 if "rubles" in receipt.get("_note", "") else 1
    lines = tuple(_fns_line(place, item, unit) for place, item in enumerate(receipt["items"], start=1))
    if len(lines) > LINES_MAX:
        raise ValueError(f"{len(lines)} lines, more than {LINES_MAX}")
    total_kopecks = _whole(receipt["totalSum"] * unit)
    rounding_kopecks = sum(line.amount_kopecks for line in lines) - total_kopecks
    if not 0 <= rounding_kopecks <= ROUNDING_MAX_KOPECKS:
        raise ValueError(f"the total is {rounding_kopecks} kopecks away from the lines")
    fiscal = _fns_fiscal(receipt, total_kopecks) if "fiscalDriveNumber" in receipt else None
    return DemoBasket(
        basket_id=(
            f"{fiscal.fiscal_drive_number}-{fiscal.fiscal_document_number}" if fiscal else f"receipt-{number}"
        ),
        outlet=receipt.get("retailPlaceAddress") or receipt.get("retailPlace") or receipt["user"],
        sold_at=_local_time(receipt["dateTime"]),
        lines=lines,
        rounding_kopecks=rounding_kopecks,
        receipt=fiscal,
    )


def _fns_line(number: int, item: dict[str, Any], unit: int) -> DemoLine:
    quantity_milli = _whole(item["quantity"] * MILLI)
    unit_price_kopecks = _whole(item["price"] * unit)
    amount_kopecks = _whole(item["sum"] * unit)
    discount_kopecks = price_times_quantity(unit_price_kopecks, quantity_milli) - amount_kopecks
    if discount_kopecks < -1 or amount_kopecks < 1:
        raise ValueError(f"line {number}: the sum is not price × quantity")
    gtin = str(item.get("productCodeData", {}).get("gtin", ""))
    return DemoLine(
        line_number=number,
        name=" ".join(item["name"].split()),
        okpd2=okpd2_by_name(item["name"]),
        gtin=gtin.zfill(14) if gtin else "",
        item_code="",
        quantity_milli=quantity_milli,
        unit_price_kopecks=unit_price_kopecks,
        discount_kopecks=max(discount_kopecks, 0),
        amount_kopecks=amount_kopecks,
        payment_subject=item.get("productType", 1),
        payment_method=item.get("paymentType", FULL_PAYMENT),
    )


def _fns_fiscal(receipt: dict[str, Any], total_kopecks: int) -> DemoReceipt:
    return DemoReceipt(
        fiscal_drive_number=receipt["fiscalDriveNumber"].strip(),
        fiscal_document_number=receipt["fiscalDocumentNumber"],
        fiscal_sign=receipt["fiscalSign"],
        kkt_registration_number=receipt["kktRegId"].strip(),
        seller_inn=receipt["userInn"].strip(),
        shift_number=receipt["shiftNumber"],
        issued_at=_local_time(receipt["dateTime"]),
        total_kopecks=total_kopecks,
        operation_type=receipt["operationType"],
    )


def _local_time(text: str) -> datetime:
    """The till's local time (tag 1012 has no zone), read as Moscow's, where the certificates are spent."""
    style = "%d.%m.%Y %H:%M" if "." in text else "%Y-%m-%dT%H:%M:%S"
    return datetime.strptime(text, style).replace(tzinfo=MOSCOW)


def _whole(value: int | Decimal) -> int:
    if value != int(value):
        raise ValueError(f"{value} is no whole number of kopecks or thousandths")
    return int(value)
