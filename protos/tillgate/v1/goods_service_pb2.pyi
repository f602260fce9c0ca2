import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tillgate.v1 import purchase_pb2 as _purchase_pb2
from tillgate.v1 import reason_pb2 as _reason_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SubmissionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUBMISSION_STATE_UNSPECIFIED: _ClassVar[SubmissionState]
    SUBMISSION_STATE_SUBMITTED: _ClassVar[SubmissionState]
    SUBMISSION_STATE_CONFIRMED: _ClassVar[SubmissionState]
    SUBMISSION_STATE_REFUSED: _ClassVar[SubmissionState]
SUBMISSION_STATE_UNSPECIFIED: SubmissionState
SUBMISSION_STATE_SUBMITTED: SubmissionState
SUBMISSION_STATE_CONFIRMED: SubmissionState
SUBMISSION_STATE_REFUSED: SubmissionState

class SubmittedItem(_message.Message):
    __slots__ = ("gtin", "item_code", "item_name", "okpd2")
    GTIN_FIELD_NUMBER: _ClassVar[int]
    ITEM_CODE_FIELD_NUMBER: _ClassVar[int]
    ITEM_NAME_FIELD_NUMBER: _ClassVar[int]
    OKPD2_FIELD_NUMBER: _ClassVar[int]
    gtin: str
    item_code: str
    item_name: str
    okpd2: str
    def __init__(self, gtin: _Optional[str] = ..., item_code: _Optional[str] = ..., item_name: _Optional[str] = ..., okpd2: _Optional[str] = ...) -> None: ...

