"""Collects what decided baskets say of unknown and contradictory goods; never on the money path.

Baskets are counted in the order of their decisions, with the place up to which they are counted moved in the
same transaction: however often it runs, and wherever it breaks off, a line counts once.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from gateway.domain.judging import Edition, Review
from gateway.domain.purchase import JudgedBasket
from gateway.goods.cases.ranges import take_turn
from gateway.goods.cases.tally import (
    Additions,
    CaseKey,
    CaseState,
    Count,
    Declared,
    Example,
    KnownCase,
    Seen,
    additions,
    declared_lines,
    seen_lines,
)
from gateway.goods.cases.templates import TemplateBook, read_templates

LATE_MARGIN: Final = timedelta(seconds=60)
"""How much longer than a decision may be old its commit may take, before it is left out for good."""

_LOCK_KEY: Final = 0x676F_6363
"""Advisory lock of collecting: two workers at once would only wait for each other."""

_PLACE: Final = "SELECT collected_to FROM goods_collection"

_MOVE: Final = "UPDATE goods_collection SET collected_to = $1, collected_at = tillgate_now()"

_KNOWN: Final = """
SELECT DISTINCT ON (c.kind, c.merchant_id, c.key, c.review)
  c.id, w.place, c.state, c.takes_until, c.examples::text AS examples
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[])
  WITH ORDINALITY AS w (kind, merchant_id, key, review, place)
JOIN goods_case c ON (c.kind, c.merchant_id, c.key, c.review) = (w.kind, w.merchant_id, w.key, w.review)
ORDER BY c.kind, c.merchant_id, c.key, c.review, c.id DESC"""

_NEW: Final = """
INSERT INTO goods_case
  (kind, merchant_id, key, review, line_count, amount_kopecks, first_seen, last_seen, examples)
SELECT kind, merchant_id, key, review, line_count, amount_kopecks, first_seen, last_seen, examples::json
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::timestamptz[],
  $8::timestamptz[], $9::text[])
  AS n (kind, merchant_id, key, review, line_count, amount_kopecks, first_seen, last_seen, examples)
RETURNING id, kind, merchant_id, key, review"""

_ADD: Final = """
UPDATE goods_case c SET line_count = c.line_count + a.line_count,
  amount_kopecks = c.amount_kopecks + a.amount_kopecks, first_seen = least(c.first_seen, a.first_seen),
  last_seen = greatest(c.last_seen, a.last_seen), examples = a.examples::json
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::text[])
  AS a (id, line_count, amount_kopecks, first_seen, last_seen, examples)
WHERE c.id = a.id"""

_ADD_MERCHANTS: Final = """
INSERT INTO goods_case_merchant AS m (case_id, merchant_id, line_count, amount_kopecks)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
ON CONFLICT (case_id, merchant_id) DO UPDATE SET line_count = m.line_count + excluded.line_count,
  amount_kopecks = m.amount_kopecks + excluded.amount_kopecks"""

_ADD_DECLARED: Final = """
INSERT INTO goods_declared AS d
  (merchant_id, day, declared_count, checked_count, differing_count, differing_kopecks)
