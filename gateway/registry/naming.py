"""What outlets are called, for reports."""

from collections.abc import Collection, Mapping
from typing import Final

import asyncpg
from msgspec import Struct

_OUTLETS: Final = """
SELECT o.id, m.name, o.name, o.address FROM outlet o JOIN merchant m ON m.id = o.merchant_id
WHERE o.id = ANY($1)"""


class OutletName(Struct, frozen=True):
    """A merchant's name, and name and address of one of its outlets."""

    merchant: str
    outlet: str
    address: str


async def outlet_names(
    connection: asyncpg.Connection, outlet_ids: Collection[int]
) -> Mapping[int, OutletName]:
    """The names of outlets by id, as far as they are registered. Raises what the database raises."""
    rows = await connection.fetch(_OUTLETS, list(outlet_ids))
    return {outlet_id: OutletName(*names) for outlet_id, *names in rows}