class SubmitGoodsRequest(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[SubmittedItem]
    def __init__(self, items: _Optional[_Iterable[_Union[SubmittedItem, _Mapping]]] = ...) -> None: ...

class SubmitGoodsResponse(_message.Message):
    __slots__ = ("submissions",)
    SUBMISSIONS_FIELD_NUMBER: _ClassVar[int]
    submissions: _containers.RepeatedCompositeFieldContainer[GoodsSubmission]
    def __init__(self, submissions: _Optional[_Iterable[_Union[GoodsSubmission, _Mapping]]] = ...) -> None: ...

class GoodsSubmission(_message.Message):
    __slots__ = ("submission_id", "item", "state", "submitted_at", "decided_at", "confirmed_okpd2", "refusal")
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SUBMITTED_AT_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_OKPD2_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    submission_id: int
    item: SubmittedItem
    state: SubmissionState
    submitted_at: _timestamp_pb2.Timestamp
    decided_at: _timestamp_pb2.Timestamp
    confirmed_okpd2: str
    refusal: str
    def __init__(self, submission_id: _Optional[int] = ..., item: _Optional[_Union[SubmittedItem, _Mapping]] = ..., state: _Optional[_Union[SubmissionState, str]] = ..., submitted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., confirmed_okpd2: _Optional[str] = ..., refusal: _Optional[str] = ...) -> None: ...

class ListSubmittedGoodsRequest(_message.Message):
    __slots__ = ("state", "page_size", "page_token")
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    state: SubmissionState
    page_size: int
    page_token: str
    def __init__(self, state: _Optional[_Union[SubmissionState, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSubmittedGoodsResponse(_message.Message):
    __slots__ = ("submissions", "next_page_token")
    SUBMISSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    submissions: _containers.RepeatedCompositeFieldContainer[GoodsSubmission]
    next_page_token: str
    def __init__(self, submissions: _Optional[_Iterable[_Union[GoodsSubmission, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ExplainLineRequest(_message.Message):
    __slots__ = ("item_name", "gtin", "marking_code", "item_code", "okpd2", "payment_subject")
    ITEM_NAME_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    MARKING_CODE_FIELD_NUMBER: _ClassVar[int]
    ITEM_CODE_FIELD_NUMBER: _ClassVar[int]
    OKPD2_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_SUBJECT_FIELD_NUMBER: _ClassVar[int]
    item_name: str
    gtin: str
    marking_code: str
    item_code: str
    okpd2: str
    payment_subject: int
    def __init__(self, item_name: _Optional[str] = ..., gtin: _Optional[str] = ..., marking_code: _Optional[str] = ..., item_code: _Optional[str] = ..., okpd2: _Optional[str] = ..., payment_subject: _Optional[int] = ...) -> None: ...

class ExplainLineResponse(_message.Message):
    __slots__ = ("explained_at", "reason", "notice", "okpd2", "evidence_source", "rule_id", "rule_title_ru", "list_version", "class_map_version", "goods_classes", "review", "sources", "trace_ru", "trace_en")
    EXPLAINED_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    OKPD2_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_SOURCE_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    RULE_TITLE_RU_FIELD_NUMBER: _ClassVar[int]
    LIST_VERSION_FIELD_NUMBER: _ClassVar[int]
    CLASS_MAP_VERSION_FIELD_NUMBER: _ClassVar[int]
    GOODS_CLASSES_FIELD_NUMBER: _ClassVar[int]
    REVIEW_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    TRACE_RU_FIELD_NUMBER: _ClassVar[int]
    TRACE_EN_FIELD_NUMBER: _ClassVar[int]
    explained_at: _timestamp_pb2.Timestamp
    reason: _reason_pb2.LineReason
    notice: _purchase_pb2.Notice
    okpd2: str
    evidence_source: str
    rule_id: str
    rule_title_ru: str
    list_version: str
    class_map_version: str
    goods_classes: _containers.RepeatedScalarFieldContainer[str]
    review: str
    sources: _containers.RepeatedCompositeFieldContainer[ExplainedSource]
    trace_ru: _containers.RepeatedScalarFieldContainer[str]
    trace_en: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, explained_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[_Union[_reason_pb2.LineReason, str]] = ..., notice: _Optional[_Union[_purchase_pb2.Notice, _Mapping]] = ..., okpd2: _Optional[str] = ..., evidence_source: _Optional[str] = ..., rule_id: _Optional[str] = ..., rule_title_ru: _Optional[str] = ..., list_version: _Optional[str] = ..., class_map_version: _Optional[str] = ..., goods_classes: _Optional[_Iterable[str]] = ..., review: _Optional[str] = ..., sources: _Optional[_Iterable[_Union[ExplainedSource, _Mapping]]] = ..., trace_ru: _Optional[_Iterable[str]] = ..., trace_en: _Optional[_Iterable[str]] = ...) -> None: ...

class ExplainedSource(_message.Message):
    __slots__ = ("source", "okpd2", "version", "rule_id", "rule_title_ru", "is_denied", "is_too_coarse", "goods_classes", "denied_ppm", "has_decided")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    OKPD2_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    RULE_TITLE_RU_FIELD_NUMBER: _ClassVar[int]
    IS_DENIED_FIELD_NUMBER: _ClassVar[int]
    IS_TOO_COARSE_FIELD_NUMBER: _ClassVar[int]
    GOODS_CLASSES_FIELD_NUMBER: _ClassVar[int]
    DENIED_PPM_FIELD_NUMBER: _ClassVar[int]
    HAS_DECIDED_FIELD_NUMBER: _ClassVar[int]
    source: str
    okpd2: str
    version: str
    rule_id: str
    rule_title_ru: str
    is_denied: bool
    is_too_coarse: bool
    goods_classes: _containers.RepeatedScalarFieldContainer[str]
    denied_ppm: int
    has_decided: bool
    def __init__(self, source: _Optional[str] = ..., okpd2: _Optional[str] = ..., version: _Optional[str] = ..., rule_id: _Optional[str] = ..., rule_title_ru: _Optional[str] = ..., is_denied: _Optional[bool] = ..., is_too_coarse: _Optional[bool] = ..., goods_classes: _Optional[_Iterable[str]] = ..., denied_ppm: _Optional[int] = ..., has_decided: _Optional[bool] = ...) -> None: ...
