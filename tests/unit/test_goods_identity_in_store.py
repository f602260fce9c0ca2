"""A shop's own codes tell what its templates say, and nothing without one."""

import pytest
from biip import ParseConfig
from biip.gtin import Gtin
from biip.rcn import Rcn, RcnRegion
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean

from gateway.goods.identity.gtin import read_gtin
from gateway.goods.identity.in_store import (
    NO_TEMPLATES,
    PRICE_AFTER_2_AND_KIND,
    WEIGHT_AFTER_2,
    WEIGHT_AFTER_2_AND_KIND,
    WEIGHT_IN_TWELVE,
    InStoreItem,
    InStoreTemplate,
    InStoreTemplates,
    VariablePart,
    read_in_store,
)
from gateway.goods.identity.problems import Problem

WEIGHT, COUNT, PRICE = VariablePart.WEIGHT, VariablePart.COUNT, VariablePart.PRICE


def with_check_digit(payload: str) -> str:
    """The code that a scale prints; the check digit is python-stdnum's."""
    return payload + ean.calc_check_digit(payload)


def read(code: str, *templates: InStoreTemplate) -> InStoreItem | Problem:
    """By these templates."""
    return read_in_store(code, InStoreTemplates(templates))


@pytest.mark.parametrize(
    ("template", "item"),
    [
        (WEIGHT_AFTER_2, InStoreItem("101234", quantity_milli=567)),
        (WEIGHT_AFTER_2_AND_KIND, InStoreItem("01234", quantity_milli=567)),
        (PRICE_AFTER_2_AND_KIND, InStoreItem("01234", amount_kopecks=567)),
        (InStoreTemplate("21PPPPPVVVVVC", WEIGHT, 2), InStoreItem("01234", quantity_milli=5670)),
        (InStoreTemplate("21PPPPPVVVVVC", PRICE, 0), InStoreItem("01234", amount_kopecks=567_00)),
        (InStoreTemplate("21PPPPPVVVVVC", COUNT), InStoreItem("01234", quantity_milli=567_000)),
        (InStoreTemplate("21XPPPPVVVVXC", COUNT, 1), InStoreItem("1234", quantity_milli=5_600)),
        (InStoreTemplate("21PPPPPPPPPPC"), InStoreItem("0123400567")),
        (InStoreTemplate("21XXPPPXXXXXC"), InStoreItem("234")),
    ],
)
def test_one_code_says_what_the_template_of_the_shop_makes_of_it(
    template: InStoreTemplate, item: InStoreItem
) -> None:
    """The same thirteen digits are a weight here and a price there: they mean nothing by themselves."""
    assert item == read("2101234005675", template)
    assert item == read("02101234005675", template)


def test_twelve_and_eight_digits_have_templates_of_their_own() -> None:
    """Twelve are thirteen with 0 in front."""
    twelve = with_check_digit("21234500250")
    assert [InStoreItem("12345", quantity_milli=250)] * 2 == [
        read(code, WEIGHT_IN_TWELVE) for code in (twelve, "0" + twelve)
    ]
    assert Problem.NO_TEMPLATE is read(twelve, WEIGHT_AFTER_2)
    assert InStoreItem("123456") == read(with_check_digit("2123456"), InStoreTemplate("2PPPPPPC"))


def test_eight_digits_with_zero_in_front_are_the_shops_own_if_it_says_so() -> None:
    """Without its template they are goods in trade if they can be a UPC-E."""
    assert InStoreItem("123456") == read("01234565", InStoreTemplate("0PPPPPPC"))
    assert Problem.NOT_IN_STORE is read("01234565", WEIGHT_AFTER_2)
    # No UPC-E, so nobody else's:
    assert Problem.NO_TEMPLATE is read("01234503", WEIGHT_AFTER_2)
    # A UPC-E and no GTIN-8, so not the shop's:
    assert Problem.NOT_IN_STORE is read("04252614", InStoreTemplate("0PPPPPPC"))


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("2101234005676", Problem.CHECK_DIGIT),
        ("210123400567", Problem.CHECK_DIGIT),
        ("21012340056", Problem.LENGTH),
        ("21012340O5675", Problem.NOT_DIGITS),
        ("4006381333931", Problem.NOT_IN_STORE),
        ("2000000058177", Problem.NO_TEMPLATE),
        ("20123451", Problem.NO_TEMPLATE),
    ],
)
def test_what_tells_nothing_is_named(code: str, problem: Problem) -> None:
    """A misread label, goods in trade, another scale's code."""
    assert problem is read(code, InStoreTemplate("21PPPPPVVVVVC", WEIGHT, 3))


