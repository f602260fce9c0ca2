"""Changes of the stop list: each is one transaction, one version, and holds for the next decision.

Versions and entries are never rewritten: an entry stands from one version on, until another one. What a till
must hear to come from one version to the next is read from that, however far the two lie apart.
"""

import asyncio
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol, TypeAlias

import asyncpg

from gateway.registry.card_aliases import write_aliases
from gateway.registry.stop_list.keys import (
    DEPARTMENT_ID,
    FIRST_KEY_VERSION,
    StopListKeys,
    list_entries,
    list_sha256,
    slow_digest,
)

CARDS_LOCK: Final = 0x7467_6361_7264
"""Advisory lock: who changes the list waits for whoever binds cards, who take it together."""

_DIGESTS_AT_ONCE: Final = 64
_SHARE_LIFTED_FREELY: Final = 0.1
_LIFTED_FREELY: Final = 20


class Origin(StrEnum):
    """Who put a card on the list, the weakest first. Lists free only what lists have stopped.

    Who stops a card that a weaker one has stopped already takes the entry over: else the list of the day
    on which a re-issued card is forgotten would free the old plastic.
    """

    LIST = "LIST"
    HELP_DESK = "HELP_DESK"
    REISSUE = "REISSUE"

    def is_over(self, other: str) -> bool:
        """True if this one takes over what the other one has stopped."""
        strengths = list(Origin)
        return strengths.index(self) > strengths.index(Origin(other))


class TooManyLiftedError(Exception):
    """A full list would lift more stops than a list usually does; `lifted` is how many."""

    def __init__(self, lifted: int, standing: int) -> None:
        super().__init__(f"the list would lift {lifted} of {standing} stops")
        self.lifted = lifted


class Signer(Protocol):
    """Signs versions: the key that signs outcomes."""

    @property
    def key_id(self) -> str: ...

    def sign(self, payload: bytes) -> bytes:
        """The Ed25519 signature over exactly these bytes."""


@dataclass(frozen=True)
class ReadCard:
    """A card as it was read, for as long as it takes to make tokens and a digest of it.

    `tokens` are those under all keys of the ring, the newest first.
    """

    tokens: tuple[bytes, ...]
    number: str = field(repr=False)
    series: str = field(repr=False)


