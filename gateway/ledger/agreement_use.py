"""How much of each subsidy agreement is used, by the entries: counted outside the money path."""

from collections.abc import Collection, Mapping

import asyncpg

_USED = """
SELECT agreement_id,
  sum(CASE target WHEN 'SPENT' THEN amount_kopecks ELSE -amount_kopecks END)::bigint AS used
FROM entry WHERE agreement_id = ANY ($1::bigint[]) GROUP BY agreement_id"""


async def used_kopecks(connection: asyncpg.Connection, agreement_ids: Collection[int]) -> Mapping[int, int]:
    """Captured less refunded and voided kopecks by agreement; one that nothing was sold under has 0.

    Reads every entry once: seconds for tens of millions, and no lock. Raises what the database raises.
    """
    rows = await connection.fetch(_USED, list(agreement_ids))
    return dict.fromkeys(agreement_ids, 0) | {row["agreement_id"]: row["used"] for row in rows}
