import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from tillgate.v1 import purchase_pb2 as _purchase_pb2
from tillgate.v1 import reason_pb2 as _reason_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class QuoteRequest(_message.Message):
    __slots__ = ("terminal_id", "card", "basket", "program_code", "certificate_ids", "accept_partial")
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    CARD_FIELD_NUMBER: _ClassVar[int]
    BASKET_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_CODE_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_IDS_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_PARTIAL_FIELD_NUMBER: _ClassVar[int]
    terminal_id: int
    card: _purchase_pb2.Card
    basket: _purchase_pb2.Basket
    program_code: str
    certificate_ids: _containers.RepeatedScalarFieldContainer[str]
    accept_partial: bool
    def __init__(self, terminal_id: _Optional[int] = ..., card: _Optional[_Union[_purchase_pb2.Card, _Mapping]] = ..., basket: _Optional[_Union[_purchase_pb2.Basket, _Mapping]] = ..., program_code: _Optional[str] = ..., certificate_ids: _Optional[_Iterable[str]] = ..., accept_partial: _Optional[bool] = ...) -> None: ...

class QuoteResponse(_message.Message):
    __slots__ = ("decision", "reason", "notice", "purchase", "available_kopecks", "stop_list")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    PURCHASE_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    STOP_LIST_FIELD_NUMBER: _ClassVar[int]
    decision: _purchase_pb2.Decision
    reason: _reason_pb2.Reason
    notice: _purchase_pb2.Notice
    purchase: _purchase_pb2.Purchase
    available_kopecks: int
    stop_list: _purchase_pb2.StopListMark
    def __init__(self, decision: _Optional[_Union[_purchase_pb2.Decision, str]] = ..., reason: _Optional[_Union[_reason_pb2.Reason, str]] = ..., notice: _Optional[_Union[_purchase_pb2.Notice, _Mapping]] = ..., purchase: _Optional[_Union[_purchase_pb2.Purchase, _Mapping]] = ..., available_kopecks: _Optional[int] = ..., stop_list: _Optional[_Union[_purchase_pb2.StopListMark, _Mapping]] = ...) -> None: ...

class AuthorizeRequest(_message.Message):
    __slots__ = ("header", "card", "basket", "program_code", "certificate_ids", "accept_partial", "replaces_request_id", "own_money")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CARD_FIELD_NUMBER: _ClassVar[int]
    BASKET_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_CODE_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_IDS_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_PARTIAL_FIELD_NUMBER: _ClassVar[int]
    REPLACES_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OWN_MONEY_FIELD_NUMBER: _ClassVar[int]
    header: _purchase_pb2.CommandHeader
    card: _purchase_pb2.Card
    basket: _purchase_pb2.Basket
    program_code: str
    certificate_ids: _containers.RepeatedScalarFieldContainer[str]
    accept_partial: bool
    replaces_request_id: str
    own_money: _containers.RepeatedCompositeFieldContainer[_purchase_pb2.OwnMoneyPart]
    def __init__(self, header: _Optional[_Union[_purchase_pb2.CommandHeader, _Mapping]] = ..., card: _Optional[_Union[_purchase_pb2.Card, _Mapping]] = ..., basket: _Optional[_Union[_purchase_pb2.Basket, _Mapping]] = ..., program_code: _Optional[str] = ..., certificate_ids: _Optional[_Iterable[str]] = ..., accept_partial: _Optional[bool] = ..., replaces_request_id: _Optional[str] = ..., own_money: _Optional[_Iterable[_Union[_purchase_pb2.OwnMoneyPart, _Mapping]]] = ...) -> None: ...

class AuthorizeResponse(_message.Message):
    __slots__ = ("answer",)
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    answer: _purchase_pb2.SignedAnswer
    def __init__(self, answer: _Optional[_Union[_purchase_pb2.SignedAnswer, _Mapping]] = ...) -> None: ...

