"""What imports of receipts ask of the registry."""

from typing import Final

import asyncpg

from settlement.errors import SettlementError
from settlement.receipts.errors import ReceiptCode

_INNS: Final = """
WITH RECURSIVE line AS (
  SELECT $1::bigint AS id, 0 AS steps
  UNION ALL SELECT h.successor_of, line.steps + 1 FROM line JOIN merchant_profile h ON h.merchant_id = line.id
  WHERE h.successor_of IS NOT NULL
)
SELECT m.inn FROM line JOIN merchant m USING (id) WHERE line.steps = 0 OR m.state = 'ENDED' ORDER BY steps"""


async def inns_of(connection: asyncpg.Connection, merchant_id: int) -> list[str]:
    """The INN of a merchant, and after it those of its predecessors that are out of the register.

    Raises SettlementError MERCHANT_UNKNOWN.
    """
    rows = await connection.fetch(_INNS, merchant_id)
    if not rows:
        raise SettlementError(ReceiptCode.MERCHANT_UNKNOWN, merchant_id=merchant_id)
    return [row["inn"] for row in rows]
