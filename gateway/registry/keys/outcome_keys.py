"""The published keys by which signed outcomes are verified: those in use, and all that ever were."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.registry.keys.schema import outcome_key


@dataclass(frozen=True, slots=True)
class OutcomeKey:
    """A public key of Ed25519, 32 bytes; one that is retired signs no more and still verifies."""

    key_id: str
    public_key: bytes
    published_at: datetime
    retired_at: datetime | None


async def published_keys(connection: AsyncConnection) -> list[OutcomeKey]:
    """All of them, those in use first, the newest before the older ones."""
    columns = outcome_key.c
    rows = await connection.execute(
        select(columns.key_id, columns.public_key, columns.published_at, columns.retired_at).order_by(
            columns.retired_at.desc().nulls_first(), columns.published_at.desc(), columns.key_id
        )
    )
    return [OutcomeKey(*row) for row in rows]


def may_sign(key_id: str, keys: Iterable[OutcomeKey]) -> bool:
    """Whether tills know a key. Where none was ever published, each till was given it in person."""
    listed = {key.key_id: key.retired_at for key in keys}
    return not listed or (key_id in listed and listed[key_id] is None)
