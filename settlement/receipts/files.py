"""Files of receipts, read row by row: JSON lines, one JSON document, or a QR string in each line.

A row is a receipt or a problem, and no row spoils another. Numbers are those that an editor shows; of a JSON
document they count its receipts. What a file declares as its encoding says nothing, so it is recognised.
"""

from collections.abc import Callable, Iterator
from functools import partial
from hashlib import file_digest
from pathlib import Path
from typing import Any, BinaryIO, Final

from settlement.errors import SettlementError
from settlement.receipts.errors import ReceiptCode
from settlement.receipts.model import EvidenceReceipt, ReceiptRow
from settlement.receipts.qr import read_qr
from settlement.receipts.tax_json import InnCheck, decode_json, read_tax_receipt

ROW_MAX_BYTES: Final = 1 << 20
DOCUMENT_MAX_MB: Final = 64

_BOM: Final = b"\xef\xbb\xbf"


class ReceiptFile:
    """The rows of a file; `position_bytes` tells how far it is read, of `size_bytes`. Raises OSError."""

    def __init__(self, path: Path, is_valid_inn: InnCheck) -> None:
        self.path = path
        self.size_bytes = path.stat().st_size
        self.position_bytes = 0
        with path.open("rb") as file:
            self.sha256 = file_digest(file, "sha256").digest()
        self._is_valid_inn = is_valid_inn

    def rows(self) -> Iterator[ReceiptRow]:
        """Every row that is not blank, in the order of the file.

        Raises SettlementError FILE_TOO_LARGE, NOT_JSON, ENCODING_UNKNOWN for a document that is not read line
        by line.
        """
        with self.path.open("rb") as file:
            if self._is_document(file):
                yield from self._document_rows(file)
            else:
                for number, raw in self._lines(file):
                    if raw is None or raw.strip():
                        yield _row(number, partial(self._read_line, raw))

    def _is_document(self, file: BinaryIO) -> bool:
        """Whether the whole is one JSON: a list, or an object over several lines."""
        first = file.readline(ROW_MAX_BYTES).removeprefix(_BOM)
        while first and not first.strip():
            first = file.readline(ROW_MAX_BYTES)
        file.seek(0)
        if first.lstrip().startswith(b"["):
            return True
        if not first.lstrip().startswith(b"{"):
            return False
        # A line of its own is closed; so is a whole document of one line, which reads the same.
        return not first.rstrip().endswith(b"}")

    def _document_rows(self, file: BinaryIO) -> Iterator[ReceiptRow]:
        if self.size_bytes > DOCUMENT_MAX_MB << 20:
            raise SettlementError(ReceiptCode.FILE_TOO_LARGE, limit_mb=DOCUMENT_MAX_MB)
        found = decode_json(_decoded(file.read().removeprefix(_BOM)))
        self.position_bytes = self.size_bytes
        for number, record in enumerate(found if isinstance(found, list) else [found], 1):
            yield _row(number, partial(self._read_record, record))

    def _lines(self, file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
        """Line numbers with their bytes; None stands for a line beyond the limit."""
        number = 0
        while raw := file.readline(ROW_MAX_BYTES + 1):
            number += 1
            self.position_bytes += len(raw)
            is_too_long = len(raw) > ROW_MAX_BYTES
            while is_too_long and raw and not raw.endswith(b"\n"):
                raw = file.readline(ROW_MAX_BYTES)
                self.position_bytes += len(raw)
            yield number, None if is_too_long else raw.removeprefix(_BOM) if number == 1 else raw

    def _read_line(self, raw: bytes | None) -> EvidenceReceipt:
        if raw is None:
            raise SettlementError(ReceiptCode.ROW_TOO_LONG, limit=ROW_MAX_BYTES)
        text = _decoded(raw).strip()
        if text.startswith("{"):
            return self._read_record(decode_json(text))
        return read_qr(text)

    def _read_record(self, record: Any) -> EvidenceReceipt:
        return read_tax_receipt(record, self._is_valid_inn)


def _row(number: int, read: Callable[[], EvidenceReceipt]) -> ReceiptRow:
    try:
        return ReceiptRow(number, read())
    except SettlementError as problem:
        return ReceiptRow(number, problem=problem)


def _decoded(raw: bytes) -> str:
    for encoding in ("utf-8", "cp1251"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SettlementError(ReceiptCode.ENCODING_UNKNOWN)
