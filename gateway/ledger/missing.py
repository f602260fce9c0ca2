"""What merchants were told and the ledger does not have: after a restore, the purchases since the backup."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import asyncpg

_STORED = """
SELECT merchant_id, request_id, signed_payload FROM outcome
JOIN unnest($1::bigint[], $2::uuid[]) AS w(merchant_id, request_id) USING (merchant_id, request_id)"""

_ACCOUNTS = "SELECT id, account_id FROM certificate WHERE id = ANY ($1::uuid[])"

Key = tuple[int, UUID]


async def stored_payloads(connection: asyncpg.Connection, keys: Sequence[Key]) -> Mapping[Key, bytes]:
    """The stored answers by merchant and request id; those that the ledger lacks are absent."""
    rows = await connection.fetch(_STORED, [key[0] for key in keys], [key[1] for key in keys])
    return {(row["merchant_id"], row["request_id"]): row["signed_payload"] for row in rows}


async def accounts_of(connection: asyncpg.Connection, certificate_ids: Iterable[UUID]) -> Mapping[UUID, int]:
    """The card accounts of certificates; a certificate that the ledger lacks as well is absent."""
    rows = await connection.fetch(_ACCOUNTS, list(certificate_ids))
    return {row["id"]: row["account_id"] for row in rows}
