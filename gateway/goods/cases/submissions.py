"""Goods that merchants submit ahead: their own codes, and GTINs that no catalogue has."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.goods.cases.subjects import SubjectKind

# What a rule says already is confirmed at once. A row that is there stays as it is: who submits twice is
# told what became of the first time.
_SUBMIT: Final = """
INSERT INTO goods_submission
  (merchant_id, kind, key, name, okpd2, state, submitted_at, rule_id, decided_by, decided_at)
SELECT $1, s.kind, s.key, s.name, s.okpd2, CASE WHEN r.id IS NULL THEN 'SUBMITTED' ELSE 'CONFIRMED' END,
  tillgate_now(), r.id, r.made_by, CASE WHEN r.id IS NOT NULL THEN tillgate_now() END
FROM (SELECT kind, key, name, okpd2, min(place) AS place
  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[])
    WITH ORDINALITY AS u (kind, key, name, okpd2, place)
  GROUP BY kind, key, name, okpd2) s
LEFT JOIN goods_rule r ON r.kind = s.kind AND r.key = s.key AND r.until IS NULL
  AND r.merchant_id = CASE s.kind WHEN 'in_store' THEN $1 ELSE 0 END
ORDER BY s.place
ON CONFLICT ON CONSTRAINT goods_submission_once DO NOTHING"""

# Two messages of a merchant with the same rows in another order would wait for each other for ever.
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended('goods_submission:' || $1::bigint, 0))"

_WAITING: Final = "SELECT count(*) FROM goods_submission WHERE merchant_id = $1 AND state = 'SUBMITTED'"

_COLUMNS: Final = """
SELECT s.id, s.merchant_id, s.kind, s.key, s.name, s.okpd2, s.state, s.submitted_at,
  coalesce(s.because, '') AS because, s.decided_at, coalesce(r.okpd2, '') AS confirmed_okpd2
"""

_SUBMITTED: Final = f"""{_COLUMNS}
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[])
  WITH ORDINALITY AS u (kind, key, name, okpd2, place)
JOIN goods_submission s ON s.merchant_id = $1
  AND (s.kind, s.key, s.name, s.okpd2) = (u.kind, u.key, u.name, u.okpd2)
LEFT JOIN goods_rule r ON r.id = s.rule_id ORDER BY u.place"""

_LIST: Final = f"""{_COLUMNS}
FROM goods_submission s LEFT JOIN goods_rule r ON r.id = s.rule_id
WHERE ($1::bigint IS NULL OR s.merchant_id = $1) AND ($2::text IS NULL OR s.state = $2) AND s.id > $3
ORDER BY s.id LIMIT $4"""


class TooManyWaitingError(Exception):
    """A merchant submitted more goods than may wait for a decision."""


class SubmissionState(StrEnum):
    """What became of submitted goods."""

    SUBMITTED = "SUBMITTED"
    CONFIRMED = "CONFIRMED"
    """A rule says what they are, be it what was declared or not."""
    REFUSED = "REFUSED"


class GoodsItem(Struct, frozen=True):
    """Goods as a merchant describes them: by a GTIN of 14 digits or its own code, `okpd2` "" if not told."""

    kind: SubjectKind
    key: str
    name: str
    okpd2: str


class Submission(Struct, frozen=True):
    """A submission as it stands: `because` is why it was refused, `confirmed_okpd2` what the goods are."""

    id: int
    merchant_id: int
    item: GoodsItem
    state: SubmissionState
    submitted_at: datetime
    because: str
    decided_at: datetime | None
    confirmed_okpd2: str


async def submit(
    connection: asyncpg.Connection, merchant_id: int, items: Sequence[GoodsItem], *, waiting_max: int = 0
) -> list[Submission]:
    """Take what a merchant submits, all of it or nothing; returns each item's submission, in their order.

    The same content again is the same submission. Raises TooManyWaitingError if more would wait than
    `waiting_max` (0: as many as come), and what the database raises.
    """
    columns = [[getattr(item, name) for item in items] for name in ("kind", "key", "name", "okpd2")]
    async with connection.transaction():
        await connection.execute(_ONE_AT_A_TIME, merchant_id)
        done = await connection.execute(_SUBMIT, merchant_id, *columns)
        # What waits already may be asked for again, however much it is.
        is_more = done != "INSERT 0 0"
        if waiting_max and is_more and await connection.fetchval(_WAITING, merchant_id) > waiting_max:
            raise TooManyWaitingError(f"merchant {merchant_id} has {waiting_max} submissions that wait")
        rows = await connection.fetch(_SUBMITTED, merchant_id, *columns)
    return [_submission(row) for row in rows]


async def list_submissions(
    connection: asyncpg.Connection,
    *,
    merchant_id: int | None,
    state: SubmissionState | None = None,
    after_id: int = 0,
    limit: int,
) -> list[Submission]:
    """Submissions of a merchant (None: of all), of a state, in the order of their ids."""
    return [_submission(row) for row in await connection.fetch(_LIST, merchant_id, state, after_id, limit)]


def _submission(row: asyncpg.Record) -> Submission:
    return Submission(
        row["id"],
        row["merchant_id"],
        GoodsItem(SubjectKind(row["kind"]), row["key"], row["name"], row["okpd2"]),
        SubmissionState(row["state"]),
        row["submitted_at"],
        row["because"],
        row["decided_at"],
        row["confirmed_okpd2"],
    )
