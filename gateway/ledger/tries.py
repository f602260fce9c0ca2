"""Tries of cards that are unknown or typed by hand: counted in the database, and locked beyond a limit.

Card numbers can be guessed (10⁹ of them), and a decline tells whether a guess was right. So each unknown card
is counted before anybody hears of it, by terminal and by merchant, and what cannot be counted is not
answered: this fails closed. A lock is known to every node with its next batch (`Standing.guessing_until`).
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError


class TryKind(StrEnum):
    """What is counted."""

    GUESSING = "GUESSING"
    """Different unknown cards; `key` is the card's token."""
    KEYED = "KEYED"
    """Requests with a typed number; `key` is the request's id."""


class Try(Struct, frozen=True, gc=False):
    """One try; the same key of the same terminal counts once."""

    kind: TryKind
    merchant_id: int
    terminal_id: int
    key: bytes


@dataclass(frozen=True, slots=True)
class TryLimits:
    """How many tries are answered before a lock; 0: as many as come.

    Unknown cards count within `window`, typed numbers within a Moscow day. A lock for guessing lasts `lock`,
    one for typing until the day ends.
    """

    terminal_cards: int = 20
    merchant_cards: int = 200
    window: timedelta = timedelta(hours=1)
    lock: timedelta = timedelta(hours=1)
    terminal_keyed_a_day: int = 50


REASONS_OF: Final = {TryKind.GUESSING: Reason.CARD_GUESSING, TryKind.KEYED: Reason.TOO_MANY_KEYED_CARDS}

# Whoever counts for a merchant does so alone: two at once would each miss what the other one adds.
_ALONE: Final = """
SELECT pg_advisory_xact_lock(hashtextextended('card_try:' || m, 0))
FROM (SELECT DISTINCT m FROM unnest($1::bigint[]) AS u (m) ORDER BY m) AS merchants"""
_PURGE: Final = """
DELETE FROM card_try WHERE terminal_id = ANY ($1::bigint[])
  AND tried_at < tillgate_now() - greatest($2::interval, '2 days'::interval)"""
_ADD: Final = """
INSERT INTO card_try (kind, merchant_id, terminal_id, key, tried_at)
SELECT DISTINCT k, m, t, y, tillgate_now() FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[])
  AS n (k, m, t, y)
ON CONFLICT (kind, terminal_id, key) DO UPDATE SET tried_at = excluded.tried_at"""
_SUBJECTS: Final = """
WITH subject AS (
  SELECT DISTINCT k AS kind, m AS merchant_id, t AS terminal_id
  FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS n (k, m, t)
  UNION SELECT k, m, NULL FROM unnest($1::text[], $2::bigint[]) AS n (k, m) WHERE k = 'GUESSING'),
today AS (
  SELECT tillgate_now() AS now,
    date_trunc('day', tillgate_now() AT TIME ZONE 'Europe/Moscow') AT TIME ZONE 'Europe/Moscow' AS since),
locked AS (
  SELECT s.*, coalesce((
    SELECT max(l.until) FROM card_lock l
    WHERE l.kind = s.kind AND l.merchant_id = s.merchant_id
      AND l.terminal_id IS NOT DISTINCT FROM s.terminal_id), '-infinity') AS until
  FROM subject s)
SELECT l.kind, l.merchant_id, l.terminal_id, l.until > d.now AS is_locked, (
    SELECT count(DISTINCT c.key) FROM card_try c
    WHERE c.kind = l.kind AND c.merchant_id = l.merchant_id
      AND (l.terminal_id IS NULL OR c.terminal_id = l.terminal_id) AND c.tried_at > l.until
      AND c.tried_at > CASE l.kind WHEN 'KEYED' THEN d.since ELSE d.now - $4::interval END) AS tries
FROM locked l, today d"""
_LOCK: Final = """
INSERT INTO card_lock (kind, merchant_id, terminal_id, since, until)
SELECT $1, $2, $3, now, CASE $1 WHEN 'KEYED' THEN midnight ELSE now + $4::interval END
FROM (SELECT tillgate_now() AS now, (date_trunc('day', tillgate_now() AT TIME ZONE 'Europe/Moscow')
  + '1 day'::interval) AT TIME ZONE 'Europe/Moscow' AS midnight) AS t"""


@dataclass(frozen=True)
class Tries:
    """Counts tries by the limits."""

    limits: TryLimits

    async def beyond(self, connection: asyncpg.Connection, tries: Sequence[Try]) -> set[Try]:
        """Count tries, durably; returns those that may not be answered, for their limit is reached.

        Of a terminal or merchant that goes beyond its limit all tries are refused that were counted together.
        Raises what the database raises: then nothing may be answered.
        """
        tries = [one for one in tries if self._is_limited(one.kind)]
        if not tries:
            return set()
        kinds = [one.kind.value for one in tries]
        merchants, terminals = [one.merchant_id for one in tries], [one.terminal_id for one in tries]
        refused: set[tuple[str, int, int | None]] = set()
        async with connection.transaction():
            await connection.execute(_ALONE, merchants)
            await connection.execute(_PURGE, terminals, self.limits.window)
            await connection.execute(_ADD, kinds, merchants, terminals, [one.key for one in tries])
            for row in await connection.fetch(_SUBJECTS, kinds, merchants, terminals, self.limits.window):
                subject = (row["kind"], row["merchant_id"], row["terminal_id"])
                limit = self._limit(*subject)
                if row["is_locked"] or (limit and row["tries"] > limit):
                    refused.add(subject)
                if limit and row["tries"] > limit and not row["is_locked"]:
                    await connection.execute(_LOCK, *subject, self.limits.lock)
        return {
            one
            for one in tries
            if (one.kind, one.merchant_id, one.terminal_id) in refused
            or (one.kind, one.merchant_id, None) in refused
        }

    def _is_limited(self, kind: TryKind) -> bool:
        if kind is TryKind.KEYED:
            return self.limits.terminal_keyed_a_day > 0
        return self.limits.terminal_cards > 0 or self.limits.merchant_cards > 0

    def _limit(self, kind: str, _: int, terminal_id: int | None) -> int:
        if kind == TryKind.KEYED:
            return self.limits.terminal_keyed_a_day
        return self.limits.merchant_cards if terminal_id is None else self.limits.terminal_cards


CountTries = Callable[[Sequence[Try]], Awaitable[None]]
"""Counts the tries of a question that changes nothing; raises CommandError if they go beyond a limit."""


async def count_none(_: Sequence[Try]) -> None:
    """Nothing is limited."""


def counting(
    tries: Tries, connect: Callable[[], AbstractAsyncContextManager[asyncpg.Connection]]
) -> CountTries:
    """A CountTries on connections of its own."""

    async def count(some: Sequence[Try]) -> None:
        async with connect() as connection:
            for one in await tries.beyond(connection, some):
                raise CommandError(REASONS_OF[one.kind])

    return count
