"""Marking codes give their GTIN and serial in every way that tills send them, or say why they don't."""

import pytest
from biip.gs1_messages import GS1Message
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum import ean

from gateway.goods.identity.marking import MarkingCode, MarkingForm, read_marking_code
from gateway.goods.identity.problems import Problem

GS = "\x1d"
SYMBOLS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!\"%&'()*+,-./:;<=>?_"
CHECK_44 = "VW/n3g0hYP6kqx1WjVy/fnpKT+i7N3FT8QPUyzzKQT4="
CHECK_88 = "Za6ZlkdG3zynfnllYpMQSrbZ7Gu+OKqJ9fCRZu+X5A7V7D7Th7ROcrRPbmLHpqV2BLI0YWuUTPYKadnk40Zjqw=="

SAMPLES = [
    # Of the operator's description of Data Matrix structures: GTIN, serial, what follows.
    ("04600439931256", "JgXJ5.T", ("8005112000", "93Mdlr")),
    ("04607809591331", "e/Fw:xeo47NK2", ("91F010", f"92{CHECK_44}")),
    ("04060477697987", "QkmvHY.+O5crD", ("918097", f"92{CHECK_88}")),
    ("04607809591454", "m9tNPzJTWzuc9exC5/M+", ("91EE07", f"92{CHECK_44}")),
    ("04607143560598", "FGXEAGA5A1GAH", ("91EE06", f"92{CHECK_44}")),
    ("03041094787443", "5Qbag!", ("93Zjqw",)),
    ("03041094787443", "5Qbag!", ("93Zjqw", "3103000353")),
    ("04636332455360", "561BtxPs9VbAP", ("93dGVz",)),
    ("04636332455339", "5qa5?WHJssbI-", ("93dGVz",)),
    ("04640088090997", '5tjNZHkB"<jQY', ("91FFD0", f"92{CHECK_44}")),
]


def symbols(*lengths: int) -> st.SearchStrategy[str]:
    """Symbols of a serial, so many of them."""
    return st.one_of([st.text(SYMBOLS, min_size=length, max_size=length) for length in lengths])


fronts = st.text("0123456789", min_size=13, max_size=13).filter(int)
gtins = fronts.map(lambda front: front + ean.calc_check_digit(front))
serials = symbols(6, 7, 13, 20)
check_parts = st.one_of(
    symbols(4).map(lambda check: (f"93{check}",)),
    st.tuples(symbols(4).map(lambda key: f"91{key}"), symbols(44, 88).map(lambda check: f"92{check}")),
)


def ways_to_send(gtin: str, serial: str, rest: tuple[str, ...]) -> dict[str, str]:
    """One code as tills send it, the separators kept in one way or another."""
    code = GS.join((f"01{gtin}21{serial}", *rest))
    return {
        "as scanned": code,
        "FNC1 in front, as GS": GS + code,
        "FNC1 in front, as 232": "\xe8" + code,
        "]d2 in front": "]d2" + code,
        "]C1 in front": "]C1" + code,
        "]d2 and GS in front": "]d2" + GS + code,
        "GS at the end too": code + GS,
        "line end": code + "\r\n",
        "GS written \\u001d": code.replace(GS, "\\u001d"),
        "GS written \\x1D": code.replace(GS, "\\x1D"),
        "GS written <GS>": code.replace(GS, "<GS>"),
        "GS written {FNC1}": code.replace(GS, "{FNC1}"),
        "GS written &#29;": code.replace(GS, "&#29;"),
        "without the check part": f"01{gtin}21{serial}{GS}",
        "in parentheses": f"(01){gtin}(21){serial}" + "".join(in_parentheses(part) for part in rest),
        "in parentheses, with GS": GS.join((f"(01){gtin}(21){serial}", *map(in_parentheses, rest))),
    }


def in_parentheses(part: str) -> str:
    """A part with parentheses around its identifier."""
    length = 4 if part.startswith(("8005", "31")) else 2
    return f"({part[:length]}){part[length:]}"


@pytest.mark.parametrize(("gtin", "serial", "rest"), SAMPLES)
def test_a_sample_of_the_operator_is_read_in_every_way_that_tills_send_it(
    gtin: str, serial: str, rest: tuple[str, ...]
) -> None:
    """Whether separators are characters, written out, or parentheses."""
    expected = MarkingCode(MarkingForm.GS1, gtin, serial)
    for way, code in ways_to_send(gtin, serial, rest).items():
        assert expected == read_marking_code(code), way


