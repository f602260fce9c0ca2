"""Periods of claims: whole calendar months or quarters, of which no two filed claims have a day in common."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from msgspec import Struct

from gateway.domain.settlement_terms import Period
from settlement.claims.errors import ClaimCode
from settlement.claims.states import ClaimState
from settlement.errors import SettlementError

_MONTHS: Final = {Period.MONTH: 1, Period.QUARTER: 3}


class FiledPeriod(Struct, frozen=True):
    """What was filed and not superseded: a claim with its days."""

    id: int
    state: ClaimState
    correction_number: int
    first_day: date
    last_day: date


def last_day_of(period: Period, first_day: date) -> date:
    """The last day of the period that begins on a day; raises SettlementError PERIOD_UNFIT."""
    begins, last_day = _around(period, first_day)
    if begins != first_day:
        raise _unfit(period, first_day)
    return last_day


def days_of(period: Period, first_day: date, filed: Iterable[FiledPeriod]) -> tuple[date, date]:
    """The days of the claim that an agreement's first day of a period leads to, beside the claims of others.

    An addendum may turn months into quarters, or back, after a part of the period was filed. Then the claim
    covers what is left of it: it begins on the day after the last one that is filed, and may be asked for by
    either day. Raises SettlementError PERIOD_UNFIT, and PERIOD_FILED if nothing is left.
    """
    begins, ends = _around(period, first_day)
    over = max(
        (one for one in filed if one.last_day >= begins and one.first_day <= ends),
        key=lambda one: one.last_day,
        default=None,
    )
    if over is not None and over.last_day >= ends:
        raise SettlementError(
            ClaimCode.PERIOD_FILED, claim_id=over.id, first_day=over.first_day, last_day=over.last_day
        )
    left = begins if over is None else over.last_day + timedelta(days=1)
    if first_day not in (begins, left):
        raise _unfit(period, first_day)
    return left, ends


def _around(period: Period, day: date) -> tuple[date, date]:
    months = _MONTHS[period]
    first = (day.month - 1) // months * months + 1
    last = first + months - 1
    return date(day.year, first, 1), date(day.year, last, monthrange(day.year, last)[1])


def _unfit(period: Period, day: date) -> SettlementError:
    return SettlementError(ClaimCode.PERIOD_UNFIT, day=day, period=period.value)
