"""What the agreement of a claim says of its settlement."""

from typing import Final

import asyncpg
import msgspec

from gateway.domain.settlement_terms import SettlementTerms
from settlement.checks.errors import CheckErrorCode
from settlement.errors import SettlementError

_TERMS: Final = """
SELECT (a.settings -> 'settlement')::text AS terms
FROM claim c JOIN agreement a ON a.id = c.agreement_id WHERE c.id = $1"""


async def terms_of_claim(connection: asyncpg.Connection, claim_id: int) -> SettlementTerms:
    """The settings of a claim's agreement; raises SettlementError CLAIM_UNKNOWN."""
    row = await connection.fetchrow(_TERMS, claim_id)
    if row is None:
        raise SettlementError(CheckErrorCode.CLAIM_UNKNOWN, claim_id=claim_id)
    return msgspec.json.decode(row["terms"] or "{}", type=SettlementTerms)
