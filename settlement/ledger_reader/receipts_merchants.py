"""What imports of receipts ask of the registry."""

from typing import Final

import asyncpg

from settlement.errors import SettlementError
from settlement.receipts.errors import ReceiptCode

_INN: Final = "SELECT inn FROM merchant WHERE id = $1"


async def inn_of(connection: asyncpg.Connection, merchant_id: int) -> str:
    """The INN of a merchant; raises SettlementError MERCHANT_UNKNOWN."""
    inn: str | None = await connection.fetchval(_INN, merchant_id)
    if inn is None:
        raise SettlementError(ReceiptCode.MERCHANT_UNKNOWN, merchant_id=merchant_id)
    return inn
