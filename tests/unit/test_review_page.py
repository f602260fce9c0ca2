"""The page of the review says what the code does."""

import re
from pathlib import Path

from gateway.domain.settlement_terms import SettlementTerms
from settlement.claims.states import STEPS
from settlement.review.deadlines import Duty

PAGE = (Path(__file__).parents[2] / "docs" / "review.md").read_text(encoding="utf-8")


def test_the_table_of_steps_is_the_one_of_the_code() -> None:
    """Row by row, in its order."""
    table = re.findall(r"^\| ([A-Z_]+) \| ([A-Z_]+) \| ([A-Z_]+) \|$", PAGE, re.MULTILINE)
    assert [(state.value, step.value, to.value) for (state, step), to in STEPS.items()] == table


def test_the_terms_and_their_defaults_are_those_of_agreements() -> None:
    """Every duty has its setting, with the number that holds where an agreement says nothing."""
    rows = re.findall(r"^\| ([A-Z]+) \| .*\| `(\w+)` (\d+) \|", PAGE, re.MULTILINE)
    assert set(Duty) == {duty for duty, _, _ in rows}
    assert all(getattr(SettlementTerms(), name) == int(value) for _, name, value in rows)
