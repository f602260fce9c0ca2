"""Requisites from other projects' tests, line by line, if they are at hand: none of them may be shipped.

The folder is beside the project, or TILLGATE_SHARED_DATA names it; without it the test is skipped.
"""

import csv
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from gateway.goods.identity.gtin import read_gtin
from gateway.registry.requisites import (
    check_account,
    check_bic,
    check_correspondent,
    check_inn,
    check_kpp,
    check_ogrn,
    check_ogrnip,
)

BESIDE: Final = Path(__file__).parents[2].parent / "shared" / "data"
DATA: Final = Path(os.environ.get("TILLGATE_SHARED_DATA", BESIDE))

CHECKS: Final[dict[str, Callable[[str, str], bool]]] = {
    "bik": lambda value, _: check_bic(value) is None,
    "ean": lambda value, _: isinstance(read_gtin(value), str),
    "inn": lambda value, _: check_inn(value) is None,
    "kpp": lambda value, _: check_kpp(value) is None,
    "ks": lambda value, bic: check_correspondent(value, bic) is None,
    "ogrn": lambda value, _: check_ogrn(value) is None,
    "ogrnip": lambda value, _: check_ogrnip(value) is None,
    "rs": lambda value, bic: check_account(value, bic) is None,
}

DIFFERENCES: Final = {
    # The check digit of thirteen zeros is right, but no entity has such a number: 1 or 5 comes first. The
    # same file has another number that begins with 0 as invalid, from another project.
    ("ogrn", "0000000000000", "valid"),
}
"""Where this project knows better, (type, value, expected there)."""


def test_every_line_agrees_but_for_the_deliberate_differences() -> None:
    """And each of those differences is one still."""
    path = DATA / "ru_requisites_vectors" / "requisites.csv"
    if not path.is_file():
        pytest.skip(f"{path} is absent; it is not shipped (TILLGATE_SHARED_DATA names another folder)")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    differing = {
        (row["type"], row["value"], row["expected"])
        for row in rows
        if CHECKS[row["type"]](row["value"], row["bik"]) is not (row["expected"] == "valid")
    }
    assert differing == DIFFERENCES
    assert len(rows) == 63
