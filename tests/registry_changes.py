"""One change of the registry in a transaction of its own; returns the epoch that the change has."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.record.words import Actor
from gateway.registry import admin, merchants, outlets, terminals
from gateway.registry.keys.operating import revoke_fingerprint
from gateway.registry.reading import read_epoch

BY = "Первый"
WHY = "проверка"


async def suspend_merchant(engine: AsyncEngine, merchant_id: int, reason: str) -> int:
    """No new authorizations from now on."""
    return await _changed(engine, lambda c: merchants.suspend(c, merchant_id, by=BY, reason=reason))


async def set_outlet_enabled(engine: AsyncEngine, outlet_id: int, is_enabled: bool) -> int:
    """Enable or disable a shop."""
    return await _changed(
        engine,
        lambda c: outlets.set_outlet_enabled(c, outlet_id, is_enabled=is_enabled, by=BY, reason=WHY),
    )


async def set_terminal_enabled(engine: AsyncEngine, terminal_id: int, is_enabled: bool) -> int:
    """Enable or disable a till."""
    return await _changed(
        engine,
        lambda c: terminals.set_terminal_enabled(c, terminal_id, is_enabled=is_enabled, by=BY, reason=WHY),
    )


async def revoke_key(engine: AsyncEngine, fingerprint: bytes, reason: str) -> int:
    """Revoke a client key for good."""
    return await _changed(
        engine, lambda c: revoke_fingerprint(c, fingerprint, reason, by=Actor.person("operator"))
    )


async def stop_card(engine: AsyncEngine, token: bytes, reason: str) -> int:
    """Stop a card."""
    return await admin.stop_card(engine, token, reason, by=BY)


async def _changed(engine: AsyncEngine, change: Callable[[AsyncConnection], Awaitable[None]]) -> int:
    async with engine.begin() as connection:
        await change(connection)
        return await read_epoch(connection)
