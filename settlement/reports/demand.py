"""The weekly demand report: made once of what was sold, stored as published, and the same ever after."""

import re
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Final

import asyncpg
import msgspec

from gateway.domain.policy import moscow_date
from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record
from settlement.errors import SettlementError
from settlement.ledger_reader.reports_demand import districts_of_outlets, sold_between
from settlement.reports.demand_counting import Counter
from settlement.reports.demand_tables import Week, published_week
from settlement.reports.errors import ReportCode

_WEEK: Final = re.compile(r"([0-9]{4})-W([0-9]{2})", re.ASCII)
_DAYS: Final = timedelta(days=7)

# One maker at a time: two would publish two versions of the same week.
_LOCK: Final = "SELECT pg_advisory_lock(hashtext('demand_week'))"
_UNLOCK: Final = "SELECT pg_advisory_unlock(hashtext('demand_week'))"
_STORED: Final = "SELECT tables::text FROM demand_week WHERE first_day = $1"
_STORE: Final = (
    "INSERT INTO demand_week (first_day, made_at, made_by, accounts_min, tables) VALUES ($1, $2, $3, $4, $5)"
)

_week_of: Final = msgspec.json.Decoder(Week).decode


def monday_of(week: str) -> date:
    """The first day of an ISO week such as 2026-W47; raises SettlementError."""
    found = _WEEK.fullmatch(week)
    try:
        if found is not None:
            return date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError:
        pass
    raise SettlementError(ReportCode.WEEK_UNKNOWN, week=week)


def name_of(first_day: date) -> str:
    """The ISO name of the week that begins on a day."""
    year, week, _ = first_day.isocalendar()
    return f"{year}-W{week:02}"


async def stored_week(connection: asyncpg.Connection, first_day: date) -> Week | None:
    """A week as it was published, None if it was not yet."""
    text: str | None = await connection.fetchval(_STORED, first_day)
    return None if text is None else _week_of(text)


async def publish_week(
    connection: asyncpg.Connection, first_day: date, *, by: Actor, accounts_min: int, wait_days: int
) -> Week:
    """The week of a Monday: as it was published, else counted now and stored for good, with its audit entry.

    Late captures come in for `wait_days` after its end; before, it is refused (SettlementError). What comes
    later still stands in no demand report: a second version would tell by its difference who came late.
    """
    await connection.execute(_LOCK)  # before any snapshot, which must see what another maker stored
    try:
        if (stored := await stored_week(connection, first_day)) is not None:
            return stored
        week = await _count(connection, first_day, accounts_min, wait_days)
        await _store(connection, week, by)
    finally:
        await connection.execute(_UNLOCK)
    return week


async def _count(connection: asyncpg.Connection, first_day: date, accounts_min: int, wait_days: int) -> Week:
    """What was sold in a week that is over, in one snapshot."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        now: datetime = await connection.fetchval("SELECT tillgate_now()")
        ready = first_day + _DAYS + timedelta(days=wait_days)
        if moscow_date(now) < ready:
            raise SettlementError(ReportCode.WEEK_OPEN, week=name_of(first_day), day=ready)
        counter = Counter(await districts_of_outlets(connection), accounts_min)
        async for page in sold_between(connection, first_day, first_day + _DAYS - timedelta(days=1)):
            counter.add(page)
        return published_week(counter.tally, first_day=first_day, made_at=now, accounts_min=accounts_min)


async def _store(connection: asyncpg.Connection, week: Week, by: Actor) -> None:
    text = msgspec.json.encode(week).decode()
    async with connection.transaction():
        await connection.execute(_STORE, week.first_day, week.made_at, by.id, week.accounts_min, text)
        await record(
            connection,
            actor=by,
            action=Action.DEMAND_PUBLISHED,
            subject=Subject(SubjectKind.DEMAND_WEEK, name_of(week.first_day)),
            details={"accounts_min": week.accounts_min, "sha256": sha256(text.encode()).hexdigest()},
        )