class SaleRequest(_message.Message):
    __slots__ = ("header", "card", "basket", "program_code", "certificate_ids", "accept_partial", "replaces_request_id", "own_money", "receipts")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CARD_FIELD_NUMBER: _ClassVar[int]
    BASKET_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_CODE_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_IDS_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_PARTIAL_FIELD_NUMBER: _ClassVar[int]
    REPLACES_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OWN_MONEY_FIELD_NUMBER: _ClassVar[int]
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    header: _purchase_pb2.CommandHeader
    card: _purchase_pb2.Card
    basket: _purchase_pb2.Basket
    program_code: str
    certificate_ids: _containers.RepeatedScalarFieldContainer[str]
    accept_partial: bool
    replaces_request_id: str
    own_money: _containers.RepeatedCompositeFieldContainer[_purchase_pb2.OwnMoneyPart]
    receipts: _containers.RepeatedCompositeFieldContainer[_purchase_pb2.FiscalReceipt]
    def __init__(self, header: _Optional[_Union[_purchase_pb2.CommandHeader, _Mapping]] = ..., card: _Optional[_Union[_purchase_pb2.Card, _Mapping]] = ..., basket: _Optional[_Union[_purchase_pb2.Basket, _Mapping]] = ..., program_code: _Optional[str] = ..., certificate_ids: _Optional[_Iterable[str]] = ..., accept_partial: _Optional[bool] = ..., replaces_request_id: _Optional[str] = ..., own_money: _Optional[_Iterable[_Union[_purchase_pb2.OwnMoneyPart, _Mapping]]] = ..., receipts: _Optional[_Iterable[_Union[_purchase_pb2.FiscalReceipt, _Mapping]]] = ...) -> None: ...

class SaleResponse(_message.Message):
    __slots__ = ("answer",)
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    answer: _purchase_pb2.SignedAnswer
    def __init__(self, answer: _Optional[_Union[_purchase_pb2.SignedAnswer, _Mapping]] = ...) -> None: ...

class CaptureRequest(_message.Message):
    __slots__ = ("header", "purchase", "lines", "rounding_kopecks", "own_money", "receipts")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PURCHASE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    ROUNDING_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    OWN_MONEY_FIELD_NUMBER: _ClassVar[int]
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    header: _purchase_pb2.CommandHeader
    purchase: _purchase_pb2.PurchaseRef
    lines: _containers.RepeatedCompositeFieldContainer[_purchase_pb2.CaptureLine]
    rounding_kopecks: int
    own_money: _containers.RepeatedCompositeFieldContainer[_purchase_pb2.OwnMoneyPart]
    receipts: _containers.RepeatedCompositeFieldContainer[_purchase_pb2.FiscalReceipt]
    def __init__(self, header: _Optional[_Union[_purchase_pb2.CommandHeader, _Mapping]] = ..., purchase: _Optional[_Union[_purchase_pb2.PurchaseRef, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[_purchase_pb2.CaptureLine, _Mapping]]] = ..., rounding_kopecks: _Optional[int] = ..., own_money: _Optional[_Iterable[_Union[_purchase_pb2.OwnMoneyPart, _Mapping]]] = ..., receipts: _Optional[_Iterable[_Union[_purchase_pb2.FiscalReceipt, _Mapping]]] = ...) -> None: ...

class CaptureResponse(_message.Message):
    __slots__ = ("answer",)
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    answer: _purchase_pb2.SignedAnswer
    def __init__(self, answer: _Optional[_Union[_purchase_pb2.SignedAnswer, _Mapping]] = ...) -> None: ...

class VoidRequest(_message.Message):
    __slots__ = ("header", "purchase")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PURCHASE_FIELD_NUMBER: _ClassVar[int]
    header: _purchase_pb2.CommandHeader
    purchase: _purchase_pb2.PurchaseRef
    def __init__(self, header: _Optional[_Union[_purchase_pb2.CommandHeader, _Mapping]] = ..., purchase: _Optional[_Union[_purchase_pb2.PurchaseRef, _Mapping]] = ...) -> None: ...

class VoidResponse(_message.Message):
    __slots__ = ("answer",)
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    answer: _purchase_pb2.SignedAnswer
    def __init__(self, answer: _Optional[_Union[_purchase_pb2.SignedAnswer, _Mapping]] = ...) -> None: ...

