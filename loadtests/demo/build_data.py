"""Makes the shipped excerpt of `completejourney` anew: python -m loadtests.demo.build_data --source DIR.

Whole baskets of the source are chosen by fixed rules, without chance, so that the same source gives the
same bytes. Nothing in the rows is changed: discounts, rubles and ОКПД2 are worked out when they are read.
"""

import argparse
import csv
import gzip
import io
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

from gateway.spreadsheets import SpreadsheetWriter
from loadtests.demo.baskets import LINES_FILE, PRODUCTS_FILE, cents, is_fuel
from loadtests.demo.categories import DATA_DIR, CategoryRule, UnmappedCategoryError, category_rules, rule_for

Row = Mapping[str, str]

SOURCE_LINES: Final = Path("completejourney") / "transactions_sample_shared.csv"
SOURCE_PRODUCTS: Final = Path("completejourney") / "products.csv"
SOURCE_OKPD2: Final = Path("okpd2") / "okpd_table.tsv"

LINE_COLUMNS: Final = (
    "store_id", "basket_id", "product_id", "quantity", "sales_value", "retail_disc", "coupon_disc",
    "coupon_match_disc", "transaction_timestamp",
)  # fmt: skip
PRODUCT_COLUMNS: Final = (
    "product_id", "department", "brand", "product_category", "product_type", "package_size",
)  # fmt: skip

BASKETS_PER_KIND: Final = 5
BASKETS_PER_DAY: Final = 16
FUEL_QUANTITY_MIN: Final = 1000
"""Below a gallon the source holds fuel sold by the sum ("1" for 20 dollars), which is no quantity."""

ALCOHOL_AND_TOBACCO: Final = ("11.01", "11.02", "11.03", "11.04", "11.05", "12.00")


