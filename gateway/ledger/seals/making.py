"""Sealing the days into which nothing can come any more.

A day is decided by `decided_at`, which is read before the writing transaction shows; but whatever is written
shows as a writing transaction (it has an id) before its age is checked, and nothing older than
`TILLGATE_DECISION_MAX_AGE_S` is written. So at 00:10 each transaction that may still bring an outcome of
yesterday has an id, and a lower one than what is given out next. A snapshot in which no lower one runs any
more sees all that will ever come of them: also of prepared transactions, of other nodes, and of a commit that
waits for its standby. What only reads, however long, holds nothing up. No clock is asked but the database's.
"""

import asyncio
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final, Protocol

import asyncpg
import structlog
from msgspec import Struct

from gateway.domain.policy import moscow_date
from gateway.ledger.seals.leaves import (
    BY_INDEX,
    CHUNK_LEAVES,
    Leaf,
    first_outcome,
    leaves_in_ledger,
    pack,
)
from gateway.ledger.seals.merkle import Tree, merchant_leaf
from gateway.ledger.seals.statement import GENESIS, Statement, hash_of

CLOSING: Final = timedelta(minutes=10)
"""How long after midnight a day stays open: far longer than any decision may take to be written."""

QUIET_WAIT_S: Final = 30.0
_LOOK_AGAIN_S: Final = 0.05
_LOCK_KEY: Final = 0x7365_616C

log = structlog.get_logger(__name__)


class Signer(Protocol):
    """Signs with the key of outcomes."""

    @property
    def key_id(self) -> str: ...

    def sign(self, payload: bytes) -> bytes:
        """The Ed25519 signature over exactly these bytes."""


class MadeSeal(Struct, frozen=True):
    """A seal that was made now."""

    day: date
    merchant_count: int
    outcome_count: int
    hash: bytes


class DayNotQuietError(Exception):
    """A transaction that began to write before the day's end has not ended: the day is sealed later."""


async def seal_due_days(
    connection: asyncpg.Connection,
    signer: Signer,
    *,
    quiet_wait_s: float = QUIET_WAIT_S,
    progress: Callable[[MadeSeal], None] = lambda _: None,
) -> list[MadeSeal]:
    """Seal every day that is due, as the owner of the tables; none if another process is at it.

    The first day ever is that of the oldest outcome or, without any, the last one that is due. Raises
    DayNotQuietError.
    """
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK_KEY):
        return []
    made: list[MadeSeal] = []
    last_due, horizon = await _horizon(connection)
    try:
        while (seal := await _seal_next(connection, signer, last_due, horizon, quiet_wait_s)) is not None:
            made.append(seal)
            progress(seal)
    except DayNotQuietError:
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK_KEY)
        raise
    # After any other error, or when it is told to stop, the connection is thrown away, and the lock with it.
    await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK_KEY)
    return made


def last_due_day(now: datetime) -> date:
    """The last day that is due to be sealed at an instant."""
    return moscow_date(now - CLOSING) - timedelta(days=1)


async def _horizon(connection: asyncpg.Connection) -> tuple[date, int]:
    """The last day that is due, and a transaction id that was given out when it was due already.

    It has to be given out to us: a snapshot knows of no id above the last one that ended.
    """
    now: datetime = await connection.fetchval("SELECT tillgate_now()")
    # A statement of its own, later: the clock must have been read before.
    horizon = await connection.fetchval("SELECT pg_current_xact_id()::text")
    return last_due_day(now), int(horizon)


async def _seal_next(
    connection: asyncpg.Connection, signer: Signer, last_due: date, horizon: int, quiet_wait_s: float
) -> MadeSeal | None:
    """Seal the next day in a snapshot to which nothing can be added; None if it is not due."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + quiet_wait_s
    while True:
        async with connection.transaction(isolation="repeatable_read"):
            oldest = await connection.fetchval("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
            if int(oldest) > horizon:
                await connection.execute(BY_INDEX)
                last = await connection.fetchrow("SELECT day, hash FROM day_seal ORDER BY day DESC LIMIT 1")
                day = last["day"] + timedelta(days=1) if last else await _first_day(connection, last_due)
                if day > last_due:
                    return None
                return await _seal(connection, signer, day, last["hash"] if last else GENESIS)
        if loop.time() >= give_up_at:
            raise DayNotQuietError(f"{last_due} waits for transaction {oldest}, begun before {horizon}")
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _first_day(connection: asyncpg.Connection, last_due: date) -> date:
    first = await first_outcome(connection)
    return last_due if first is None else moscow_date(first["decided_at"])


async def _seal(connection: asyncpg.Connection, signer: Signer, day: date, previous: bytes) -> MadeSeal:
    tree = _DayTree(connection, day)
    async for leaf in leaves_in_ledger(connection, day):
        await tree.add(leaf)
    await tree.finish()
    sealed_at: datetime = await connection.fetchval("SELECT tillgate_now()")
    statement = Statement(day, tree.merchants.count, tree.merchants.root, previous, sealed_at)
    text = statement.text
    await connection.execute(
        "INSERT INTO day_seal (day, merchant_count, outcome_count, root, previous_hash, hash, statement,"
        " signature, key_id, sealed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        day, tree.merchants.count, tree.outcome_count, statement.root, previous, hash_of(text), text,
        signer.sign(text.encode()), signer.key_id, sealed_at,
    )  # fmt: skip
    return MadeSeal(day, tree.merchants.count, tree.outcome_count, hash_of(text))


class _DayTree:
    """Grows the trees of a day and writes what they are made of, holding one chunk of leaves at a time."""

    def __init__(self, connection: asyncpg.Connection, day: date) -> None:
        self._connection = connection
        self._day = day
        self._merchant_id: int | None = None
        self._outcomes = Tree()
        self._chunk: list[Leaf] = []
        self._chunks = 0
        self.merchants = Tree()
        self.outcome_count = 0

    async def add(self, leaf: Leaf) -> None:
        """Take the next outcome; merchants come one after another."""
        if leaf.merchant_id != self._merchant_id:
            await self.finish()
            self._merchant_id = leaf.merchant_id
        self._outcomes.add(leaf.hash)
        self._chunk.append(leaf)
        if len(self._chunk) == CHUNK_LEAVES:
            await self._write_chunk()

    async def finish(self) -> None:
        """The merchant at hand has no more outcomes."""
        if self._merchant_id is None:
            return
        await self._write_chunk()
        count, root = self._outcomes.count, self._outcomes.root
        await self._connection.execute(
            "INSERT INTO day_seal_merchant (day, merchant_id, outcome_count, root) VALUES ($1, $2, $3, $4)",
            self._day, self._merchant_id, count, root,
        )  # fmt: skip
        self.merchants.add(merchant_leaf(self._merchant_id, count, root))
        self.outcome_count += count
        self._merchant_id, self._outcomes, self._chunks = None, Tree(), 0

    async def _write_chunk(self) -> None:
        if not self._chunk:
            return
        await self._connection.execute(
            "INSERT INTO day_seal_leaves (day, merchant_id, n, leaves) VALUES ($1, $2, $3, $4)",
            self._day, self._merchant_id, self._chunks, pack(self._chunk),
        )  # fmt: skip
        self._chunk.clear()
        self._chunks += 1
