"""The terms of a claim: who has to do what until which day, and by what rule. Pure: no clock, no database.

Working days are those of the Russian production calendar. A term begins on the day after the event and its
last day counts whole (Civil Code, articles 191 and 194); a day of the month that is not a working one moves
to the next that is (article 193).
"""

import calendar
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from gateway.domain.policy import moscow_date
from gateway.domain.settlement_terms import SettlementTerms
from gateway.workdays import is_estimated, is_working_day, last_day_of_term
from settlement.claims.states import ClaimState

_DAY: Final = timedelta(days=1)


class Duty(StrEnum):
    """What is to be done."""

    FILE = "FILE"
    REVIEW = "REVIEW"
    OBJECT = "OBJECT"
    ANSWER = "ANSWER"
    PAY = "PAY"
    RETURN = "RETURN"


TEXTS: Final = {
    Duty.FILE: ("подать расчёт", "file the claim"),
    Duty.REVIEW: ("рассмотреть расчёт", "review the claim"),
    Duty.OBJECT: ("возразить на решение", "object to the decision"),
    Duty.ANSWER: ("ответить на возражение", "answer the objection"),
    Duty.PAY: ("перечислить субсидию", "pay the subsidy"),
    Duty.RETURN: ("вернуть излишне полученное", "return what was overpaid"),
}
"""Duties as people read them, Russian and English."""

PRACTICE: Final = (
    "федеральная практика: не позднее 20-го числа следующего месяца; ГК РФ, ст. 193",
    "federal practice: not later than the 20th of the next month; Civil Code, article 193",
)
_OF_MONTH: Final = (
    "договор: {days}-е число следующего месяца; ГК РФ, ст. 193",
    "agreement: day {days} of the next month; Civil Code, article 193",
)
_OF_WORKING_DAYS: Final = ("договор: {days} раб. дн. {ru}", "agreement: {days} working days {en}")


class Due(Struct, frozen=True):
    """The last day of a term, where it comes from, and the years whose days off are only estimated."""

    duty: Duty
    day: date
    source_ru: str
    source_en: str
    estimated_years: tuple[int, ...] = ()


class Course(Struct, frozen=True):
    """What of a claim its terms depend on.

    `review_since` is its filing, or when the review was opened again; `decided_at` its last decision;
    `pay_since` that decision, or the last time that it was made payable anew after a bank returned it.
    """

    state: ClaimState
    last_day: date
    review_since: datetime | None = None
    decided_at: datetime | None = None
    pay_since: datetime | None = None


_REVIEWED: Final = (ClaimState.FILED, ClaimState.UNDER_REVIEW)
_OBJECTED: Final = (ClaimState.APPROVED_IN_PART, ClaimState.REFUSED)
_PAID: Final = (ClaimState.APPROVED, ClaimState.APPROVED_IN_PART, ClaimState.PAYABLE, ClaimState.PARTLY_PAID)


def due(course: Course, terms: SettlementTerms) -> tuple[Due, ...]:
    """The terms that run for a claim where it stands."""
    return tuple(_due(course, terms))


def _due(course: Course, terms: SettlementTerms) -> Iterator[Due]:
    if course.state is ClaimState.DRAFT:
        yield file_by(course.last_day, terms)
    if course.state in _REVIEWED and course.review_since:
        yield _within(
            Duty.REVIEW, course.review_since, terms.review_within_working_days, ("с подачи", "of filing")
        )
    if course.state in _OBJECTED and course.decided_at:
        days = terms.object_within_working_days
        yield _within(Duty.OBJECT, course.decided_at, days, ("с решения", "of the decision"))
    if course.state in _PAID and course.pay_since:
        days = terms.pay_within_working_days
        yield _within(Duty.PAY, course.pay_since, days, ("с решения", "of the decision"))


def file_by(period_end: date, terms: SettlementTerms) -> Due:
    """Until when a claim of a period is filed."""
    if terms.file_by_working_day:
        days = terms.file_by_working_day
        last = last_day_of_term(period_end, days)
        texts = _texts(days, ("после периода", "after the period"))
        return Due(Duty.FILE, last.day, *texts, last.estimated_years)
    first = period_end + _DAY
    day = first.replace(day=min(terms.file_by_day, calendar.monthrange(first.year, first.month)[1]))
    while not is_working_day(day):
        day += _DAY
    is_default = terms.file_by_day == SettlementTerms().file_by_day
    ru, en = PRACTICE if is_default else _OF_MONTH
    years = (day.year,) if is_estimated(day.year) else ()
    return Due(Duty.FILE, day, ru.format(days=terms.file_by_day), en.format(days=terms.file_by_day), years)


def stored(duty: Duty, day: date, terms: SettlementTerms) -> Due:
    """A term whose last day was fixed when it began: of an objection or of a demand."""
    if duty is Duty.ANSWER:
        texts = _texts(terms.answer_within_working_days, ("с возражения", "of the objection"))
    else:
        texts = _texts(terms.return_within_working_days, ("с требования", "of the demand"))
    return Due(duty, day, *texts, (day.year,) if is_estimated(day.year) else ())


def is_near(day: date, today: date, terms: SettlementTerms) -> bool:
    """Whether a term is missed, or ends within the working days in which people are reminded."""
    return day <= last_day_of_term(today, terms.remind_before_working_days).day


def _within(duty: Duty, since: datetime, days: int, of: Sequence[str]) -> Due:
    last = last_day_of_term(moscow_date(since), days)
    return Due(duty, last.day, *_texts(days, of), last.estimated_years)


def _texts(days: int, of: Sequence[str]) -> tuple[str, str]:
    ru, en = _OF_WORKING_DAYS
    return ru.format(days=days, ru=of[0]), en.format(days=days, en=of[1])
