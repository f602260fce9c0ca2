import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tillgate.v1 import reason_pb2 as _reason_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CardEntryMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CARD_ENTRY_MODE_UNSPECIFIED: _ClassVar[CardEntryMode]
    CARD_ENTRY_MODE_CHIP: _ClassVar[CardEntryMode]
    CARD_ENTRY_MODE_CONTACTLESS: _ClassVar[CardEntryMode]
    CARD_ENTRY_MODE_MAGNETIC_STRIPE: _ClassVar[CardEntryMode]
    CARD_ENTRY_MODE_KEYED: _ClassVar[CardEntryMode]
    CARD_ENTRY_MODE_QR: _ClassVar[CardEntryMode]

class OwnMoneyKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OWN_MONEY_KIND_UNSPECIFIED: _ClassVar[OwnMoneyKind]
    OWN_MONEY_KIND_CASH: _ClassVar[OwnMoneyKind]
    OWN_MONEY_KIND_CARD: _ClassVar[OwnMoneyKind]
    OWN_MONEY_KIND_PREPAID: _ClassVar[OwnMoneyKind]
    OWN_MONEY_KIND_OTHER: _ClassVar[OwnMoneyKind]

class ReceiptKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECEIPT_KIND_UNSPECIFIED: _ClassVar[ReceiptKind]
    RECEIPT_KIND_SALE: _ClassVar[ReceiptKind]
    RECEIPT_KIND_RETURN: _ClassVar[ReceiptKind]
    RECEIPT_KIND_CORRECTION_SALE: _ClassVar[ReceiptKind]
    RECEIPT_KIND_CORRECTION_RETURN: _ClassVar[ReceiptKind]
    RECEIPT_KIND_PREPAYMENT: _ClassVar[ReceiptKind]
    RECEIPT_KIND_OFFSET: _ClassVar[ReceiptKind]

class CommandKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMMAND_KIND_UNSPECIFIED: _ClassVar[CommandKind]
    COMMAND_KIND_AUTHORIZE: _ClassVar[CommandKind]
    COMMAND_KIND_SALE: _ClassVar[CommandKind]
    COMMAND_KIND_CAPTURE: _ClassVar[CommandKind]
    COMMAND_KIND_VOID: _ClassVar[CommandKind]
    COMMAND_KIND_REFUND: _ClassVar[CommandKind]
    COMMAND_KIND_ATTACH_RECEIPT: _ClassVar[CommandKind]
    COMMAND_KIND_CLOSE_SHIFT: _ClassVar[CommandKind]
    COMMAND_KIND_ISSUE: _ClassVar[CommandKind]
    COMMAND_KIND_WITHDRAW: _ClassVar[CommandKind]
    COMMAND_KIND_CHANGE_VALIDITY: _ClassVar[CommandKind]
    COMMAND_KIND_BLOCK: _ClassVar[CommandKind]
    COMMAND_KIND_UNBLOCK: _ClassVar[CommandKind]
    COMMAND_KIND_CORRECT: _ClassVar[CommandKind]
    COMMAND_KIND_EXPIRE: _ClassVar[CommandKind]

class Decision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DECISION_UNSPECIFIED: _ClassVar[Decision]
    DECISION_APPROVED: _ClassVar[Decision]
    DECISION_DECLINED: _ClassVar[Decision]

class PurchaseState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PURCHASE_STATE_UNSPECIFIED: _ClassVar[PurchaseState]
    PURCHASE_STATE_AUTHORIZED: _ClassVar[PurchaseState]
    PURCHASE_STATE_CAPTURED: _ClassVar[PurchaseState]
    PURCHASE_STATE_VOIDED: _ClassVar[PurchaseState]
    PURCHASE_STATE_EXPIRED: _ClassVar[PurchaseState]
    PURCHASE_STATE_DECLINED: _ClassVar[PurchaseState]
