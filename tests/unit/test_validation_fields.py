"""Rules of single fields: which values pass, and which finding names the others."""

from collections.abc import Callable

import pytest

from gateway.domain.money import AMOUNT_MAX_KOPECKS, QUANTITY_MAX_MILLI
from gateway.domain.reasons import Reason
from gateway.rpc.validation import fields
from gateway.rpc.validation.findings import Findings, InvalidRequestError

INT64_MAX = 2**63 - 1


def found(check: Callable[[Findings], object]) -> Reason | None:
    """The reason that a check notes, or None."""
    findings = Findings()
    check(findings)
    if not findings:
        return None
    with pytest.raises(InvalidRequestError) as caught:
        findings.settle()
    error = caught.value
    assert "field" == error.field
    assert error.detail_ru
    assert error.detail_en
    return error.reason


@pytest.mark.parametrize(
    ("gtin", "reason"),
    [
        ("4006381333931", None),
        ("96385074", None),
        ("036000291452", None),
        ("00012345600012", None),
        ("04252614", None),  # UPC-E, its expansion 042100005264 passes
        ("01234565", None),  # UPC-E, last body digit 6
        ("11234502", None),  # UPC-E, no GTIN-8
        ("4006381333932", Reason.CHECK_DIGIT_WRONG),
        ("96385075", Reason.CHECK_DIGIT_WRONG),
        ("04252615", Reason.CHECK_DIGIT_WRONG),
        ("400638133393", Reason.CHECK_DIGIT_WRONG),
        ("40063813339", Reason.FIELD_INVALID),
        ("0000000000000", Reason.FIELD_INVALID),
        ("4006381333931 ", Reason.FIELD_INVALID),
        ("400638133393X", Reason.FIELD_INVALID),
        ("４００６３８１３３３９３１", Reason.FIELD_INVALID),  # full-width digits are no digits of a GTIN
    ],
)
def test_a_gtin_has_a_length_of_gs1_and_its_check_digit(gtin: str, reason: Reason | None) -> None:
    """8, 12, 13 or 14 digits, not zeros alone; eight that begin with 0 or 1 may be a UPC-E."""
    assert reason == found(lambda findings: fields.check_gtin(gtin, "field", findings))


@pytest.mark.parametrize(
    "code", ["10", "10.5", "10.51", "10.51.1", "10.51.11", "10.51.11.111", "01.11.11.111"]
)
def test_an_okpd2_code_of_any_depth_passes(code: str) -> None:
    """The classification's levels of 2, 3, 4, 5, 6 and 9 digits."""
    assert found(lambda findings: fields.check_okpd2(code, "field", findings)) is None


@pytest.mark.parametrize(
    "code", ["1", "1051", "10.", "10.511", "10.51.11.1", "10.51.11.1111", "A", "10,51", "１０"]
)
def test_a_code_of_another_form_is_no_okpd2(code: str) -> None:
    """Undotted, half typed, sections by letter, other digits."""
    assert Reason.OKPD2_INVALID == found(lambda findings: fields.check_okpd2(code, "field", findings))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("019b2f6e-1c2d-7abc-8def-0123456789ab", None),
        ("019B2F6E-1C2D-7ABC-BDEF-0123456789AB", None),
        ("", Reason.FIELD_MISSING),
        ("019b2f6e-1c2d-4abc-8def-0123456789ab", Reason.REQUEST_ID_INVALID),  # version 4
        ("019b2f6e-1c2d-7abc-7def-0123456789ab", Reason.REQUEST_ID_INVALID),  # another variant
        ("019b2f6e1c2d7abc8def0123456789ab", Reason.REQUEST_ID_INVALID),
        ("{019b2f6e-1c2d-7abc-8def-0123456789ab}", Reason.REQUEST_ID_INVALID),
        ("019b2f6e-1c2d-7abc-8def-0123456789a_", Reason.REQUEST_ID_INVALID),
        ("019b2f6e-1c2d-7abc-8def-0123456789ab\n", Reason.REQUEST_ID_INVALID),
    ],
)
def test_a_request_id_is_a_uuid_of_version_7(text: str, reason: Reason | None) -> None:
    """In canonical form, with the version and the variant of RFC 9562."""
    assert reason == found(lambda findings: fields.read_request_id(text, "field", findings))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", None),
        ("Молоко «Простоквашино» 2,5 %\u00a0930 мл", None),
        ("я" * 128, None),
        ("я" * 129, Reason.TEXT_INVALID),
        ("a\nb", Reason.TEXT_INVALID),
        ("a\x00", Reason.TEXT_INVALID),
        ("a\x1d", Reason.TEXT_INVALID),
        ("a\x85", Reason.TEXT_INVALID),
        ("\x7f", Reason.TEXT_INVALID),
    ],
)
def test_a_text_has_a_length_and_no_control_characters(text: str, reason: Reason | None) -> None:
    """128 characters, whatever their bytes; a no-break space is none of control."""
    assert reason == found(lambda findings: fields.check_text(text, "field", findings))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("010463003407001221abc\x1d91ffd0\x1d92dGVzdA==", None),
        ("x" * 255, None),
        ("x" * 256, Reason.TEXT_INVALID),
        ("01\x1c21", Reason.TEXT_INVALID),
    ],
)
def test_a_marking_code_may_hold_group_separators(code: str, reason: Reason | None) -> None:
    """GS stands between the parts of a GS1 DataMatrix as it is scanned."""
    assert reason == found(lambda findings: fields.check_marking_code(code, "field", findings))


@pytest.mark.parametrize(
    ("kopecks", "reason"),
    [
        (1, None),
        (AMOUNT_MAX_KOPECKS, None),
        (0, Reason.AMOUNT_OUT_OF_RANGE),
        (-1, Reason.AMOUNT_OUT_OF_RANGE),
        (AMOUNT_MAX_KOPECKS + 1, Reason.AMOUNT_OUT_OF_RANGE),
        (INT64_MAX, Reason.AMOUNT_OUT_OF_RANGE),
        (-INT64_MAX - 1, Reason.AMOUNT_OUT_OF_RANGE),
    ],
)
def test_an_amount_lies_between_a_kopeck_and_the_limit(kopecks: int, reason: Reason | None) -> None:
    """Sums of amounts can then not overflow anywhere."""
    assert reason == found(lambda findings: fields.check_amount(kopecks, 1, "field", findings))


@pytest.mark.parametrize(
    ("milli", "reason"),
    [
        (1, None),
        (QUANTITY_MAX_MILLI, None),
        (0, Reason.QUANTITY_OUT_OF_RANGE),
        (-1000, Reason.QUANTITY_OUT_OF_RANGE),
        (QUANTITY_MAX_MILLI + 1, Reason.QUANTITY_OUT_OF_RANGE),
    ],
)
def test_a_quantity_lies_between_a_thousandth_and_the_limit(milli: int, reason: Reason | None) -> None:
    """Thousandths of a piece or kilogram."""
    assert reason == found(lambda findings: fields.check_quantity(milli, "field", findings))
