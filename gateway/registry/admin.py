"""Changes of who may do what. Each is one transaction, in which a trigger counts up the epoch.

Every function returns the epoch that the change has: tell it to the nodes to spare them the next look.
"""

from collections.abc import Iterable

from sqlalchemy import (
    ARRAY,
    BigInteger,
    LargeBinary,
    Text,
    Update,
    and_,
    case,
    column,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.registry.reading import read_epoch
from gateway.registry.schema import card, client_key, merchant, outlet, terminal


class UnknownEntryError(LookupError):
    """The registry has no such merchant, outlet, terminal, key or card."""


class CardBoundError(ValueError):
    """A card is bound to another account already; cards never change accounts."""


async def suspend_merchant(engine: AsyncEngine, merchant_id: int, reason: str) -> int:
    """Suspend a merchant: no new authorizations from now on, and the wind-down time begins.

    A merchant that is suspended or ended already keeps its instant. Raises UnknownEntryError.
    """
    statement = (
        update(merchant)
        .where(merchant.c.id == merchant_id)
        .values(
            state=case((merchant.c.state == "ACTIVE", "SUSPENDED"), else_=merchant.c.state),
            suspended_at=func.coalesce(merchant.c.suspended_at, func.tillgate_now()),
            suspend_reason=func.coalesce(merchant.c.suspend_reason, reason),
        )
    )
    return await _apply(engine, statement, f"merchant {merchant_id}")


async def set_outlet_enabled(engine: AsyncEngine, outlet_id: int, is_enabled: bool) -> int:
    """Enable or disable a shop. Raises UnknownEntryError."""
    statement = update(outlet).where(outlet.c.id == outlet_id).values(is_enabled=is_enabled)
    return await _apply(engine, statement, f"outlet {outlet_id}")


async def set_terminal_enabled(engine: AsyncEngine, terminal_id: int, is_enabled: bool) -> int:
    """Enable or disable a till. Raises UnknownEntryError."""
    statement = update(terminal).where(terminal.c.id == terminal_id).values(is_enabled=is_enabled)
    return await _apply(engine, statement, f"terminal {terminal_id}")


async def revoke_key(engine: AsyncEngine, fingerprint: bytes, reason: str) -> int:
    """Revoke a client key for good; a revoked one keeps its instant. Raises UnknownEntryError."""
    statement = (
        update(client_key)
        .where(client_key.c.fingerprint == fingerprint)
        .values(
            revoked_at=func.coalesce(client_key.c.revoked_at, func.tillgate_now()),
            revoke_reason=func.coalesce(client_key.c.revoke_reason, reason),
        )
    )
    return await _apply(engine, statement, f"key {fingerprint.hex()}")


async def stop_card(engine: AsyncEngine, token: bytes, reason: str) -> int:
    """Put a card on the stop list; a stopped one keeps its instant. Raises UnknownEntryError."""
    statement = (
        update(card)
        .where(or_(card.c.token == token, card.c.alias_of == token))
        .values(
            stopped_at=func.coalesce(card.c.stopped_at, func.tillgate_now()),
            stop_reason=func.coalesce(card.c.stop_reason, reason),
        )
    )
    return await _apply(engine, statement, "card")


async def bind_cards(engine: AsyncEngine, key_id: str, cards: Iterable[tuple[bytes, int]]) -> None:
    """Bind (token, account id) pairs made with one token key; a pair that is bound already stays so.

    Raises CardBoundError, and binds none, if a token belongs to another account.
    """
    wanted = sorted(cards)  # those who bring the same cards wait for each other, and never in a circle
    tokens = literal([token for token, _ in wanted], ARRAY(LargeBinary))
    account_ids = literal([account_id for _, account_id in wanted], ARRAY(BigInteger))
    columns = column("token", LargeBinary), column("account_id", BigInteger)
    pair = func.unnest(tokens, account_ids).table_valued(*columns).render_derived()
    rows = select(pair.c.token, pair.c.account_id, literal(key_id, Text))
    bound_elsewhere = (
        select(func.count())
        .select_from(card)
        .join(pair, and_(pair.c.token == card.c.token, pair.c.account_id != card.c.account_id))
    )
    async with engine.begin() as connection:
        named = ["token", "account_id", "token_key_id"]
        await connection.execute(insert(card).from_select(named, rows).on_conflict_do_nothing())
        if (await connection.execute(bound_elsewhere)).scalar_one():
            raise CardBoundError("a card is bound to another account")


async def _apply(engine: AsyncEngine, statement: Update, what: str) -> int:
    async with engine.begin() as connection:
        if (await connection.execute(statement)).rowcount == 0:
            raise UnknownEntryError(f"the registry has no {what}")
        return await read_epoch(connection)
