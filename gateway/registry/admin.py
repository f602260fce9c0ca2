"""Cards bound to accounts and stopped, each change in one transaction.

Who may sell is changed elsewhere, each step with its history: merchants, outlets, terminals, keys.
"""

from collections.abc import Iterable

from sqlalchemy import (
    ARRAY,
    BigInteger,
    LargeBinary,
    Text,
    and_,
    column,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.record.words import Action, Subject, SubjectKind
from gateway.record.writing import record
from gateway.registry.history import person
from gateway.registry.reading import read_epoch
from gateway.registry.schema import card


class UnknownCardError(LookupError):
    """The registry has no such card."""


class CardBoundError(ValueError):
    """A card is bound to another account already; cards never change accounts."""


async def stop_card(engine: AsyncEngine, token: bytes, reason: str, *, by: str) -> int:
    """Stop a card from the next decision on; a stopped one keeps its instant. Raises UnknownCardError.

    Returns the epoch of the registry that the change has.
    """
    statement = (
        update(card)
        .where(or_(card.c.token == token, card.c.alias_of == token))
        .values(
            stopped_at=func.coalesce(card.c.stopped_at, func.tillgate_now()),
            stop_reason=func.coalesce(card.c.stop_reason, reason),
        )
    )
    async with engine.begin() as connection:
        if (await connection.execute(statement)).rowcount == 0:
            raise UnknownCardError("the registry has no such card")
        epoch = await read_epoch(connection)
        await record(
            connection,
            actor=person(by),
            action=Action.CARD_STOPPED,
            subject=Subject(SubjectKind.CARD, token[:8].hex()),
            details={"reason": reason},
        )
        return epoch


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