SELECT * FROM unnest($1::bigint[], $2::date[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
ON CONFLICT (merchant_id, day) DO UPDATE SET declared_count = d.declared_count + excluded.declared_count,
  checked_count = d.checked_count + excluded.checked_count,
  differing_count = d.differing_count + excluded.differing_count,
  differing_kopecks = d.differing_kopecks + excluded.differing_kopecks"""

_encode = msgspec.json.Encoder().encode
decode_examples = msgspec.json.Decoder(tuple[Example, ...]).decode

ReadBaskets = Callable[[asyncpg.Connection, UUID, UUID, int], Awaitable[Sequence[JudgedBasket]]]
"""At most so many judged baskets between two purchase ids, the earliest first."""

Progress = Callable[[int, datetime], None]
"""Told how many baskets more are counted, and when the last of them was decided."""


@dataclass(frozen=True)
class Collector:
    """Counts judged baskets in pages, each a transaction; at most `pages_max` in one run (None: all).

    `delay` is how long after its decision a basket may still be committed; `id_at` is the lowest id of a
    purchase decided at an instant or later.
    """

    connect: Callable[[], AbstractAsyncContextManager[asyncpg.Connection]]
    read: ReadBaskets
    edition_at: Callable[[datetime], Edition]
    id_at: Callable[[datetime], UUID]
    delay: timedelta
    page: int
    pages_max: int | None

    async def run_once(self, progress: Progress = lambda _, __: None) -> int:
        """Count what is new; returns the number of baskets looked at, 0 at once if another one collects.

        Raises what the database raises.
        """
        async with self.connect() as connection:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK_KEY):
                return 0
            # After an error the connection is thrown away, and the lock with it.
            counted = await self._collect(connection, progress)
            await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK_KEY)
            return counted

    async def bounds(self, connection: asyncpg.Connection) -> tuple[UUID, UUID]:
        """The ids between which a run that begins now would count."""
        now: datetime = await connection.fetchval("SELECT tillgate_now()")
        after: UUID = await connection.fetchval(_PLACE)
        return after, self.id_at(now - self.delay)

    async def _collect(self, connection: asyncpg.Connection, progress: Progress) -> int:
        _, before = await self.bounds(connection)
        templates = TemplateBook(await read_templates(connection))
        counted = pages = 0
        while self.pages_max is None or pages < self.pages_max:
            baskets = await self._count_page(connection, before, templates)
            counted, pages = counted + len(baskets), pages + 1
            if baskets:
                progress(len(baskets), baskets[-1].decided_at)
            if len(baskets) < self.page:
                break
        return counted

    async def _count_page(
        self, connection: asyncpg.Connection, before: UUID, templates: TemplateBook
    ) -> Sequence[JudgedBasket]:
        async with connection.transaction():
            # Nobody settles a case between the look at it and the counting.
            await take_turn(connection)
            after = await connection.fetchval(_PLACE)
            baskets = await self.read(connection, after, before, self.page)
            if baskets:
                await _add_seen(connection, list(seen_lines(baskets, templates.of)))
                await _add_declared(connection, declared_lines(baskets, self.edition_at))
                await connection.execute(_MOVE, baskets[-1].id)
        return baskets


async def _add_seen(connection: asyncpg.Connection, seen: Sequence[Seen]) -> None:
    if not seen:
        return
    # In one order, whoever writes.
    keys = sorted({line.key for line in seen})
    rows = await connection.fetch(_KNOWN, *_columns([_key_row(key) for key in keys]))
    known = {
        keys[row["place"] - 1]: KnownCase(
            row["id"], CaseState(row["state"]), row["takes_until"], decode_examples(row["examples"])
        )
        for row in rows
    }
    added = additions(seen, known)
    by_id = await _write_new(connection, added) | await _write_known(connection, added)
    merchants = [
        (case_id, merchant_id, *sums)
        for case_id, count in sorted(by_id.items())
        for merchant_id, sums in sorted(count.by_merchant.items())
    ]
    if merchants:
        await connection.execute(_ADD_MERCHANTS, *_columns(merchants))


async def _write_new(connection: asyncpg.Connection, added: Additions) -> dict[int, Count]:
    if not added.new:
        return {}
    new = [
        (*_key_row(key), *_count_row(count)) for key, count in sorted(added.new.items(), key=lambda n: n[0])
    ]
    rows = await connection.fetch(_NEW, *_columns(new))
    by_row = {_key_row(key): count for key, count in added.new.items()}
    return {row["id"]: by_row[row["kind"], row["merchant_id"], row["key"], row["review"]] for row in rows}


async def _write_known(connection: asyncpg.Connection, added: Additions) -> dict[int, Count]:
    if added.known:
        changed = [(case_id, *_count_row(count)) for case_id, count in sorted(added.known.items())]
        await connection.execute(_ADD, *_columns(changed))
    return added.known


async def _add_declared(
    connection: asyncpg.Connection, declared: Mapping[tuple[int, date], Declared]
) -> None:
    rows = [(*key, *msgspec.structs.astuple(counted)) for key, counted in sorted(declared.items())]
    if rows:
        await connection.execute(_ADD_DECLARED, *_columns(rows))


def _key_row(key: CaseKey) -> tuple[str, int, str, Review]:
    subject, review = key
    return subject.kind, subject.merchant_id, subject.key, review


def _count_row(count: Count) -> tuple[Any, ...]:
    examples = _encode(count.examples).decode()
    return count.line_count, count.amount_kopecks, count.first_seen, count.last_seen, examples


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