CARD_ENTRY_MODE_UNSPECIFIED: CardEntryMode
CARD_ENTRY_MODE_CHIP: CardEntryMode
CARD_ENTRY_MODE_CONTACTLESS: CardEntryMode
CARD_ENTRY_MODE_MAGNETIC_STRIPE: CardEntryMode
CARD_ENTRY_MODE_KEYED: CardEntryMode
CARD_ENTRY_MODE_QR: CardEntryMode
OWN_MONEY_KIND_UNSPECIFIED: OwnMoneyKind
OWN_MONEY_KIND_CASH: OwnMoneyKind
OWN_MONEY_KIND_CARD: OwnMoneyKind
OWN_MONEY_KIND_PREPAID: OwnMoneyKind
OWN_MONEY_KIND_OTHER: OwnMoneyKind
RECEIPT_KIND_UNSPECIFIED: ReceiptKind
RECEIPT_KIND_SALE: ReceiptKind
RECEIPT_KIND_RETURN: ReceiptKind
RECEIPT_KIND_CORRECTION_SALE: ReceiptKind
RECEIPT_KIND_CORRECTION_RETURN: ReceiptKind
RECEIPT_KIND_PREPAYMENT: ReceiptKind
RECEIPT_KIND_OFFSET: ReceiptKind
COMMAND_KIND_UNSPECIFIED: CommandKind
COMMAND_KIND_AUTHORIZE: CommandKind
COMMAND_KIND_SALE: CommandKind
COMMAND_KIND_CAPTURE: CommandKind
COMMAND_KIND_VOID: CommandKind
COMMAND_KIND_REFUND: CommandKind
COMMAND_KIND_ATTACH_RECEIPT: CommandKind
COMMAND_KIND_CLOSE_SHIFT: CommandKind
COMMAND_KIND_ISSUE: CommandKind
COMMAND_KIND_WITHDRAW: CommandKind
COMMAND_KIND_CHANGE_VALIDITY: CommandKind
COMMAND_KIND_BLOCK: CommandKind
COMMAND_KIND_UNBLOCK: CommandKind
COMMAND_KIND_CORRECT: CommandKind
COMMAND_KIND_EXPIRE: CommandKind
DECISION_UNSPECIFIED: Decision
DECISION_APPROVED: Decision
DECISION_DECLINED: Decision
PURCHASE_STATE_UNSPECIFIED: PurchaseState
PURCHASE_STATE_AUTHORIZED: PurchaseState
PURCHASE_STATE_CAPTURED: PurchaseState
PURCHASE_STATE_VOIDED: PurchaseState
PURCHASE_STATE_EXPIRED: PurchaseState
PURCHASE_STATE_DECLINED: PurchaseState

class CommandHeader(_message.Message):
    __slots__ = ("request_id", "terminal_id", "shift_number", "cashier_ref")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    SHIFT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    CASHIER_REF_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    terminal_id: int
    shift_number: int
    cashier_ref: str
    def __init__(self, request_id: _Optional[str] = ..., terminal_id: _Optional[int] = ..., shift_number: _Optional[int] = ..., cashier_ref: _Optional[str] = ...) -> None: ...

class Card(_message.Message):
    __slots__ = ("number", "series", "entry_mode", "pin_block", "otp", "chip_cryptogram")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    SERIES_FIELD_NUMBER: _ClassVar[int]
    ENTRY_MODE_FIELD_NUMBER: _ClassVar[int]
    PIN_BLOCK_FIELD_NUMBER: _ClassVar[int]
    OTP_FIELD_NUMBER: _ClassVar[int]
    CHIP_CRYPTOGRAM_FIELD_NUMBER: _ClassVar[int]
    number: str
    series: str
    entry_mode: CardEntryMode
    pin_block: bytes
    otp: str
    chip_cryptogram: bytes
    def __init__(self, number: _Optional[str] = ..., series: _Optional[str] = ..., entry_mode: _Optional[_Union[CardEntryMode, str]] = ..., pin_block: _Optional[bytes] = ..., otp: _Optional[str] = ..., chip_cryptogram: _Optional[bytes] = ...) -> None: ...

