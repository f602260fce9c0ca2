"""What is near its deadline or missed: claims, objections, demands, and claims that nobody filed yet."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

import asyncpg
from msgspec import Struct

from gateway.domain.settlement_terms import Period
from settlement.claims.states import ClaimState
from settlement.ledger_reader.claim_terms import AgreementTerms, terms_of_agreements
from settlement.ledger_reader.owing import Owing, owing_agreements
from settlement.review.deadlines import Course, Due, Duty, due, file_by, is_near, stored

_DAY: Final = timedelta(days=1)

_COURSE: Final = """
SELECT c.id AS claim_id, c.agreement_id, c.state, c.last_day,
  greatest(c.filed_at, h.reopened_at) AS review_since, h.decided_at,
  greatest(h.decided_at, h.paid_again_at) AS pay_since
FROM claim AS c LEFT JOIN LATERAL (
  SELECT max(made_at) FILTER (WHERE step = 'REOPEN') AS reopened_at,
    max(made_at) FILTER (WHERE step IN ('APPROVE', 'APPROVE_IN_PART', 'REFUSE')) AS decided_at,
    max(made_at) FILTER (WHERE step = 'PAY_AGAIN') AS paid_again_at
  FROM claim_history WHERE claim_id = c.id
) AS h ON true"""

# A draft whose net is not above zero is never filed: its lines are carried or demanded back.
_CLAIMS: Final = f"""{_COURSE}
WHERE c.state IN
    ('FILED', 'UNDER_REVIEW', 'APPROVED', 'APPROVED_IN_PART', 'REFUSED', 'PAYABLE', 'PARTLY_PAID')
  OR (c.state = 'DRAFT' AND c.sale_kopecks > c.returned_kopecks)
ORDER BY c.id"""

_CLAIM: Final = f"{_COURSE} WHERE c.id = $1"

_OBJECTIONS: Final = """
SELECT o.id, o.claim_id, c.agreement_id, o.answer_by FROM claim_objection AS o
JOIN claim AS c ON c.id = o.claim_id WHERE o.state = 'OPEN' AND ($1::bigint IS NULL OR c.id = $1)
ORDER BY o.id"""

_DEMANDS: Final = """
SELECT id, agreement_id, due_on FROM return_demand WHERE state = 'DEMANDED' ORDER BY id"""


class Reminder(Struct, frozen=True):
    """A duty near its last day or past it: of a claim, an objection, a demand, or an agreement alone."""

    due: Due
    is_missed: bool
    agreement_id: int
    agreement_number: str
    claim_id: int | None = None
    objection_id: int | None = None
    demand_id: int | None = None


class _Found(Struct, frozen=True):
    """A duty whose agreement's terms are not read yet; `about` are ids of the reminder."""

    agreement_id: int
    about: Mapping[str, int]
    course: Course | None = None
    duty: Duty = Duty.FILE
    day: date = date.min


async def reminders(connection: asyncpg.Connection, today: date) -> list[Reminder]:
    """Everything that is missed on a day of Moscow, or near, the most urgent first.

    How near is near says each agreement. The term to object is the merchant's to use or not: once it is over
    it is not missed, and no more told of.
    """
    found = [*await _claims(connection), *await _others(connection)]
    owing = await owing_agreements(connection, _periods_before(today))
    agreement_ids = {one.agreement_id for one in found} | {one.agreement_id for one in owing}
    agreements = await terms_of_agreements(connection, sorted(agreement_ids))
    made = [
        *(one for found_one in found for one in _reminders(found_one, agreements, today)),
        *_not_filed(owing, agreements, today),
    ]
    return sorted(made, key=lambda one: (one.due.day, one.agreement_id, one.claim_id or 0))


async def running(connection: asyncpg.Connection, claim_id: int) -> list[Due]:
    """Every term that runs for one claim, near or not; none if there is no such claim."""
    row = await connection.fetchrow(_CLAIM, claim_id)
    if row is None:
        return []
    terms = (await terms_of_agreements(connection, [row["agreement_id"]]))[row["agreement_id"]].terms
    answers = [
        stored(Duty.ANSWER, one["answer_by"], terms) for one in await connection.fetch(_OBJECTIONS, claim_id)
    ]
    return [*due(_course(row), terms), *answers]


async def _claims(connection: asyncpg.Connection) -> list[_Found]:
    return [
        _Found(row["agreement_id"], {"claim_id": row["claim_id"]}, _course(row))
        for row in await connection.fetch(_CLAIMS)
    ]


async def _others(connection: asyncpg.Connection) -> list[_Found]:
    objections = await connection.fetch(_OBJECTIONS, None)
    demands = await connection.fetch(_DEMANDS)
    answers = [
        _Found(
            row["agreement_id"],
            {"claim_id": row["claim_id"], "objection_id": row["id"]},
            duty=Duty.ANSWER,
            day=row["answer_by"],
        )
        for row in objections
    ]
    returns = [
        _Found(row["agreement_id"], {"demand_id": row["id"]}, duty=Duty.RETURN, day=row["due_on"])
        for row in demands
    ]
    return [*answers, *returns]


def _course(row: Any) -> Course:
    fields = {name: row[name] for name in ("last_day", "review_since", "decided_at", "pay_since")}
    return Course(ClaimState(row["state"]), **fields)


def _reminders(found: _Found, agreements: Mapping[int, AgreementTerms], today: date) -> Iterator[Reminder]:
    agreement = agreements[found.agreement_id]
    if found.course is None:
        terms: tuple[Due, ...] = (stored(found.duty, found.day, agreement.terms),)
    else:
        terms = due(found.course, agreement.terms)
    for one in terms:
        is_missed = one.day < today
        if is_near(one.day, today, agreement.terms) and not (is_missed and one.duty is Duty.OBJECT):
            yield Reminder(one, is_missed, found.agreement_id, agreement.number, **found.about)


def _not_filed(
    owing: list[Owing], agreements: Mapping[int, AgreementTerms], today: date
) -> Iterator[Reminder]:
    for one in owing:
        agreement = agreements[one.agreement_id]
        filing = file_by(one.last_day, agreement.terms)
        if is_near(filing.day, today, agreement.terms):
            yield Reminder(filing, filing.day < today, one.agreement_id, agreement.number)


def _periods_before(today: date) -> dict[Period, tuple[date, date]]:
    """The last month and the last quarter that are over."""
    month_end = today.replace(day=1) - _DAY
    quarter_end = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1) - _DAY
    return {
        Period.MONTH: (month_end.replace(day=1), month_end),
        Period.QUARTER: (quarter_end.replace(month=quarter_end.month - 2, day=1), quarter_end),
    }
