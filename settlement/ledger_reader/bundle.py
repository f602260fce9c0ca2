"""What an audit bundle holds of ledger and register, as lines of JSON, without account, holder or card."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from settlement.ledger_reader.archived_months import over_all_months

_PURCHASES: Final = """
SELECT id, merchant_id, outlet_id, terminal_id, shift_number, state, authorized_at, closed_at, program_code,
  list_version, rounding_kopecks, eligible_kopecks, approved_kopecks, captured_kopecks, sale_date, lines,
  own_money, capture
FROM purchase WHERE id = ANY ($1::uuid[]) ORDER BY id"""

_ENTRIES: Final = """
SELECT e.operation_id, e.n, e.certificate_id, c.program_code, e.purchase_id, e.kind, e.source, e.target,
  e.amount_kopecks, e.decided_at, e.agreement_id, e.sale_date
FROM entry e JOIN certificate c ON c.id = e.certificate_id
WHERE e.operation_id = ANY ($1::uuid[]) AND e.agreement_id = $2 ORDER BY e.operation_id, e.n"""

_CERTIFICATE_IDS: Final = """
SELECT DISTINCT certificate_id FROM entry WHERE operation_id = ANY ($1::uuid[]) AND agreement_id = $2"""

_CERTIFICATES: Final = """
SELECT id, program_code, program_version, nominal_kopecks, valid_from, valid_until, act_body, act_number,
  act_date
FROM certificate WHERE id = ANY ($1::uuid[]) ORDER BY id"""

_RECEIPTS: Final = """
SELECT purchase_id, fiscal_drive_number, fiscal_document_number, fiscal_sign, kind, kkt_registration_number,
  seller_inn, shift_number, issued_at, total_kopecks, operation_id
FROM receipt WHERE purchase_id = ANY ($1::uuid[])
ORDER BY purchase_id, fiscal_drive_number, fiscal_document_number"""

_REFUNDS: Final = """
SELECT id, purchase_id, refunded_at, terminal_id, shift_number, lines, points_kopecks, lapsed_kopecks,
  own_money_kopecks
FROM refund WHERE purchase_id = ANY ($1::uuid[]) ORDER BY id"""

# Those that decided the lines, found by the index of times, and the authorizations before them, by their ids.
_OUTCOMES: Final = """
SELECT o.request_id, o.kind, o.terminal_id, o.purchase_id, o.operation_id, o.decided_at, o.signed_payload,
  o.signature, o.key_id
FROM outcome o
WHERE o.merchant_id = $1 AND (
  o.decided_at = ANY ($2::timestamptz[]) AND o.operation_id = ANY ($3::uuid[])
  OR o.request_id = ANY (SELECT p.request_id FROM purchase p WHERE p.id = ANY ($4::uuid[])))
ORDER BY o.decided_at, o.request_id"""

_AGREEMENT: Final = """
SELECT a.id, a.merchant_id, a.number, lower(a.in_force) AS first_day, upper(a.in_force) - 1 AS last_day,
  a.state, a.signed_on, a.ceiling_kopecks, a.settings,
  (SELECT json_agg(p.program_code ORDER BY p.program_code) FROM agreement_program p
   WHERE p.agreement_id = a.id) AS programs,
  (SELECT json_agg(d ORDER BY d.id) FROM agreement_addendum d WHERE d.agreement_id = a.id) AS addenda,
  (SELECT json_agg(h ORDER BY h.id) FROM registry_history h
   WHERE h.subject = 'agreement' AND h.subject_id = a.id) AS history
FROM agreement a WHERE a.id = $1"""

_OUTLETS: Final = """
SELECT o.id, o.name, o.address,
  (SELECT json_agg(json_build_object('id', t.id, 'name', t.name, 'fiscal', (
     SELECT json_agg(json_build_object('kkt_number', f.kkt_number, 'drive_number', f.drive_number,
       'days', f.days) ORDER BY f.id) FROM terminal_fiscal f WHERE f.terminal_id = t.id)) ORDER BY t.id)
   FROM terminal t WHERE t.outlet_id = o.id) AS terminals
FROM outlet o WHERE o.merchant_id = $1 ORDER BY o.id"""


class OutcomeRow(Struct, frozen=True):
    """A stored answer as it was signed."""

    request_id: UUID
    kind: str
    terminal_id: int
    purchase_id: UUID | None
    operation_id: UUID
    decided_at: datetime
    signed_payload: bytes
    signature: bytes
    key_id: str


async def _as_json(connection: asyncpg.Connection, query: str, *arguments: Any) -> list[str]:
    lines = await over_all_months(connection, f"SELECT row_to_json(x)::text AS line FROM ({query}) x")
    rows = await connection.fetch(lines, *arguments)
    return [row["line"] for row in rows]


async def purchases(connection: asyncpg.Connection, ids: Collection[UUID]) -> list[str]:
    """Purchases with their lines, evidence and list versions."""
    return await _as_json(connection, _PURCHASES, list(ids))


async def entries(
    connection: asyncpg.Connection, operation_ids: Collection[UUID], agreement_id: int
) -> list[str]:
    """The ledger's entries of operations: which certificate, how much, from where to where."""
    return await _as_json(connection, _ENTRIES, list(operation_ids), agreement_id)


async def certificate_ids(
    connection: asyncpg.Connection, operation_ids: Collection[UUID], agreement_id: int
) -> set[UUID]:
    """The certificates of operations."""
    query = await over_all_months(connection, _CERTIFICATE_IDS)
    rows = await connection.fetch(query, list(operation_ids), agreement_id)
    return {row["certificate_id"] for row in rows}


async def certificates(connection: asyncpg.Connection, ids: Collection[UUID]) -> list[str]:
    """Certificates with the act that gave them."""
    return await _as_json(connection, _CERTIFICATES, list(ids))


async def receipts(connection: asyncpg.Connection, purchase_ids: Collection[UUID]) -> list[str]:
    """All fiscal receipts of purchases."""
    return await _as_json(connection, _RECEIPTS, list(purchase_ids))


async def refunds(connection: asyncpg.Connection, purchase_ids: Collection[UUID]) -> list[str]:
    """All refunds of purchases."""
    return await _as_json(connection, _REFUNDS, list(purchase_ids))


async def outcomes(
    connection: asyncpg.Connection,
    merchant_id: int,
    decided: Collection[datetime],
    operation_ids: Collection[UUID],
    purchase_ids: Collection[UUID],
) -> list[OutcomeRow]:
    """The signed answers that decided operations, and those that authorized purchases."""
    query = await over_all_months(connection, _OUTCOMES)
    rows = await connection.fetch(query, merchant_id, list(decided), list(operation_ids), list(purchase_ids))
    return [OutcomeRow(**row) for row in rows]


async def agreement(connection: asyncpg.Connection, agreement_id: int) -> str:
    """An agreement with its terms, addenda and history."""
    (line,) = await _as_json(connection, _AGREEMENT, agreement_id)
    return line


async def outlets(connection: asyncpg.Connection, merchant_id: int) -> list[str]:
    """A merchant's outlets with their tills, fiscal numbers and days."""
    return await _as_json(connection, _OUTLETS, merchant_id)
