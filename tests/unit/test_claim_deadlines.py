"""Terms of claims on the Russian production calendar: who has to do what until which day, and why."""

from datetime import UTC, date, datetime

import pytest

from gateway.domain.settlement_terms import SettlementTerms
from settlement.claims.states import ClaimState
from settlement.review.deadlines import PRACTICE, Course, Duty, due, file_by, is_near

DEFAULTS = SettlementTerms()
DECIDED = datetime(2026, 12, 15, 9, tzinfo=UTC)
NOVEMBER = date(2026, 11, 30)


@pytest.mark.parametrize(("period_end", "terms", "day"), [
    (date(2026, 10, 31), DEFAULTS, date(2026, 11, 20)),
    # 20 December 2026 is a Sunday.
    (NOVEMBER, DEFAULTS, date(2026, 12, 21)),
    # 3 January is in the holidays; Monday the 11th is the first working day.
    (date(2026, 12, 31), SettlementTerms(file_by_day=3), date(2027, 1, 11)),
    # February has no 31st, and 28 February 2027 is a Sunday.
    (date(2027, 1, 31), SettlementTerms(file_by_day=31), date(2027, 3, 1)),
    (NOVEMBER, SettlementTerms(file_by_working_day=10), date(2026, 12, 14)),
])  # fmt: skip
def test_a_claim_is_filed_in_the_month_after_its_period(
    period_end: date, terms: SettlementTerms, day: date
) -> None:
    """By a day that moves to the next working one, or by so many working days."""
    assert day == file_by(period_end, terms).day


def test_a_term_names_its_source() -> None:
    """The default the practice that it is from, all others the agreement."""
    assert PRACTICE == (file_by(NOVEMBER, DEFAULTS).source_ru, file_by(NOVEMBER, DEFAULTS).source_en)
    other = file_by(NOVEMBER, SettlementTerms(file_by_day=15))
    assert other.source_ru.startswith("договор: 15-е число")
    counted = file_by(NOVEMBER, SettlementTerms(file_by_working_day=10))
    assert "agreement: 10 working days after the period" == counted.source_en


@pytest.mark.parametrize(("state", "terms"), [
    (ClaimState.DRAFT, {Duty.FILE: date(2026, 12, 21)}),
    (ClaimState.FILED, {Duty.REVIEW: date(2026, 12, 29)}),
    (ClaimState.UNDER_REVIEW, {Duty.REVIEW: date(2026, 12, 29)}),
    (ClaimState.APPROVED, {Duty.PAY: date(2026, 12, 29)}),
    (ClaimState.APPROVED_IN_PART, {Duty.OBJECT: date(2026, 12, 22), Duty.PAY: date(2026, 12, 29)}),
    (ClaimState.REFUSED, {Duty.OBJECT: date(2026, 12, 22)}),
    (ClaimState.PAYABLE, {Duty.PAY: date(2026, 12, 29)}),
    (ClaimState.PARTLY_PAID, {Duty.PAY: date(2026, 12, 29)}),
    (ClaimState.PAID, {}),
    (ClaimState.SUPERSEDED, {}),
    (ClaimState.DISCARDED, {}),
    (ClaimState.RETURNED_TO_MERCHANT, {}),
    (ClaimState.RETURNED_BY_BANK, {}),
])  # fmt: skip
def test_each_state_has_its_terms(state: ClaimState, terms: dict[Duty, date]) -> None:
    """Ten and five working days after Tuesday, 15 December 2026."""
    course = Course(state, NOVEMBER, review_since=DECIDED, decided_at=DECIDED, pay_since=DECIDED)
    assert terms == {one.duty: one.day for one in due(course, DEFAULTS)}


def test_a_term_over_the_holidays_counts_no_day_off_and_says_what_is_estimated() -> None:
    """From Thursday, 24 December: the last of ten working days is in January of the next year."""
    course = Course(ClaimState.FILED, NOVEMBER, review_since=datetime(2026, 12, 24, 9, tzinfo=UTC))
    (term,) = due(course, DEFAULTS)
    assert (date(2027, 1, 18), ()) == (term.day, term.estimated_years)
    far = Course(ClaimState.FILED, NOVEMBER, review_since=datetime(2045, 6, 1, 9, tzinfo=UTC))
    assert (2045,) == due(far, DEFAULTS)[0].estimated_years


def test_the_day_of_an_event_is_moscows() -> None:
    """22:00 UTC of Tuesday is Wednesday there."""
    late = Course(ClaimState.REFUSED, NOVEMBER, decided_at=DECIDED.replace(hour=22))
    assert [date(2026, 12, 23)] == [one.day for one in due(late, DEFAULTS)]


@pytest.mark.parametrize(("today", "is_told"), [
    (date(2026, 12, 15), False),
    (date(2026, 12, 16), True),
    (date(2026, 12, 21), True),
    (date(2026, 12, 22), True),
])  # fmt: skip
def test_people_are_reminded_three_working_days_before_and_from_then_on(today: date, is_told: bool) -> None:
    """Of Monday, 21 December, from the Wednesday before."""
    assert is_told is is_near(date(2026, 12, 21), today, DEFAULTS)
