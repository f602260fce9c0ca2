"""A fiscal receipt as a file tells it."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from gateway.domain.purchase import ReceiptKind
from gateway.domain.settlement_terms import Evidence
from settlement.errors import SettlementError


class ReceiptLine(Struct, frozen=True):
    """One item: its name, what it weighs or counts as written, and its sum (tags 1030, 1023, 1043)."""

    name: str
    quantity: str
    sum_kopecks: int


class EvidenceReceipt(Struct, frozen=True):
    """What a file says of a receipt (54-ФЗ).

    `format_version` is tag 1209 (2 is FFD 1.05, 3 is 1.1, 4 is 1.2), None where not told. `tag_sums` has
    kopecks by the tag of payment. A QR string tells neither seller nor till nor lines: "" and ().
    """

    kind: ReceiptKind
    fiscal_drive_number: str
    fiscal_document_number: int
    fiscal_sign: int
    issued_at: datetime
    total_kopecks: int
    level: Evidence
    seller_inn: str = ""
    kkt_registration_number: str = ""
    format_version: int | None = None
    lines: tuple[ReceiptLine, ...] = ()
    tag_sums: Mapping[str, int] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, int]:
        """(ФН, ФД): unique in the country."""
        return self.fiscal_drive_number, self.fiscal_document_number


class ReceiptRow(Struct, frozen=True):
    """A row of a file by its number, with the receipt or with the problem that it has instead."""

    number: int
    receipt: EvidenceReceipt | None = None
    problem: SettlementError | None = None
