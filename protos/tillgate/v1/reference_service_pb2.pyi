import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReferenceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REFERENCE_KIND_UNSPECIFIED: _ClassVar[ReferenceKind]
    REFERENCE_KIND_PROHIBITED: _ClassVar[ReferenceKind]
    REFERENCE_KIND_CLASSES: _ClassVar[ReferenceKind]
    REFERENCE_KIND_PROGRAMS: _ClassVar[ReferenceKind]
    REFERENCE_KIND_OKPD2: _ClassVar[ReferenceKind]
    REFERENCE_KIND_CATALOGUE: _ClassVar[ReferenceKind]
    REFERENCE_KIND_NAMES: _ClassVar[ReferenceKind]
REFERENCE_KIND_UNSPECIFIED: ReferenceKind
REFERENCE_KIND_PROHIBITED: ReferenceKind
REFERENCE_KIND_CLASSES: ReferenceKind
REFERENCE_KIND_PROGRAMS: ReferenceKind
REFERENCE_KIND_OKPD2: ReferenceKind
REFERENCE_KIND_CATALOGUE: ReferenceKind
REFERENCE_KIND_NAMES: ReferenceKind

class ReferenceVersion(_message.Message):
    __slots__ = ("kind", "version", "is_in_force", "effective_from", "act", "act_body", "act_number", "act_date", "address", "announced_at", "is_urgent", "row_count", "sha256")
    KIND_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    IS_IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_FROM_FIELD_NUMBER: _ClassVar[int]
    ACT_FIELD_NUMBER: _ClassVar[int]
    ACT_BODY_FIELD_NUMBER: _ClassVar[int]
    ACT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ACT_DATE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCED_AT_FIELD_NUMBER: _ClassVar[int]
    IS_URGENT_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    kind: ReferenceKind
    version: str
    is_in_force: bool
    effective_from: _timestamp_pb2.Timestamp
    act: str
    act_body: str
    act_number: str
    act_date: str
    address: str
    announced_at: _timestamp_pb2.Timestamp
    is_urgent: bool
    row_count: int
    sha256: str
    def __init__(self, kind: _Optional[_Union[ReferenceKind, str]] = ..., version: _Optional[str] = ..., is_in_force: _Optional[bool] = ..., effective_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., act: _Optional[str] = ..., act_body: _Optional[str] = ..., act_number: _Optional[str] = ..., act_date: _Optional[str] = ..., address: _Optional[str] = ..., announced_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., is_urgent: _Optional[bool] = ..., row_count: _Optional[int] = ..., sha256: _Optional[str] = ...) -> None: ...

class ListReferencesRequest(_message.Message):
    __slots__ = ("kinds",)
    KINDS_FIELD_NUMBER: _ClassVar[int]
    kinds: _containers.RepeatedScalarFieldContainer[ReferenceKind]
    def __init__(self, kinds: _Optional[_Iterable[_Union[ReferenceKind, str]]] = ...) -> None: ...

