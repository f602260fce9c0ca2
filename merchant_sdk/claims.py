"""What the department owes a merchant: its claims, their lines and documents, and what is still outside.

The head office asks, with the key of a concentrator; a till's key is refused (PermissionDeniedError). Sums
are kopecks, days are those of Moscow.

    for claim in office.list_claims():
        if claim.state is ClaimState.FILED:
            seal = office.claim_document(claim.claim_id, ClaimDocument.SEAL)
            office.sign_claim(claim.claim_id, qualified_signature=signed_by_your_provider(seal.content))
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from uuid import UUID

from merchant_sdk.enums import ClaimDocument, ClaimState
from merchant_sdk.errors import ClaimDocumentMismatchError
from merchant_sdk.objections import ClaimObjection, objection_of
from tillgate.v1 import claim_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of one agreement and period; sums are of included lines unless they say otherwise.

    `carried_kopecks` are left to a later claim, `over_limit_kopecks` refused for want of ceiling or budget,
    `unmatched_kopecks` not claimed as long as their mismatches stand. `approved_kopecks` is None until the
    review has decided.
    """

    claim_id: int
    agreement_number: str
    first_day: date
    last_day: date
    correction_number: int
    state: ClaimState
    built_at: datetime
    filed_at: datetime | None
    lines_sha256: bytes
    line_count: int
    sale_kopecks: int
    returned_kopecks: int
    carried_kopecks: int
    over_limit_kopecks: int
    unmatched_kopecks: int
    approved_kopecks: int | None
    paid_kopecks: int

    @property
    def net_kopecks(self) -> int:
        """What is claimed."""
        return self.sale_kopecks - self.returned_kopecks


@dataclass(frozen=True, slots=True)
class ClaimSubtotal:
    """Included lines of one outlet and program."""

    outlet_id: int
    outlet_name: str
    program_code: str
    line_count: int
    sale_kopecks: int
    returned_kopecks: int


@dataclass(frozen=True, slots=True)
class ClaimEvent:
    """A step that a claim took."""

    step: str
    state: ClaimState
    made_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ClaimTerm:
    """A term of the agreement that a claim is under; `due_on` is its last day."""

    kind: str
    due_on: date
    is_missed: bool


