"""Lines in canonical form: the same set of entries comes out byte for byte the same, whoever writes it.

The database makes the form in bulk; `line_bytes` makes the same from a line that was read. Fields are
separated by the control character US, which no code can hold; instants are microseconds since 1970, UTC.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from settlement.claims.model import ClaimLine

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = "\x1f"

LINE_TEXT: Final = r"""concat_ws(E'\x1f', n, operation_id, program_code, purchase_id, kind, sale_date,
  (extract(epoch FROM decided_at) * 1000000)::bigint, outlet_id, terminal_id, amount_kopecks, treatment,
  array_to_string(mismatches, ','), evidence, coalesce(receipt_drive_number, ''),
  coalesce(receipt_document_number::text, ''), is_earlier::int)"""
"""The SQL expression of a line's text."""

SHA256_OF_LINES: Final = f"""
SELECT sha256(coalesce(
  string_agg(convert_to({LINE_TEXT} || E'\\n', 'UTF8'), ''::bytea ORDER BY n), ''::bytea))
FROM {{lines}}"""
"""The SQL query of the digest of a relation of lines."""


def line_bytes(line: ClaimLine) -> bytes:
    """A line in canonical form, with its end of line."""
    drive, document = line.receipt or ("", "")
    fields = (
        line.n, line.operation_id, line.program_code, line.purchase_id, line.kind, line.sale_date,
        (line.decided_at - _EPOCH) // timedelta(microseconds=1), line.outlet_id, line.terminal_id,
        line.amount_kopecks, line.treatment, ",".join(line.mismatches), int(line.evidence), drive, document,
        int(line.is_earlier),
    )  # fmt: skip
    return (_US.join(str(field) for field in fields) + "\n").encode()


def lines_sha256(lines: Iterable[ClaimLine]) -> bytes:
    """The SHA-256 of lines in their order."""
    digest = sha256()
    for line in lines:
        digest.update(line_bytes(line))
    return digest.digest()
