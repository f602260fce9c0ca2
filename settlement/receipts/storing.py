"""Evidence is kept once: the same receipt from another file, or the same file again, changes nothing."""

from collections.abc import AsyncIterator, Sequence
from itertools import islice
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct

from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record
from settlement.errors import SettlementError
from settlement.receipts.errors import ReceiptCode
from settlement.receipts.files import ReceiptFile
from settlement.receipts.model import EvidenceReceipt, ReceiptRow

BATCH_ROWS: Final = 1_000

# A QR string, which anybody can make, gives way to the tax service's record of the same document, whatever it
# said, and never contests one. Of two as good as each other the first stays; if the second tells something
# else, the receipt is contested: by records of the tax service for good.
_STORE: Final = """
INSERT INTO receipt_evidence AS known (
  fiscal_drive_number, fiscal_document_number, fiscal_sign, kind, format_version, seller_inn,
  kkt_registration_number, issued_at, total_kopecks, lines, line_sums, tag_sums, level, source_row,
  source_name, source_sha256, imported_by)
SELECT DISTINCT ON (n.fiscal_drive_number, n.fiscal_document_number) n.*, $14, $15, $16
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::smallint[], $6::text[], $7::text[],
  $8::timestamptz[], $9::bigint[], $10::jsonb[], $11::jsonb[], $12::jsonb[], $13::smallint[], $17::integer[])
  AS n (fiscal_drive_number, fiscal_document_number, fiscal_sign, kind, format_version, seller_inn,
    kkt_registration_number, issued_at, total_kopecks, lines, line_sums, tag_sums, level, source_row)
ORDER BY n.fiscal_drive_number, n.fiscal_document_number, n.level DESC, n.source_row
ON CONFLICT (fiscal_drive_number, fiscal_document_number) DO UPDATE SET
  fiscal_sign = excluded.fiscal_sign, total_kopecks = excluded.total_kopecks, is_contested = false,
  kind = excluded.kind, format_version = excluded.format_version, seller_inn = excluded.seller_inn,
  kkt_registration_number = excluded.kkt_registration_number, issued_at = excluded.issued_at,
  lines = excluded.lines, line_sums = excluded.line_sums, tag_sums = excluded.tag_sums,
  level = excluded.level, source_row = excluded.source_row, source_name = excluded.source_name,
  source_sha256 = excluded.source_sha256, imported_by = excluded.imported_by
WHERE known.level < excluded.level
RETURNING fiscal_drive_number, fiscal_document_number"""

_KNOWN: Final = """
SELECT k.fiscal_drive_number, k.fiscal_document_number, k.fiscal_sign, k.total_kopecks, k.kind, k.seller_inn,
  k.level, k.source_name, k.source_row
FROM receipt_evidence k
JOIN unnest($1::text[], $2::bigint[]) AS n (drive, document)
  ON (k.fiscal_drive_number, k.fiscal_document_number) = (n.drive, n.document)"""

_CONTEST: Final = """
UPDATE receipt_evidence k SET is_contested = true
FROM unnest($1::text[], $2::bigint[]) AS n (drive, document)
WHERE (k.fiscal_drive_number, k.fiscal_document_number) = (n.drive, n.document) AND NOT k.is_contested"""

_encode = msgspec.json.Encoder().encode


class Imported(Struct):
    """What became of a file's rows: stored, known before with the same content, or not taken."""

    stored: int = 0
    known: int = 0
    refused: int = 0


