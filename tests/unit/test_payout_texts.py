"""The text of a payment: what the agreement says, never too long, with an id that a misprint never hits."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.payouts.errors import PayoutError
from settlement.payouts.model import PURPOSE_MAX_CHARS, rubles
from settlement.payouts.purpose import (
    end_to_end_id,
    end_to_end_ids_in,
    order_number_of,
    period_text,
    purpose_of,
)

_NUMBERS = st.integers(1, 99_999_999_999_999)


def said(template: str = "Субсидия по договору {agreement} за {period}", agreement: str = "Д-1") -> str:
    """The purpose of transfer TG1-1-33."""
    return purpose_of(
        template, claim_id=17, agreement=agreement, period="октябрь 2026 г.", obligation_number="",
        purpose_code="", transfer=end_to_end_id(1, 1),
    )  # fmt: skip


def refusal(template: str, agreement: str = "Д-1") -> str:
    """What is said of a purpose that does not do."""
    with pytest.raises(PayoutError) as error:
        said(template, agreement)
    return str(error.value)


def test_the_purpose_ends_with_the_id_by_which_its_answer_is_found() -> None:
    """A bank that cuts nothing gives it back."""
    assert "Субсидия по договору Д-1 за октябрь 2026 г., TG1-1-33" == said()
    assert "Расчёт 17, TG1-1-33" == said("Расчёт {claim}")


def test_a_purpose_has_210_characters_at_most() -> None:
    """One more is refused by name, with its length."""
    rest = len(said("{agreement}", ""))
    fits = said("{agreement}", "Д" * (PURPOSE_MAX_CHARS - rest))
    assert 210 == len(fits)
    told = refusal("{agreement}", "Д" * (PURPOSE_MAX_CHARS - rest + 1))
    assert "TEXT_TOO_LONG" in told
    assert "(211)" in told


@pytest.mark.parametrize(
    "template", ["{inn}", "{", "{agreement.x}", "{agreement!r}", "{agreement:>9}", "{0}", "{}"]
)
def test_a_template_names_only_what_there_is(template: str) -> None:
    """Anything else is refused before money is asked for."""
    assert "PURPOSE_MALFORMED" in refusal(template)


@pytest.mark.parametrize(
    "char", ["\n", "\t", "\x00", "\u202e", "\u200b", "\u2028", "\ufeff", "\u061c", "\uffff"]
)
def test_characters_that_hide_or_turn_text_are_named(char: str) -> None:
    """A line break would end the field of a 1C file."""
    told = refusal("{agreement}", f"Д{char}1")
    assert "CHARACTER_UNFIT" in told
    assert f"U+{ord(char):04X}" in told


@given(_NUMBERS, _NUMBERS)
def test_an_id_fits_its_field_and_is_found_again_in_any_text(payout_id: int, transfer_id: int) -> None:
    """35 characters are the most that ISO 20022 takes."""
    name = end_to_end_id(payout_id, transfer_id)
    assert 35 >= len(name)
    assert [name] == list(end_to_end_ids_in(f"Возврат п/п 1, {name}."))
    assert [] == list(end_to_end_ids_in(f"x{name}")) == list(end_to_end_ids_in(f"{name}0"))


@given(_NUMBERS, _NUMBERS, st.data())
def test_a_misprint_of_one_digit_is_no_id(payout_id: int, transfer_id: int, data: st.DataObject) -> None:
    """Nor are two neighbours that changed places: ISO 7064 mod 97-10."""
    name = end_to_end_id(payout_id, transfer_id)
    places = [place for place, char in enumerate(name) if char.isdigit()]
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from("0123456789"))
    wrong = name[:place] + digit + name[place + 1 :]
    assert wrong == name or name not in end_to_end_ids_in(wrong)
    assert wrong == name or [] == list(end_to_end_ids_in(wrong))


@given(st.integers(1, 10**12))
def test_the_number_of_an_order_has_six_digits_at_most_and_is_never_zero(transfer_id: int) -> None:
    """762-П, field 3."""
    assert 1 <= int(order_number_of(transfer_id)) <= 999_999


def test_periods_are_told_as_people_write_them() -> None:
    """A month, a quarter, else the days."""
    assert "октябрь 2026 г." == period_text(date(2026, 10, 1), date(2026, 10, 31))
    assert "IV квартал 2026 г." == period_text(date(2026, 10, 1), date(2026, 12, 31))
    assert "01.11.2026 - 31.01.2027" == period_text(date(2026, 11, 1), date(2027, 1, 31))


def test_rubles_have_two_digits_of_kopecks() -> None:
    """With a point, without blanks."""
    assert ["0.05", "1.00", "1234567.89"] == [rubles(n) for n in (5, 100, 123456789)]
