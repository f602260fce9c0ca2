"""The leaves of a day: as the ledger has them now, and as they were when the day was sealed.

A merchant's outcomes stand in the order of their decision, then of their request ids: that of the index by
which they are listed, so that a day of any length is streamed without being sorted.
"""

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import date
from struct import Struct as Layout
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from gateway.domain.policy import day_end, day_start

_LAYOUT: Final = Layout(">16sq32s")
CHUNK_LEAVES: Final = 1000
_PREFETCH: Final = 2000

# Merchants are hopped over in the index: it holds all years, and a day is a short piece of each merchant's.
_MERCHANTS: Final = """
WITH RECURSIVE m (id) AS (
  SELECT min(merchant_id) FROM outcome
  UNION ALL
  SELECT (SELECT min(o.merchant_id) FROM outcome o WHERE o.merchant_id > m.id)
  FROM m WHERE m.id IS NOT NULL)"""

# `merkle.outcome_leaf`, where the answers are: a leaf is a fiftieth of what it vouches for.
_LEAF: Final = (
    "sha256('\\x00'::bytea || uuid_send(o.request_id) || int8send(octet_length(o.signed_payload)::bigint)"
    " || o.signed_payload || o.signature)"
)

_IN_LEDGER: Final = f"""
{_MERCHANTS}
SELECT m.id AS merchant_id, o.request_id, o.terminal_id, {_LEAF} AS leaf
FROM m CROSS JOIN LATERAL (
  SELECT * FROM outcome o
  WHERE o.merchant_id = m.id AND o.decided_at >= $1 AND o.decided_at < $2
  ORDER BY o.decided_at, o.request_id OFFSET 0) o
WHERE m.id IS NOT NULL"""

_FIRST: Final = f"""
{_MERCHANTS}
SELECT f.decided_at, f.merchant_id, f.request_id
FROM m CROSS JOIN LATERAL (
  SELECT * FROM outcome o WHERE o.merchant_id = m.id ORDER BY o.decided_at, o.request_id LIMIT 1) f
WHERE m.id IS NOT NULL ORDER BY f.decided_at LIMIT 1"""

_SEALED: Final = "SELECT merchant_id, leaves FROM day_seal_leaves WHERE day = $1 ORDER BY merchant_id, n"

# Plans are made while the table may look empty; only the index keeps the order without sorting.
BY_INDEX: Final = (
    "SET LOCAL jit = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;"
    " SET LOCAL enable_sort = off"
)


class Leaf(NamedTuple):
    """One outcome of a day: whose, by which terminal (not vouched for), and its hash."""

    merchant_id: int
    request_id: UUID
    terminal_id: int
    hash: bytes


async def leaves_in_ledger(connection: asyncpg.Connection, day: date) -> AsyncIterator[Leaf]:
    """The outcomes of a day by merchant, in their order; the caller is in a transaction, after `BY_INDEX`.

    Raises RuntimeError should the database ever give merchants in another order.
    """
    last = -1
    async for row in connection.cursor(_IN_LEDGER, day_start(day), day_end(day), prefetch=_PREFETCH):
        leaf = Leaf(row["merchant_id"], row["request_id"], row["terminal_id"], row["leaf"])
        if leaf.merchant_id < last:
            raise RuntimeError("merchants came out of order")
        last = leaf.merchant_id
        yield leaf


async def sealed_leaves(connection: asyncpg.Connection, day: date) -> AsyncIterator[Leaf]:
    """The outcomes of a day as they were sealed, in the same order; the caller is in a transaction."""
    async for row in connection.cursor(_SEALED, day, prefetch=8):
        for leaf in unpack(row["merchant_id"], row["leaves"]):
            yield leaf


async def first_outcome(connection: asyncpg.Connection) -> asyncpg.Record | None:
    """`decided_at`, `merchant_id` and `request_id` of the oldest outcome of all."""
    return await connection.fetchrow(_FIRST)


def pack(leaves: Iterable[Leaf]) -> bytes:
    """Leaves of one merchant as they are stored: request id, terminal, hash."""
    return b"".join(_LAYOUT.pack(leaf.request_id.bytes, leaf.terminal_id, leaf.hash) for leaf in leaves)


def unpack(merchant_id: int, packed: bytes) -> Iterator[Leaf]:
    """Leaves that were stored; raises struct.error if a part of one is missing."""
    for request_id, terminal_id, leaf in _LAYOUT.iter_unpack(packed):
        yield Leaf(merchant_id, UUID(bytes=request_id), terminal_id, leaf)