async def import_receipts(
    connection: asyncpg.Connection, file: ReceiptFile, *, by: Actor, seller_inns: Sequence[str] = ()
) -> AsyncIterator[tuple[Imported, Sequence[ReceiptRow]]]:
    """Store a file's receipts batch by batch; yields what became of each, with the rows that were not taken.

    With `seller_inns` a receipt of any other seller is refused as OTHER_SELLER. Each batch stays once it is
    stored, so that a killed run is simply run again. Raises what `ReceiptFile.rows` raises.
    """
    done = Imported()
    rows = file.rows()
    while batch := [*islice(rows, BATCH_ROWS)]:
        checked = [_of_seller(row, seller_inns) for row in batch]
        good = [row for row in checked if row.receipt is not None]
        async with connection.transaction():
            part, contested = await _store(connection, file, good, by)
        refused = sorted([row for row in checked if row.problem is not None] + contested, key=_by_number)
        part.refused = len(refused)
        done.stored, done.known = done.stored + part.stored, done.known + part.known
        done.refused += part.refused
        yield part, refused
    async with connection.transaction():
        await record(
            connection,
            actor=by,
            action=Action.RECEIPTS_IMPORTED,
            subject=Subject(SubjectKind.RECEIPT_FILE, file.sha256.hex()),
            details={
                "file": file.path.name, "stored": done.stored, "known": done.known, "refused": done.refused,
            },
        )  # fmt: skip


def _by_number(row: ReceiptRow) -> int:
    return row.number


def _of_seller(row: ReceiptRow, seller_inns: Sequence[str]) -> ReceiptRow:
    receipt = row.receipt
    if receipt is None or not seller_inns or receipt.seller_inn in ("", *seller_inns):
        return row
    problem = SettlementError(ReceiptCode.OTHER_SELLER, inn=receipt.seller_inn, expected=seller_inns[0])
    return ReceiptRow(row.number, problem=problem)


async def _store(
    connection: asyncpg.Connection, file: ReceiptFile, rows: Sequence[ReceiptRow], by: Actor
) -> tuple[Imported, list[ReceiptRow]]:
    """What became of a batch of receipts, and the rows that say something else than is known."""
    receipts = [(row.number, row.receipt) for row in rows if row.receipt is not None]
    columns = [*zip(*(_columns(receipt) for _, receipt in receipts), strict=True)] or [()] * 13
    numbers = [number for number, _ in receipts]
    stored = await connection.fetch(
        _STORE, *columns, file.path.name[:200], file.sha256, by.id, numbers
    )  # fmt: skip
    keys = columns[0], columns[1]
    known = {(row[0], row[1]): row for row in await connection.fetch(_KNOWN, *keys)}
    other = [(n, receipt) for n, receipt in receipts if not _says_the_same(receipt, known[receipt.key])]
    keys_of_equals = [r.key for _, r in other if r.level >= known[r.key]["level"]]
    await connection.execute(_CONTEST, [key[0] for key in keys_of_equals], [key[1] for key in keys_of_equals])
    contested = [ReceiptRow(n, problem=_other_content(known[receipt.key])) for n, receipt in other]
    return Imported(len(stored), len(receipts) - len(stored) - len(other)), contested


def _columns(receipt: EvidenceReceipt) -> tuple[Any, ...]:
    lines = [{"name": x.name, "quantity": x.quantity, "sum_kopecks": x.sum_kopecks} for x in receipt.lines]
    return (
        receipt.fiscal_drive_number, receipt.fiscal_document_number, receipt.fiscal_sign, receipt.kind,
        receipt.format_version, receipt.seller_inn, receipt.kkt_registration_number, receipt.issued_at,
        receipt.total_kopecks, _json(lines), _json([line.sum_kopecks for line in receipt.lines]),
        _json(receipt.tag_sums), receipt.level,
    )  # fmt: skip


def _json(value: Any) -> str:
    return _encode(value).decode()


def _says_the_same(receipt: EvidenceReceipt, known: asyncpg.Record) -> bool:
    """A QR string tells no seller, and of a correction only whether it is of a sale or of a return."""
    sellers = {receipt.seller_inn, known["seller_inn"]}
    kinds = {receipt.kind.value, known["kind"]}
    if "" in sellers:
        sellers.discard("")
        kinds = {kind.removeprefix("CORRECTION_") for kind in kinds}
    return (
        (receipt.fiscal_sign, receipt.total_kopecks) == (known["fiscal_sign"], known["total_kopecks"])
        and len(kinds) == 1
        and len(sellers) <= 1
    )


def _other_content(known: asyncpg.Record) -> SettlementError:
    return SettlementError(
        ReceiptCode.OTHER_CONTENT,
        drive=known["fiscal_drive_number"],
        document=known["fiscal_document_number"],
        source=known["source_name"],
        row=known["source_row"],
    )
