"""What keeps a claim from being filed."""

from collections.abc import Sequence

import asyncpg


async def blockers(connection: asyncpg.Connection, claim_id: int) -> Sequence[object]:
    """What is still to be done before a claim can be filed."""
    del connection, claim_id
    return ()
