"""GTINs as tills write them become the same 14 digits, or are named as what they are not."""

from contextlib import suppress

import pytest
from biip import ParseError
from biip.gtin import Gtin
from biip.rcn import Rcn
from biip.upc import Upc
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum import ean

from gateway.goods.identity.gtin import is_restricted, is_same_but_packaging, read_gtin, read_gtin_number
from gateway.goods.identity.problems import Problem

PAYLOAD_LENGTHS = (7, 11, 12, 13)


def digits_of(length: int) -> st.SearchStrategy[str]:
    """So many digits."""
    return st.text("0123456789", min_size=length, max_size=length)


@st.composite
def gtins(draw: st.DrawFn, *lengths: int) -> str:
    """A GTIN of one of the lengths; its check digit is python-stdnum's."""
    length = draw(st.sampled_from(lengths or tuple(length + 1 for length in PAYLOAD_LENGTHS)))
    payload = draw(digits_of(length - 1).filter(int))
    return payload + ean.calc_check_digit(payload)


def is_upc_e(code: str) -> bool:
    """By biip."""
    with suppress(ParseError):
        return bool(Upc.parse(code))
    return False


@pytest.mark.parametrize(
    ("text", "gtin"),
    [
        # Published by biip, python-stdnum and GS1.
        ("7032069804988", "07032069804988"),
        ("9501101531000", "09501101531000"),
        ("95012346", "00000095012346"),
        ("042100005264", "00042100005264"),
        ("73513537", "00000073513537"),
        ("9780471117094", "09780471117094"),
        ("98412345678908", "98412345678908"),
        ("6291041500213", "06291041500213"),
    ],
)
def test_a_gtin_of_any_length_becomes_fourteen_digits(text: str, gtin: str) -> None:
    """Zeros in front leave the check digit as it is."""
    assert gtin == read_gtin(text)


@pytest.mark.parametrize(
    ("upc_e", "gtin"),
    [
        ("04252614", "00042100005264"),  # published by biip
        ("01234505", "00012000003455"),
        ("01234514", "00012100003454"),
        ("01234523", "00012200003453"),
        ("01234531", "00012300000451"),
        ("01234543", "00012340000053"),
        ("01234565", "00012345000065"),
        ("01234596", "00012345000096"),
    ],
)
def test_a_upc_e_is_expanded_by_its_last_body_digit(upc_e: str, gtin: str) -> None:
    """Each of the rules of expansion, worked out by hand."""
    assert gtin == read_gtin(upc_e)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", Problem.LENGTH),
        ("40063813339", Problem.LENGTH),
        ("123456789012345", Problem.LENGTH),
        ("4006381333931 ", Problem.NOT_DIGITS),
        ("400638133393X", Problem.NOT_DIGITS),
        ("４００６３８１３３３９３１", Problem.NOT_DIGITS),
        ("4006381333932", Problem.CHECK_DIGIT),
        ("04252615", Problem.CHECK_DIGIT),
        ("00000000", Problem.ALL_ZEROS),
        ("000000000000", Problem.ALL_ZEROS),
        ("0000000000000", Problem.ALL_ZEROS),
        ("00000000000000", Problem.ALL_ZEROS),
        pytest.param("4" * 100_000, Problem.LENGTH, id="100,000 digits"),
    ],
)
def test_what_is_no_gtin_is_named(text: str, problem: Problem) -> None:
    """Full-width digits are digits to Python, and none to a till; zeros alone have a right check digit."""
    assert problem is read_gtin(text)


@pytest.mark.parametrize(
    ("number", "gtin"),
    [
        (4606419014681, "04606419014681"),
        (14600439937620, "14600439937620"),
        (42100005264, "00042100005264"),
        (46198488, "00000046198488"),
        (4252614, "00042100005264"),  # a UPC-E without its zero
        (4606419014682, Problem.CHECK_DIGIT),
        (0, Problem.LENGTH),
        (-4606419014681, Problem.LENGTH),
        (10**14, Problem.LENGTH),
    ],
)
def test_a_number_of_the_tax_service_gets_its_zeros_back(number: int, gtin: str | Problem) -> None:
    """Receipts carry GTINs as whole numbers."""
    assert gtin == read_gtin_number(number)


