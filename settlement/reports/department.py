"""The department's year: points by program and month, money by КБК, claims that wait (docs/reports.md)."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct

from gateway.domain.certificate import Bucket, EntryKind
from gateway.domain.money import divide_half_up
from gateway.domain.policy import day_start, moscow_date
from gateway.domain.settlement_terms import SettlementTerms
from settlement.claims.states import ClaimState
from settlement.ledger_reader.archived_months import lock_ledger
from settlement.ledger_reader.reports_department import (
    BudgetRow,
    MovedRow,
    OpenClaimRow,
    read_budgets,
    read_moved,
    read_open_claims,
)
from settlement.review.deadlines import Course, due

LATELY_DAYS: Final = 90
"""How many days the forecast looks back."""


class Lapse(StrEnum):
    """Why points lapsed, or came back from having lapsed."""

    EXPIRED = "EXPIRED"
    """The certificate's last day passed."""
    ONE_SHOT_REST = "ONE_SHOT_REST"
    """The rest of a certificate that serves one purchase."""
    WITHDRAWN = "WITHDRAWN"
    HELD_PAST_END = "HELD_PAST_END"
    """Held when the certificate ended, and released or voided after it."""
    REFUNDED_PAST_END = "REFUNDED_PAST_END"
    CORRECTED = "CORRECTED"
    """By an operator's document, in either direction."""
    BROUGHT_BACK = "BROUGHT_BACK"
    """Below zero: a longer validity, an undone capture, a late capture of what had lapsed."""


LAPSE_RU: Final = {
    Lapse.EXPIRED: "истёк срок",
    Lapse.ONE_SHOT_REST: "остаток разового",
    Lapse.WITHDRAWN: "отозвано",
    Lapse.HELD_PAST_END: "снято удержание после срока",
    Lapse.REFUNDED_PAST_END: "возврат после срока",
    Lapse.CORRECTED: "исправления",
    Lapse.BROUGHT_BACK: "восстановлено",
}


class ProgramMonth(Struct):
    """Points of one program in a month, kopecks; `held` and `outstanding` as its last instant left them.

    `lapsed` sums to what left the certificates; outstanding = available + held.
    """

    program_code: str
    month: date
    issued_kopecks: int = 0
    spent_kopecks: int = 0
    held_kopecks: int = 0
    outstanding_kopecks: int = 0
    lapsed: dict[Lapse, int] = {}

    @property
    def lapsed_kopecks(self) -> int:
        """All that lapsed, less what was brought back."""
        return sum(self.lapsed.values())


class Budget(Struct, frozen=True):
    """A year's money of one КБК. Obligations are filed and approved, not yet paid."""

    kbk: str
    limit_kopecks: int | None
    sold_kopecks: int
    obligation_kopecks: int
    paid_kopecks: int
    forecast_kopecks: int


class OpenClaim(Struct, frozen=True):
    """A claim that waits; `age_days` since its period ended, `due_on` the last day of the term that runs."""

    claim_id: int
    merchant_name: str
    agreement_number: str
    first_day: date
    last_day: date
    state: ClaimState
    net_kopecks: int
    age_days: int
    due_on: date | None
    is_missed: bool


class DepartmentReport(Struct, frozen=True):
    """The report of one year as of an instant."""

    year: int
    made_at: datetime
    months: Sequence[ProgramMonth]
    budgets: Sequence[Budget]
    claims: Sequence[OpenClaim]


def lapse_of(row: MovedRow) -> Lapse:
    """Why a movement into LAPSED, or out of it, happened."""
    if row.kind == EntryKind.CORRECTION:
        return Lapse.CORRECTED
    if row.source == Bucket.LAPSED:
        return Lapse.BROUGHT_BACK
    if row.kind == EntryKind.LAPSE:
        return Lapse.ONE_SHOT_REST if row.is_of_purchase else Lapse.EXPIRED
    if row.kind == EntryKind.WITHDRAW:
        return Lapse.WITHDRAWN
    return Lapse.REFUNDED_PAST_END if row.kind == EntryKind.REFUND else Lapse.HELD_PAST_END