class BasketLine(_message.Message):
    __slots__ = ("line_number", "item_name", "gtin", "marking_code", "item_code", "okpd2", "quantity_milli", "unit_price_kopecks", "discount_kopecks", "amount_kopecks", "payment_subject", "payment_method", "vat_rate", "serial_number")
    LINE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ITEM_NAME_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    MARKING_CODE_FIELD_NUMBER: _ClassVar[int]
    ITEM_CODE_FIELD_NUMBER: _ClassVar[int]
    OKPD2_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_MILLI_FIELD_NUMBER: _ClassVar[int]
    UNIT_PRICE_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    DISCOUNT_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_SUBJECT_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_METHOD_FIELD_NUMBER: _ClassVar[int]
    VAT_RATE_FIELD_NUMBER: _ClassVar[int]
    SERIAL_NUMBER_FIELD_NUMBER: _ClassVar[int]
    line_number: int
    item_name: str
    gtin: str
    marking_code: str
    item_code: str
    okpd2: str
    quantity_milli: int
    unit_price_kopecks: int
    discount_kopecks: int
    amount_kopecks: int
    payment_subject: int
    payment_method: int
    vat_rate: int
    serial_number: str
    def __init__(self, line_number: _Optional[int] = ..., item_name: _Optional[str] = ..., gtin: _Optional[str] = ..., marking_code: _Optional[str] = ..., item_code: _Optional[str] = ..., okpd2: _Optional[str] = ..., quantity_milli: _Optional[int] = ..., unit_price_kopecks: _Optional[int] = ..., discount_kopecks: _Optional[int] = ..., amount_kopecks: _Optional[int] = ..., payment_subject: _Optional[int] = ..., payment_method: _Optional[int] = ..., vat_rate: _Optional[int] = ..., serial_number: _Optional[str] = ...) -> None: ...

class Basket(_message.Message):
    __slots__ = ("lines", "total_kopecks", "rounding_kopecks")
    LINES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    ROUNDING_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedCompositeFieldContainer[BasketLine]
    total_kopecks: int
    rounding_kopecks: int
    def __init__(self, lines: _Optional[_Iterable[_Union[BasketLine, _Mapping]]] = ..., total_kopecks: _Optional[int] = ..., rounding_kopecks: _Optional[int] = ...) -> None: ...

class OwnMoneyPart(_message.Message):
    __slots__ = ("kind", "amount_kopecks")
    KIND_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    kind: OwnMoneyKind
    amount_kopecks: int
    def __init__(self, kind: _Optional[_Union[OwnMoneyKind, str]] = ..., amount_kopecks: _Optional[int] = ...) -> None: ...

class FiscalReceipt(_message.Message):
    __slots__ = ("kind", "fiscal_drive_number", "fiscal_document_number", "fiscal_sign", "kkt_registration_number", "seller_inn", "shift_number", "issued_at", "total_kopecks")
    KIND_FIELD_NUMBER: _ClassVar[int]
    FISCAL_DRIVE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    FISCAL_DOCUMENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    FISCAL_SIGN_FIELD_NUMBER: _ClassVar[int]
    KKT_REGISTRATION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    SELLER_INN_FIELD_NUMBER: _ClassVar[int]
    SHIFT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    kind: ReceiptKind
    fiscal_drive_number: str
    fiscal_document_number: int
    fiscal_sign: int
    kkt_registration_number: str
    seller_inn: str
    shift_number: int
    issued_at: _timestamp_pb2.Timestamp
    total_kopecks: int
    def __init__(self, kind: _Optional[_Union[ReceiptKind, str]] = ..., fiscal_drive_number: _Optional[str] = ..., fiscal_document_number: _Optional[int] = ..., fiscal_sign: _Optional[int] = ..., kkt_registration_number: _Optional[str] = ..., seller_inn: _Optional[str] = ..., shift_number: _Optional[int] = ..., issued_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., total_kopecks: _Optional[int] = ...) -> None: ...

class FiscalReceiptRef(_message.Message):
    __slots__ = ("fiscal_drive_number", "fiscal_document_number")
    FISCAL_DRIVE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    FISCAL_DOCUMENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    fiscal_drive_number: str
    fiscal_document_number: int
    def __init__(self, fiscal_drive_number: _Optional[str] = ..., fiscal_document_number: _Optional[int] = ...) -> None: ...

class PurchaseRef(_message.Message):
    __slots__ = ("purchase_id", "request_id", "receipt")
    PURCHASE_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    purchase_id: str
    request_id: str
    receipt: FiscalReceiptRef
    def __init__(self, purchase_id: _Optional[str] = ..., request_id: _Optional[str] = ..., receipt: _Optional[_Union[FiscalReceiptRef, _Mapping]] = ...) -> None: ...

class CaptureLine(_message.Message):
    __slots__ = ("line_number", "quantity_milli", "amount_kopecks")
    LINE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_MILLI_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    line_number: int
    quantity_milli: int
    amount_kopecks: int
    def __init__(self, line_number: _Optional[int] = ..., quantity_milli: _Optional[int] = ..., amount_kopecks: _Optional[int] = ...) -> None: ...

