"""What agreement and registry say of a claim: its terms, and the INN of the merchant."""

from collections.abc import Mapping
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct

from gateway.domain.settlement_terms import SettlementTerms

_OF_CLAIM: Final = """
SELECT a.number AS agreement_number, (a.settings -> 'settlement')::text AS terms, m.inn
FROM claim c JOIN agreement a ON a.id = c.agreement_id JOIN merchant m ON m.id = c.merchant_id
WHERE c.id = $1"""

_OF_AGREEMENTS: Final = """
SELECT id, number, (settings -> 'settlement')::text AS terms FROM agreement WHERE id = ANY ($1::bigint[])"""


class ClaimTerms(Struct, frozen=True):
    """What a claim's agreement says, and whose it is."""

    agreement_number: str
    merchant_inn: str
    terms: SettlementTerms


class AgreementTerms(Struct, frozen=True):
    """An agreement's number, as people know it, and its terms."""

    number: str
    terms: SettlementTerms


async def terms_of_claim(connection: asyncpg.Connection, claim_id: int) -> ClaimTerms | None:
    """The terms of a claim; None if there is no such claim."""
    row = await connection.fetchrow(_OF_CLAIM, claim_id)
    if row is None:
        return None
    return ClaimTerms(row["agreement_number"], row["inn"], _terms(row["terms"]))


async def terms_of_agreements(
    connection: asyncpg.Connection, agreement_ids: list[int]
) -> Mapping[int, AgreementTerms]:
    """The terms of several agreements."""
    rows = await connection.fetch(_OF_AGREEMENTS, agreement_ids)
    return {row["id"]: AgreementTerms(row["number"], _terms(row["terms"])) for row in rows}


def _terms(stored: str | None) -> SettlementTerms:
    """An agreement that says nothing has the defaults."""
    if stored is None:
        return SettlementTerms()
    return msgspec.json.decode(stored, type=SettlementTerms)
