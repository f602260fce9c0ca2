"""Connections to PostgreSQL and the schema's history."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from gateway.ledger.partitions import ensure_partitions
from gateway.runtime.hosts import HOST_TIMEOUT_S, Hosts

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).with_name("migrations")


def make_engine(
    url: str,
    *,
    pool_size: int = 8,
    silence_s: float | None = None,
    lock_wait_s: float = 0,
    by_index: bool = False,
) -> AsyncEngine:
    """An engine whose sessions speak UTC and check a pooled connection before they use it.

    A statement that is not answered within `silence_s` raises TimeoutError: a host that lost its power says
    nothing, and its connections never end by themselves. One that waits for a lock longer than `lock_wait_s`
    (0: for ever) raises LockNotAvailableError. `pool_size` 0 keeps no connection for later. Of several
    hosts in the URL the fit one is found anew for each connection (see `hosts`). `by_index` is for sessions
    that only look up by key: a plan made while a table was empty may never read it from end to end.
    """
    session = {
        "timezone": "UTC",
        "application_name": "tillgate",
        "lock_timeout": f"{lock_wait_s * 1000:.0f}",
        **({"enable_seqscan": "off"} if by_index else {}),
    }
    return create_async_engine(
        url,
        **({"pool_size": pool_size, "max_overflow": 4} if pool_size else {"poolclass": NullPool}),
        pool_pre_ping=True,
        connect_args={
            "async_creator_fn": Hosts().connect,
            "server_settings": session,
            "timeout": HOST_TIMEOUT_S,
            "command_timeout": silence_s,
        },
    )


@asynccontextmanager
async def driver_connection(engine: AsyncEngine) -> AsyncIterator[asyncpg.Connection]:
    """A pooled connection as asyncpg's own, for the hot statements; thrown away after an error.

    Raises asyncpg's errors and OSError, also when there is no connection to be had.
    """
    try:
        connection = await engine.connect()
    except DBAPIError as error:
        # What PostgreSQL says instead of a welcome comes wrapped twice, and callers know it by its type.
        raise (error.orig and error.orig.__cause__) or error from None
    try:
        pooled = await connection.get_raw_connection()
        yield pooled.driver_connection
    except BaseException:
        await connection.invalidate()
        raise
    finally:
        await connection.close()


def alembic_config(url: str) -> "Config":
    """Alembic's configuration for a database."""
    # Alembic is a tenth of the time in which a worker starts, which never migrates anything.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    """Bring a database to the newest schema, with the partitions of the months to come. Blocks."""
    from alembic import command

    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.upgrade(alembic_config(url), "head")
    asyncio.run(_prepare(url))


async def _prepare(url: str) -> None:
    engine = make_engine(url, pool_size=1)
    try:
        async with driver_connection(engine) as connection:
            await ensure_partitions(connection)
    finally:
        await engine.dispose()