@dataclass(frozen=True)
class Stop:
    """A card to be stopped. `stopped_from` is since when it should have been, if somebody says so."""

    card: ReadCard
    reason: str
    stopped_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change did: the list's version now, and how many cards it stopped, freed and knew already.

    `kept` are those that a list would free and may not: the help desk or a re-issue has stopped them.
    """

    version: int
    stopped: int
    lifted: int
    known: int
    kept: int = 0


@dataclass(frozen=True, slots=True)
class _Entry:
    id: int
    token: bytes
    origin: str


Before: TypeAlias = Callable[[asyncpg.Connection], Awaitable[Container[bytes]]]
"""What else belongs to the same transaction; returns the newest tokens of the cards to be stopped."""

_STANDING: Final = """
SELECT id, token, origin FROM stop_entry WHERE until_version IS NULL AND token = ANY ($1::bytea[])"""
_STANDING_BY_LISTS: Final = """
SELECT id, token, origin FROM stop_entry WHERE until_version IS NULL AND origin = 'LIST'"""
_SEALED: Final = "SELECT sealed FROM stop_entry WHERE until_version IS NULL AND id <> ALL ($1::bigint[])"
_NEW_VERSION: Final = """
INSERT INTO stop_list_version
  (version, made_at, made_by, stopped_count, lifted_count, entry_count, sha256, signature, key_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
_NEW_ENTRIES: Final = """
INSERT INTO stop_entry (token, token_key_id, sealed, origin, reason, stopped_from, since_version)
SELECT t, $2, s, $5, r, f, $7
FROM unnest($1::bytea[], $3::bytea[], $4::text[], $6::timestamptz[]) AS n (t, s, r, f)"""
_LIFT: Final = "UPDATE stop_entry SET until_version = $2 WHERE id = ANY ($1::bigint[])"
_RETOKEN: Final = """
UPDATE stop_entry e SET token = n.t, token_key_id = $3
FROM unnest($1::bigint[], $2::bytea[]) AS n (id, t) WHERE e.id = n.id"""

# A card and its aliases are one plastic, all rows of which name the first as `alias_of`. They are locked
# before they are changed, so that an alias that is being written is either seen by the change or sees it.
_SAME_PLASTIC: Final = """
c.account_id = k.account_id AND coalesce(c.alias_of, c.token) = coalesce(k.alias_of, k.token)"""
_LOCK_PLASTIC: Final = f"""
SELECT c.token FROM card k JOIN card c ON {_SAME_PLASTIC}
WHERE k.token = ANY ($1::bytea[]) ORDER BY c.token FOR UPDATE OF c"""
_STOP_CARDS: Final = f"""
UPDATE card c SET stopped_at = tillgate_now(), stop_reason = n.r
FROM unnest($1::bytea[], $2::text[]) AS n (t, r) JOIN card k ON k.token = n.t
WHERE {_SAME_PLASTIC} AND c.stopped_at IS NULL"""
_FREE_CARDS: Final = f"""
UPDATE card c SET stopped_at = NULL, stop_reason = NULL FROM card k
WHERE k.token = ANY ($1::bytea[]) AND {_SAME_PLASTIC} AND c.stopped_at IS NOT NULL"""


@dataclass(frozen=True)
class StopListDesk:
    """Changes the list; `token_key_id` is the name of the newest key of the ring."""

    keys: StopListKeys
    signer: Signer
    token_key_id: str

    async def change(
        self,
        connection: asyncpg.Connection,
        *,
        by: str,
        origin: Origin,
        stops: Sequence[Stop] = (),
        lifts: Sequence[ReadCard] = (),
        before: Before | None = None,
    ) -> Changed:
        """Stop some cards and free others; what is so already stays as it is.

        A list frees what lists have stopped alone, the help desk any card.
        """
        return await self._change(connection, by, origin, stops, lifts, before=before)

    async def replace(
        self, connection: asyncpg.Connection, *, by: str, stops: Sequence[Stop], lifts_confirmed: int = 0
    ) -> Changed:
        """Take a full list: what lists have stopped and this one does not name is free again.

        Raises TooManyLiftedError, and changes nothing, if that is more than a tenth of them (and more than
        20) and not the number that was confirmed: half of a file would otherwise free the other half's cards.
        """
        return await self._change(connection, by, Origin.LIST, stops, (), whole=lifts_confirmed)

    async def _change(
        self,
        connection: asyncpg.Connection,
        by: str,
        origin: Origin,
        stops: Sequence[Stop],
        lifts: Sequence[ReadCard],
        *,
        before: Before | None = None,
        whole: int | None = None,
    ) -> Changed:
        stops = list({stop.card.tokens[0]: stop for stop in stops}.values())
        # Before anybody has to wait: each digest takes tens of milliseconds.
        known = await _standing(connection, [stop.card for stop in stops])
        digests = await _digests([stop.card for stop in _to_write(stops, known, origin)])
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", CARDS_LOCK)
            if before is not None:
                wanted = await before(connection)
                stops = [stop for stop in stops if stop.card.tokens[0] in wanted]
            known = await _standing(connection, [stop.card for stop in stops])
            await self._renew_tokens(connection, known)
            written = _to_write(stops, known, origin)
            digests |= await _digests([one.card for one in written if one.card.tokens[0] not in digests])
            taken_over = [known[token] for stop in written if (token := stop.card.tokens[0]) in known]
            freed, kept = await _freed(connection, lifts, origin)
            lifted = [entry for _, entry in freed if entry is not None]
            if whole is not None:
                lifted = await _unnamed(connection, {entry.id for entry in known.values()}, whole)
            await _stop_cards(connection, stops)
            await _free_cards(connection, [entry.token for entry in lifted], [card for card, _ in freed])
            version = await connection.fetchval("SELECT coalesce(max(version), 0) FROM stop_list_version")
            if written or lifted:
                version += 1
                await self._write(connection, version, by, origin, written, [*lifted, *taken_over], digests)
        stopped = len(written) - len(taken_over)
        return Changed(version, stopped, len(lifted), len(stops) - stopped, kept)

    async def _renew_tokens(self, connection: asyncpg.Connection, known: Mapping[bytes, _Entry]) -> None:
        """Entries that were found by a token of an older key get the newest one, and so do their cards.

        A full list that frees the entry knows of this token alone.
        """
        old = {token: entry for token, entry in known.items() if entry.token != token}
        if old:
            await write_aliases(connection, {new: one.token for new, one in old.items()}, self.token_key_id)
            await connection.execute(_RETOKEN, [one.id for one in old.values()], list(old), self.token_key_id)

    async def _write(
        self,
        connection: asyncpg.Connection,
        version: int,
        by: str,
        origin: Origin,
        new: Sequence[Stop],
        lifted: Sequence[_Entry],
        digests: Mapping[bytes, bytes],
    ) -> None:
        gone = [entry.id for entry in lifted]
        added = [digests[stop.card.tokens[0]] for stop in new]
        standing = self.keys.unseal([row["sealed"] for row in await connection.fetch(_SEALED, gone)])
        own_key = self.keys.merchant_key(DEPARTMENT_ID, FIRST_KEY_VERSION)
        entries = sorted(list_entries(own_key, (*standing, *added)))
        made_at: datetime = await connection.fetchval("SELECT tillgate_now()")
        content_sha256 = list_sha256(entries)
        signature = self.signer.sign(version_payload(version, made_at, len(entries), content_sha256))
        await connection.execute(
            _NEW_VERSION, version, made_at, by, len(new), len(lifted), len(entries), content_sha256,
            signature, self.signer.key_id,
        )  # fmt: skip
        await connection.execute(_LIFT, gone, version)
        await connection.execute(
            _NEW_ENTRIES, [stop.card.tokens[0] for stop in new], self.token_key_id,
            [self.keys.seal(digest) for digest in added], [stop.reason for stop in new], origin.value,
            [stop.stopped_from for stop in new], version,
        )  # fmt: skip


def version_payload(version: int, made_at: datetime, entry_count: int, content_sha256: str) -> bytes:
    """What the signature of a version in the database is made over."""
    return f"stop list\n{version}\n{made_at.isoformat()}\n{entry_count}\n{content_sha256}\n".encode()


async def _standing(connection: asyncpg.Connection, cards: Sequence[ReadCard]) -> dict[bytes, _Entry]:
    """The entries of cards that are on the list, by the cards' newest tokens."""
    tokens = [token for card in cards for token in card.tokens]
    found = {row["token"]: _Entry(*row) for row in await connection.fetch(_STANDING, tokens)}
    entries: dict[bytes, _Entry] = {}
    for card in cards:
        for token in card.tokens:
            if token in found:
                entries.setdefault(card.tokens[0], found[token])
    return entries


def _to_write(stops: Sequence[Stop], known: Mapping[bytes, _Entry], origin: Origin) -> list[Stop]:
    """The stops that want an entry: of cards that are free, or that somebody weaker has stopped."""
    entries = ((stop, known.get(stop.card.tokens[0])) for stop in stops)
    return [stop for stop, entry in entries if entry is None or origin.is_over(entry.origin)]


async def _freed(
    connection: asyncpg.Connection, lifts: Sequence[ReadCard], origin: Origin
) -> tuple[list[tuple[ReadCard, _Entry | None]], int]:
    """The cards that are freed with their entries, and how many are not because a list may not."""
    standing = await _standing(connection, lifts)
    every = [(card, standing.get(card.tokens[0])) for card in lifts]
    if origin is not Origin.LIST:
        return every, 0
    freed = [(card, entry) for card, entry in every if entry and entry.origin == Origin.LIST]
    return [*freed], len(standing) - len(freed)


async def _unnamed(connection: asyncpg.Connection, named: set[int], confirmed: int) -> list[_Entry]:
    """What lists have stopped and the new one does not name; raises TooManyLiftedError."""
    standing = [_Entry(*row) for row in await connection.fetch(_STANDING_BY_LISTS)]
    lifted = [entry for entry in standing if entry.id not in named]
    freely = max(_LIFTED_FREELY, int(len(standing) * _SHARE_LIFTED_FREELY))
    if len(lifted) > freely and len(lifted) != confirmed:
        raise TooManyLiftedError(len(lifted), len(standing))
    return lifted


async def _stop_cards(connection: asyncpg.Connection, stops: Sequence[Stop]) -> None:
    named = [(token, stop.reason) for stop in stops for token in stop.card.tokens]
    if named:
        tokens = [token for token, _ in named]
        await connection.execute(_LOCK_PLASTIC, tokens)
        await connection.execute(_STOP_CARDS, tokens, [reason for _, reason in named])


async def _free_cards(
    connection: asyncpg.Connection, tokens: Iterable[bytes], lifts: Iterable[ReadCard]
) -> None:
    wanted = [*tokens, *(token for card in lifts for token in card.tokens)]
    if wanted:
        await connection.execute(_LOCK_PLASTIC, wanted)
        await connection.execute(_FREE_CARDS, wanted)


async def _digests(cards: Sequence[ReadCard]) -> dict[bytes, bytes]:
    """The digests of cards by their newest tokens, on as many processors as there are."""
    found: dict[bytes, bytes] = {}
    for first in range(0, len(cards), _DIGESTS_AT_ONCE):
        some = cards[first : first + _DIGESTS_AT_ONCE]
        made = await asyncio.gather(*(asyncio.to_thread(slow_digest, c.number, c.series) for c in some))
        found |= {card.tokens[0]: digest for card, digest in zip(some, made, strict=True)}
    return found
