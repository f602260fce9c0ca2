"""Locks of terminals and merchants that asked for too many unknown cards, or typed too many numbers.

Whoever serves purchases sets them (`gateway/ledger/tries.py`); time lifts them, or an operator.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

# Apart from the registry's own, which nobody who serves purchases may write.
metadata = MetaData()

_instant = DateTime(timezone=True)

card_lock = Table(
    "card_lock",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("merchant_id", BigInteger, nullable=False),
    Column("terminal_id", BigInteger),
    Column("since", _instant, nullable=False),
    Column("until", _instant, nullable=False),
    Column("lifted_by", Text),
    CheckConstraint("kind IN ('GUESSING', 'KEYED')", name="card_lock_kind_known"),
    CheckConstraint("until >= since", name="card_lock_range"),
    CheckConstraint("kind <> 'KEYED' OR terminal_id IS NOT NULL", name="card_lock_keyed_of_terminal"),
    Index("card_lock_until", "until"),
    Index("card_lock_merchant", "merchant_id", "terminal_id", "kind"),
)

# What is counted until a lock is set; kept for two days.
card_try = Table(
    "card_try",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("terminal_id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", LargeBinary, primary_key=True),
    Column("merchant_id", BigInteger, nullable=False),
    Column("tried_at", _instant, nullable=False),
    CheckConstraint("kind IN ('GUESSING', 'KEYED')", name="card_try_kind_known"),
    Index("card_try_merchant", "kind", "merchant_id", "tried_at"),
)


class LockKind(StrEnum):
    """What a lock is for."""

    GUESSING = "GUESSING"
    """Too many unknown cards: no card is taken."""
    KEYED = "KEYED"
    """Too many typed numbers today: cards are taken that are read."""


@dataclass(frozen=True, slots=True)
class CardLock:
    """A lock; `terminal_id` None means the whole merchant."""

    id: int
    kind: LockKind
    merchant_id: int
    terminal_id: int | None
    since: datetime
    until: datetime
    lifted_by: str | None


async def read_locks(connection: AsyncConnection, *, only_standing: bool = True) -> list[CardLock]:
    """Locks in the order in which they were set: those that hold now, or all that ever were."""
    statement = select(card_lock).order_by(card_lock.c.id)
    if only_standing:
        statement = statement.where(card_lock.c.until > func.tillgate_now())
    return [
        CardLock(
            row.id, LockKind(row.kind), row.merchant_id, row.terminal_id, row.since, row.until, row.lifted_by
        )
        for row in await connection.execute(statement)
    ]


async def lift_lock(connection: AsyncConnection, lock_id: int, *, by: str) -> bool:
    """End a lock now; what was counted until then counts no more. False if it does not hold."""
    statement = (
        update(card_lock)
        .where(card_lock.c.id == lock_id, card_lock.c.until > func.tillgate_now())
        .values(until=func.tillgate_now(), lifted_by=by)
    )
    return (await connection.execute(statement)).rowcount == 1