class RefundRequest(_message.Message):
    __slots__ = ("header", "purchase", "lines", "receipts")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PURCHASE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    header: _purchase_pb2.CommandHeader
    purchase: _purchase_pb2.PurchaseRef
    lines: _containers.RepeatedCompositeFieldContainer[_purchase_pb2.RefundLine]
    receipts: _containers.RepeatedCompositeFieldContainer[_purchase_pb2.FiscalReceipt]
    def __init__(self, header: _Optional[_Union[_purchase_pb2.CommandHeader, _Mapping]] = ..., purchase: _Optional[_Union[_purchase_pb2.PurchaseRef, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[_purchase_pb2.RefundLine, _Mapping]]] = ..., receipts: _Optional[_Iterable[_Union[_purchase_pb2.FiscalReceipt, _Mapping]]] = ...) -> None: ...

class RefundResponse(_message.Message):
    __slots__ = ("answer",)
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    answer: _purchase_pb2.SignedAnswer
    def __init__(self, answer: _Optional[_Union[_purchase_pb2.SignedAnswer, _Mapping]] = ...) -> None: ...

class AttachReceiptRequest(_message.Message):
    __slots__ = ("header", "purchase", "receipts")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PURCHASE_FIELD_NUMBER: _ClassVar[int]
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    header: _purchase_pb2.CommandHeader
    purchase: _purchase_pb2.PurchaseRef
    receipts: _containers.RepeatedCompositeFieldContainer[_purchase_pb2.FiscalReceipt]
    def __init__(self, header: _Optional[_Union[_purchase_pb2.CommandHeader, _Mapping]] = ..., purchase: _Optional[_Union[_purchase_pb2.PurchaseRef, _Mapping]] = ..., receipts: _Optional[_Iterable[_Union[_purchase_pb2.FiscalReceipt, _Mapping]]] = ...) -> None: ...

class AttachReceiptResponse(_message.Message):
    __slots__ = ("answer",)
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    answer: _purchase_pb2.SignedAnswer
    def __init__(self, answer: _Optional[_Union[_purchase_pb2.SignedAnswer, _Mapping]] = ...) -> None: ...

class GetPurchaseRequest(_message.Message):
    __slots__ = ("terminal_id", "purchase")
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    PURCHASE_FIELD_NUMBER: _ClassVar[int]
    terminal_id: int
    purchase: _purchase_pb2.PurchaseRef
    def __init__(self, terminal_id: _Optional[int] = ..., purchase: _Optional[_Union[_purchase_pb2.PurchaseRef, _Mapping]] = ...) -> None: ...

class GetPurchaseResponse(_message.Message):
    __slots__ = ("purchase", "answer")
    PURCHASE_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    purchase: _purchase_pb2.Purchase
    answer: _purchase_pb2.SignedAnswer
    def __init__(self, purchase: _Optional[_Union[_purchase_pb2.Purchase, _Mapping]] = ..., answer: _Optional[_Union[_purchase_pb2.SignedAnswer, _Mapping]] = ...) -> None: ...

class GetBalanceRequest(_message.Message):
    __slots__ = ("terminal_id", "card")
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    CARD_FIELD_NUMBER: _ClassVar[int]
    terminal_id: int
    card: _purchase_pb2.Card
    def __init__(self, terminal_id: _Optional[int] = ..., card: _Optional[_Union[_purchase_pb2.Card, _Mapping]] = ...) -> None: ...

class CertificateBalance(_message.Message):
    __slots__ = ("certificate_id", "program_code", "program_name_ru", "program_name_en", "available_kopecks", "held_kopecks", "last_day", "is_one_shot", "allows_own_money", "is_usable")
    CERTIFICATE_ID_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_CODE_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_NAME_RU_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_NAME_EN_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    HELD_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    IS_ONE_SHOT_FIELD_NUMBER: _ClassVar[int]
    ALLOWS_OWN_MONEY_FIELD_NUMBER: _ClassVar[int]
    IS_USABLE_FIELD_NUMBER: _ClassVar[int]
    certificate_id: str
    program_code: str
    program_name_ru: str
    program_name_en: str
    available_kopecks: int
    held_kopecks: int
    last_day: str
    is_one_shot: bool
    allows_own_money: bool
    is_usable: bool
    def __init__(self, certificate_id: _Optional[str] = ..., program_code: _Optional[str] = ..., program_name_ru: _Optional[str] = ..., program_name_en: _Optional[str] = ..., available_kopecks: _Optional[int] = ..., held_kopecks: _Optional[int] = ..., last_day: _Optional[str] = ..., is_one_shot: _Optional[bool] = ..., allows_own_money: _Optional[bool] = ..., is_usable: _Optional[bool] = ...) -> None: ...

