"""One at a time works on the claims of an agreement."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

_AGREEMENTS: Final = 0x636C_6169_0000_0000
"""Advisory locks from here on, one for each agreement."""


@asynccontextmanager
async def agreement_locked(connection: asyncpg.Connection, agreement_id: int) -> AsyncIterator[None]:
    """Hold the lock of an agreement around transactions: a snapshot that is taken inside is not too old.

    Raises RuntimeError in a transaction, whose snapshot may be.
    """
    if connection.is_in_transaction():
        raise RuntimeError("the agreement is locked before the transaction begins")
    await connection.execute("SELECT pg_advisory_lock($1)", _AGREEMENTS + agreement_id)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("SELECT pg_advisory_unlock($1)", _AGREEMENTS + agreement_id)


async def lock_agreement(connection: asyncpg.Connection, agreement_id: int) -> None:
    """Take the same lock until the transaction of the caller ends."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _AGREEMENTS + agreement_id)
