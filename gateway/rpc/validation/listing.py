"""What a till may ask of ListOperations."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gateway.domain.reasons import Reason
from gateway.rpc.validation.findings import Findings
from gateway.rpc.validation.receipts import read_instant
from tillgate.v1 import purchase_service_pb2 as service

PAGE_SIZE_DEFAULT: Final = 100
PAGE_SIZE_MAX: Final = 500
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Page:
    """How many operations, and from which instant on if there is no cursor."""

    size: int
    decided_from: datetime


def read_page(request: service.ListOperationsRequest) -> Page:
    """Size and beginning of a listing; its page token is read apart, it depends on who asks."""
    findings = Findings()
    size = read_page_size(request.page_size, findings)
    decided_from = _BEGINNING
    if request.HasField("decided_from"):
        decided_from = read_instant(request.decided_from, Reason.FIELD_INVALID, "decided_from", findings)
    findings.settle()
    return Page(size, decided_from)


def read_page_size(asked: int, findings: Findings) -> int:
    """How many of a listing are wanted at once: 0 leaves it to the gateway."""
    size = asked or PAGE_SIZE_DEFAULT
    if not 1 <= size <= PAGE_SIZE_MAX:
        ru, en = f"можно от 1 до {PAGE_SIZE_MAX}", f"1 to {PAGE_SIZE_MAX} allowed"
        findings.add(Reason.FIELD_INVALID, "page_size", ru, en)
    return size
