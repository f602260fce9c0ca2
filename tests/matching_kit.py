"""Purchases of a real ledger with any receipts, and what matching says of their operations."""

import itertools
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
from msgspec.structs import replace

from gateway.domain.commands import AttachReceipt, ByPurchaseId, Command, Refund, RefundLine
from gateway.domain.outcome import Outcome
from gateway.domain.purchase import FiscalReceipt, Purchase, ReceiptKind
from gateway.domain.settlement_terms import Evidence
from gateway.ledger.committer import Committer
from settlement.matching.mismatches import Mismatch
from settlement.matching.statement import MATCHES
from tests.ledger_kit import AGREEMENT, Kit, authorize, kit_on, line, must, new_request_id, origin

INN = "0000000001"
"""The INN of the kit's merchant 1."""
_DRIVE, _TILL = "9999078900{:06}", "0000000000{:06}"

# Every till has its own numbers since long ago; of merchant 1 there is a second outlet with till 19.
_FISCAL = """
INSERT INTO outlet (id, merchant_id, name, address) OVERRIDING SYSTEM VALUE
  VALUES (150, 1, 'second', 'street');
UPDATE terminal SET outlet_id = 150 WHERE id = 19;
INSERT INTO terminal_fiscal (terminal_id, kkt_number, drive_number, days)
SELECT id, '0000000000' || lpad(id::text, 6, '0'), '9999078900' || lpad(id::text, 6, '0'), '[2022-03-01,)'
FROM terminal"""

WANTED = """
SELECT e.operation_id, c.program_code, e.agreement_id, p.merchant_id, p.outlet_id, p.terminal_id,
  e.purchase_id,
  CASE min(e.kind) WHEN 'REFUND' THEN 'REFUND' WHEN 'VOID' THEN 'VOID' ELSE 'SALE' END AS kind, e.sale_date,
  min(e.decided_at) AS decided_at,
  sum(CASE e.target WHEN 'SPENT' THEN e.amount_kopecks ELSE -e.amount_kopecks END)::bigint AS amount_kopecks
FROM entry e JOIN certificate c ON c.id = e.certificate_id JOIN purchase p ON p.id = e.purchase_id
WHERE e.agreement_id IS NOT NULL
GROUP BY e.operation_id, c.program_code, e.agreement_id, p.merchant_id, p.outlet_id, p.terminal_id,
  e.purchase_id, e.sale_date"""
"""All operations of the ledger that claims are made of."""

_MATCHED = f"""
WITH wanted AS MATERIALIZED ({WANTED}), matched AS MATERIALIZED ({MATCHES})
SELECT w.kind, w.purchase_id, m.mismatches, m.evidence, m.receipt_drive_number, m.receipt_document_number
FROM wanted w JOIN matched m USING (operation_id, program_code) ORDER BY w.decided_at"""  # noqa: S608

_EVIDENCE = """
INSERT INTO receipt_evidence (fiscal_drive_number, fiscal_document_number, fiscal_sign, kind, format_version,
  seller_inn, kkt_registration_number, issued_at, total_kopecks, lines, line_sums, tag_sums, level,
  is_contested, source_name, source_row, source_sha256, imported_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '[]', $10, $11, $12, $13, 'test', 1, sha256('test'), 'first')"""

_CHECK = """
INSERT INTO receipt_check (fiscal_drive_number, fiscal_document_number, verdict, told, checker, checked_by)
VALUES ($1, $2, $3, '', 'test', 'first')"""


@dataclass
class Shop:
    """Sells at till 11 of merchant 1, whose agreement is `ledger_kit.AGREEMENT`."""

    kit: Kit
    ledger: Committer
    connection: asyncpg.Connection
    token: bytes
    _documents: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def receipt(
        self, kopecks: int, kind: ReceiptKind = ReceiptKind.SALE, *, terminal_id: int = 11, **changes: Any
    ) -> FiscalReceipt:
        """A receipt of the till's own numbers, of now."""
        made = FiscalReceipt(
            kind, _DRIVE.format(terminal_id), next(self._documents), 5, _TILL.format(terminal_id), INN, 1,
            datetime.now(UTC), kopecks,
        )  # fmt: skip
        return replace(made, **changes)

    async def do(self, command: Command) -> Outcome:
        """Submit a command that is approved."""
        outcome = must(await self.ledger.submit(command))
        assert outcome.is_approved, outcome.reason
        return outcome

    async def sell(self, *kopecks: int, receipts: Sequence[FiscalReceipt] = ()) -> Purchase:
        """A sale of lines of four pieces each."""
        lines = [line(n, k, quantity_milli=4000) for n, k in enumerate(kopecks, 1)]
        command = authorize(self.token, *lines, is_sale=True, receipts=tuple(receipts))
        sold = (await self.do(command)).purchase
        assert sold is not None
        return sold

    async def attach(self, sold: Purchase, *receipts: FiscalReceipt) -> None:
        """More receipts of a purchase."""
        command = AttachReceipt(new_request_id(), origin(11), ByPurchaseId(sold.id), tuple(receipts))
        await self.do(command)

    async def refund(self, sold: Purchase, pieces: int, *receipts: FiscalReceipt) -> None:
        """Give back some of the four pieces of the first line."""
        await self.do(
            Refund(
                new_request_id(), origin(11), ByPurchaseId(sold.id), lines=(RefundLine(1, pieces * 1000),),
                receipts=receipts,
            )
        )  # fmt: skip

    async def terms(self, **settings: Any) -> None:
        """What the agreement says of settlement."""
        await self.connection.execute(
            "UPDATE agreement SET settings = $2::text::jsonb WHERE id = $1",
            AGREEMENT.id,
            json.dumps({"settlement": settings}),
        )

    async def in_tax_file(self, receipt: FiscalReceipt, **changes: Any) -> None:
        """The tax service's file has a receipt, as it was declared or with changes."""
        row = {
            "drive": receipt.fiscal_drive_number,
            "document": receipt.fiscal_document_number,
            "sign": receipt.fiscal_sign,
            "kind": receipt.kind.value,
            "format_version": 4,
            "inn": receipt.seller_inn,
            "till": receipt.kkt_registration_number,
            "issued_at": receipt.issued_at,
            "total": receipt.total_kopecks,
            "line_sums": "[]",
            "tag_sums": json.dumps({"1031": 0, "1081": receipt.total_kopecks}),
            "level": int(Evidence.TAX_FILE),
            "is_contested": False,
        } | changes
        await self.connection.execute(_EVIDENCE, *row.values())

    async def checked(self, receipt: FiscalReceipt, verdict: str = "CONFIRMED") -> None:
        """A checker outside said so."""
        await self.connection.execute(_CHECK, *receipt.key, verdict)

    async def matches(self) -> list[asyncpg.Record]:
        """What matching says of every operation, in the order of their decisions."""
        return list(await self.connection.fetch(_MATCHED))

    async def of_sale(self) -> set[str]:
        """Mismatches of the first sale."""
        return set(next(row["mismatches"] for row in await self.matches() if row["kind"] == "SALE"))

    async def of_refund(self) -> set[str]:
        """Mismatches of the first refund."""
        return set(next(row["mismatches"] for row in await self.matches() if row["kind"] == "REFUND"))


