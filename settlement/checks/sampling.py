"""The sample of a claim whose receipts must be confirmed outside: by chance, and the same when drawn again.

A line's place is SHA-256 over the claim's digest, its stored random seed, operation and program: nobody
chooses the lines, and anybody can draw them again.
"""

import secrets
from typing import Final

import asyncpg
from msgspec import Struct

from settlement.ledger_reader.receipts_terms import terms_of_claim

SEED_BYTES: Final = 16

_SEED: Final = "UPDATE claim SET sample_seed = $2 WHERE id = $1 AND sample_seed IS NULL AND state = 'DRAFT'"

# A percentage is rounded up: a claim of one line is sampled too.
_SAMPLE: Final = """
WITH sale AS (
  SELECT l.n, l.amount_kopecks, l.receipt_drive_number, l.receipt_document_number,
    sha256(c.lines_sha256 || coalesce(c.sample_seed, '') || uuid_send(l.operation_id)
      || convert_to(l.program_code, 'UTF8')) AS place
  FROM claim c JOIN claim_line l ON l.claim_id = c.id
  WHERE c.id = $1 AND l.kind = 'SALE' AND l.treatment = 'INCLUDED'
), chosen AS (
  SELECT * FROM sale ORDER BY place
  LIMIT (SELECT greatest(ceil(count(*) * $2::integer / 100.0), $3::integer)::bigint FROM sale)
)
SELECT s.n, s.amount_kopecks, s.receipt_drive_number AS drive_number,
  s.receipt_document_number AS document_number, coalesce(k.verdict, '') AS verdict
FROM chosen s
LEFT JOIN receipt_check k ON k.fiscal_drive_number = s.receipt_drive_number
  AND k.fiscal_document_number = s.receipt_document_number
ORDER BY s.n"""


class Sampled(Struct, frozen=True):
    """A sampled line with its receipt (ФН, ФД); `verdict` is "" until a checker answered."""

    n: int
    amount_kopecks: int
    drive_number: str | None
    document_number: int | None
    verdict: str

    @property
    def is_confirmed(self) -> bool:
        """Whether a checker found the receipt as it is told."""
        return self.verdict == "CONFIRMED"


async def draw_sample(connection: asyncpg.Connection, claim_id: int) -> list[Sampled]:
    """The sampled lines of a claim, in its order; a draft without a seed gets one, which stays.

    Raises SettlementError CLAIM_UNKNOWN.
    """
    terms = await terms_of_claim(connection, claim_id)
    if not terms.sample_percent and not terms.sample_lines_min:
        return []
    await connection.execute(_SEED, claim_id, secrets.token_bytes(SEED_BYTES))
    rows = await connection.fetch(_SAMPLE, claim_id, terms.sample_percent, terms.sample_lines_min)
    return [Sampled(*row) for row in rows]
