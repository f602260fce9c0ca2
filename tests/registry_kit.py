"""What the registry's tests share: an engine, one small shop, and ways to change and wait."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.registry import reading, schema
from gateway.runtime.database import make_engine

FINGERPRINT = sha256(b"till").digest()
"""The key of the shop's till."""


@dataclass(frozen=True)
class Shop:
    """One merchant with a shop and a till, registered with a key."""

    engine: AsyncEngine
    merchant_id: int
    outlet_id: int
    terminal_id: int


@asynccontextmanager
async def shop_on(database_url: str) -> AsyncIterator[Shop]:
    """The smallest registry, on a migrated database; its engine is the migrator's."""
    engine = make_engine(database_url)
    try:
        merchant_id = await add(engine, schema.merchant, inn="0000000018", name="ООО Пример-1")
        outlet_id = await add_outlet(engine, merchant_id, "Магазин 1")
        terminal_id = await add(engine, schema.terminal, outlet_id=outlet_id, name="Касса 1")
        await add_link(engine, schema.client_key, fingerprint=FINGERPRINT, terminal_id=terminal_id)
        yield Shop(engine, merchant_id, outlet_id, terminal_id)
    finally:
        await engine.dispose()


async def add(engine: AsyncEngine, table: Table, **values: Any) -> int:
    """Insert a row and return its id."""
    statement = insert(table).values(values).returning(table.c.id)
    async with engine.begin() as connection:
        row_id: int = (await connection.execute(statement)).scalar_one()
    return row_id


async def add_link(engine: AsyncEngine, table: Table, **values: Any) -> None:
    """Insert a row that has no id of its own."""
    async with engine.begin() as connection:
        await connection.execute(insert(table).values(values))


async def add_outlet(engine: AsyncEngine, merchant_id: int, name: str) -> int:
    """One more shop of a merchant."""
    return await add(engine, schema.outlet, merchant_id=merchant_id, name=name, address="-")


async def agree(shop: Shop, number: str, days: Range[date], *program_codes: str) -> int:
    """An agreement of the shop's merchant on programs for some days."""
    own = {"merchant_id": shop.merchant_id, "in_force": days}
    agreement_id = await add(shop.engine, schema.agreement, number=number, **own)
    for code in program_codes:
        covered = {"agreement_id": agreement_id, "program_code": code}
        await add_link(shop.engine, schema.agreement_program, **covered, **own)
    return agreement_id


async def epoch_of(engine: AsyncEngine) -> int:
    """The database's epoch now."""
    async with engine.connect() as connection:
        return await reading.read_epoch(connection)


async def until(engine: AsyncEngine, condition: Callable[[], bool]) -> None:
    """Ask the database on and on until a condition holds; the test's own time limit bounds it."""
    while not condition():
        await epoch_of(engine)
