"""Alembic's entry: runs the history on one asyncpg connection, as the migrator."""

import asyncio

from alembic import context
from sqlalchemy.engine import Connection

from gateway.runtime.database import make_engine


def run(connection: Connection) -> None:
    """Run the pending revisions in one transaction."""
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run() -> None:
    """Connect to the URL that `alembic_config` carries."""
    engine = make_engine(context.config.attributes["url"], pool_size=0)
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


asyncio.run(connect_and_run())
