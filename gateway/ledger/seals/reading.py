"""Reading day seals: whole, and what of one belongs to a merchant."""

from collections.abc import Sequence
from datetime import date, datetime

import asyncpg
from msgspec import Struct

from gateway.ledger.seals.leaves import Leaf, unpack
from gateway.ledger.seals.merkle import merchant_leaf, path_to

_COLUMNS = (
    "day, merchant_count, outcome_count, root, previous_hash, hash, statement, signature, key_id, sealed_at"
)


class DaySeal(Struct, frozen=True):
    """A seal as it is stored; `statement` is the text that `signature` is under."""

    day: date
    merchant_count: int
    outcome_count: int
    root: bytes
    previous_hash: bytes
    hash: bytes
    statement: str
    signature: bytes
    key_id: str
    sealed_at: datetime


class MerchantPart(Struct, frozen=True):
    """A merchant in a seal: its outcomes, their root, its place among all, and the way to the day's root.

    `position` counts from 0 in the order of merchant ids; `path` has the hashes beside the way, nearest
    first.
    """

    merchant_id: int
    outcome_count: int
    root: bytes
    position: int
    path: Sequence[bytes]


async def seal_of(connection: asyncpg.Connection, day: date) -> DaySeal | None:
    """The seal of a day, None if it is not sealed (yet)."""
    row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM day_seal WHERE day = $1", day)
    return DaySeal(**row) if row else None


async def seals_from(connection: asyncpg.Connection, first: date, last: date) -> list[DaySeal]:
    """The seals of days, in their order."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM day_seal WHERE day BETWEEN $1 AND $2 ORDER BY day", first, last
    )
    return [DaySeal(**row) for row in rows]


async def newest_seals(connection: asyncpg.Connection, limit: int) -> list[DaySeal]:
    """The newest seals, newest first."""
    rows = await connection.fetch(f"SELECT {_COLUMNS} FROM day_seal ORDER BY day DESC LIMIT $1", limit)
    return [DaySeal(**row) for row in rows]


async def merchants_of(connection: asyncpg.Connection, day: date) -> list[tuple[int, int, bytes]]:
    """Id, count and root of every merchant of a sealed day, in the order of their leaves."""
    rows = await connection.fetch(
        "SELECT merchant_id, outcome_count, root FROM day_seal_merchant WHERE day = $1 ORDER BY merchant_id",
        day,
    )
    return [(row["merchant_id"], row["outcome_count"], row["root"]) for row in rows]


def part_of(merchants: Sequence[tuple[int, int, bytes]], merchant_id: int) -> MerchantPart | None:
    """A merchant's part of a day, None if it had no outcome. It hashes every merchant once."""
    for position, (found, count, root) in enumerate(merchants):
        if found == merchant_id:
            path = path_to([merchant_leaf(*merchant) for merchant in merchants], position)
            return MerchantPart(merchant_id, count, root, position, path)
    return None


async def leaves_page(
    connection: asyncpg.Connection, day: date, merchant_id: int, page: int
) -> tuple[list[Leaf], bool]:
    """A merchant's outcomes of a sealed day, 1,000 to a page from 0 on, and whether there are more pages."""
    rows = await connection.fetch(
        "SELECT n, leaves FROM day_seal_leaves WHERE day = $1 AND merchant_id = $2 AND n IN ($3, $3 + 1)"
        " ORDER BY n",
        day, merchant_id, page,
    )  # fmt: skip
    found = {row["n"]: row["leaves"] for row in rows}
    return list(unpack(merchant_id, found.get(page, b""))), page + 1 in found
