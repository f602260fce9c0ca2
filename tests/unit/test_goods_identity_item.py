"""A line's codes together: which goods they name, most trusted first, and where they contradict."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.basket import Line
from gateway.goods.identity.in_store import WEIGHT_AFTER_2, InStoreItem, InStoreTemplates
from gateway.goods.identity.item import FieldProblem, ItemIdentity, identify
from gateway.goods.identity.marking import MarkingForm
from gateway.goods.identity.problems import Problem
from tillgate.v1.purchase_pb2 import BasketLine

TEMPLATES = InStoreTemplates((WEIGHT_AFTER_2,))
COLA, COLA_CODE = "04650075427958", "0104650075427958215*EeBVPpYXanP\x1d93abcd"
LABEL = "2101234005675"
WEIGHED = InStoreItem("101234", quantity_milli=567)


def identified(gtin: str = "", marking_code: str = "", item_code: str = "") -> ItemIdentity:
    """A line with these codes, in a shop whose scales print weights after a 2."""
    line = Line(1, "Товар", 1000, 1_00, 0, 1_00, gtin=gtin, marking_code=marking_code, item_code=item_code)
    return identify(line, TEMPLATES)


def test_a_line_without_codes_names_nothing() -> None:
    """Most lines carry none, and that is no problem of theirs."""
    assert ItemIdentity() == identified()


def test_a_line_of_the_wire_is_read_as_one_of_the_domain() -> None:
    """At the door nothing has to be copied first."""
    line = BasketLine(gtin="4650075427958", marking_code=COLA_CODE, item_code="17")
    assert identified("4650075427958", COLA_CODE, "17") == identify(line, TEMPLATES)


def test_marking_code_and_barcode_of_the_same_goods_name_them_once() -> None:
    """Thirteen digits and fourteen are one number."""
    item = identified("4650075427958", COLA_CODE)
    assert ((COLA,), ()) == (item.gtins, item.problems)
    assert item.marking is not None
    assert "5*EeBVPpYXanP" == item.marking.serial


def test_when_they_differ_both_are_kept_and_it_is_told() -> None:
    """The marking code is the more trusted: it can't be typed by hand."""
    item = identified("4006381333931", COLA_CODE)
    assert (COLA, "04006381333931") == item.gtins
    assert (FieldProblem("gtin", Problem.GTINS_DIFFER),) == item.problems


def test_a_pack_and_what_is_in_it_are_no_contradiction() -> None:
    """Both numbers are kept: a catalogue may know only one of them."""
    item = identified("4650075427958", "0114650075427955215*EeBVPpYXanP\x1d93abcd")
    assert ("14650075427955", COLA) == item.gtins
    assert () == item.problems


def test_a_label_of_the_scales_names_the_shops_own_number_and_nothing_in_trade() -> None:
    """No catalogue may be asked for it."""
    assert ItemIdentity(in_store=WEIGHED) == identified(LABEL)


def test_a_label_in_the_place_of_the_shops_own_code_is_read_too() -> None:
    """And both are kept."""
    assert ItemIdentity(in_store=WEIGHED, item_code=LABEL) == identified(item_code=LABEL)


def test_the_shops_own_code_is_kept_as_it_is() -> None:
    """Even one that looks like goods in trade: the shop calls it its own."""
    assert ItemIdentity(item_code="4650075427958") == identified(item_code="4650075427958")
    assert ItemIdentity(item_code="00017") == identified(item_code="00017")


def test_a_label_that_no_template_reads_is_told() -> None:
    """Another shop's, or a scale that nobody told of."""
    line = Line(1, "Яблоки", 567, 1_00, 0, 57, gtin=LABEL)
    assert ItemIdentity(problems=(FieldProblem("gtin", Problem.NO_TEMPLATE),)) == identify(line)


def test_a_marked_cheese_with_a_label_of_the_scales_is_both() -> None:
    """The label says how much, the marking code what; they don't contradict each other."""
    item = identified(LABEL, "0103041094787443215Qbag!\x1d93Zjqw")
    assert (("03041094787443",), WEIGHED, ()) == (item.gtins, item.in_store, item.problems)


def test_numbers_of_the_national_catalogue_are_known_in_marking_codes_alone() -> None:
    """Goods marked without a GTIN get one that begins with 029; on a barcode it is some shop's own number."""
    assert ("02900052757694",) == identified(marking_code="010290005275769421a?RI7ZL\x1d93X9NA").gtins
    assert () == identified("2900052757694").gtins


def test_another_restricted_number_in_a_marking_code_is_a_problem() -> None:
    """Nobody may mark goods with a number that means something else in every shop."""
    item = identified(marking_code="010210123400567521a?RI7ZL\x1d93X9NA")
    assert () == item.gtins
    assert (FieldProblem("marking_code", Problem.NOT_IN_TRADE),) == item.problems


def test_an_alcohol_stamp_is_no_contradiction_to_a_barcode() -> None:
    """It names no goods, only what kind they are."""
    stamp = "22N00001543ZQO6QFMW37ZK80215021095854A4P1E4IHMW86GT5RTFHN5XXFABT9TZ9"
    item = identified("4650075427958", stamp)
    assert (COLA,) == item.gtins
    assert item.marking is not None
    assert MarkingForm.ALCOHOL_STAMP is item.marking.form
    assert (FieldProblem("marking_code", Problem.OPAQUE),) == item.problems


def test_every_problem_is_told_with_its_field() -> None:
    """A misread barcode does not hide a misread marking code."""
    item = identified("4650075427959", "0104650075427959215*EeBVPpYXanP\x1d93abcd")
    assert () == item.gtins
    told = [FieldProblem(field, Problem.CHECK_DIGIT) for field in ("marking_code", "gtin")]
    assert told == list(item.problems)


@given(st.text(max_size=20), st.text(max_size=100), st.text(max_size=20))
def test_no_text_makes_it_raise(gtin: str, marking_code: str, item_code: str) -> None:
    """And a barcode or a marking code that names nothing has a problem."""
    item = identified(gtin, marking_code, item_code)
    assert item.gtins or item.in_store or item.problems or not (gtin or marking_code)
