"""Codes of real receipts and of a real barcode reference, where these lie beside the repository."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.goods.identity.gtin import is_restricted, read_gtin, read_gtin_number
from gateway.goods.identity.marking import MarkingCode, MarkingForm, read_marking_code

DATA = Path(__file__).parents[2].parent / "shared" / "data"
RECEIPTS = DATA / "ru_receipts_54fz" / "receipts.jsonl"
BARCODES = DATA / "uhtt_barcodes" / "uhtt_shared.tsv"


def needs(path: Path) -> pytest.MarkDecorator:
    """Skips a test without its data, which may not be shipped."""
    place = path.relative_to(DATA.parents[1])
    return pytest.mark.skipif(not path.exists(), reason=f"real data that is not shipped: ../{place}")


def product_codes() -> list[dict[str, Any]]:
    """What the tax service read from the codes of the goods sold."""
    receipts = [json.loads(line) for line in RECEIPTS.read_text(encoding="utf-8").splitlines()]
    items = [item for receipt in receipts for item in receipt["items"]]
    return [item["productCodeData"] for item in items if "productCodeData" in item]


@needs(RECEIPTS)
def test_the_codes_of_real_receipts_are_read_as_the_tax_service_reads_them() -> None:
    """GTIN and serial of every marked thing, of dairy with six symbols and of drinks with thirteen."""
    codes = product_codes()
    assert codes
    for code in codes:
        gtin = read_gtin_number(code["gtin"])
        assert isinstance(gtin, str)
        expected = MarkingCode(MarkingForm.GS1, gtin, code["sernum"])
        assert expected == read_marking_code(code["rawProductCode"])


@needs(BARCODES)
def test_every_code_of_a_real_reference_is_normalised() -> None:
    """To a number of its own, but for those that it lists as UPC-E and as UPC-A."""
    with BARCODES.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        codes = [row["UPCEAN"] for row in rows]
    read = {code: read_gtin(code) for code in codes}
    assert [] == [code for code, gtin in read.items() if not isinstance(gtin, str)]
    restricted = sum(isinstance(gtin, str) and is_restricted(gtin) for gtin in read.values())
    assert restricted < len(read) / 100