def program_months(rows: Iterable[MovedRow], year: int, until: date) -> list[ProgramMonth]:
    """A row for each program and each month of the year that has begun by a day."""
    moved = list(rows)
    months = [date(year, n, 1) for n in range(1, 13) if date(year, n, 1) <= until]
    found = []
    for code in sorted({row.program_code for row in moved}):
        of_program = [row for row in moved if row.program_code == code]
        held, outstanding = _balance(row for row in of_program if row.month is None)
        for month in months:
            of_month = [row for row in of_program if row.month == month]
            more_held, more_outstanding = _balance(of_month)
            held, outstanding = held + more_held, outstanding + more_outstanding
            made = ProgramMonth(code, month, held_kopecks=held, outstanding_kopecks=outstanding, lapsed={})
            for row in of_month:
                _take(made, row)
            found.append(made)
    return found


def _take(made: ProgramMonth, row: MovedRow) -> None:
    if row.source is None:
        made.issued_kopecks += row.amount_kopecks
    made.spent_kopecks += _into(row, Bucket.SPENT)
    if lapsed := _into(row, Bucket.LAPSED):
        reason = lapse_of(row)
        made.lapsed[reason] = made.lapsed.get(reason, 0) + lapsed


def _into(row: MovedRow, bucket: Bucket) -> int:
    return row.amount_kopecks * ((row.target == bucket) - (row.source == bucket))


def _balance(rows: Iterable[MovedRow]) -> tuple[int, int]:
    """What rows add to HELD, and to HELD and AVAILABLE together."""
    held = outstanding = 0
    for row in rows:
        held += _into(row, Bucket.HELD)
        outstanding += _into(row, Bucket.HELD) + _into(row, Bucket.AVAILABLE)
    return held, outstanding


def forecast_kopecks(row: BudgetRow, first_day: date, last_day: date, today: date) -> int:
    """What will have been sold at the year's end: so far, and each day left like the mean of the last 90.

    In the first 90 days of a year the mean is that of the days since it began.
    """
    passed = (min(today, last_day) - first_day).days + 1
    left = (last_day - max(today, first_day)).days
    if passed <= 0 or left <= 0 or row.lately_kopecks <= 0:
        return row.sold_kopecks
    return row.sold_kopecks + divide_half_up(row.lately_kopecks * left, min(passed, LATELY_DAYS))


def open_claim(row: OpenClaimRow, today: date) -> OpenClaim:
    """A waiting claim with its age and the term that runs."""
    terms = msgspec.json.decode(row.terms, type=SettlementTerms) if row.terms else SettlementTerms()
    state = ClaimState(row.state)
    due_on = _due_on(state, row, terms)
    return OpenClaim(
        row.id,
        row.merchant_name,
        row.agreement_number,
        row.first_day,
        row.last_day,
        state,
        row.net_kopecks,
        (today - row.last_day).days,
        due_on,
        due_on is not None and due_on < today,
    )


def _due_on(state: ClaimState, row: OpenClaimRow, terms: SettlementTerms) -> date | None:
    """The last day to file, to review or to pay; None where no such term runs."""
    course = Course(state, row.last_day, review_since=row.filed_at, pay_since=row.decided_at)
    return next((one.day for one in due(course, terms)), None)


async def department_report(connection: asyncpg.Connection, year: int) -> DepartmentReport:
    """The report of a year; runs in the caller's snapshot. Raises what the database raises."""
    await lock_ledger(connection)
    now: datetime = await connection.fetchval("SELECT tillgate_now()")
    today = moscow_date(now)
    first_day, last_day = date(year, 1, 1), date(year, 12, 31)
    end = day_start(date(year + 1, 1, 1))
    moved = await read_moved(connection, day_start(first_day), end)
    lately_after = min(today, last_day) - timedelta(days=LATELY_DAYS)
    budgets = await read_budgets(connection, first_day, last_day, lately_after)
    return DepartmentReport(
        year,
        now,
        program_months(moved, year, min(today, last_day)),
        [
            Budget(
                row.kbk,
                row.limit_kopecks,
                row.sold_kopecks,
                row.obligation_kopecks,
                row.paid_kopecks,
                forecast_kopecks(row, first_day, last_day, today),
            )
            for row in budgets
        ],
        [open_claim(row, today) for row in await read_open_claims(connection)],
    )
