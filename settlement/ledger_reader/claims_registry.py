"""What claims say of agreements, merchants and outlets, as the registry has it."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct

from gateway.domain.settlement_terms import SettlementTerms
from settlement.claims.errors import ClaimCode
from settlement.claims.model import BankAccount, Participant
from settlement.errors import SettlementError


class AgreementRead(Struct, frozen=True):
    """An agreement as claims need it; `last_day` None is without end, `ceiling_kopecks` None without one."""

    id: int
    merchant_id: int
    number: str
    state: str
    first_day: date
    last_day: date | None
    signed_on: date | None
    ceiling_kopecks: int | None
    terms: SettlementTerms


class OutletRead(Struct, frozen=True):
    """An outlet's name and address."""

    name: str
    address: str


_AGREEMENT: Final = """
SELECT id, merchant_id, number, state, lower(in_force) AS first_day, (upper(in_force) - 1) AS last_day,
  signed_on, ceiling_kopecks, (settings -> 'settlement')::text AS terms
FROM agreement"""

# Drafts and cancelled agreements sold nothing; what is settled has no claims any more.
_CLAIMABLE: Final = (
    _AGREEMENT + " WHERE state NOT IN ('DRAFT', 'CANCELLED', 'SETTLED') AND lower(in_force) <= $1 ORDER BY id"
)

_PARTICIPANT: Final = """
SELECT m.id, m.name, coalesce(p.full_name, m.name) AS full_name, m.inn, coalesce(p.kpp, '') AS kpp,
  coalesce(p.ogrn, '') AS ogrn, coalesce(p.legal_address, '') AS legal_address,
  coalesce(p.signatory, '{}')::text AS signatory
FROM merchant m LEFT JOIN merchant_profile p ON p.merchant_id = m.id WHERE m.id = $1"""

_ACCOUNT: Final = """
SELECT a.bic, a.account, coalesce(b.name, '') AS bank_name,
  coalesce(b.correspondent_account, '') AS correspondent_account
FROM merchant_account a
LEFT JOIN bic_entry b ON b.bic = a.bic AND b.directory_id = (
  SELECT id FROM bic_directory ORDER BY business_day DESC, day_version DESC LIMIT 1)
WHERE a.merchant_id = $1 AND a.state = 'CONFIRMED' AND a.decided_at <= tillgate_now()
ORDER BY a.decided_at DESC, a.id DESC LIMIT 1"""

_OUTLETS: Final = "SELECT id, name, address FROM outlet WHERE id = ANY ($1::bigint[])"


def _terms(text: str | None) -> SettlementTerms:
    return msgspec.json.decode(text, type=SettlementTerms) if text else SettlementTerms()


def _agreement(row: Mapping[str, Any]) -> AgreementRead:
    return AgreementRead(**{**row, "terms": _terms(row["terms"])})


async def read_agreement(connection: asyncpg.Connection, agreement_id: int) -> AgreementRead:
    """One agreement; raises SettlementError AGREEMENT_UNKNOWN."""
    row = await connection.fetchrow(_AGREEMENT + " WHERE id = $1", agreement_id)
    if row is None:
        raise SettlementError(ClaimCode.AGREEMENT_UNKNOWN, agreement_id=agreement_id)
    return _agreement(row)


async def claimable_agreements(connection: asyncpg.Connection, last_day: date) -> list[AgreementRead]:
    """Agreements that may have sold something until a day and are not settled, by id."""
    return [_agreement(row) for row in await connection.fetch(_CLAIMABLE, last_day)]


async def every_agreement(connection: asyncpg.Connection) -> list[AgreementRead]:
    """Every agreement, by id."""
    return [_agreement(row) for row in await connection.fetch(_AGREEMENT + " ORDER BY id")]


async def read_participant(connection: asyncpg.Connection, merchant_id: int) -> Participant:
    """A merchant as its documents name it; one without a profile has the short name and no more."""
    row = await connection.fetchrow(_PARTICIPANT, merchant_id)
    signatory = msgspec.json.decode(row["signatory"])
    return Participant(
        merchant_id=row["id"],
        name=row["name"],
        full_name=row["full_name"],
        inn=row["inn"],
        kpp=row["kpp"],
        ogrn=row["ogrn"],
        legal_address=row["legal_address"],
        signatory_name=signatory.get("name", ""),
        signatory_post=signatory.get("position", ""),
        signatory_basis=signatory.get("basis", ""),
    )


async def read_account(connection: asyncpg.Connection, merchant_id: int) -> BankAccount | None:
    """The account confirmed last, with its bank from the newest directory."""
    row = await connection.fetchrow(_ACCOUNT, merchant_id)
    if row is None:
        return None
    return BankAccount(row["bic"], row["bank_name"], row["correspondent_account"], row["account"])


async def read_outlets(connection: asyncpg.Connection, outlet_ids: Iterable[int]) -> dict[int, OutletRead]:
    """Outlets by id."""
    rows = await connection.fetch(_OUTLETS, list(outlet_ids))
    return {row["id"]: OutletRead(row["name"], row["address"]) for row in rows}