class SourceAbsentError(FileNotFoundError):
    """A file of the source is not where it was named."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the two files and print what was counted; 2 when the source is absent or does not fit."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.demo.build_data", description=__doc__)
    parser.add_argument(
        "--source", type=Path, required=True, help="folder that holds completejourney/ and okpd2/"
    )
    parser.add_argument("--target", type=Path, default=DATA_DIR, help="where the two files go")
    options = parser.parse_args(arguments)
    try:
        for line in build(options.source, options.target):
            print(line)
    except (SourceAbsentError, UnmappedCategoryError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def build(source: Path, target: Path) -> list[str]:
    """Write the excerpt below `target` and return the counts as sentences.

    Raises SourceAbsentError, UnmappedCategoryError for a product that no row of the map speaks of, and
    ValueError for a row of the map whose code is not in the ОКПД2 table.
    """
    check_codes(category_rules(), _okpd2_codes(source / SOURCE_OKPD2))
    products = {row["product_id"]: row for row in _read(source / SOURCE_PRODUCTS)}
    for product in products.values():
        rule_for(product["product_category"], product["product_type"])

    baskets: dict[str, list[Row]] = defaultdict(list)
    oddities: Counter[str] = Counter()
    odd_baskets = set()
    for row in _read(source / SOURCE_LINES):
        baskets[row["basket_id"]].append(row)
        if oddity := oddity_of(row, products):
            oddities[oddity] += 1
            odd_baskets.add(row["basket_id"])
    sound = {key: rows for key, rows in baskets.items() if key not in odd_baskets}

    chosen = choose(sound, products)
    lines = [row for key in chosen for row in sound[key]]
    used = sorted({row["product_id"] for row in lines}, key=int)
    _write(target / LINES_FILE.name, LINE_COLUMNS, lines)
    _write(target / PRODUCTS_FILE.name, PRODUCT_COLUMNS, (products[key] for key in used))
    return [
        f"source: {sum(map(len, baskets.values()))} lines in {len(baskets)} baskets",
        *(f"odd lines: {count} {oddity}" for oddity, count in sorted(oddities.items())),
        f"left out with them: {len(odd_baskets)} baskets",
        f"excerpt: {len(chosen)} baskets, {len(lines)} lines, {len(used)} products",
    ]


def oddity_of(row: Row, products: Mapping[str, Row]) -> str:
    """Why a line cannot stand in a receipt of the demo; "" if it can."""
    if row["product_id"] not in products:
        return "of a product that products.csv does not name"
    if Decimal(row["quantity"]) <= 0:
        return "without a quantity"
    if cents(row["sales_value"]) <= cents(row["coupon_disc"]):
        return "for which nothing was paid"
    if is_fuel(products[row["product_id"]]["product_type"]) and Decimal(row["quantity"]) < FUEL_QUANTITY_MIN:
        return "of fuel sold by the sum"
    return ""


def choose(baskets: Mapping[str, Sequence[Row]], products: Mapping[str, Row]) -> list[str]:
    """Ids of the baskets to ship, in order of time.

    All with alcohol or tobacco; some for every department, category and row of the category map, spread
    over the year; and for every day the largest until it has its number.
    """
    by_time = sorted(baskets, key=lambda key: (baskets[key][0]["transaction_timestamp"], key))
    by_kind: dict[tuple[str, str, CategoryRule], list[str]] = defaultdict(list)
    chosen = set()
    for key in by_time:
        kinds = {_kind_of(products[row["product_id"]]) for row in baskets[key]}
        if any(rule.okpd2.startswith(ALCOHOL_AND_TOBACCO) for _, _, rule in kinds):
            chosen.add(key)
        for kind in kinds:
            by_kind[kind].append(key)
    for keys in by_kind.values():
        chosen.update(spread(keys, BASKETS_PER_KIND))

    by_day: dict[str, list[str]] = defaultdict(list)
    for key in by_time:
        by_day[baskets[key][0]["transaction_timestamp"][:10]].append(key)
    for keys in by_day.values():
        missing = BASKETS_PER_DAY - sum(key in chosen for key in keys)
        largest = sorted((key for key in keys if key not in chosen), key=lambda key: -len(baskets[key]))
        chosen.update(largest[: max(missing, 0)])
    return [key for key in by_time if key in chosen]


def spread(keys: Sequence[str], count: int) -> list[str]:
    """At most `count` of the keys, at even distances."""
    if len(keys) <= count:
        return list(keys)
    return [keys[place * len(keys) // count] for place in range(count)]


def check_codes(rules: Iterable[CategoryRule], known_codes: set[str]) -> None:
    """Raise ValueError naming the codes of the map that the ОКПД2 table does not hold."""
    if unknown := sorted({rule.okpd2 for rule in rules if rule.okpd2} - known_codes):
        raise ValueError(f"categories.csv has codes that the ОКПД2 table does not: {', '.join(unknown)}")


def _kind_of(product: Row) -> tuple[str, str, CategoryRule]:
    category = product["product_category"]
    return product["department"], category, rule_for(category, product["product_type"])


def _okpd2_codes(path: Path) -> set[str]:
    # Codes have trailing spaces, and a few rows are broken by a stray quote.
    with _open(path) as file:
        return {line.partition("\t")[0].strip(' "') for line in file}


def _read(path: Path) -> list[dict[str, str]]:
    with _open(path) as file:
        return list(csv.DictReader(file))


def _open(path: Path) -> io.TextIOWrapper:
    try:
        return path.open(encoding="utf-8", newline="")
    except FileNotFoundError:
        raise SourceAbsentError(
            f"no {path}: the shipped excerpt stays as it is; name the folder of the source with --source"
        ) from None


def _write(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    text = io.StringIO(newline="")
    writer = SpreadsheetWriter(text, delimiter=",", line_end="\n")
    writer.row(columns)
    writer.rows([row.get(name, "") for name in columns] for row in rows)
    content = text.getvalue().encode()
    # Another zlib may pack the same text into other bytes; a file that already says the same is left alone.
    if path.is_file() and gzip.decompress(path.read_bytes()) == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(content)


if __name__ == "__main__":
    sys.exit(main())
