"""Taxpayer numbers: ten digits of a company, twelve of an individual entrepreneur."""

import pytest
from stdnum.ru import inn as stdnum_inn

from gateway.registry.requisites import is_valid_inn, with_inn_check_digits


@pytest.mark.parametrize("inn", ["7707083893", "500100732259", "0000000018"])
def test_a_number_with_its_check_digits_is_valid(inn: str) -> None:
    """Examples of both lengths, and a fictional one with leading zeros."""
    assert is_valid_inn(inn)


@pytest.mark.parametrize("inn", ["7707083893", "500100732259"])
def test_a_wrong_last_digit_is_noticed(inn: str) -> None:
    """No other last digit fits."""
    others = [inn[:-1] + digit for digit in "0123456789" if digit != inn[-1]]
    assert not any(is_valid_inn(other) for other in others)


def test_both_check_digits_of_twelve_count() -> None:
    """The eleventh digit is checked by itself, and is part of what the twelfth checks."""
    assert not is_valid_inn("500100732269")
    assert "500100732259" == with_inn_check_digits("5001007322")


@pytest.mark.parametrize("inn", ["", "770708389", "77070838931", "٧٧٠٧٠٨٣٨٩٣", "770708389x", " 7707083893"])
def test_another_form_is_no_number(inn: str) -> None:
    """Ten or twelve ASCII digits and nothing else."""
    assert not is_valid_inn(inn)


def test_a_remainder_of_ten_counts_as_zero() -> None:
    """(sum mod 11) mod 10: some numbers have remainder 10, and check digit 0."""
    weights = (2, 4, 10, 3, 5, 9, 4, 6, 8)
    tens = [
        digits
        for digits in (f"{n:09}" for n in range(200))
        if sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11 == 10
    ]
    assert tens
    assert all(with_inn_check_digits(digits).endswith("0") for digits in tens)


def test_numbers_are_right_and_wrong_as_an_independent_library_has_them() -> None:
    """Ten and twelve digits, with right and with any other last digits."""
    for n in range(0, 100_000_000, 39_916_801 // 200):
        for digits in (f"{n:09}", f"{n:010}"):
            number = with_inn_check_digits(digits)
            assert stdnum_inn.is_valid(number)
            for other in (number[:-1] + str((int(number[-1]) + k) % 10) for k in range(1, 10)):
                assert stdnum_inn.is_valid(other) is is_valid_inn(other)
