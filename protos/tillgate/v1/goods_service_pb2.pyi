import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
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
