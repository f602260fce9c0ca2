"""Reads how baskets were judged, in the order of their decisions: for counting outside the money path."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from gateway.domain.purchase import JudgedBasket, PurchaseLine

# Declined ones have a row too; a purchase of a card without an account has none, and nobody's lines.
_COLUMNS: Final = """
SELECT id, request_id, merchant_id, authorized_at, lines::text AS lines, outlet_id, account_id, program_code
FROM purchase"""

_JUDGED: Final = f"{_COLUMNS} WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3"

_ONE: Final = f"{_COLUMNS} WHERE id = $1"

_COUNT: Final = "SELECT count(*) FROM purchase WHERE id > $1 AND id < $2"

_PROGRAMS: Final = """
SELECT DISTINCT k.place, c.program_code, c.program_version
FROM unnest($1::bigint[], $2::timestamptz[], $3::text[]) WITH ORDINALITY AS k (account_id, at, code, place)
JOIN certificate c ON c.account_id = k.account_id AND c.valid_from <= k.at AND c.valid_until > k.at
  AND k.code IN ('', c.program_code)"""

_lines = msgspec.json.Decoder(tuple[PurchaseLine, ...]).decode


async def judged_baskets(
    connection: asyncpg.Connection, after: UUID, before: UUID, limit: int
) -> list[JudgedBasket]:
    """At most `limit` baskets whose purchase id lies between two others, the earliest first.

    Ids begin with the instant of the decision (`ids.lowest_uuid7`), so a bound may be one of those. Raises
    what the database raises.
    """
    rows = await connection.fetch(_JUDGED, after, before, limit)
    return [_basket(row) for row in rows]


async def judged_basket(connection: asyncpg.Connection, purchase_id: UUID) -> JudgedBasket | None:
    """The basket of one purchase, or None. Raises what the database raises."""
    row = await connection.fetchrow(_ONE, purchase_id)
    return None if row is None else _basket(row)


async def held_programs(
    connection: asyncpg.Connection, baskets: Sequence[JudgedBasket]
) -> list[set[tuple[str, int]]]:
    """Of each basket the programs, (code, version), of the certificates valid when it was decided.

    If the request named a program, that alone. Raises what the database raises.
    """
    found: list[set[tuple[str, int]]] = [set() for _ in baskets]
    rows = await connection.fetch(
        _PROGRAMS,
        [basket.account_id for basket in baskets],
        [basket.decided_at for basket in baskets],
        [basket.program_code for basket in baskets],
    )
    for place, code, version in rows:
        found[place - 1].add((code, version))
    return found


async def count_judged(connection: asyncpg.Connection, after: UUID, before: UUID) -> int:
    """How many there are between two ids."""
    count: int = await connection.fetchval(_COUNT, after, before)
    return count


def _basket(row: asyncpg.Record) -> JudgedBasket:
    return JudgedBasket(
        row["id"],
        row["request_id"],
        row["merchant_id"],
        row["authorized_at"],
        _lines(row["lines"]),
        row["outlet_id"],
        row["account_id"],
        row["program_code"],
    )