class ListReferencesResponse(_message.Message):
    __slots__ = ("versions", "read_at")
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    READ_AT_FIELD_NUMBER: _ClassVar[int]
    versions: _containers.RepeatedCompositeFieldContainer[ReferenceVersion]
    read_at: _timestamp_pb2.Timestamp
    def __init__(self, versions: _Optional[_Iterable[_Union[ReferenceVersion, _Mapping]]] = ..., read_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DownloadReferenceRequest(_message.Message):
    __slots__ = ("kind", "from_version", "to_version")
    KIND_FIELD_NUMBER: _ClassVar[int]
    FROM_VERSION_FIELD_NUMBER: _ClassVar[int]
    TO_VERSION_FIELD_NUMBER: _ClassVar[int]
    kind: ReferenceKind
    from_version: str
    to_version: str
    def __init__(self, kind: _Optional[_Union[ReferenceKind, str]] = ..., from_version: _Optional[str] = ..., to_version: _Optional[str] = ...) -> None: ...

class DownloadReferenceResponse(_message.Message):
    __slots__ = ("header", "rows")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    header: DownloadHeader
    rows: ReferenceRows
    def __init__(self, header: _Optional[_Union[DownloadHeader, _Mapping]] = ..., rows: _Optional[_Union[ReferenceRows, _Mapping]] = ...) -> None: ...

class DownloadHeader(_message.Message):
    __slots__ = ("version", "from_version", "from_sha256")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    FROM_VERSION_FIELD_NUMBER: _ClassVar[int]
    FROM_SHA256_FIELD_NUMBER: _ClassVar[int]
    version: ReferenceVersion
    from_version: str
    from_sha256: str
    def __init__(self, version: _Optional[_Union[ReferenceVersion, _Mapping]] = ..., from_version: _Optional[str] = ..., from_sha256: _Optional[str] = ...) -> None: ...

class ReferenceRows(_message.Message):
    __slots__ = ("rows",)
    ROWS_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[ReferenceRow]
    def __init__(self, rows: _Optional[_Iterable[_Union[ReferenceRow, _Mapping]]] = ...) -> None: ...

class ReferenceRow(_message.Message):
    __slots__ = ("key", "line", "is_removed")
    KEY_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    IS_REMOVED_FIELD_NUMBER: _ClassVar[int]
    key: str
    line: str
    is_removed: bool
    def __init__(self, key: _Optional[str] = ..., line: _Optional[str] = ..., is_removed: _Optional[bool] = ...) -> None: ...

class DownloadStopListRequest(_message.Message):
    __slots__ = ("base_version", "key_version")
    BASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    KEY_VERSION_FIELD_NUMBER: _ClassVar[int]
    base_version: int
    key_version: int
    def __init__(self, base_version: _Optional[int] = ..., key_version: _Optional[int] = ...) -> None: ...

class DownloadStopListResponse(_message.Message):
    __slots__ = ("header", "entries")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    header: StopListHeader
    entries: StopListEntries
    def __init__(self, header: _Optional[_Union[StopListHeader, _Mapping]] = ..., entries: _Optional[_Union[StopListEntries, _Mapping]] = ...) -> None: ...

class StopListHeader(_message.Message):
    __slots__ = ("signed_payload", "signature", "key_id", "base_version", "list_key")
    SIGNED_PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    BASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    LIST_KEY_FIELD_NUMBER: _ClassVar[int]
    signed_payload: bytes
    signature: bytes
    key_id: str
    base_version: int
    list_key: bytes
    def __init__(self, signed_payload: _Optional[bytes] = ..., signature: _Optional[bytes] = ..., key_id: _Optional[str] = ..., base_version: _Optional[int] = ..., list_key: _Optional[bytes] = ...) -> None: ...

class StopListStatement(_message.Message):
    __slots__ = ("merchant_id", "version", "made_at", "read_at", "key_version", "entry_count", "sha256")
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MADE_AT_FIELD_NUMBER: _ClassVar[int]
    READ_AT_FIELD_NUMBER: _ClassVar[int]
    KEY_VERSION_FIELD_NUMBER: _ClassVar[int]
    ENTRY_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    merchant_id: int
    version: int
    made_at: _timestamp_pb2.Timestamp
    read_at: _timestamp_pb2.Timestamp
    key_version: int
    entry_count: int
    sha256: str
    def __init__(self, merchant_id: _Optional[int] = ..., version: _Optional[int] = ..., made_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., read_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., key_version: _Optional[int] = ..., entry_count: _Optional[int] = ..., sha256: _Optional[str] = ...) -> None: ...

class StopListEntries(_message.Message):
    __slots__ = ("added", "removed")
    ADDED_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    added: _containers.RepeatedScalarFieldContainer[bytes]
    removed: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, added: _Optional[_Iterable[bytes]] = ..., removed: _Optional[_Iterable[bytes]] = ...) -> None: ...
