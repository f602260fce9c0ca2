"""Working days of Russia, with the days that the government moved; and where a notice ends."""

from datetime import date, datetime

import pytest

from gateway.domain.policy import MOSCOW
from gateway.workdays import earliest_after_notice, is_estimated, is_working_day, last_day_of_term


@pytest.mark.parametrize(
    "day",
    [
        date(2024, 4, 27),
        date(2024, 11, 2),
        date(2024, 12, 28),
        date(2025, 11, 1),
        date(2025, 1, 9),
        date(2026, 1, 12),
        date(2026, 12, 30),
    ],
    ids=str,
)
def test_people_work_also_on_the_saturdays_that_were_moved(day: date) -> None:
    """By the government's acts on 2024, 2025 and 2026."""
    assert is_working_day(day)


@pytest.mark.parametrize(
    "day",
    [
        date(2024, 4, 29),
        date(2024, 5, 10),
        date(2024, 12, 31),
        date(2025, 5, 2),
        date(2025, 5, 8),
        date(2025, 6, 13),
        date(2025, 12, 31),
        date(2026, 1, 9),
        date(2026, 3, 9),
        date(2026, 5, 11),
        date(2026, 12, 31),
        date(2026, 11, 4),
        date(2026, 11, 7),
    ],
    ids=str,
)
def test_nobody_works_on_holidays_and_on_days_moved_from_them(day: date) -> None:
    """By the same acts."""
    assert not is_working_day(day)


@pytest.mark.parametrize(
    ("announced", "working_days", "earliest"),
    [
        ("2026-10-05T00:00", 5, "2026-10-13"),  # a Monday: Tuesday to Friday, and Monday
        ("2026-10-05T23:59", 5, "2026-10-13"),
        ("2026-10-09T10:00", 1, "2026-10-13"),  # a Friday: Monday
        ("2026-10-10T10:00", 5, "2026-10-17"),  # a Saturday: Monday to Friday, and then at once
        ("2024-04-26T10:00", 1, "2024-04-28"),  # the day after was a working Saturday
        ("2025-12-30T10:00", 1, "2026-01-13"),  # 31.12 to 11.01 were days off
        ("2026-12-30T18:00", 1, "2027-01-12"),
    ],
)
def test_a_notice_lasts_whole_working_days(announced: str, working_days: int, earliest: str) -> None:
    """Neither the day of the announcement nor the day in force is one of them; both are Moscow's."""
    said = datetime.fromisoformat(announced).replace(tzinfo=MOSCOW)
    begins = datetime.fromisoformat(earliest).replace(tzinfo=MOSCOW)
    found = earliest_after_notice(said, working_days)
    assert (begins, ()) == (found.instant, found.estimated_years)


def test_without_a_notice_nothing_is_waited_for() -> None:
    """The setting may be zero."""
    said = datetime(2026, 10, 5, 12, 30, tzinfo=MOSCOW)
    assert said == earliest_after_notice(said, 0).instant


def test_a_year_without_an_act_is_told_to_be_an_estimate() -> None:
    """The Labour Code's holidays are counted; what the government will move is not known."""
    assert not any(map(is_estimated, range(2012, 2027)))
    assert is_estimated(2050)
    found = earliest_after_notice(datetime(2049, 12, 30, tzinfo=MOSCOW), 3)
    assert (2049, 2050) == found.estimated_years


@pytest.mark.parametrize(
    ("begun", "working_days", "last"),
    [
        (date(2026, 11, 23), 3, date(2026, 11, 26)),
        (date(2026, 11, 26), 5, date(2026, 12, 3)),
        (date(2025, 12, 30), 3, date(2026, 1, 14)),  # 31.12 to 11.01 were days off
        (date(2026, 11, 21), 0, date(2026, 11, 21)),
    ],
)
def test_a_term_ends_on_its_last_working_day(begun: date, working_days: int, last: date) -> None:
    """The day of the event does not count; no term ends at once."""
    assert last == last_day_of_term(begun, working_days).day
