"""A merchant's own claims, without what only the department may read of the register of participants."""

from datetime import date, datetime
from typing import Final

import asyncpg
from msgspec import Struct

from settlement.claims.states import ClaimState

_OWN: Final = """
SELECT c.id, a.number AS agreement_number, c.first_day, c.last_day, c.correction_number, c.state, c.built_at,
  c.filed_at, c.lines_sha256, c.line_count, c.sale_kopecks, c.returned_kopecks, c.carried_kopecks,
  c.over_limit_kopecks, c.unmatched_kopecks, c.approved_kopecks, c.paid_kopecks
FROM claim c JOIN agreement a ON a.id = c.agreement_id
WHERE c.merchant_id = $1 AND ($2::bigint IS NULL OR c.id = $2) AND ($3::bigint IS NULL OR c.id < $3)
ORDER BY c.id DESC LIMIT $4"""


class OwnClaim(Struct, frozen=True):
    """A claim as its merchant sees it; sums as in `settlement.claims.model.Claim`."""

    id: int
    agreement_number: str
    first_day: date
    last_day: date
    correction_number: int
    state: ClaimState
    built_at: datetime
    filed_at: datetime | None
    lines_sha256: bytes
    line_count: int
    sale_kopecks: int
    returned_kopecks: int
    carried_kopecks: int
    over_limit_kopecks: int
    unmatched_kopecks: int
    approved_kopecks: int | None
    paid_kopecks: int


async def own_claims(
    connection: asyncpg.Connection,
    merchant_id: int,
    *,
    claim_id: int | None = None,
    before_id: int | None = None,
    limit: int = 1,
) -> list[OwnClaim]:
    """Claims of a merchant, the newest first: one of them, or those before one."""
    rows = await connection.fetch(_OWN, merchant_id, claim_id, before_id, limit)
    return [OwnClaim(**{**row, "state": ClaimState(row["state"])}) for row in rows]