@pytest.mark.parametrize(("gtin", "serial", "rest"), SAMPLES)
def test_a_sample_of_the_operator_is_read_with_its_separators_lost(
    gtin: str, serial: str, rest: tuple[str, ...]
) -> None:
    """The lengths of serials and check parts tell where a serial ends."""
    code = f"01{gtin}21{serial}{''.join(rest)}"
    expected = MarkingCode(MarkingForm.GS1, gtin, serial)
    assert [expected] * 3 == [read_marking_code(front + code) for front in ("", "]d2", "\xe8")]


@given(gtins, serials, check_parts)
def test_any_code_is_read_in_every_way_that_tills_send_it(
    gtin: str, serial: str, rest: tuple[str, ...]
) -> None:
    """Quotes, percent signs, brackets and ampersands are symbols like all others."""
    assume("<GS>" not in serial)
    assume("(" not in serial + "".join(rest))
    expected = MarkingCode(MarkingForm.GS1, gtin, serial)
    for way, code in ways_to_send(gtin, serial, rest).items():
        assert expected == read_marking_code(code), way


@given(gtins, serials, check_parts)
def test_with_separators_lost_the_serial_is_right_or_marked_as_a_guess(
    gtin: str, serial: str, rest: tuple[str, ...]
) -> None:
    """The GTIN is certain in any case."""
    read = read_marking_code(f"01{gtin}21{serial}{''.join(rest)}")
    assert gtin == read.gtin
    assert serial == read.serial or read.problem is Problem.SERIAL_END_GUESSED


@given(gtins, serials, check_parts)
def test_biip_reads_the_same(gtin: str, serial: str, rest: tuple[str, ...]) -> None:
    """The library is exact where the separators are there, and a hundred times as slow."""
    code = GS.join((f"01{gtin}21{serial}", *rest))
    elements = GS1Message.parse(code).element_strings
    read = read_marking_code(code)
    assert [read.gtin, read.serial] == [elements.get(ai=ai).value for ai in ("01", "21")]  # type: ignore[union-attr]


@given(gtins, st.text(max_size=120))
def test_a_gtin_in_its_place_is_read_whatever_follows(gtin: str, rest: str) -> None:
    """A check part cut off, another alphabet, nothing at all."""
    assert gtin == read_marking_code(f"01{gtin}{rest}").gtin


@given(st.one_of(st.text(max_size=300), st.text("019 2(3)8]5" + GS, max_size=300)))
def test_any_text_is_read_or_named(text: str) -> None:
    """Nothing raises; who gets no GTIN is told why."""
    read = read_marking_code(text)
    assert read.gtin or read.problem
    assert not read.gtin or ean.is_valid(read.gtin)


@pytest.mark.parametrize(
    ("code", "gtin", "serial"),
    [
        ("00000046198488X?io+qCABm8wAYa", "00000046198488", "X?io+qC"),
        ("04012922851574EsmtWOcADvofO3q", "04012922851574", "EsmtWOc"),
        ("00000046209849Uon<TYfACyAJPHJ", "00000046209849", "Uon<TYf"),
        ("01230000211093s)pTKjQAAAAHwvf", "01230000211093", "s)pTKjQ"),  # begins as (01) does
        ("04640030090709DYBLHiyACoA", "04640030090709", "DYBLHiy"),  # check left off
        ("04640030090709DYBLHiy", "04640030090709", "DYBLHiy"),  # price left off
        ("]d100000046198488X?io+qCABm8wAYa", "00000046198488", "X?io+qC"),
    ],
)
def test_a_pack_of_tobacco_has_a_form_of_its_own(code: str, gtin: str, serial: str) -> None:
    """Published samples; 14 digits and 7 symbols stand first, without identifiers."""
    assert MarkingCode(MarkingForm.TOBACCO_PACK, gtin, serial) == read_marking_code(code)