@asynccontextmanager
async def shop_on(database_url: str, *, points: int = 100_000_00) -> AsyncIterator[Shop]:
    """A shop with one buyer who has so many kopecks of points."""
    async with kit_on(database_url) as kit, kit.connect() as connection:
        await connection.execute(_FISCAL)
        ledger = await kit.committer()
        token, holder = uuid4().bytes, "holder-of-receipts"
        await kit.open_account(holder, token)
        today = datetime.now(UTC).date()
        await kit.issue(ledger, holder, nominal_kopecks=points, last_day=today + timedelta(days=800))
        yield Shop(kit, ledger, connection, token)


SUCCESSION = """
INSERT INTO merchant_profile (merchant_id, kind, full_name, kpp, ogrn, legal_address, postal_address,
  signatory, contact, registered_on, is_taken_over, successor_of)
VALUES ($1, 'ENTREPRENEUR', 'merchant', '', '300000000000011', 'address', 'address', '{}', '{}', '2026-01-01',
  false, $2)"""
"""Merchant $1 came out of the reorganisation of merchant $2 …"""
ENDED = """
UPDATE merchant SET state = 'ENDED', suspended_at = tillgate_now(), suspend_reason = 'reorganised'
WHERE id = ANY ($1::bigint[])"""
"""… and those are out of the register."""

_CLAIM = """
INSERT INTO claim (agreement_id, merchant_id, first_day, last_day, correction_number, state, built_at,
  lines_sha256, line_count, sale_kopecks, returned_kopecks, carried_kopecks, over_limit_kopecks,
  unmatched_kopecks)
SELECT $1, 1, current_date - 3, current_date + 3, 0, 'DRAFT', tillgate_now(), sha256('lines'), 0, 0, 0, 0, 0,
  0
RETURNING id"""
_LINES = f"""
INSERT INTO claim_line (claim_id, n, operation_id, program_code, purchase_id, kind, sale_date, decided_at,
  outlet_id, terminal_id, amount_kopecks, treatment, mismatches, evidence, receipt_drive_number,
  receipt_document_number, is_earlier)
WITH wanted AS MATERIALIZED ({WANTED}), matched AS MATERIALIZED ({MATCHES})
SELECT $1, row_number() OVER (ORDER BY w.decided_at, w.program_code), w.operation_id, w.program_code,
  w.purchase_id, w.kind, w.sale_date, w.decided_at, w.outlet_id, w.terminal_id, w.amount_kopecks,
  CASE WHEN m.mismatches && $2 THEN 'UNMATCHED' ELSE 'INCLUDED' END, m.mismatches, m.evidence,
  m.receipt_drive_number, m.receipt_document_number, false
FROM wanted w JOIN matched m USING (operation_id, program_code)"""  # noqa: S608
_TOTALS = """
UPDATE claim SET (line_count, sale_kopecks, returned_kopecks, unmatched_kopecks) = (
  SELECT count(*), coalesce(sum(amount_kopecks) FILTER (WHERE treatment = 'INCLUDED' AND kind = 'SALE'), 0),
    -coalesce(sum(amount_kopecks) FILTER (WHERE treatment = 'INCLUDED' AND kind <> 'SALE'), 0),
    coalesce(sum(amount_kopecks) FILTER (WHERE treatment = 'UNMATCHED'), 0)
  FROM claim_line WHERE claim_id = $1) WHERE id = $1"""


async def draft_claim(shop: Shop) -> int:
    """A claim of all that was sold until now, as a builder would make it; its id."""
    claim_id: int = await shop.connection.fetchval(_CLAIM, AGREEMENT.id)
    blocking = [mismatch.name for mismatch in Mismatch if mismatch.blocks]
    await shop.connection.execute(_LINES, claim_id, blocking)
    await shop.connection.execute(_TOTALS, claim_id)
    return claim_id
