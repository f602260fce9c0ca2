"""Which ОКПД2 code, subject of payment and till name demo goods have: two maps, both data, read from `data/`.

`categories.csv` speaks of the basket source's product categories and types, `name_stems.csv` of words in
Russian till names. Both say in their first lines how they are read.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Final

DATA_DIR: Final = Path(__file__).parent / "data"
NAME_LENGTH_MAX: Final = 128
"""Longest item name a fiscal receipt takes (tag 1030)."""

_ANY: Final = "*"
_TYPE_PLACE: Final = "{type}"
_SOLD_LOOSE: Final = ("01.13", "01.2")


@dataclass(frozen=True, slots=True)
class CategoryRule:
    """One row of the category map; `okpd2` is empty where no code is deliberate."""

    category: str
    type_pattern: str
    okpd2: str
    payment_subject: int
    till_name: str

    def speaks_of(self, category: str, product_type: str) -> bool:
        """Whether this row is about a product of that category and type."""
        return self.category in (_ANY, category) and fnmatchcase(product_type, self.type_pattern)


class UnmappedCategoryError(LookupError):
    """No row of the category map speaks of a product."""

    def __init__(self, category: str, product_type: str) -> None:
        super().__init__(f"categories.csv has no row for category {category!r}, type {product_type!r}")


@cache
def category_rules() -> tuple[CategoryRule, ...]:
    """All rows of the category map, in the order in which they are tried."""
    return tuple(
        CategoryRule(row["category"], row["type"], row["okpd2"], int(row["subject"]), row["name"])
        for row in _rows("categories.csv")
    )


@cache
def rule_for(category: str, product_type: str) -> CategoryRule:
    """The first row that speaks of a product. Raises `UnmappedCategoryError`."""
    for rule in category_rules():
        if rule.speaks_of(category, product_type):
            return rule
    raise UnmappedCategoryError(category, product_type)


def till_name(rule: CategoryRule, product_type: str, package_size: str) -> str:
    """The item name as a till prints it: the rule's name, the type where it asks for it, the package."""
    # The source cuts types at 30 characters, so a bracket often never closes: what it holds is dropped.
    short_type = product_type.partition("(")[0]
    # "Q    15 OZ" and "A D   1 DZ" carry flags of the source before the size; of fresh vegetables and fruit
    # the size is the wholesaler's box.
    is_loose = rule.okpd2.startswith(_SOLD_LOOSE)
    size = "" if is_loose else re.sub(r"^(?:[A-Z]{1,2}\s+)+(?=\d)", "", package_size)
    name = f"{rule.till_name.replace(_TYPE_PLACE, short_type)} {size}"
    return " ".join(name.split())[:NAME_LENGTH_MAX]


@cache
def okpd2_by_name(item_name: str) -> str:
    """ОКПД2 that the words of a till name speak for; "" when none is known."""
    name = item_name.upper().replace("Ё", "Е")
    matches = [
        (match.start(), place, okpd2)
        for place, (pattern, okpd2) in enumerate(_name_stems())
        if (match := pattern.search(name))
    ]
    return min(matches)[2] if matches else ""


@cache
def _name_stems() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(row["pattern"]), row["okpd2"]) for row in _rows("name_stems.csv"))


def _rows(file_name: str) -> Iterator[dict[str, str]]:
    with (DATA_DIR / file_name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader((line for line in file if not line.startswith("#")), delimiter=";")
