"""What people of the department look at: cases by weight, one case whole, merchants' misdeclaration."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.domain.judging import Review
from gateway.goods.cases.collecting import decode_examples
from gateway.goods.cases.errors import CaseCode, CaseError
from gateway.goods.cases.subjects import Subject, SubjectKind
from gateway.goods.cases.tally import CaseState, Example
from gateway.goods.evaluation.wilson import wilson_interval

_COLUMNS: Final = """
SELECT c.id, c.kind, c.merchant_id, c.key, c.review, c.state, c.line_count, c.amount_kopecks, c.first_seen,
  c.last_seen, c.examples::text AS examples, c.settled_by, c.settled_at, c.because, c.rule_id,
  (SELECT count(*) FROM goods_case_merchant m WHERE m.case_id = c.id) AS merchant_count
FROM goods_case c"""

_CASES: Final = f"""{_COLUMNS}
WHERE ($1::text IS NULL OR c.state = $1) AND ($2::text IS NULL OR c.review = $2)
  AND ($3::bigint IS NULL
    OR EXISTS (SELECT FROM goods_case_merchant m WHERE m.merchant_id = $3 AND m.case_id = c.id))
ORDER BY c.amount_kopecks DESC, c.id LIMIT $4"""

_CASE: Final = f"{_COLUMNS} WHERE c.id = $1"

_MERCHANTS: Final = """
SELECT merchant_id, line_count, amount_kopecks FROM goods_case_merchant WHERE case_id = $1
ORDER BY amount_kopecks DESC, merchant_id"""

_DECLARED: Final = """
SELECT merchant_id, sum(declared_count)::bigint, sum(checked_count)::bigint, sum(differing_count)::bigint,
  sum(differing_kopecks)::bigint
FROM goods_declared
WHERE ($1::bigint IS NULL OR merchant_id = $1) AND day >= $2 AND day <= $3
GROUP BY merchant_id ORDER BY merchant_id"""


class Case(Struct, frozen=True):
    """A case as it stands. `because` is the act of its confirmation, or why it was dismissed."""

    id: int
    subject: Subject
    review: Review
    state: CaseState
    line_count: int
    amount_kopecks: int
    merchant_count: int
    first_seen: datetime
    last_seen: datetime
    examples: tuple[Example, ...]
    settled_by: str | None
    settled_at: datetime | None
    because: str | None
    rule_id: int | None


class MerchantShare(Struct, frozen=True):
    """What one merchant's lines have of a case."""

    merchant_id: int
    line_count: int
    amount_kopecks: int


class Misdeclared(Struct, frozen=True):
    """How often a merchant's tills declare other goods than a trusted source knows; see `tally.Declared`."""

    merchant_id: int
    declared_count: int
    checked_count: int
    differing_count: int
    differing_kopecks: int

    @property
    def rate(self) -> float | None:
        """Of the lines that could be checked, those that differ; None if there was none."""
        return self.differing_count / self.checked_count if self.checked_count else None

    @property
    def interval(self) -> tuple[float, float]:
        """Where the rate lies with 95 % confidence."""
        return wilson_interval(self.differing_count, self.checked_count)


async def list_cases(
    connection: asyncpg.Connection,
    *,
    state: CaseState | None = None,
    review: Review | None = None,
    merchant_id: int | None = None,
    limit: int = 50,
) -> list[Case]:
    """Cases of a state, of a review, with lines of a merchant; those of the most money first."""
    return [_case(row) for row in await connection.fetch(_CASES, state, review, merchant_id, limit)]


async def get_case(connection: asyncpg.Connection, case_id: int) -> tuple[Case, list[MerchantShare]]:
    """One case with what each merchant has of it; raises CaseError CASE_UNKNOWN."""
    row = await connection.fetchrow(_CASE, case_id)
    if row is None:
        raise CaseError(CaseCode.CASE_UNKNOWN, case_id=case_id)
    return _case(row), [MerchantShare(*share) for share in await connection.fetch(_MERCHANTS, case_id)]


async def misdeclared(
    connection: asyncpg.Connection, *, merchant_id: int | None, first_day: date, last_day: date
) -> Sequence[Misdeclared]:
    """The figure of each merchant, or of one, over days in Moscow, the worst first.

    The worst is whoever's lower bound is highest: one line of one that differs says little.
    """
    rows = await connection.fetch(_DECLARED, merchant_id, first_day, last_day)
    return sorted((Misdeclared(*row) for row in rows), key=lambda one: (-one.interval[0], one.merchant_id))


def _case(row: asyncpg.Record) -> Case:
    return Case(
        row["id"],
        Subject(SubjectKind(row["kind"]), row["merchant_id"], row["key"]),
        Review(row["review"]),
        CaseState(row["state"]),
        row["line_count"],
        row["amount_kopecks"],
        row["merchant_count"],
        row["first_seen"],
        row["last_seen"],
        decode_examples(row["examples"]),
        row["settled_by"],
        row["settled_at"],
        row["because"],
        row["rule_id"],
    )