def test_eight_digits_with_zero_in_front_are_a_upc_e_if_they_can_be_one() -> None:
    """Else they are a shop's own number: no GTIN-8 in trade begins with 0."""
    assert ean.is_valid("01234565")
    assert is_upc_e("01234565")
    assert "00012345000065" == read_gtin("01234565")
    assert ean.is_valid("01234503")
    assert not is_upc_e("01234503")
    assert "00000001234503" == read_gtin("01234503")
    assert is_restricted("00000001234503")


def test_eight_digits_with_one_in_front_are_a_gtin_8_if_they_can_be_one() -> None:
    """A UPC-E stands for a GTIN-12 that begins with 0; whoever prints another is still understood."""
    assert ean.is_valid("10006771")
    assert is_upc_e("10006771")
    assert "00000010006771" == read_gtin("10006771")
    assert not ean.is_valid("11234505")
    assert not is_upc_e("11234505")
    assert Problem.CHECK_DIGIT is read_gtin("11234505")
    assert not ean.is_valid("11234502")
    assert is_upc_e("11234502")
    assert "00112000003452" == read_gtin("11234502")


@given(digits_of(5), st.sampled_from("56789"))
def test_a_upc_e_with_a_high_seventh_digit_looks_like_a_gtin_8(body: str, seventh: str) -> None:
    """Which is why the first digit has to decide."""
    payload = "0" + body + seventh
    assert is_upc_e(payload + ean.calc_check_digit(payload))


@given(gtins())
def test_normalising_twice_is_normalising_once(code: str) -> None:
    """Fourteen digits stay what they are."""
    once = read_gtin(code)
    assert isinstance(once, str)
    assert once == read_gtin(once)


@given(st.text(max_size=20))
def test_any_text_is_fourteen_digits_or_a_problem(text: str) -> None:
    """Nothing raises."""
    read = read_gtin(text)
    assert isinstance(read, Problem) or (len(read) == 14 and read.isdigit())


@given(gtins())
def test_padded_forms_of_a_gtin_are_one(code: str) -> None:
    """Eight digits with 0 in front apart: padded they are a GTIN-8, alone they may be a UPC-E."""
    assume(len(code) > 8 or code[0] != "0")
    padded = {read_gtin(code.zfill(length)) for length in (8, 12, 13, 14) if length >= len(code)}
    assert {code.zfill(14)} == padded


@given(gtins(), st.data())
def test_any_single_wrong_digit_is_found(code: str, data: st.DataObject) -> None:
    """But for eight digits with 0 or 1 in front, which have two readings."""
    place = data.draw(st.integers(0, len(code) - 1))
    digit = data.draw(st.sampled_from("0123456789"))
    wrong = code[:place] + digit + code[place + 1 :]
    assume(digit != code[place])
    assume(len(code) > 8 or wrong[0] not in "01")
    assert Problem.CHECK_DIGIT is read_gtin(wrong)


@given(gtins())
def test_biip_reads_the_same_gtin(code: str) -> None:
    """Eight digits with 0 in front apart, which biip takes for an RCN-8 when asked for a GTIN."""
    assume(len(code) > 8 or code[0] != "0")
    assert Gtin.parse(code).as_gtin_14() == read_gtin(code)


@given(digits_of(6).filter(int))
def test_biip_reads_the_same_upc_e(body: str) -> None:
    """Without a check digit biip works it out."""
    code = Upc.parse("0" + body).as_upc_e()
    assert Upc.parse(code).as_gtin_14() == read_gtin(code)


@given(st.sampled_from(["", "0", "02", "04", "2", "29"]), gtins(8, 12, 13))
def test_restricted_are_the_numbers_that_biip_calls_so(prefix: str, code: str) -> None:
    """By the prefix tables of GS1."""
    payload = prefix + code[len(prefix) : -1]
    code = payload + ean.calc_check_digit(payload)
    assert isinstance(Gtin.parse(code), Rcn) == is_restricted(code.zfill(14))


def test_a_pack_of_goods_is_the_same_goods() -> None:
    """They differ in indicator and check digit alone."""
    assert is_same_but_packaging("04606419014681", "14606419014688")
    assert not is_same_but_packaging("04606419014681", "04650075427958")
