"""What the help desk sees of a card: its account, certificates, last purchases and stop state; no name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

PURCHASES_SHOWN: Final = 10

_CARDS: Final = """
SELECT token, account_id, stopped_at, stop_reason FROM card WHERE token = ANY ($1::bytea[])
ORDER BY array_position($1::bytea[], token)"""
_ENTRY: Final = """
SELECT e.reason, e.origin, e.stopped_from, v.made_at FROM stop_entry e
JOIN stop_list_version v ON v.version = e.since_version
WHERE e.until_version IS NULL AND e.token = ANY ($1::bytea[]) LIMIT 1"""
_ACCOUNT: Final = """
SELECT a.is_blocked, (SELECT count(DISTINCT coalesce(c.alias_of, c.token)) FROM card c
  WHERE c.account_id = a.id AND c.stopped_at IS NULL) AS cards_served
FROM card_account a WHERE a.id = $1"""
_CERTIFICATES: Final = """
SELECT id, program_code, state, available_kopecks, held_kopecks, valid_from, valid_until
FROM certificate WHERE account_id = $1 ORDER BY valid_until, id"""
_PURCHASES: Final = """
SELECT id, merchant_id, outlet_id, authorized_at, state, approved_kopecks, captured_kopecks
FROM purchase WHERE account_id = $1 ORDER BY id DESC LIMIT $2"""


@dataclass(frozen=True, slots=True)
class StopState:
    """That a card is on the stop list; `stopped_from` is since when it should have been, if told."""

    reason: str
    origin: str
    stopped_from: datetime | None
    stopped_at: datetime


@dataclass(frozen=True, slots=True)
class CertificateFound:
    """A certificate as its row stands; what time has done since its last command is not in it."""

    id: UUID
    program_code: str
    state: str
    available_kopecks: int
    held_kopecks: int
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class PurchaseFound:
    """A purchase, in short."""

    id: UUID
    merchant_id: int
    outlet_id: int
    authorized_at: datetime
    state: str
    approved_kopecks: int
    captured_kopecks: int


@dataclass(frozen=True, slots=True)
class CardFound:
    """What there is of a card. `account_id` is None for a card that was never bound."""

    account_id: int | None
    stop: StopState | None
    is_blocked: bool = False
    cards_served: int = 0
    certificates: Sequence[CertificateFound] = ()
    purchases: Sequence[PurchaseFound] = ()


async def search_card(connection: asyncpg.Connection, tokens: Sequence[bytes]) -> CardFound:
    """Look for a card by its tokens, those of the newest key first. Raises what the database raises."""
    cards = await connection.fetch(_CARDS, list(tokens))
    entry = await connection.fetchrow(_ENTRY, list(tokens))
    stop = StopState(*entry) if entry is not None else _stop_of(cards)
    if not cards:
        return CardFound(None, stop)
    account_id = cards[0]["account_id"]
    account = await connection.fetchrow(_ACCOUNT, account_id)
    return CardFound(
        account_id,
        stop,
        bool(account and account["is_blocked"]),
        account["cards_served"] if account else 0,
        [CertificateFound(*row) for row in await connection.fetch(_CERTIFICATES, account_id)],
        [PurchaseFound(*row) for row in await connection.fetch(_PURCHASES, account_id, PURCHASES_SHOWN)],
    )


def _stop_of(cards: Sequence[Any]) -> StopState | None:
    """The stop of a card that no list holds."""
    for row in cards:
        if row["stopped_at"] is not None:
            return StopState(row["stop_reason"] or "", "", None, row["stopped_at"])
    return None
