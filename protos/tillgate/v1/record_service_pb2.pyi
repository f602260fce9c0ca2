from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetDaySealRequest(_message.Message):
    __slots__ = ("day",)
    DAY_FIELD_NUMBER: _ClassVar[int]
    day: str
    def __init__(self, day: _Optional[str] = ...) -> None: ...

class GetDaySealResponse(_message.Message):
    __slots__ = ("seal", "merchant")
    SEAL_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_FIELD_NUMBER: _ClassVar[int]
    seal: DaySeal
    merchant: MerchantPart
    def __init__(self, seal: _Optional[_Union[DaySeal, _Mapping]] = ..., merchant: _Optional[_Union[MerchantPart, _Mapping]] = ...) -> None: ...

class DaySeal(_message.Message):
    __slots__ = ("statement", "signature", "key_id")
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    statement: bytes
    signature: bytes
    key_id: str
    def __init__(self, statement: _Optional[bytes] = ..., signature: _Optional[bytes] = ..., key_id: _Optional[str] = ...) -> None: ...

class MerchantPart(_message.Message):
    __slots__ = ("merchant_id", "outcome_count", "root", "position", "path")
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_COUNT_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    merchant_id: int
    outcome_count: int
    root: bytes
    position: int
    path: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, merchant_id: _Optional[int] = ..., outcome_count: _Optional[int] = ..., root: _Optional[bytes] = ..., position: _Optional[int] = ..., path: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ListDayLeavesRequest(_message.Message):
    __slots__ = ("day", "page_token")
    DAY_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    day: str
    page_token: str
    def __init__(self, day: _Optional[str] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListDayLeavesResponse(_message.Message):
    __slots__ = ("leaves", "next_page_token")
    LEAVES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    leaves: _containers.RepeatedCompositeFieldContainer[DayLeaf]
    next_page_token: str
    def __init__(self, leaves: _Optional[_Iterable[_Union[DayLeaf, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DayLeaf(_message.Message):
    __slots__ = ("hash", "request_id", "terminal_id")
    HASH_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    hash: bytes
    request_id: str
    terminal_id: int
    def __init__(self, hash: _Optional[bytes] = ..., request_id: _Optional[str] = ..., terminal_id: _Optional[int] = ...) -> None: ...
