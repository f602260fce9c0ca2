"""Sums, days and periods in words."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.documents.words import (
    NBSP,
    day_in_words,
    in_words,
    period_in_words,
    plain_sum,
    shown_sum,
    sum_in_words,
)


@pytest.mark.parametrize(
    ("kopecks", "words"),
    [
        (0, "Ноль рублей 00 копеек"),
        (1_01, "Один рубль 01 копейка"),
        (2_02, "Два рубля 02 копейки"),
        (5_05, "Пять рублей 05 копеек"),
        (11_11, "Одиннадцать рублей 11 копеек"),
        (14_14, "Четырнадцать рублей 14 копеек"),
        (21_21, "Двадцать один рубль 21 копейка"),
        (111_12, "Сто одиннадцать рублей 12 копеек"),
        (1_000_00, "Одна тысяча рублей 00 копеек"),
        (2_002_03, "Две тысячи два рубля 03 копейки"),
        (21_000_00, "Двадцать одна тысяча рублей 00 копеек"),
        (1_000_001_00, "Один миллион один рубль 00 копеек"),
        (12_000_345_67, "Двенадцать миллионов триста сорок пять рублей 67 копеек"),
        (5_000_000_000_40, "Пять миллиардов рублей 40 копеек"),
        (-40_50, "Минус сорок рублей 50 копеек"),
    ],
)
def test_a_sum_is_told_in_words_of_the_right_case_and_gender(kopecks: int, words: str) -> None:
    """Rubles are male, thousands female; 11 to 14 go with the many."""
    assert words == sum_in_words(kopecks).replace(NBSP, " ")


_VALUES = {
    word: value
    for words in (
        {"ноль": 0, "один": 1, "одна": 1, "два": 2, "две": 2, "три": 3, "четыре": 4, "пять": 5, "шесть": 6},
        {"семь": 7, "восемь": 8, "девять": 9, "десять": 10, "одиннадцать": 11, "двенадцать": 12},
        {"тринадцать": 13, "четырнадцать": 14, "пятнадцать": 15, "шестнадцать": 16, "семнадцать": 17},
        {"восемнадцать": 18, "девятнадцать": 19, "двадцать": 20, "тридцать": 30, "сорок": 40},
        {"пятьдесят": 50, "шестьдесят": 60, "семьдесят": 70, "восемьдесят": 80, "девяносто": 90},
        {"сто": 100, "двести": 200, "триста": 300, "четыреста": 400, "пятьсот": 500, "шестьсот": 600},
        {"семьсот": 700, "восемьсот": 800, "девятьсот": 900},
    )
    for word, value in words.items()
}
_POWERS = {"тысяч": 10**3, "миллион": 10**6, "миллиард": 10**9, "триллион": 10**12}


def _read(words: str) -> int:
    """The number that words say, read back on another way than they were made."""
    total = part = 0
    for word in words.split():
        if word in _VALUES:
            part += _VALUES[word]
            continue
        stem = max((stem for stem in _POWERS if word.startswith(stem)), key=len)
        total, part = total + part * _POWERS[stem], 0
    return total + part


@given(st.integers(0, 10**15 - 1))
def test_words_say_the_number_again(number: int) -> None:
    """Nothing is lost and nothing stands twice."""
    assert number == _read(in_words(number))


def test_a_number_beyond_all_words_is_refused() -> None:
    """Rather than told wrong."""
    with pytest.raises(ValueError, match="no words"):
        in_words(10**18)


@given(st.integers(-(10**14), 10**14))
def test_a_shown_sum_is_the_sum(kopecks: int) -> None:
    """In print and in CSV."""
    shown = shown_sum(kopecks).replace(NBSP, "").replace("\u2212", "-")
    assert plain_sum(kopecks) == shown
    assert kopecks == int(shown.replace(",", ""))


def test_a_shown_sum_keeps_its_digits_together() -> None:
    """A line never breaks within a sum."""
    assert f"12{NBSP}345{NBSP}678,90" == shown_sum(12_345_678_90)


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2026, 11, 1), date(2026, 11, 30), "ноябрь 2026 г."),
        (date(2026, 12, 1), date(2026, 12, 31), "декабрь 2026 г."),
        (date(2028, 2, 1), date(2028, 2, 29), "февраль 2028 г."),
        (date(2026, 10, 1), date(2026, 12, 31), "IV квартал 2026 г."),
        (date(2026, 1, 1), date(2026, 3, 31), "I квартал 2026 г."),
        (date(2026, 2, 1), date(2026, 4, 30), "01.02.2026 – 30.04.2026"),
        (date(2026, 11, 1), date(2026, 11, 29), "01.11.2026 – 29.11.2026"),
    ],
)
def test_a_period_has_its_name(first: date, last: date, said: str) -> None:
    """A month or a quarter by name, all else by its days."""
    assert said == period_in_words(first, last).replace(NBSP, " ")


def test_a_day_is_written_out() -> None:
    """And not broken over two lines."""
    assert f"1{NBSP}марта{NBSP}2026{NBSP}г." == day_in_words(date(2026, 3, 1))