class RefundLine(_message.Message):
    __slots__ = ("line_number", "quantity_milli")
    LINE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_MILLI_FIELD_NUMBER: _ClassVar[int]
    line_number: int
    quantity_milli: int
    def __init__(self, line_number: _Optional[int] = ..., quantity_milli: _Optional[int] = ...) -> None: ...

class Notice(_message.Message):
    __slots__ = ("cashier_ru", "cashier_en", "buyer_ru", "buyer_en")
    CASHIER_RU_FIELD_NUMBER: _ClassVar[int]
    CASHIER_EN_FIELD_NUMBER: _ClassVar[int]
    BUYER_RU_FIELD_NUMBER: _ClassVar[int]
    BUYER_EN_FIELD_NUMBER: _ClassVar[int]
    cashier_ru: str
    cashier_en: str
    buyer_ru: str
    buyer_en: str
    def __init__(self, cashier_ru: _Optional[str] = ..., cashier_en: _Optional[str] = ..., buyer_ru: _Optional[str] = ..., buyer_en: _Optional[str] = ...) -> None: ...

class CertificateShare(_message.Message):
    __slots__ = ("certificate_id", "program_code", "amount_kopecks", "available_kopecks")
    CERTIFICATE_ID_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_CODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    certificate_id: str
    program_code: str
    amount_kopecks: int
    available_kopecks: int
    def __init__(self, certificate_id: _Optional[str] = ..., program_code: _Optional[str] = ..., amount_kopecks: _Optional[int] = ..., available_kopecks: _Optional[int] = ...) -> None: ...

class PurchaseLine(_message.Message):
    __slots__ = ("line_number", "quantity_milli", "amount_kopecks", "approved_kopecks", "reason", "rule_id", "list_version", "evidence_source", "notice", "shares", "captured_quantity_milli", "captured_amount_kopecks", "captured_points_kopecks", "refunded_quantity_milli", "refunded_amount_kopecks", "refunded_points_kopecks", "capped_by_ceiling")
    LINE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_MILLI_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    APPROVED_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    LIST_VERSION_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_SOURCE_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    SHARES_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_QUANTITY_MILLI_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_AMOUNT_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_POINTS_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_QUANTITY_MILLI_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_AMOUNT_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_POINTS_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    CAPPED_BY_CEILING_FIELD_NUMBER: _ClassVar[int]
    line_number: int
    quantity_milli: int
    amount_kopecks: int
    approved_kopecks: int
    reason: _reason_pb2.LineReason
    rule_id: str
    list_version: str
    evidence_source: str
    notice: Notice
    shares: _containers.RepeatedCompositeFieldContainer[CertificateShare]
    captured_quantity_milli: int
    captured_amount_kopecks: int
    captured_points_kopecks: int
    refunded_quantity_milli: int
    refunded_amount_kopecks: int
    refunded_points_kopecks: int
    capped_by_ceiling: bool
    def __init__(self, line_number: _Optional[int] = ..., quantity_milli: _Optional[int] = ..., amount_kopecks: _Optional[int] = ..., approved_kopecks: _Optional[int] = ..., reason: _Optional[_Union[_reason_pb2.LineReason, str]] = ..., rule_id: _Optional[str] = ..., list_version: _Optional[str] = ..., evidence_source: _Optional[str] = ..., notice: _Optional[_Union[Notice, _Mapping]] = ..., shares: _Optional[_Iterable[_Union[CertificateShare, _Mapping]]] = ..., captured_quantity_milli: _Optional[int] = ..., captured_amount_kopecks: _Optional[int] = ..., captured_points_kopecks: _Optional[int] = ..., refunded_quantity_milli: _Optional[int] = ..., refunded_amount_kopecks: _Optional[int] = ..., refunded_points_kopecks: _Optional[int] = ..., capped_by_ceiling: _Optional[bool] = ...) -> None: ...

