import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ClaimState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CLAIM_STATE_UNSPECIFIED: _ClassVar[ClaimState]
    CLAIM_STATE_DRAFT: _ClassVar[ClaimState]
    CLAIM_STATE_DISCARDED: _ClassVar[ClaimState]
    CLAIM_STATE_FILED: _ClassVar[ClaimState]
    CLAIM_STATE_UNDER_REVIEW: _ClassVar[ClaimState]
    CLAIM_STATE_RETURNED_TO_MERCHANT: _ClassVar[ClaimState]
    CLAIM_STATE_SUPERSEDED: _ClassVar[ClaimState]
    CLAIM_STATE_APPROVED: _ClassVar[ClaimState]
    CLAIM_STATE_APPROVED_IN_PART: _ClassVar[ClaimState]
    CLAIM_STATE_REFUSED: _ClassVar[ClaimState]
    CLAIM_STATE_PAYABLE: _ClassVar[ClaimState]
    CLAIM_STATE_PARTLY_PAID: _ClassVar[ClaimState]
    CLAIM_STATE_PAID: _ClassVar[ClaimState]
    CLAIM_STATE_RETURNED_BY_BANK: _ClassVar[ClaimState]

class ClaimDocument(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CLAIM_DOCUMENT_UNSPECIFIED: _ClassVar[ClaimDocument]
    CLAIM_DOCUMENT_CLAIM_PDF: _ClassVar[ClaimDocument]
    CLAIM_DOCUMENT_REGISTER_XLSX: _ClassVar[ClaimDocument]
    CLAIM_DOCUMENT_REGISTER_CSV: _ClassVar[ClaimDocument]
    CLAIM_DOCUMENT_JSON: _ClassVar[ClaimDocument]
    CLAIM_DOCUMENT_SEAL: _ClassVar[ClaimDocument]
CLAIM_STATE_UNSPECIFIED: ClaimState
CLAIM_STATE_DRAFT: ClaimState
CLAIM_STATE_DISCARDED: ClaimState
CLAIM_STATE_FILED: ClaimState
CLAIM_STATE_UNDER_REVIEW: ClaimState
CLAIM_STATE_RETURNED_TO_MERCHANT: ClaimState
CLAIM_STATE_SUPERSEDED: ClaimState
CLAIM_STATE_APPROVED: ClaimState
CLAIM_STATE_APPROVED_IN_PART: ClaimState
CLAIM_STATE_REFUSED: ClaimState
CLAIM_STATE_PAYABLE: ClaimState
CLAIM_STATE_PARTLY_PAID: ClaimState
CLAIM_STATE_PAID: ClaimState
CLAIM_STATE_RETURNED_BY_BANK: ClaimState
CLAIM_DOCUMENT_UNSPECIFIED: ClaimDocument
CLAIM_DOCUMENT_CLAIM_PDF: ClaimDocument
CLAIM_DOCUMENT_REGISTER_XLSX: ClaimDocument
CLAIM_DOCUMENT_REGISTER_CSV: ClaimDocument
CLAIM_DOCUMENT_JSON: ClaimDocument
CLAIM_DOCUMENT_SEAL: ClaimDocument

class Claim(_message.Message):
    __slots__ = ("claim_id", "agreement_number", "first_day", "last_day", "correction_number", "state", "built_at", "filed_at", "lines_sha256", "line_count", "sale_kopecks", "returned_kopecks", "carried_kopecks", "over_limit_kopecks", "unmatched_kopecks", "approved_kopecks", "paid_kopecks")
    CLAIM_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    FIRST_DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    CORRECTION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    BUILT_AT_FIELD_NUMBER: _ClassVar[int]
    FILED_AT_FIELD_NUMBER: _ClassVar[int]
    LINES_SHA256_FIELD_NUMBER: _ClassVar[int]
    LINE_COUNT_FIELD_NUMBER: _ClassVar[int]
    SALE_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    RETURNED_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    CARRIED_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    OVER_LIMIT_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    UNMATCHED_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    APPROVED_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    PAID_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    claim_id: int
    agreement_number: str
    first_day: str
    last_day: str
    correction_number: int
    state: ClaimState
    built_at: _timestamp_pb2.Timestamp
    filed_at: _timestamp_pb2.Timestamp
    lines_sha256: bytes
    line_count: int
    sale_kopecks: int
    returned_kopecks: int
    carried_kopecks: int
    over_limit_kopecks: int
    unmatched_kopecks: int
    approved_kopecks: int
    paid_kopecks: int
    def __init__(self, claim_id: _Optional[int] = ..., agreement_number: _Optional[str] = ..., first_day: _Optional[str] = ..., last_day: _Optional[str] = ..., correction_number: _Optional[int] = ..., state: _Optional[_Union[ClaimState, str]] = ..., built_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., filed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lines_sha256: _Optional[bytes] = ..., line_count: _Optional[int] = ..., sale_kopecks: _Optional[int] = ..., returned_kopecks: _Optional[int] = ..., carried_kopecks: _Optional[int] = ..., over_limit_kopecks: _Optional[int] = ..., unmatched_kopecks: _Optional[int] = ..., approved_kopecks: _Optional[int] = ..., paid_kopecks: _Optional[int] = ...) -> None: ...

class ListClaimsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListClaimsResponse(_message.Message):
    __slots__ = ("claims", "next_page_token")
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    claims: _containers.RepeatedCompositeFieldContainer[Claim]
    next_page_token: str
    def __init__(self, claims: _Optional[_Iterable[_Union[Claim, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetClaimRequest(_message.Message):
    __slots__ = ("claim_id",)
    CLAIM_ID_FIELD_NUMBER: _ClassVar[int]
    claim_id: int
    def __init__(self, claim_id: _Optional[int] = ...) -> None: ...

class GetClaimResponse(_message.Message):
    __slots__ = ("claim", "subtotals", "events", "terms", "signature_state", "objections")
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    SUBTOTALS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_STATE_FIELD_NUMBER: _ClassVar[int]
    OBJECTIONS_FIELD_NUMBER: _ClassVar[int]
    claim: Claim
    subtotals: _containers.RepeatedCompositeFieldContainer[ClaimSubtotal]
    events: _containers.RepeatedCompositeFieldContainer[ClaimEvent]
    terms: _containers.RepeatedCompositeFieldContainer[ClaimTerm]
    signature_state: str
    objections: _containers.RepeatedCompositeFieldContainer[ClaimObjection]
    def __init__(self, claim: _Optional[_Union[Claim, _Mapping]] = ..., subtotals: _Optional[_Iterable[_Union[ClaimSubtotal, _Mapping]]] = ..., events: _Optional[_Iterable[_Union[ClaimEvent, _Mapping]]] = ..., terms: _Optional[_Iterable[_Union[ClaimTerm, _Mapping]]] = ..., signature_state: _Optional[str] = ..., objections: _Optional[_Iterable[_Union[ClaimObjection, _Mapping]]] = ...) -> None: ...

class ClaimSubtotal(_message.Message):
    __slots__ = ("outlet_id", "outlet_name", "program_code", "line_count", "sale_kopecks", "returned_kopecks")
    OUTLET_ID_FIELD_NUMBER: _ClassVar[int]
    OUTLET_NAME_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_CODE_FIELD_NUMBER: _ClassVar[int]
    LINE_COUNT_FIELD_NUMBER: _ClassVar[int]
    SALE_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    RETURNED_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    outlet_id: int
    outlet_name: str
    program_code: str
    line_count: int
    sale_kopecks: int
    returned_kopecks: int
    def __init__(self, outlet_id: _Optional[int] = ..., outlet_name: _Optional[str] = ..., program_code: _Optional[str] = ..., line_count: _Optional[int] = ..., sale_kopecks: _Optional[int] = ..., returned_kopecks: _Optional[int] = ...) -> None: ...

class ClaimObjection(_message.Message):
    __slots__ = ("objection_id", "line_numbers", "text", "made_at", "answer_due_on", "state", "answer", "answered_at")
    OBJECTION_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_NUMBERS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    MADE_AT_FIELD_NUMBER: _ClassVar[int]
    ANSWER_DUE_ON_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_AT_FIELD_NUMBER: _ClassVar[int]
    objection_id: int
    line_numbers: _containers.RepeatedScalarFieldContainer[int]
    text: str
    made_at: _timestamp_pb2.Timestamp
    answer_due_on: str
    state: str
    answer: str
    answered_at: _timestamp_pb2.Timestamp
    def __init__(self, objection_id: _Optional[int] = ..., line_numbers: _Optional[_Iterable[int]] = ..., text: _Optional[str] = ..., made_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., answer_due_on: _Optional[str] = ..., state: _Optional[str] = ..., answer: _Optional[str] = ..., answered_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ClaimEvent(_message.Message):
    __slots__ = ("step", "state", "made_at", "reason")
    STEP_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    MADE_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    step: str
    state: ClaimState
    made_at: _timestamp_pb2.Timestamp
    reason: str
    def __init__(self, step: _Optional[str] = ..., state: _Optional[_Union[ClaimState, str]] = ..., made_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class ClaimTerm(_message.Message):
    __slots__ = ("kind", "due_on", "is_missed")
    KIND_FIELD_NUMBER: _ClassVar[int]
    DUE_ON_FIELD_NUMBER: _ClassVar[int]
    IS_MISSED_FIELD_NUMBER: _ClassVar[int]
    kind: str
    due_on: str
    is_missed: bool
    def __init__(self, kind: _Optional[str] = ..., due_on: _Optional[str] = ..., is_missed: _Optional[bool] = ...) -> None: ...

class ListClaimLinesRequest(_message.Message):
    __slots__ = ("claim_id", "page_size", "page_token")
    CLAIM_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    claim_id: int
    page_size: int
    page_token: str
    def __init__(self, claim_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListClaimLinesResponse(_message.Message):
    __slots__ = ("lines", "next_page_token")
    LINES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedCompositeFieldContainer[ClaimLine]
    next_page_token: str
    def __init__(self, lines: _Optional[_Iterable[_Union[ClaimLine, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ClaimLine(_message.Message):
    __slots__ = ("number", "operation_id", "purchase_id", "program_code", "kind", "sale_date", "decided_at", "outlet_id", "terminal_id", "amount_kopecks", "treatment", "mismatches", "verdict", "verdict_reason", "fiscal_drive_number", "fiscal_document_number", "is_earlier")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    OPERATION_ID_FIELD_NUMBER: _ClassVar[int]
    PURCHASE_ID_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_CODE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SALE_DATE_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    OUTLET_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    TREATMENT_FIELD_NUMBER: _ClassVar[int]
    MISMATCHES_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    VERDICT_REASON_FIELD_NUMBER: _ClassVar[int]
    FISCAL_DRIVE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    FISCAL_DOCUMENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    IS_EARLIER_FIELD_NUMBER: _ClassVar[int]
    number: int
    operation_id: str
    purchase_id: str
    program_code: str
    kind: str
    sale_date: str
    decided_at: _timestamp_pb2.Timestamp
    outlet_id: int
    terminal_id: int
    amount_kopecks: int
    treatment: str
    mismatches: _containers.RepeatedScalarFieldContainer[str]
    verdict: str
    verdict_reason: str
    fiscal_drive_number: str
    fiscal_document_number: int
    is_earlier: bool
    def __init__(self, number: _Optional[int] = ..., operation_id: _Optional[str] = ..., purchase_id: _Optional[str] = ..., program_code: _Optional[str] = ..., kind: _Optional[str] = ..., sale_date: _Optional[str] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., outlet_id: _Optional[int] = ..., terminal_id: _Optional[int] = ..., amount_kopecks: _Optional[int] = ..., treatment: _Optional[str] = ..., mismatches: _Optional[_Iterable[str]] = ..., verdict: _Optional[str] = ..., verdict_reason: _Optional[str] = ..., fiscal_drive_number: _Optional[str] = ..., fiscal_document_number: _Optional[int] = ..., is_earlier: _Optional[bool] = ...) -> None: ...

class DownloadClaimDocumentRequest(_message.Message):
    __slots__ = ("claim_id", "document", "offset")
    CLAIM_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    claim_id: int
    document: ClaimDocument
    offset: int
    def __init__(self, claim_id: _Optional[int] = ..., document: _Optional[_Union[ClaimDocument, str]] = ..., offset: _Optional[int] = ...) -> None: ...

class DownloadClaimDocumentResponse(_message.Message):
    __slots__ = ("content", "total_bytes", "sha256", "next_offset", "file_name")
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_BYTES_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    NEXT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    content: bytes
    total_bytes: int
    sha256: bytes
    next_offset: int
    file_name: str
    def __init__(self, content: _Optional[bytes] = ..., total_bytes: _Optional[int] = ..., sha256: _Optional[bytes] = ..., next_offset: _Optional[int] = ..., file_name: _Optional[str] = ...) -> None: ...

class SignClaimRequest(_message.Message):
    __slots__ = ("claim_id", "qualified_signature", "paper_scan", "power_of_attorney")
    CLAIM_ID_FIELD_NUMBER: _ClassVar[int]
    QUALIFIED_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    PAPER_SCAN_FIELD_NUMBER: _ClassVar[int]
    POWER_OF_ATTORNEY_FIELD_NUMBER: _ClassVar[int]
    claim_id: int
    qualified_signature: bytes
    paper_scan: bytes
    power_of_attorney: bytes
    def __init__(self, claim_id: _Optional[int] = ..., qualified_signature: _Optional[bytes] = ..., paper_scan: _Optional[bytes] = ..., power_of_attorney: _Optional[bytes] = ...) -> None: ...

class SignClaimResponse(_message.Message):
    __slots__ = ("signature_state",)
    SIGNATURE_STATE_FIELD_NUMBER: _ClassVar[int]
    signature_state: str
    def __init__(self, signature_state: _Optional[str] = ...) -> None: ...

class ObjectToClaimRequest(_message.Message):
    __slots__ = ("claim_id", "text", "line_numbers")
    CLAIM_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LINE_NUMBERS_FIELD_NUMBER: _ClassVar[int]
    claim_id: int
    text: str
    line_numbers: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, claim_id: _Optional[int] = ..., text: _Optional[str] = ..., line_numbers: _Optional[_Iterable[int]] = ...) -> None: ...

class ObjectToClaimResponse(_message.Message):
    __slots__ = ("objection_id", "answer_due_on")
    OBJECTION_ID_FIELD_NUMBER: _ClassVar[int]
    ANSWER_DUE_ON_FIELD_NUMBER: _ClassVar[int]
    objection_id: int
    answer_due_on: str
    def __init__(self, objection_id: _Optional[int] = ..., answer_due_on: _Optional[str] = ...) -> None: ...

class ListClaimOperationsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListClaimOperationsResponse(_message.Message):
    __slots__ = ("operations", "next_page_token")
    OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    operations: _containers.RepeatedCompositeFieldContainer[ClaimOperation]
    next_page_token: str
    def __init__(self, operations: _Optional[_Iterable[_Union[ClaimOperation, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ClaimOperation(_message.Message):
    __slots__ = ("operation_id", "purchase_id", "program_code", "kind", "decided_at", "sale_date", "outlet_id", "terminal_id", "amount_kopecks", "standing", "claim_id", "mismatches", "reason")
    OPERATION_ID_FIELD_NUMBER: _ClassVar[int]
    PURCHASE_ID_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_CODE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    SALE_DATE_FIELD_NUMBER: _ClassVar[int]
    OUTLET_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    STANDING_FIELD_NUMBER: _ClassVar[int]
    CLAIM_ID_FIELD_NUMBER: _ClassVar[int]
    MISMATCHES_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    operation_id: str
    purchase_id: str
    program_code: str
    kind: str
    decided_at: _timestamp_pb2.Timestamp
    sale_date: str
    outlet_id: int
    terminal_id: int
    amount_kopecks: int
    standing: str
    claim_id: int
    mismatches: _containers.RepeatedScalarFieldContainer[str]
    reason: str
    def __init__(self, operation_id: _Optional[str] = ..., purchase_id: _Optional[str] = ..., program_code: _Optional[str] = ..., kind: _Optional[str] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., sale_date: _Optional[str] = ..., outlet_id: _Optional[int] = ..., terminal_id: _Optional[int] = ..., amount_kopecks: _Optional[int] = ..., standing: _Optional[str] = ..., claim_id: _Optional[int] = ..., mismatches: _Optional[_Iterable[str]] = ..., reason: _Optional[str] = ...) -> None: ...

class GetReceivablesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetReceivablesResponse(_message.Message):
    __slots__ = ("read_at", "receivables")
    READ_AT_FIELD_NUMBER: _ClassVar[int]
    RECEIVABLES_FIELD_NUMBER: _ClassVar[int]
    read_at: _timestamp_pb2.Timestamp
    receivables: _containers.RepeatedCompositeFieldContainer[Receivable]
    def __init__(self, read_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., receivables: _Optional[_Iterable[_Union[Receivable, _Mapping]]] = ...) -> None: ...

class Receivable(_message.Message):
    __slots__ = ("outlet_id", "age", "unmatched_kopecks", "unclaimed_kopecks", "carried_kopecks", "under_review_kopecks", "approved_kopecks", "refused_kopecks", "paid_kopecks", "demanded_kopecks")
    OUTLET_ID_FIELD_NUMBER: _ClassVar[int]
    AGE_FIELD_NUMBER: _ClassVar[int]
    UNMATCHED_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    UNCLAIMED_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    CARRIED_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    UNDER_REVIEW_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    APPROVED_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    REFUSED_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    PAID_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    DEMANDED_KOPECKS_FIELD_NUMBER: _ClassVar[int]
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
    def __init__(self, outlet_id: _Optional[int] = ..., age: _Optional[str] = ..., unmatched_kopecks: _Optional[int] = ..., unclaimed_kopecks: _Optional[int] = ..., carried_kopecks: _Optional[int] = ..., under_review_kopecks: _Optional[int] = ..., approved_kopecks: _Optional[int] = ..., refused_kopecks: _Optional[int] = ..., paid_kopecks: _Optional[int] = ..., demanded_kopecks: _Optional[int] = ...) -> None: ...
