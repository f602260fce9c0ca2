"""Cards found by a token of an older key get the newest one: an alias, written beside the money path."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final

import asyncpg
import structlog
from prometheus_client import Counter

log = structlog.get_logger(__name__)

WRITTEN = Counter("tillgate_card_aliases_total", "Cards that got the token of the newest key")

_WAITING_MAX: Final = 10_000
_PAUSE_S: Final = 1.0

# Whoever stops a card locks its rows first, too: either sees what the other one did.
_LOCK: Final = "SELECT token FROM card WHERE token = ANY ($1::bytea[]) ORDER BY token FOR UPDATE"
_ALIAS: Final = """
INSERT INTO card (token, account_id, token_key_id, stopped_at, stop_reason, alias_of)
SELECT n.new, c.account_id, $3, c.stopped_at, c.stop_reason, coalesce(c.alias_of, c.token)
FROM unnest($1::bytea[], $2::bytea[]) AS n (new, old) JOIN card c ON c.token = n.old
ON CONFLICT (token) DO NOTHING"""
_COUNTS: Final = """
SELECT c.token_key_id AS key_id, count(*) AS cards,
  count(*) FILTER (WHERE c.alias_of IS NULL AND NOT EXISTS (
    SELECT FROM card a WHERE a.account_id = c.account_id AND a.alias_of = c.token AND a.token_key_id = $1))
    AS without_newest
FROM card c GROUP BY c.token_key_id ORDER BY c.token_key_id"""
_STOPS: Final = """
SELECT token_key_id, count(*) FROM stop_entry WHERE until_version IS NULL AND token_key_id <> $1
GROUP BY token_key_id ORDER BY token_key_id"""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """How many tokens a key made, and of how many of these cards there is none by the newest key.

    `stops` are entries of the stop list by it alone: of cards that may not be known yet.
    """

    key_id: str
    cards: int
    without_newest: int
    stops: int = 0


@dataclass
class CardAliases:
    """Takes note of cards found by old tokens, and writes their new ones soon after.

    What is lost with the process is found again at the next purchase of the card.
    """

    connect: Callable[[], AbstractAsyncContextManager[asyncpg.Connection]]
    token_key_id: str
    _waiting: dict[bytes, bytes] = field(default_factory=dict)

    def notice(self, token: bytes, found: bytes) -> None:
        """A card with this newest token was found by another one; never waits."""
        if len(self._waiting) < _WAITING_MAX:
            self._waiting[bytes(token)] = found

    async def run_once(self) -> None:
        """Write what was noticed; raises what the database raises, and forgets nothing then."""
        waiting = dict(self._waiting)
        if waiting:
            async with self.connect() as connection:
                await write_aliases(connection, waiting, self.token_key_id)
            for token in waiting:
                self._waiting.pop(token, None)

    async def run(self) -> None:
        """Write until cancelled; what fails is tried again."""
        while True:
            await asyncio.sleep(_PAUSE_S)
            try:
                await self.run_once()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                log.warning("new card tokens wait to be written", error=repr(error))


async def write_aliases(
    connection: asyncpg.Connection, old_of: Mapping[bytes, bytes], token_key_id: str
) -> None:
    """Give cards their newest tokens, by the tokens that they were found by; again it changes nothing."""
    new = sorted(old_of)
    old = [old_of[token] for token in new]
    async with connection.transaction():
        await connection.execute(_LOCK, old)
        done = await connection.execute(_ALIAS, new, old, token_key_id)
    WRITTEN.inc(int(done.rpartition(" ")[2]))


async def key_uses(connection: asyncpg.Connection, newest_key_id: str) -> list[KeyUse]:
    """What each key still stands for: one whose cards and stops all have the newest token may be dropped."""
    stops = dict(await connection.fetch(_STOPS, newest_key_id))
    rows = await connection.fetch(_COUNTS, newest_key_id)
    uses = [
        KeyUse(
            key_id := row["key_id"] or "", row["cards"],
            0 if key_id == newest_key_id else row["without_newest"], stops.pop(key_id, 0),
        )
        for row in rows
    ]  # fmt: skip
    return [*uses, *(KeyUse(key_id, 0, 0, count) for key_id, count in stops.items())]