class Purchase(_message.Message):
    __slots__ = ("purchase_id", "request_id", "state", "authorized_at", "hold_expires_at", "captured_at", "sale_date", "is_late", "total_kopecks", "rounding_kopecks", "eligible_kopecks", "certificate_kopecks", "own_money_kopecks", "refunded_kopecks", "shortfall_kopecks", "lines", "certificates", "receipts", "outlet_id", "terminal_id", "rest_lapses_kopecks", "approved_partially", "captured_after_stop")
    PURCHASE_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    AUTHORIZED_AT_FIELD_NUMBER: _ClassVar[int]
    HOLD_EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_AT_FIELD_NUMBER: _ClassVar[int]
    SALE_DATE_FIELD_NUMBER: _ClassVar[int]
    IS_LATE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    ROUNDING_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    ELIGIBLE_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    OWN_MONEY_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    SHORTFALL_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATES_FIELD_NUMBER: _ClassVar[int]
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    OUTLET_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    REST_LAPSES_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    APPROVED_PARTIALLY_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_AFTER_STOP_FIELD_NUMBER: _ClassVar[int]
    purchase_id: str
    request_id: str
    state: PurchaseState
    authorized_at: _timestamp_pb2.Timestamp
    hold_expires_at: _timestamp_pb2.Timestamp
    captured_at: _timestamp_pb2.Timestamp
    sale_date: str
    is_late: bool
    total_kopecks: int
    rounding_kopecks: int
    eligible_kopecks: int
    certificate_kopecks: int
    own_money_kopecks: int
    refunded_kopecks: int
    shortfall_kopecks: int
    lines: _containers.RepeatedCompositeFieldContainer[PurchaseLine]
    certificates: _containers.RepeatedCompositeFieldContainer[CertificateShare]
    receipts: _containers.RepeatedCompositeFieldContainer[FiscalReceipt]
    outlet_id: int
    terminal_id: int
    rest_lapses_kopecks: int
    approved_partially: bool
    captured_after_stop: bool
    def __init__(self, purchase_id: _Optional[str] = ..., request_id: _Optional[str] = ..., state: _Optional[_Union[PurchaseState, str]] = ..., authorized_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., hold_expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., captured_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., sale_date: _Optional[str] = ..., is_late: _Optional[bool] = ..., total_kopecks: _Optional[int] = ..., rounding_kopecks: _Optional[int] = ..., eligible_kopecks: _Optional[int] = ..., certificate_kopecks: _Optional[int] = ..., own_money_kopecks: _Optional[int] = ..., refunded_kopecks: _Optional[int] = ..., shortfall_kopecks: _Optional[int] = ..., lines: _Optional[_Iterable[_Union[PurchaseLine, _Mapping]]] = ..., certificates: _Optional[_Iterable[_Union[CertificateShare, _Mapping]]] = ..., receipts: _Optional[_Iterable[_Union[FiscalReceipt, _Mapping]]] = ..., outlet_id: _Optional[int] = ..., terminal_id: _Optional[int] = ..., rest_lapses_kopecks: _Optional[int] = ..., approved_partially: _Optional[bool] = ..., captured_after_stop: _Optional[bool] = ...) -> None: ...

class RefundedLine(_message.Message):
    __slots__ = ("line_number", "quantity_milli", "amount_kopecks", "points_kopecks")
    LINE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_MILLI_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    POINTS_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    line_number: int
    quantity_milli: int
    amount_kopecks: int
    points_kopecks: int
    def __init__(self, line_number: _Optional[int] = ..., quantity_milli: _Optional[int] = ..., amount_kopecks: _Optional[int] = ..., points_kopecks: _Optional[int] = ...) -> None: ...

class Refund(_message.Message):
    __slots__ = ("refund_id", "lines", "points_kopecks", "own_money_kopecks", "certificates", "lapsed_kopecks")
    REFUND_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    POINTS_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    OWN_MONEY_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATES_FIELD_NUMBER: _ClassVar[int]
    LAPSED_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    refund_id: str
    lines: _containers.RepeatedCompositeFieldContainer[RefundedLine]
    points_kopecks: int
    own_money_kopecks: int
    certificates: _containers.RepeatedCompositeFieldContainer[CertificateShare]
    lapsed_kopecks: int
    def __init__(self, refund_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[RefundedLine, _Mapping]]] = ..., points_kopecks: _Optional[int] = ..., own_money_kopecks: _Optional[int] = ..., certificates: _Optional[_Iterable[_Union[CertificateShare, _Mapping]]] = ..., lapsed_kopecks: _Optional[int] = ...) -> None: ...

