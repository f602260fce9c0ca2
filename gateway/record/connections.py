"""One way to the driver, whichever kind of connection the caller's transaction lives on."""

from typing import TypeAlias

import asyncpg
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

Connection: TypeAlias = AsyncConnection | asyncpg.Connection
"""SQLAlchemy's connection, or asyncpg's own; each in a transaction of the caller."""


async def driver_in_transaction(connection: Connection) -> asyncpg.Connection:
    """The asyncpg connection under a connection that is in a transaction.

    Raises RuntimeError without one: a decision and its record must commit together or not at all.
    """
    driver: asyncpg.Connection = connection
    if isinstance(connection, AsyncConnection):
        # SQLAlchemy begins its transaction at the driver with the first statement, which this may be.
        await connection.execute(select(1))
        driver = (await connection.get_raw_connection()).driver_connection
    if not driver.is_in_transaction():
        raise RuntimeError("a decision is recorded inside the transaction that makes it")
    return driver