@dataclass(frozen=True, slots=True)
class ClaimDetails:
    """A claim with what belongs to it; `signature_state` is empty while nobody has signed."""

    claim: Claim
    subtotals: tuple[ClaimSubtotal, ...]
    events: tuple[ClaimEvent, ...]
    terms: tuple[ClaimTerm, ...]
    signature_state: str
    objections: tuple[ClaimObjection, ...]


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One operation's kopecks under one program; below zero for what was given back.

    `kind` is SALE, REFUND or VOID; `treatment` INCLUDED, CARRIED, OVER_LIMIT or UNMATCHED; `verdict`
    APPROVED, REFUSED, REFUSED_FOR_GOOD, or empty until the review has decided. `receipt` is (ФН, ФД).
    """

    number: int
    operation_id: UUID
    purchase_id: UUID
    program_code: str
    kind: str
    sale_date: date
    decided_at: datetime
    outlet_id: int
    terminal_id: int
    amount_kopecks: int
    treatment: str
    mismatches: tuple[str, ...]
    verdict: str
    verdict_reason: str
    receipt: tuple[str, int] | None
    is_earlier: bool


@dataclass(frozen=True, slots=True)
class ClaimOperation:
    """An operation that the department owes for, or that lowers what it owes, and where it stands.

    `standing` is UNMATCHED, UNCLAIMED, CARRIED, UNDER_REVIEW, APPROVED, REFUSED or PAID; DEMANDED is demanded
    back by itself, UNDONE a capture and its void before either was claimed. `reason` says why it is refused.
    """

    operation_id: UUID
    purchase_id: UUID
    program_code: str
    kind: str
    decided_at: datetime
    sale_date: date
    outlet_id: int
    terminal_id: int
    amount_kopecks: int
    standing: str
    claim_id: int | None
    mismatches: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Receivable:
    """What is owed for one outlet, by the age of the sale in days, such as "0-30"."""

    outlet_id: int
    age: str
    unmatched_kopecks: int
    unclaimed_kopecks: int
    carried_kopecks: int
    under_review_kopecks: int
    approved_kopecks: int
    refused_kopecks: int
    paid_kopecks: int
    demanded_kopecks: int


@dataclass(frozen=True, slots=True)
class Document:
    """A document, whole; its content has the SHA-256 that the gateway named."""

    file_name: str
    content: bytes
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Objection:
    """An objection that was taken; the department answers until the end of `answer_due_on`."""

    objection_id: int
    answer_due_on: date


class DocumentParts:
    """The parts of a document while they arrive. `take` raises ClaimDocumentMismatchError."""

    def __init__(self) -> None:
        self._content = bytearray()
        self._sha256 = b""
        self._file_name = ""

    def take(self, part: pb.DownloadClaimDocumentResponse) -> int:
        """The offset of the next part; 0 after the last, when all of it is checked."""
        if self._sha256 not in (b"", part.sha256):
            raise ClaimDocumentMismatchError("the document changed while it was downloaded")
        self._sha256, self._file_name = part.sha256, part.file_name
        self._content += part.content
        if part.next_offset:
            if part.next_offset != len(self._content) or not part.content:
                raise ClaimDocumentMismatchError("a part of the document is missing")
            return part.next_offset
        if len(self._content) != part.total_bytes or sha256(self._content).digest() != part.sha256:
            raise ClaimDocumentMismatchError("the document is not what its SHA-256 says")
        return 0

    def whole(self) -> Document:
        """The document, once `take` has said 0."""
        return Document(self._file_name, bytes(self._content), self._sha256)


def claim_of(message: pb.Claim) -> Claim:
    """A claim as it was answered."""
    return Claim(
        claim_id=message.claim_id,
        agreement_number=message.agreement_number,
        first_day=date.fromisoformat(message.first_day),
        last_day=date.fromisoformat(message.last_day),
        correction_number=message.correction_number,
        state=ClaimState(message.state),
        built_at=message.built_at.ToDatetime(UTC),
        filed_at=message.filed_at.ToDatetime(UTC) if message.HasField("filed_at") else None,
        lines_sha256=message.lines_sha256,
        line_count=message.line_count,
        sale_kopecks=message.sale_kopecks,
        returned_kopecks=message.returned_kopecks,
        carried_kopecks=message.carried_kopecks,
        over_limit_kopecks=message.over_limit_kopecks,
        unmatched_kopecks=message.unmatched_kopecks,
        approved_kopecks=message.approved_kopecks if message.HasField("approved_kopecks") else None,
        paid_kopecks=message.paid_kopecks,
    )


def details_of(message: pb.GetClaimResponse) -> ClaimDetails:
    """A claim with what belongs to it, as it was answered."""
    return ClaimDetails(
        claim_of(message.claim),
        tuple(
            ClaimSubtotal(
                one.outlet_id,
                one.outlet_name,
                one.program_code,
                one.line_count,
                one.sale_kopecks,
                one.returned_kopecks,
            )
            for one in message.subtotals
        ),
        tuple(
            ClaimEvent(one.step, ClaimState(one.state), one.made_at.ToDatetime(UTC), one.reason)
            for one in message.events
        ),
        tuple(ClaimTerm(one.kind, date.fromisoformat(one.due_on), one.is_missed) for one in message.terms),
        message.signature_state,
        tuple(objection_of(one) for one in message.objections),
    )


def line_of(message: pb.ClaimLine) -> ClaimLine:
    """A line as it was answered."""
    return ClaimLine(
        number=message.number,
        operation_id=UUID(message.operation_id),
        purchase_id=UUID(message.purchase_id),
        program_code=message.program_code,
        kind=message.kind,
        sale_date=date.fromisoformat(message.sale_date),
        decided_at=message.decided_at.ToDatetime(UTC),
        outlet_id=message.outlet_id,
        terminal_id=message.terminal_id,
        amount_kopecks=message.amount_kopecks,
        treatment=message.treatment,
        mismatches=tuple(message.mismatches),
        verdict=message.verdict,
        verdict_reason=message.verdict_reason,
        receipt=(
            (message.fiscal_drive_number, message.fiscal_document_number)
            if message.fiscal_drive_number
            else None
        ),
        is_earlier=message.is_earlier,
    )


def operation_of(message: pb.ClaimOperation) -> ClaimOperation:
    """An operation as it was answered."""
    return ClaimOperation(
        operation_id=UUID(message.operation_id),
        purchase_id=UUID(message.purchase_id),
        program_code=message.program_code,
        kind=message.kind,
        decided_at=message.decided_at.ToDatetime(UTC),
        sale_date=date.fromisoformat(message.sale_date),
        outlet_id=message.outlet_id,
        terminal_id=message.terminal_id,
        amount_kopecks=message.amount_kopecks,
        standing=message.standing,
        claim_id=message.claim_id or None,
        mismatches=tuple(message.mismatches),
        reason=message.reason,
    )


def receivables_of(message: pb.GetReceivablesResponse) -> tuple[Receivable, ...]:
    """Rows as they were answered."""
    return tuple(
        Receivable(
            one.outlet_id,
            one.age,
            one.unmatched_kopecks,
            one.unclaimed_kopecks,
            one.carried_kopecks,
            one.under_review_kopecks,
            one.approved_kopecks,
            one.refused_kopecks,
            one.paid_kopecks,
            one.demanded_kopecks,
        )
        for one in message.receivables
    )


def sign_message(
    claim_id: int,
    qualified_signature: bytes | None,
    paper_scan: bytes | None,
    power_of_attorney: bytes,
) -> pb.SignClaimRequest:
    """What signs a claim. Raises ValueError unless there is exactly one of signature and scan."""
    if (qualified_signature is None) == (paper_scan is None):
        raise ValueError("give either a qualified signature or a scan")
    return pb.SignClaimRequest(
        claim_id=claim_id,
        qualified_signature=qualified_signature,
        paper_scan=paper_scan,
        power_of_attorney=power_of_attorney,
    )


def objection_message(claim_id: int, text: str, line_numbers: Sequence[int]) -> pb.ObjectToClaimRequest:
    """An objection as it is sent."""
    return pb.ObjectToClaimRequest(claim_id=claim_id, text=text, line_numbers=line_numbers)


def download_message(claim_id: int, document: ClaimDocument) -> pb.DownloadClaimDocumentRequest:
    """The first part of a document."""
    return pb.DownloadClaimDocumentRequest(claim_id=claim_id, document=f"CLAIM_DOCUMENT_{document.name}")