@pytest.mark.parametrize(
    "code",
    [
        "00000046198487X?io+qCABm8wAYa",  # a wrong check digit
        "00000046198488X?io+qCABm8wAY",  # 28
        "00000046198488Б?io+qCABm8wAYa",
        "00000046198488123456712341234",  # 29 digits name something else
    ],
)
def test_what_only_looks_like_tobacco_is_of_no_known_form(code: str) -> None:
    """Nothing in it is in a place that is known."""
    assert MarkingCode(MarkingForm.UNKNOWN, problem=Problem.UNKNOWN_FORM) == read_marking_code(code)


@pytest.mark.parametrize(
    "stamp",
    [
        "22N00001543ZQO6QFMW37ZK80215021095854A4P1E4IHMW86GT5RTFHN5XXFABT9TZ9",
        "171200031066131018001EWB6ECS6IGT6L2OH7XP6QFJMTYQMXCZ5WWVPNDLUU7BCE4FWLCBM7QDHQSESJCTOIXMEAHE2EZLXRZXJJT4UJ"
        "4OKEFEIO7RE7J7LQK2ISDFXIA34UAYOZ5ZRYFLTXI4TQ",
    ],
)
def test_an_alcohol_stamp_is_known_and_opaque(stamp: str) -> None:
    """Published samples of ЕГАИС, both generations: no GTIN, but it says alcohol."""
    assert MarkingCode(MarkingForm.ALCOHOL_STAMP, problem=Problem.OPAQUE) == read_marking_code(stamp)


@pytest.mark.parametrize(
    ("code", "serial", "problem"),
    [
        # Thirteen symbols, or seven and a check part.
        ("010290005275769421a?RI7ZL93X9NA", "a?RI7ZL", Problem.SERIAL_END_GUESSED),
        # A serial of an unusual length.
        (f"010290005275769421a?RI7ZL_91EE0692{CHECK_44}", "a?RI7ZL_", Problem.SERIAL_END_GUESSED),
        # Letters of a scanner that types on a Russian keyboard.
        (f"010290005275769421ф?КШ7ЯД{GS}93X9NA", "", Problem.SERIAL_UNREADABLE),
        (f"010290005275769421{'a' * 21}{GS}93X9NA", "", Problem.SERIAL_UNREADABLE),
        ("0102900052757694", "", Problem.SERIAL_UNREADABLE),
        ("0102900052757694" + "10AB12", "", Problem.SERIAL_UNREADABLE),
        # Without separators the batch may be any part of the rest.
        ("0102900052757694" + "1727123110AB1221a?RI7ZL", "", Problem.SERIAL_UNREADABLE),
        # Other parts stand between, or before.
        (f"0102900052757694172712311010AB12{GS}21a?RI7ZL{GS}93X9NA", "a?RI7ZL", None),
        (f"0102900052757694170000001010AB12{GS}21a?RI7ZL", "a?RI7ZL", None),
        (f"21a?RI7ZL{GS}0102900052757694{GS}93X9NA", "a?RI7ZL", None),
    ],
)
def test_the_gtin_is_read_where_the_serial_is_not_certain(
    code: str, serial: str, problem: Problem | None
) -> None:
    """A guess is marked; what can't be read is left empty."""
    assert MarkingCode(MarkingForm.GS1, "02900052757694", serial, problem) == read_marking_code(code)


@pytest.mark.parametrize(
    ("code", "form", "problem"),
    [
        (f"010290005275769321a?RI7ZL{GS}93X9NA", MarkingForm.GS1, Problem.CHECK_DIGIT),
        ("010290005275769321a?RI7ZL93X9NA", MarkingForm.GS1, Problem.CHECK_DIGIT),
        ("(01)02900052757693(10)1", MarkingForm.GS1, Problem.CHECK_DIGIT),
        ("", MarkingForm.UNKNOWN, Problem.UNKNOWN_FORM),
        ("4006381333931", MarkingForm.UNKNOWN, Problem.UNKNOWN_FORM),
        ("RU-430302-AAA7582720", MarkingForm.UNKNOWN, Problem.UNKNOWN_FORM),  # a fur coat
        ("0202900052757694" + "3710", MarkingForm.UNKNOWN, Problem.UNKNOWN_FORM),  # what a pallet holds
    ],
)
def test_a_code_without_a_gtin_says_why(code: str, form: MarkingForm, problem: Problem) -> None:
    """A misread digit is named as such where the place is known."""
    read = read_marking_code(code)
    assert ("", form, problem) == (read.gtin, read.form, read.problem)