class ShiftTotals(_message.Message):
    __slots__ = ("shift_number", "captured_count", "captured_kopecks", "refund_count", "refunded_kopecks", "voided_count", "open_count", "open_kopecks")
    SHIFT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_COUNT_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    REFUND_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    VOIDED_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPEN_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    shift_number: int
    captured_count: int
    captured_kopecks: int
    refund_count: int
    refunded_kopecks: int
    voided_count: int
    open_count: int
    open_kopecks: int
    def __init__(self, shift_number: _Optional[int] = ..., captured_count: _Optional[int] = ..., captured_kopecks: _Optional[int] = ..., refund_count: _Optional[int] = ..., refunded_kopecks: _Optional[int] = ..., voided_count: _Optional[int] = ..., open_count: _Optional[int] = ..., open_kopecks: _Optional[int] = ...) -> None: ...

class CertificateStatement(_message.Message):
    __slots__ = ("certificate_id", "program_code", "program_version", "nominal_kopecks", "available_kopecks", "held_kopecks", "spent_kopecks", "lapsed_kopecks", "valid_from", "valid_until")
    CERTIFICATE_ID_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_CODE_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_VERSION_FIELD_NUMBER: _ClassVar[int]
    NOMINAL_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    HELD_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    SPENT_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    LAPSED_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    certificate_id: str
    program_code: str
    program_version: int
    nominal_kopecks: int
    available_kopecks: int
    held_kopecks: int
    spent_kopecks: int
    lapsed_kopecks: int
    valid_from: _timestamp_pb2.Timestamp
    valid_until: _timestamp_pb2.Timestamp
    def __init__(self, certificate_id: _Optional[str] = ..., program_code: _Optional[str] = ..., program_version: _Optional[int] = ..., nominal_kopecks: _Optional[int] = ..., available_kopecks: _Optional[int] = ..., held_kopecks: _Optional[int] = ..., spent_kopecks: _Optional[int] = ..., lapsed_kopecks: _Optional[int] = ..., valid_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SignedOutcome(_message.Message):
    __slots__ = ("request_id", "kind", "decision", "reason", "notice", "decided_at", "merchant_id", "terminal_id", "concentrator_id", "purchase", "refund", "shift", "certificate", "available_kopecks", "card_stopped_meanwhile", "stop_list")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    CONCENTRATOR_ID_FIELD_NUMBER: _ClassVar[int]
    PURCHASE_FIELD_NUMBER: _ClassVar[int]
    REFUND_FIELD_NUMBER: _ClassVar[int]
    SHIFT_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_KOPECKS_FIELD_NUMBER: _ClassVar[int]
    CARD_STOPPED_MEANWHILE_FIELD_NUMBER: _ClassVar[int]
    STOP_LIST_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    kind: CommandKind
    decision: Decision
    reason: _reason_pb2.Reason
    notice: Notice
    decided_at: _timestamp_pb2.Timestamp
    merchant_id: int
    terminal_id: int
    concentrator_id: int
    purchase: Purchase
    refund: Refund
    shift: ShiftTotals
    certificate: CertificateStatement
    available_kopecks: int
    card_stopped_meanwhile: bool
    stop_list: StopListMark
    def __init__(self, request_id: _Optional[str] = ..., kind: _Optional[_Union[CommandKind, str]] = ..., decision: _Optional[_Union[Decision, str]] = ..., reason: _Optional[_Union[_reason_pb2.Reason, str]] = ..., notice: _Optional[_Union[Notice, _Mapping]] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., merchant_id: _Optional[int] = ..., terminal_id: _Optional[int] = ..., concentrator_id: _Optional[int] = ..., purchase: _Optional[_Union[Purchase, _Mapping]] = ..., refund: _Optional[_Union[Refund, _Mapping]] = ..., shift: _Optional[_Union[ShiftTotals, _Mapping]] = ..., certificate: _Optional[_Union[CertificateStatement, _Mapping]] = ..., available_kopecks: _Optional[int] = ..., card_stopped_meanwhile: _Optional[bool] = ..., stop_list: _Optional[_Union[StopListMark, _Mapping]] = ...) -> None: ...

class StopListMark(_message.Message):
    __slots__ = ("version", "made_at")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MADE_AT_FIELD_NUMBER: _ClassVar[int]
    version: int
    made_at: _timestamp_pb2.Timestamp
    def __init__(self, version: _Optional[int] = ..., made_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SignedAnswer(_message.Message):
    __slots__ = ("signed_payload", "signature", "key_id")
    SIGNED_PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    signed_payload: bytes
    signature: bytes
    key_id: str
    def __init__(self, signed_payload: _Optional[bytes] = ..., signature: _Optional[bytes] = ..., key_id: _Optional[str] = ...) -> None: ...
