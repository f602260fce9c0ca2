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


def earliest_after_notice(announced_at: datetime, working_days: int) -> Earliest:
    """When something announced at an instant may begin after that many working days.

    The day of the announcement does not count, and the last day of the term counts whole (Civil Code,
    articles 191 and 194): it is 00:00 Moscow of the day after. No notice is no wait.
    """
    if not working_days:
        return Earliest(announced_at)
    day = moscow_date(announced_at)
    years = {day.year}
    left = working_days
    while left:
        day += _DAY
        years.add(day.year)
        left -= is_working_day(day)
    return Earliest(day_start(day + _DAY), tuple(sorted(year for year in years if is_estimated(year))))
