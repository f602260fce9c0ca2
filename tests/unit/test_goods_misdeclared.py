"""Whether a till declared other goods than a trusted source knows, by the shipped lists."""

import pytest

from gateway.domain.basket import bare_line
from gateway.domain.judging import Edition, Evidence, Source
from gateway.domain.purchase import PurchaseLine
from gateway.goods.cases.tally import misdeclares
from gateway.goods.loader import load_list_book

BOOK = load_list_book()
EDITION = Edition(BOOK.prohibited[-1], BOOK.class_map)
BREAD, MILK, WATER, SHAMPOO = "10.71.11.110", "10.51.11.110", "11.07.11.110", "20.42.16"
BEER, VODKA, SPIRITS, TOBACCO = "11.05.10.120", "11.01.10.110", "11.01", "12"
"""Of the last two the list names goods below them by rules of their own; they are denied as a whole."""


def bought(declared: str, *known: str, source: Source = Source.CATALOGUE) -> PurchaseLine:
    """A line with a declared code, and what another source knows of it."""
    line = bare_line("ТОВАР", okpd2=declared)
    evidence = (*[Evidence(source, code) for code in known], Evidence(Source.DECLARED, declared))
    verdict = EDITION.verdict_of(evidence, 0)
    return PurchaseLine(line, verdict, verdict.reason, evidence=evidence)


@pytest.mark.parametrize("known", [BEER, VODKA, "11.01.10", SPIRITS, TOBACCO, "12.00.19"])
@pytest.mark.parametrize("declared", [BREAD, WATER, SHAMPOO])
def test_denied_goods_declared_as_others_are_misdeclared(known: str, declared: str) -> None:
    """However little the catalogue says: that it is tobacco is enough to know that it is no bread."""
    assert misdeclares(bought(declared, known), EDITION) is True
    assert misdeclares(bought(known, declared), EDITION) is True


@pytest.mark.parametrize(
    ("declared", "known"),
    [(BREAD, (MILK,)), (BEER, (VODKA,)), (TOBACCO, ("12.00.11.130",)), (SHAMPOO, (BREAD, SHAMPOO))],
)
def test_other_goods_of_the_same_verdict_and_class_are_not(declared: str, known: tuple[str, ...]) -> None:
    """Nor any of several codes that the source has."""
    assert misdeclares(bought(declared, *known), EDITION) is False


@pytest.mark.parametrize(("declared", "known"), [("11", VODKA), (BREAD, "11"), ("32", BREAD)])
def test_a_code_above_denied_goods_checks_nothing(declared: str, known: str) -> None:
    """It may be either."""
    assert misdeclares(bought(declared, known), EDITION) is None


def test_what_the_till_says_by_other_words_checks_nothing() -> None:
    """A name is no trusted source."""
    assert misdeclares(bought(BREAD, VODKA, source=Source.CONFIRMED_NAME), EDITION) is None
    assert misdeclares(bought(BREAD), EDITION) is None
