"""Figures as Russian readers know them: narrow spaces between thousands, a comma, rubles and kopecks."""

from datetime import date
from typing import Final

THIN: Final = "\u202f"
MINUS: Final = "\u2212"
NOTHING: Final = "–"
HIDDEN: Final = "скрыто"

_MONTHS: Final = (
    "января", "февраля", "марта", "апреля", "мая", "июня",
    "июля", "августа", "сентября", "октября", "ноября", "декабря",
)  # fmt: skip


def shown_count(number: int) -> str:
    """1234567 → 1 234 567."""
    return f"{number:,}".replace(",", THIN).replace("-", MINUS)


def shown_rubles(kopecks: int) -> str:
    """Kopecks as rubles: 123456 → 1 234,56."""
    whole, rest = divmod(abs(kopecks), 100)
    return f"{MINUS if kopecks < 0 else ''}{shown_count(whole)},{rest:02}"


def shown_quantity(milli: int) -> str:
    """Thousandths as whole pieces or kilograms where they are many, else with what follows the comma."""
    whole, rest = divmod(milli, 1000)
    if rest == 0 or whole >= 1000:
        return shown_count(whole + (rest >= 500))
    return f"{shown_count(whole)},{rest:03}".rstrip("0")


def shown_percent(permille: int | None) -> str:
    """Tenths of percent: 125 → 12,5 %."""
    if permille is None:
        return NOTHING
    whole, rest = divmod(abs(permille), 10)
    return f"{MINUS if permille < 0 else ''}{shown_count(whole)},{rest}{THIN}%"


def shown_change(permille: int | None) -> str:
    """A change with its sign."""
    if permille is None:
        return NOTHING
    return f"{'+' if permille > 0 else ''}{shown_percent(permille)}"


def shown_day(day: date) -> str:
    """16 ноября 2026."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


_NOMINATIVE: Final = (
    "январь", "февраль", "март", "апрель", "май", "июнь",
    "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
)  # fmt: skip


def shown_month(month: date) -> str:
    """Ноябрь 2026, in small letters."""
    return f"{_NOMINATIVE[month.month - 1]} {month.year}"


def shown_days(first_day: date, last_day: date) -> str:
    """16–22 ноября 2026, or both days in full."""
    if (first_day.year, first_day.month) == (last_day.year, last_day.month):
        return f"{first_day.day}–{shown_day(last_day)}"
    return f"{shown_day(first_day)} – {shown_day(last_day)}"
