"""Periods of claims: whole calendar months or quarters."""

from calendar import monthrange
from datetime import date
from typing import Final

from gateway.domain.settlement_terms import Period
from settlement.claims.errors import ClaimCode
from settlement.errors import SettlementError

_MONTHS: Final = {Period.MONTH: 1, Period.QUARTER: 3}


def last_day_of(period: Period, first_day: date) -> date:
    """The last day of the period that begins on a day; raises SettlementError PERIOD_UNFIT."""
    months = _MONTHS[period]
    if first_day.day != 1 or (first_day.month - 1) % months:
        raise SettlementError(ClaimCode.PERIOD_UNFIT, day=first_day, period=period.value)
    month = first_day.month + months - 1
    return date(first_day.year, month, monthrange(first_day.year, month)[1])


def first_day_in(period: Period, day: date) -> date:
    """The first day of the period that a day lies in."""
    months = _MONTHS[period]
    return date(day.year, (day.month - 1) // months * months + 1, 1)
