"""A few sales of one merchant, and claims about them put into the tables by hand."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from gateway.domain.commands import AttachReceipt, ByPurchaseId, Refund, RefundLine
from gateway.domain.purchase import Purchase
from tests.ledger_kit import Kit, Ledger, authorize, line, must, new_request_id, origin
from tests.ledger_scene import receipt

MERCHANT: Final = 1
BREAD: Final = "10.71.11.110"

# A stand-in for the statement of settlement.matching: a sale needs a receipt, and nothing more.
MATCHES: Final = """
SELECT w.operation_id, w.program_code,
  CASE WHEN w.kind = 'SALE' AND r.purchase_id IS NULL THEN ARRAY['NO_RECEIPT'] ELSE '{}'::text[] END
    AS mismatches,
  (CASE WHEN r.purchase_id IS NULL THEN 0 ELSE 1 END)::smallint AS evidence,
  r.fiscal_drive_number AS receipt_drive_number, r.fiscal_document_number AS receipt_document_number
FROM wanted w LEFT JOIN receipt r ON r.purchase_id = w.purchase_id AND w.kind = 'SALE'"""


async def sell(
    kit: Kit, ledger: Ledger, card: bytes, kopecks: int, *, document: int = 0, terminal_id: int = 11
) -> Purchase:
    """A captured sale of bread; with a document number it has a fiscal receipt."""
    command = authorize(card, line(1, kopecks, BREAD), terminal_id=terminal_id, is_sale=True)
    sold = must(await ledger.submit(command)).purchase
    assert sold is not None
    if document:
        await attach(kit, ledger, sold, document)
    return sold


async def attach(kit: Kit, ledger: Ledger, sold: Purchase, document: int) -> None:
    """Attach a receipt to a sale."""
    proof = receipt(document, sold.authorized_at)
    command = AttachReceipt(new_request_id(), origin(sold.terminal_id), ByPurchaseId(sold.id), (proof,))
    assert must(await ledger.submit(command)).is_approved


async def refund(ledger: Ledger, sold: Purchase) -> None:
    """Give all of a sale back."""
    command = Refund(
        new_request_id(), origin(sold.terminal_id), ByPurchaseId(sold.id), (RefundLine(1, 1000),)
    )
    assert must(await ledger.submit(command)).is_approved


_CLAIM: Final = """
INSERT INTO claim (agreement_id, merchant_id, first_day, last_day, correction_number, state, built_at,
  lines_sha256, line_count, sale_kopecks, returned_kopecks, carried_kopecks, over_limit_kopecks,
  unmatched_kopecks, filed_at, approved_kopecks, paid_kopecks)
SELECT $1, a.merchant_id, d.day, d.day + 27, 0, $3, tillgate_now(), decode(repeat('00', 32), 'hex'), $4, $5,
  0, 0, 0, 0, CASE WHEN $6 THEN tillgate_now() END, $7, $8
FROM agreement a, (SELECT $2::text::date AS day) d WHERE a.id = $1 RETURNING id"""

_LINE: Final = """
INSERT INTO claim_line (claim_id, n, operation_id, program_code, purchase_id, kind, sale_date, decided_at,
  outlet_id, terminal_id, amount_kopecks, treatment, evidence, is_earlier, is_live, verdict, verdict_reason)
VALUES ($1, $2, $3, 'FOOD', $3, 'SALE', $4, tillgate_now(), $5, $6, $7, $8, 1, false, $9, $10, $11)"""


async def put_claim(
    connection: asyncpg.Connection,
    state: str,
    lines: Sequence[tuple[Purchase, str, str | None]],
    *,
    agreement_id: int = 7,
    first_day: str = "2026-11-01",
) -> int:
    """A claim in a state, with a line for each (sale, treatment, verdict); returns its id."""
    net = sum(sold.approved_kopecks for sold, treatment, _ in lines if treatment == "INCLUDED") or 1
    is_filed = state not in ("DRAFT", "DISCARDED")
    is_decided = state in ("APPROVED", "APPROVED_IN_PART", "PAYABLE", "PARTLY_PAID", "PAID")
    claim_id: int = await connection.fetchval(
        _CLAIM, agreement_id, first_day, state, len(lines), net, is_filed, net if is_decided else None,
        net if state == "PAID" else 0,
    )  # fmt: skip
    for n, (sold, treatment, verdict) in enumerate(lines, 1):
        is_live = is_filed and state != "SUPERSEDED" and treatment in ("INCLUDED", "OVER_LIMIT")
        await connection.execute(
            _LINE, claim_id, n, sold.id, sold.made_capture.sale_date, sold.outlet_id, sold.terminal_id,
            sold.approved_kopecks, treatment, is_live, verdict, "нет чека" if verdict else "",
        )  # fmt: skip
    return claim_id


async def operation_of_refund(connection: asyncpg.Connection, sold: Purchase) -> UUID:
    """The operation that gave a sale back."""
    found: UUID = await connection.fetchval("SELECT id FROM refund WHERE purchase_id = $1", sold.id)
    return found
