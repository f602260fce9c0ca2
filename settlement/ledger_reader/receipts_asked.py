"""The receipts of claim lines, as a checker outside needs them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg
from msgspec import Struct


class Asked(Struct, frozen=True):
    """What identifies a receipt outside: ФН, ФД, ФПД, kind, time and sum in kopecks."""

    drive_number: str
    document_number: int
    fiscal_sign: int
    kind: str
    issued_at: datetime
    total_kopecks: int

    @property
    def key(self) -> tuple[str, int]:
        """(ФН, ФД)."""
        return self.drive_number, self.document_number


_ASKED: Final = """
SELECT r.fiscal_drive_number, r.fiscal_document_number, r.fiscal_sign, r.kind, r.issued_at, r.total_kopecks
FROM claim_line l JOIN receipt r ON r.purchase_id = l.purchase_id
  AND r.fiscal_drive_number = l.receipt_drive_number
  AND r.fiscal_document_number = l.receipt_document_number
WHERE l.claim_id = $1 AND l.n = ANY ($2::integer[]) ORDER BY l.n"""


async def asked_receipts(connection: asyncpg.Connection, claim_id: int, lines: Sequence[int]) -> list[Asked]:
    """The receipts of lines of a claim by their numbers, in that order."""
    return [Asked(*row) for row in await connection.fetch(_ASKED, claim_id, lines)]
