"""What bulk issue reads and prepares in the database beside the committer: known answers, accounts, cards.

Nothing here moves a point. Rows are inserted in the order of their keys, so that two loaders that bring
the same ones wait for each other and never in a circle.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from gateway.domain.card_tokens import RingToken, tokens_of
from gateway.ledger.reading import DEPARTMENT_ID

_OUTCOMES = """
SELECT request_id, canonical, account_id, reason, operation_id FROM outcome
WHERE merchant_id = $1 AND request_id = ANY ($2::uuid[])"""

_NEW_ACCOUNTS = """
INSERT INTO card_account (holder_ref, last_decided_at)
SELECT h, tillgate_now() FROM unnest($1::text[]) AS h ON CONFLICT DO NOTHING"""

_ACCOUNTS = "SELECT holder_ref, id FROM card_account WHERE holder_ref = ANY ($1::text[])"

_NEW_CARDS = """
INSERT INTO card (token, account_id, token_key_id)
SELECT t, a, $3 FROM unnest($1::bytea[], $2::bigint[]) AS w(t, a) ON CONFLICT DO NOTHING"""

# The database itself stops a new card that is on the stop list, but knows of its newest token alone.
_STOP_KNOWN = """
UPDATE card c SET stopped_at = tillgate_now(), stop_reason = e.reason
FROM unnest($1::bytea[], $2::bytea[]) AS n (t, o)
JOIN stop_entry e ON e.token = n.o AND e.until_version IS NULL
WHERE c.token = n.t AND c.stopped_at IS NULL"""

_CARDS = "SELECT token, account_id FROM card WHERE token = ANY ($1::bytea[])"


@dataclass(frozen=True, slots=True)
class StoredIssue:
    """The outcome that a row's request id has already."""

    canonical: str
    account_id: int | None
    reason: str | None
    operation_id: UUID


async def stored_issues(
    connection: asyncpg.Connection, request_ids: Iterable[UUID]
) -> Mapping[UUID, StoredIssue]:
    """Outcomes of department commands by request id; those that have none are absent."""
    rows = await connection.fetch(_OUTCOMES, DEPARTMENT_ID, list(request_ids))
    return {
        row["request_id"]: StoredIssue(
            row["canonical"], row["account_id"], row["reason"], row["operation_id"]
        )
        for row in rows
    }


async def accounts_of_cards(connection: asyncpg.Connection, tokens: Iterable[bytes]) -> Mapping[bytes, int]:
    """The accounts that cards are linked to, by whichever key of the ring; unknown cards are absent."""
    every = {token: tokens_of(token) for token in tokens}
    rows = await connection.fetch(_CARDS, [one for tokens in every.values() for one in tokens])
    account_of = {row["token"]: row["account_id"] for row in rows}
    return {
        token: account_of[known[0]]
        for token, names in every.items()
        if (known := [one for one in names if one in account_of])
    }


async def ensure_accounts(connection: asyncpg.Connection, holder_refs: Iterable[str]) -> Mapping[str, int]:
    """The accounts of holders; those that are new are made."""
    holders = sorted(set(holder_refs))
    await connection.execute(_NEW_ACCOUNTS, holders)
    return {row["holder_ref"]: row["id"] for row in await connection.fetch(_ACCOUNTS, holders)}


async def ensure_cards(
    connection: asyncpg.Connection, cards: Mapping[bytes, int], token_key_id: str
) -> Mapping[bytes, int]:
    """Link new cards to the accounts given; returns what each card is linked to, which never changes."""
    if not cards:
        return {}
    tokens = sorted(cards)
    ringed = [token for token in tokens if isinstance(token, RingToken)]
    # A card that an older key knows is no new one; it gets its new token when it is used.
    known = await accounts_of_cards(connection, ringed) if ringed else {}
    new = [token for token in tokens if token not in known]
    await connection.execute(_NEW_CARDS, new, [cards[token] for token in new], token_key_id)
    if ringed:
        old = [(token, one) for token in ringed for one in token.older]
        await connection.execute(_STOP_KNOWN, [token for token, _ in old], [one for _, one in old])
    return await accounts_of_cards(connection, tokens)
