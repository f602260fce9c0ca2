"""Sums, days and periods as Russian documents write them."""

from datetime import date, datetime
from typing import Final

from gateway.domain.policy import MOSCOW

NBSP: Final = "\u00a0"
"""Keeps a number together with its unit, and a date with its parts."""

MINUS: Final = "\u2212"

_ONES: Final = (
    "", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "десять",
    "одиннадцать", "двенадцать", "тринадцать", "четырнадцать", "пятнадцать", "шестнадцать", "семнадцать",
    "восемнадцать", "девятнадцать",
)  # fmt: skip
_TENS: Final = (
    "", "", "двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят",
    "девяносто",
)  # fmt: skip
_HUNDREDS: Final = (
    "", "сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот",
)  # fmt: skip
_FEMALE: Final = {1: "одна", 2: "две"}
_Forms = tuple[str, str, str]
RUBLES: Final[_Forms] = ("рубль", "рубля", "рублей")
KOPECKS: Final[_Forms] = ("копейка", "копейки", "копеек")
_CLASSES: Final[tuple[_Forms, ...]] = (
    ("", "", ""),
    ("тысяча", "тысячи", "тысяч"),
    ("миллион", "миллиона", "миллионов"),
    ("миллиард", "миллиарда", "миллиардов"),
    ("триллион", "триллиона", "триллионов"),
    ("квадриллион", "квадриллиона", "квадриллионов"),
)
_MONTHS_OF: Final = (
    "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября",
    "ноября", "декабря",
)  # fmt: skip
_MONTHS: Final = (
    "январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь",
    "декабрь",
)  # fmt: skip


def form_for(count: int, forms: _Forms) -> str:
    """The form of a noun after a count: 1 рубль, 2 рубля, 5 рублей, 11 рублей, 21 рубль."""
    last_two, last = abs(count) % 100, abs(count) % 10
    if 11 <= last_two <= 14 or last in (0, 5, 6, 7, 8, 9):
        return forms[2]
    return forms[0] if last == 1 else forms[1]


def in_words(number: int) -> str:
    """A count of something of the masculine gender, below 10^18; raises ValueError beyond that.

    Minus is «минус», as in a sum that is owed the other way round.
    """
    if number < 0:
        return f"минус {in_words(-number)}"
    if number == 0:
        return "ноль"
    if number >= 1000 ** len(_CLASSES):
        raise ValueError(f"{number} has no words here")
    said: list[str] = []
    for power in reversed(range(len(_CLASSES))):
        if part := number // 1000**power % 1000:
            said += _below_thousand(part, is_female=power == 1)
            if power:
                said.append(form_for(part, _CLASSES[power]))
    return " ".join(said)


def _below_thousand(number: int, *, is_female: bool) -> list[str]:
    hundreds, rest = divmod(number, 100)
    tens, ones = (0, rest) if rest < len(_ONES) else divmod(rest, 10)
    one = _FEMALE.get(ones, _ONES[ones]) if is_female else _ONES[ones]
    return [word for word in (_HUNDREDS[hundreds], _TENS[tens], one) if word]


def sum_in_words(kopecks: int) -> str:
    """«Одна тысяча двадцать один рубль 05 копеек»: rubles in words, kopecks in two digits."""
    rubles, rest = divmod(abs(kopecks), 100)
    words = in_words(rubles) if kopecks >= 0 else f"минус {in_words(rubles)}"
    said = f"{words} {form_for(rubles, RUBLES)} {rest:02}{NBSP}{form_for(rest, KOPECKS)}"
    return said[0].upper() + said[1:]


def shown_sum(kopecks: int) -> str:
    """«12 345,60»: classes of digits are kept together."""
    rubles, rest = divmod(abs(kopecks), 100)
    sign = MINUS if kopecks < 0 else ""
    return f"{sign}{rubles:,},{rest:02}".replace(",", NBSP, f"{rubles:,}".count(","))


def plain_sum(kopecks: int) -> str:
    """«-12345,60»: as a cell of CSV, which a Russian spreadsheet reads as a number."""
    rubles, rest = divmod(abs(kopecks), 100)
    return f"{'-' if kopecks < 0 else ''}{rubles},{rest:02}"


def shown_count(count: int) -> str:
    """«12 345»."""
    return f"{count:,}".replace(",", NBSP)


def shown_day(day: date | None) -> str:
    """«30.11.2026», "" for none."""
    return f"{day:%d.%m.%Y}" if day else ""


def day_in_words(day: date) -> str:
    """«30 ноября 2026 г.», not to be broken."""
    return f"{day.day}{NBSP}{_MONTHS_OF[day.month - 1]}{NBSP}{day.year}{NBSP}г."


def shown_moment(moment: datetime) -> str:
    """«30.11.2026 23:59:50», Moscow."""
    return f"{moment.astimezone(MOSCOW):%d.%m.%Y %H:%M:%S}"


def period_in_words(first_day: date, last_day: date) -> str:
    """«ноябрь 2026 г.» or «IV квартал 2026 г.» if it is one, else both days."""
    follows = date.fromordinal(last_day.toordinal() + 1)
    months = (follows.year - first_day.year) * 12 + follows.month - first_day.month
    if first_day.day == follows.day == 1 and months == 1:
        return f"{_MONTHS[first_day.month - 1]}{NBSP}{first_day.year}{NBSP}г."
    if first_day.day == follows.day == 1 and months == 3 and first_day.month % 3 == 1:
        quarter = ("I", "II", "III", "IV")[first_day.month // 3]
        return f"{quarter}{NBSP}квартал {first_day.year}{NBSP}г."
    return f"{shown_day(first_day)}{NBSP}– {shown_day(last_day)}"
