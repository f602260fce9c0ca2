"""One statement on a database of the bench, from code that is not asynchronous."""

import asyncio
from typing import Any

import asyncpg

from gateway.runtime.database import driver_connection, make_engine


def query(url: str, sql: str, *arguments: Any) -> list[asyncpg.Record]:
    """The rows of a statement; raises asyncpg's errors."""
    return asyncio.run(_query(url, sql, arguments))


async def _query(url: str, sql: str, arguments: tuple[Any, ...]) -> list[asyncpg.Record]:
    engine = make_engine(url, pool_size=1)
    try:
        async with driver_connection(engine) as connection:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
            return rows
    finally:
        await engine.dispose()
