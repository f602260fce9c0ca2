"""docs/receipts.md tells every class and finding as the code has it."""

import re
from pathlib import Path

from settlement.checks.findings import CheckCode
from settlement.matching.mismatches import Mismatch

PAGE = (Path(__file__).parents[2] / "docs" / "receipts.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([A-Z_]+)` \|(?: ([^|]+) \|)? [^|]+ \| (yes|no) \|$", re.MULTILINE)


def test_the_table_of_classes_is_the_enum() -> None:
    """Name, Russian text, whether it blocks, in the same order."""
    rows = [(name, ru, blocks == "yes") for name, ru, blocks in ROW.findall(PAGE) if ru]
    assert [(m.name, m.ru, m.blocks) for m in Mismatch] == rows


def test_the_table_of_findings_is_the_enum() -> None:
    """Likewise, without texts: they have figures."""
    rows = [(name, blocks == "yes") for name, ru, blocks in ROW.findall(PAGE) if not ru]
    assert [(c.name, c.blocks) for c in CheckCode] == rows
