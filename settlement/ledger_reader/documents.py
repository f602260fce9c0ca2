"""What documents tell of lines beyond the claim: fiscal signs, certificates, sales, names, seals."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import asyncpg

from settlement.claims.model import ClaimLine, LineKind, Participant
from settlement.documents.errors import DocumentCode
from settlement.documents.rows import Details, LineDetails, Places, Seal
from settlement.errors import SettlementError
from settlement.ledger_reader.archived_months import over_all_months
from settlement.ledger_reader.claims_registry import read_participant

# Certificates of an operation's lines, of each program apart.
_CERTIFICATES = """
SELECT e.operation_id, c.program_code, array_agg(DISTINCT c.id ORDER BY c.id) AS certificates
FROM entry e JOIN certificate c ON c.id = e.certificate_id
WHERE e.operation_id = ANY ($1::uuid[]) AND e.agreement_id = $2
GROUP BY e.operation_id, c.program_code"""

_SIGNS = """
SELECT r.purchase_id, r.fiscal_drive_number, r.fiscal_document_number, r.fiscal_sign
FROM unnest($1::uuid[], $2::text[], $3::bigint[]) w (purchase_id, drive_number, document_number)
JOIN receipt r ON r.purchase_id = w.purchase_id AND r.fiscal_drive_number = w.drive_number
  AND r.fiscal_document_number = w.document_number"""

# What gives back bears the sale's date, and entries are found by agreement and date.
_SALES = """
SELECT DISTINCT ON (e.purchase_id) e.purchase_id, e.operation_id
FROM entry e
WHERE e.agreement_id = $1 AND e.sale_date = ANY ($2::date[]) AND e.purchase_id = ANY ($3::uuid[])
  AND e.target = 'SPENT'
ORDER BY e.purchase_id, e.decided_at, e.operation_id"""

_DAYS = """
SELECT DISTINCT (decided_at AT TIME ZONE 'Europe/Moscow')::date AS day FROM claim_line
WHERE claim_id = $1 ORDER BY day"""


async def details_of(
    connection: asyncpg.Connection, agreement_id: int, lines: Sequence[ClaimLine]
) -> Details:
    """Certificates, fiscal signs and original sales of a page of lines, in three statements."""
    operations = list({line.operation_id for line in lines})
    certificates = {
        (row["operation_id"], row["program_code"]): tuple(row["certificates"])
        for row in await connection.fetch(
            await over_all_months(connection, _CERTIFICATES), operations, agreement_id
        )
    }
    signs = await _signs(connection, lines)
    returned = [line for line in lines if line.kind is not LineKind.SALE]
    sales = await _sales(connection, agreement_id, returned) if returned else {}
    return {
        (line.operation_id, line.program_code): LineDetails(
            certificates.get((line.operation_id, line.program_code), ()),
            signs.get((line.purchase_id, *line.receipt)) if line.receipt else None,
            None if line.kind is LineKind.SALE else sales.get(line.purchase_id),
        )
        for line in lines
    }


async def _signs(
    connection: asyncpg.Connection, lines: Sequence[ClaimLine]
) -> dict[tuple[UUID, str, int], int]:
    """Fiscal signs (ФПД) by purchase, drive and document."""
    wanted = [(line.purchase_id, *line.receipt) for line in lines if line.receipt]
    columns = [list(column) for column in zip(*wanted, strict=True)] or [[], [], []]
    rows = await connection.fetch(_SIGNS, *columns)
    return {tuple(row)[:3]: row["fiscal_sign"] for row in rows}


async def _sales(
    connection: asyncpg.Connection, agreement_id: int, returned: Sequence[ClaimLine]
) -> dict[UUID, UUID]:
    """The operation that sold, by purchase."""
    dates = list({line.sale_date for line in returned})
    purchases = list({line.purchase_id for line in returned})
    query = await over_all_months(connection, _SALES)
    rows = await connection.fetch(query, agreement_id, dates, purchases)
    return {row["purchase_id"]: row["operation_id"] for row in rows}


async def places_of(connection: asyncpg.Connection, merchant_id: int) -> Places:
    """Names of a merchant's outlets and terminals."""
    rows = await connection.fetch(
        "SELECT o.id, o.name, t.id AS terminal_id, t.name AS terminal_name"
        " FROM outlet o LEFT JOIN terminal t ON t.outlet_id = o.id WHERE o.merchant_id = $1",
        merchant_id,
    )
    terminals = {row["terminal_id"]: row["terminal_name"] for row in rows if row["terminal_id"] is not None}
    return Places({row["id"]: row["name"] for row in rows}, terminals)


async def seals_of(connection: asyncpg.Connection, claim_id: int, as_of: datetime) -> list[Seal]:
    """The seals of the Moscow days on which a claim's lines were decided, in their order.

    Only those that were made by an instant are told, so that a document is the same whenever it is made.
    """
    days: list[date] = [row["day"] for row in await connection.fetch(_DAYS, claim_id)]
    rows = await connection.fetch(
        "SELECT day, root, hash, key_id FROM day_seal WHERE day = ANY ($1::date[]) AND sealed_at <= $2",
        days,
        as_of,
    )
    sealed = {row["day"]: Seal(**row) for row in rows}
    return [sealed.get(day, Seal(day)) for day in days]


async def parties_of(
    connection: asyncpg.Connection, merchant_id: int, agreement_id: int | None
) -> tuple[Participant, str | None]:
    """Whom an act is made with, and the agreement's number; raises SettlementError
    AGREEMENT_UNKNOWN, MERCHANT_UNKNOWN."""
    number: str | None = None
    if agreement_id is not None:
        number = await connection.fetchval(
            "SELECT number FROM agreement WHERE id = $1 AND merchant_id = $2", agreement_id, merchant_id
        )
        if number is None:
            raise SettlementError(DocumentCode.AGREEMENT_UNKNOWN, agreement=agreement_id)
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM merchant WHERE id = $1)", merchant_id):
        raise SettlementError(DocumentCode.MERCHANT_UNKNOWN, merchant=merchant_id)
    return await read_participant(connection, merchant_id), number