def test_a_code_of_a_shop_without_templates_tells_nothing() -> None:
    """There is no common meaning to fall back on."""
    assert Problem.NO_TEMPLATE is read_in_store("2101234005675", NO_TEMPLATES)


def test_zeros_for_the_weight_tell_no_weight() -> None:
    """Price lists are printed so; the till weighs itself."""
    assert InStoreItem("101234") == read(with_check_digit("210123400000"), WEIGHT_AFTER_2)


def test_the_longest_prefix_holds() -> None:
    """A shop may have a rule for all of 2, and another for its meat."""
    templates = (WEIGHT_AFTER_2, InStoreTemplate("27PPPPPVVVVVC", PRICE, 2))
    assert InStoreItem("101234", quantity_milli=567) == read("2101234005675", *templates)
    assert InStoreItem("01234", amount_kopecks=567) == read(with_check_digit("270123400567"), *templates)


def test_two_templates_for_the_same_codes_are_refused() -> None:
    """Nobody could tell which one holds."""
    with pytest.raises(ValueError, match="two templates"):
        InStoreTemplates((WEIGHT_AFTER_2_AND_KIND, PRICE_AFTER_2_AND_KIND))


@pytest.mark.parametrize(
    ("pattern", "variable", "decimals", "says"),
    [
        ("21PPPPPVVVVVVC", WEIGHT, 3, "no pattern"),
        ("21PPPPPVVVVVV", WEIGHT, 3, "no pattern"),
        ("PPPPPPPVVVVVC", WEIGHT, 3, "no pattern"),
        ("21VVVVVVVVVVC", WEIGHT, 3, "no pattern"),
        ("21PPVVVPPVVVC", WEIGHT, 3, "no pattern"),
        ("21PPPPPVVVVVC", None, 0, "go together"),
        ("21PPPPPPPPPPC", WEIGHT, 3, "go together"),
        ("21PPPPPVVVVVC", PRICE, 3, "decimals"),
        ("21PPPPPVVVVVC", WEIGHT, -1, "decimals"),
        ("21PPPPPPPPVVC", WEIGHT, 3, "decimals"),
        ("46PPPPPVVVVVC", WEIGHT, 3, "goods in trade"),
        ("1PPPPPPC", None, 0, "goods in trade"),
        ("0PPPPPVVVVVC", WEIGHT, 3, "goods in trade"),
    ],
)
def test_a_template_that_cannot_be_is_refused(
    pattern: str, variable: VariablePart | None, decimals: int, says: str
) -> None:
    """With what is wrong with it."""
    with pytest.raises(ValueError, match=says):
        InStoreTemplate(pattern, variable, decimals)


@given(st.sampled_from([("20", PRICE), ("23", WEIGHT)]), st.text("0123456789", min_size=10, max_size=10))
def test_a_template_reads_what_biip_reads_by_the_rules_of_sweden(
    rule: tuple[str, VariablePart], rest: str
) -> None:
    """biip knows the rules of nine countries, and Russia has none: a shop's template can say theirs."""
    prefix, variable = rule
    code = with_check_digit(prefix + rest)
    known = Gtin.parse(code, config=ParseConfig(rcn_region=RcnRegion.SWEDEN))
    assert isinstance(known, Rcn)
    item = read(code, InStoreTemplate(f"{prefix}PPPPPPVVVVC", variable, 2 if variable is PRICE else 3))
    assert item == InStoreItem(
        plu=str(known.item_reference),
        quantity_milli=int((known.weight or 0) * 1000),
        amount_kopecks=int((known.price or 0) * 100),
    )


@given(st.sampled_from([7, 11, 12, 13]), st.text("024", max_size=2), st.text("0123456789", min_size=13))
def test_nothing_but_restricted_numbers_is_read_by_templates(length: int, front: str, rest: str) -> None:
    """Whatever the templates are, goods in trade stay goods in trade."""
    templates = InStoreTemplates((WEIGHT_AFTER_2, WEIGHT_IN_TWELVE, InStoreTemplate("2PPPPPPC")))
    code = with_check_digit((front + rest)[:length])
    item = read_in_store(code, templates)
    if isinstance(item, InStoreItem):
        digits = read_gtin(code)
        assert isinstance(digits, str)
        assert digits.lstrip("0").startswith("2")
