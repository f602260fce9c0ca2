"""Working days of Russia: weekends and holidays off, days that the government moved, working Saturdays.

The government moves days off by an act of its own for each year. For a year whose act the library does not
know yet it has the holidays of the Labour Code alone: such a year is estimated, and who counts by it is told.
"""

from datetime import date, datetime, timedelta
from functools import cache
from typing import Final

from holidays import HolidayBase, country_holidays
from holidays.countries.russia import RussiaStaticHolidays
from msgspec import Struct

from gateway.domain.policy import day_start, moscow_date

_DAY: Final = timedelta(days=1)
_YEARS_OF_ACTS: Final = frozenset(
    {
        *RussiaStaticHolidays.special_public_holidays,
        *RussiaStaticHolidays.special_public_holidays_observed,
    }
)


class LastDay(Struct, frozen=True):
    """The last day of a term, and the years that were estimated on the way to it."""

    day: date
    estimated_years: tuple[int, ...] = ()


class Earliest(Struct, frozen=True):
    """The first instant after a notice, and the years that were estimated on the way to it."""

    instant: datetime
    estimated_years: tuple[int, ...] = ()


@cache
def _calendar(year: int) -> HolidayBase:
    return country_holidays("RU", years=year)


def is_working_day(day: date) -> bool:
    """Whether people work on a day of the Russian production calendar (five-day week)."""
    is_working: bool = _calendar(day.year).is_working_day(day)
    return is_working


def is_estimated(year: int) -> bool:
    """True if the government's act on the days off of a year is not known."""
    return year not in _YEARS_OF_ACTS


def last_day_of_term(begun_on: date, working_days: int) -> LastDay:
    """The last day of a term of so many working days that an event on a day begins.

    The day of the event does not count, and the last day counts whole (Civil Code, articles 191 and 194).
    """
    day, left, years = begun_on, working_days, {begun_on.year}
    while left:
        day += _DAY
        years.add(day.year)
        left -= is_working_day(day)
    return LastDay(day, tuple(sorted(year for year in years if is_estimated(year))))


def earliest_after_notice(announced_at: datetime, working_days: int) -> Earliest:
    """When something announced at an instant may begin after that many working days.

    It is 00:00 Moscow of the day after the term's last one. No notice is no wait.
    """
    if not working_days:
        return Earliest(announced_at)
    last = last_day_of_term(moscow_date(announced_at), working_days)
    return Earliest(day_start(last.day + _DAY), last.estimated_years)