class GetBalanceResponse(_message.Message):
    __slots__ = ("certificates", "read_at", "reason", "notice", "stop_list")
    CERTIFICATES_FIELD_NUMBER: _ClassVar[int]
    READ_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    STOP_LIST_FIELD_NUMBER: _ClassVar[int]
    certificates: _containers.RepeatedCompositeFieldContainer[CertificateBalance]
    read_at: _timestamp_pb2.Timestamp
    reason: _reason_pb2.Reason
    notice: _purchase_pb2.Notice
    stop_list: _purchase_pb2.StopListMark
    def __init__(self, certificates: _Optional[_Iterable[_Union[CertificateBalance, _Mapping]]] = ..., read_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[_Union[_reason_pb2.Reason, str]] = ..., notice: _Optional[_Union[_purchase_pb2.Notice, _Mapping]] = ..., stop_list: _Optional[_Union[_purchase_pb2.StopListMark, _Mapping]] = ...) -> None: ...

class CloseShiftRequest(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _purchase_pb2.CommandHeader
    def __init__(self, header: _Optional[_Union[_purchase_pb2.CommandHeader, _Mapping]] = ...) -> None: ...

class CloseShiftResponse(_message.Message):
    __slots__ = ("answer",)
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    answer: _purchase_pb2.SignedAnswer
    def __init__(self, answer: _Optional[_Union[_purchase_pb2.SignedAnswer, _Mapping]] = ...) -> None: ...

class ListOperationsRequest(_message.Message):
    __slots__ = ("terminal_id", "page_size", "page_token", "decided_from")
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    DECIDED_FROM_FIELD_NUMBER: _ClassVar[int]
    terminal_id: int
    page_size: int
    page_token: str
    decided_from: _timestamp_pb2.Timestamp
    def __init__(self, terminal_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., decided_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Operation(_message.Message):
    __slots__ = ("request_id", "terminal_id", "purchase_id", "decided_at", "answer")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    PURCHASE_ID_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    terminal_id: int
    purchase_id: str
    decided_at: _timestamp_pb2.Timestamp
    answer: _purchase_pb2.SignedAnswer
    def __init__(self, request_id: _Optional[str] = ..., terminal_id: _Optional[int] = ..., purchase_id: _Optional[str] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., answer: _Optional[_Union[_purchase_pb2.SignedAnswer, _Mapping]] = ...) -> None: ...

class ListOperationsResponse(_message.Message):
    __slots__ = ("operations", "next_page_token")
    OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    operations: _containers.RepeatedCompositeFieldContainer[Operation]
    next_page_token: str
    def __init__(self, operations: _Optional[_Iterable[_Union[Operation, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ExchangeRequest(_message.Message):
    __slots__ = ("messages",)
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[ExchangeMessage]
    def __init__(self, messages: _Optional[_Iterable[_Union[ExchangeMessage, _Mapping]]] = ...) -> None: ...

class ExchangeMessage(_message.Message):
    __slots__ = ("message_id", "timeout_ms", "language", "quote", "authorize", "sale", "capture", "void", "refund", "attach_receipt", "get_purchase", "get_balance", "close_shift", "list_operations")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    AUTHORIZE_FIELD_NUMBER: _ClassVar[int]
    SALE_FIELD_NUMBER: _ClassVar[int]
    CAPTURE_FIELD_NUMBER: _ClassVar[int]
    VOID_FIELD_NUMBER: _ClassVar[int]
    REFUND_FIELD_NUMBER: _ClassVar[int]
    ATTACH_RECEIPT_FIELD_NUMBER: _ClassVar[int]
    GET_PURCHASE_FIELD_NUMBER: _ClassVar[int]
    GET_BALANCE_FIELD_NUMBER: _ClassVar[int]
    CLOSE_SHIFT_FIELD_NUMBER: _ClassVar[int]
    LIST_OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    message_id: int
    timeout_ms: int
    language: str
    quote: QuoteRequest
    authorize: AuthorizeRequest
    sale: SaleRequest
    capture: CaptureRequest
    void: VoidRequest
    refund: RefundRequest
    attach_receipt: AttachReceiptRequest
    get_purchase: GetPurchaseRequest
    get_balance: GetBalanceRequest
    close_shift: CloseShiftRequest
    list_operations: ListOperationsRequest
    def __init__(self, message_id: _Optional[int] = ..., timeout_ms: _Optional[int] = ..., language: _Optional[str] = ..., quote: _Optional[_Union[QuoteRequest, _Mapping]] = ..., authorize: _Optional[_Union[AuthorizeRequest, _Mapping]] = ..., sale: _Optional[_Union[SaleRequest, _Mapping]] = ..., capture: _Optional[_Union[CaptureRequest, _Mapping]] = ..., void: _Optional[_Union[VoidRequest, _Mapping]] = ..., refund: _Optional[_Union[RefundRequest, _Mapping]] = ..., attach_receipt: _Optional[_Union[AttachReceiptRequest, _Mapping]] = ..., get_purchase: _Optional[_Union[GetPurchaseRequest, _Mapping]] = ..., get_balance: _Optional[_Union[GetBalanceRequest, _Mapping]] = ..., close_shift: _Optional[_Union[CloseShiftRequest, _Mapping]] = ..., list_operations: _Optional[_Union[ListOperationsRequest, _Mapping]] = ...) -> None: ...

class ExchangeResponse(_message.Message):
    __slots__ = ("answers",)
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    answers: _containers.RepeatedCompositeFieldContainer[ExchangeAnswer]
    def __init__(self, answers: _Optional[_Iterable[_Union[ExchangeAnswer, _Mapping]]] = ...) -> None: ...

class ExchangeAnswer(_message.Message):
    __slots__ = ("message_id", "error", "quote", "authorize", "sale", "capture", "void", "refund", "attach_receipt", "get_purchase", "get_balance", "close_shift", "list_operations")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    AUTHORIZE_FIELD_NUMBER: _ClassVar[int]
    SALE_FIELD_NUMBER: _ClassVar[int]
    CAPTURE_FIELD_NUMBER: _ClassVar[int]
    VOID_FIELD_NUMBER: _ClassVar[int]
    REFUND_FIELD_NUMBER: _ClassVar[int]
    ATTACH_RECEIPT_FIELD_NUMBER: _ClassVar[int]
    GET_PURCHASE_FIELD_NUMBER: _ClassVar[int]
    GET_BALANCE_FIELD_NUMBER: _ClassVar[int]
    CLOSE_SHIFT_FIELD_NUMBER: _ClassVar[int]
    LIST_OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    message_id: int
    error: _status_pb2.Status
    quote: QuoteResponse
    authorize: AuthorizeResponse
    sale: SaleResponse
    capture: CaptureResponse
    void: VoidResponse
    refund: RefundResponse
    attach_receipt: AttachReceiptResponse
    get_purchase: GetPurchaseResponse
    get_balance: GetBalanceResponse
    close_shift: CloseShiftResponse
    list_operations: ListOperationsResponse
    def __init__(self, message_id: _Optional[int] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., quote: _Optional[_Union[QuoteResponse, _Mapping]] = ..., authorize: _Optional[_Union[AuthorizeResponse, _Mapping]] = ..., sale: _Optional[_Union[SaleResponse, _Mapping]] = ..., capture: _Optional[_Union[CaptureResponse, _Mapping]] = ..., void: _Optional[_Union[VoidResponse, _Mapping]] = ..., refund: _Optional[_Union[RefundResponse, _Mapping]] = ..., attach_receipt: _Optional[_Union[AttachReceiptResponse, _Mapping]] = ..., get_purchase: _Optional[_Union[GetPurchaseResponse, _Mapping]] = ..., get_balance: _Optional[_Union[GetBalanceResponse, _Mapping]] = ..., close_shift: _Optional[_Union[CloseShiftResponse, _Mapping]] = ..., list_operations: _Optional[_Union[ListOperationsResponse, _Mapping]] = ...) -> None: ...
