"""All checks of a claim before it is filed."""

from collections.abc import Callable, Mapping
from typing import Final

import asyncpg

from settlement.checks.filing import blockers
from settlement.checks.findings import CheckCode, Finding, finding
from settlement.checks.plausibility import Plausibility
from settlement.ledger_reader.receipts_missing import left_out, unknown_returns
from settlement.ledger_reader.receipts_sold import sold_in
from settlement.matching.mismatches import Mismatch

_MISMATCHED: Final = """
SELECT mismatch, treatment = 'UNMATCHED' AS is_out, count(*) AS count, sum(amount_kopecks)::bigint AS kopecks
FROM claim_line, unnest(mismatches) AS mismatch WHERE claim_id = $1 GROUP BY 1, 2 ORDER BY 2 DESC, 1"""

# Lines of the claim that this one corrects are taken over from it; those refused may be claimed again.
_TWICE: Final = """
SELECT l.n FROM claim c JOIN claim_line l ON l.claim_id = c.id
JOIN claim_line other ON other.operation_id = l.operation_id AND other.program_code = l.program_code
WHERE c.id = $1 AND l.treatment = 'INCLUDED' AND other.is_live AND other.claim_id <> c.id
  AND other.claim_id IS DISTINCT FROM c.supersedes_id AND other.verdict IS DISTINCT FROM 'REFUSED'
ORDER BY l.n"""

Progress = Callable[[int], None]
"""Called with the number of the line that was looked at last."""


async def check_claim(
    connection: asyncpg.Connection,
    claim_id: int,
    medians: Mapping[str, int],
    progress: Progress | None = None,
) -> list[Finding]:
    """What blocks the claim first, then what is incomplete, then what is worth a look.

    `medians` are what goods cost in the claim's period, as `receipts_prices` tells them.
    Raises SettlementError CLAIM_UNKNOWN.
    """
    found = await blockers(connection, claim_id)
    if numbers := [row["n"] for row in await connection.fetch(_TWICE, claim_id)]:
        found.append(finding(CheckCode.CLAIMED_TWICE, count=len(numbers), lines=numbers))
    for code, counting in (
        (CheckCode.NOT_IN_THE_CLAIM, left_out),
        (CheckCode.RETURNS_UNKNOWN, unknown_returns),
    ):
        count, kopecks = await counting(connection, claim_id)
        if count:
            found.append(finding(code, count=count, kopecks=kopecks))
    for row in await connection.fetch(_MISMATCHED, claim_id):
        mismatch = Mismatch[row["mismatch"]]
        found.append(
            finding(
                CheckCode.UNMATCHED if row["is_out"] else CheckCode.REPORTED,
                mismatch=mismatch.name, ru=mismatch.ru, en=mismatch.en, count=row["count"],
                kopecks=row["kopecks"],
            )
        )  # fmt: skip
    plausibility = Plausibility(medians)
    async for sold in sold_in(connection, claim_id):
        plausibility.add(sold)
        if progress and sold.n % 1_000 == 0:
            progress(sold.n)
    return found + plausibility.findings()
