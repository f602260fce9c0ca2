import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ApplicantKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APPLICANT_KIND_UNSPECIFIED: _ClassVar[ApplicantKind]
    APPLICANT_KIND_LEGAL_ENTITY: _ClassVar[ApplicantKind]
    APPLICANT_KIND_INDIVIDUAL_ENTREPRENEUR: _ClassVar[ApplicantKind]

class ApplicationState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APPLICATION_STATE_UNSPECIFIED: _ClassVar[ApplicationState]
    APPLICATION_STATE_SUBMITTED: _ClassVar[ApplicationState]
    APPLICATION_STATE_UNDER_REVIEW: _ClassVar[ApplicationState]
    APPLICATION_STATE_REGISTERED: _ClassVar[ApplicationState]
    APPLICATION_STATE_REFUSED: _ClassVar[ApplicationState]
    APPLICATION_STATE_SUSPENDED: _ClassVar[ApplicationState]
    APPLICATION_STATE_EXCLUDED: _ClassVar[ApplicationState]
APPLICANT_KIND_UNSPECIFIED: ApplicantKind
APPLICANT_KIND_LEGAL_ENTITY: ApplicantKind
APPLICANT_KIND_INDIVIDUAL_ENTREPRENEUR: ApplicantKind
APPLICATION_STATE_UNSPECIFIED: ApplicationState
APPLICATION_STATE_SUBMITTED: ApplicationState
APPLICATION_STATE_UNDER_REVIEW: ApplicationState
APPLICATION_STATE_REGISTERED: ApplicationState
APPLICATION_STATE_REFUSED: ApplicationState
APPLICATION_STATE_SUSPENDED: ApplicationState
APPLICATION_STATE_EXCLUDED: ApplicationState

class Application(_message.Message):
    __slots__ = ("kind", "name", "full_name", "inn", "kpp", "ogrn", "bic", "account", "correspondent_account", "legal_address", "postal_address", "signatory", "contact", "outlets")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    FULL_NAME_FIELD_NUMBER: _ClassVar[int]
    INN_FIELD_NUMBER: _ClassVar[int]
    KPP_FIELD_NUMBER: _ClassVar[int]
    OGRN_FIELD_NUMBER: _ClassVar[int]
    BIC_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CORRESPONDENT_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    LEGAL_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    POSTAL_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    SIGNATORY_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    OUTLETS_FIELD_NUMBER: _ClassVar[int]
    kind: ApplicantKind
    name: str
    full_name: str
    inn: str
    kpp: str
    ogrn: str
    bic: str
    account: str
    correspondent_account: str
    legal_address: str
    postal_address: str
    signatory: Signatory
    contact: Contact
    outlets: _containers.RepeatedCompositeFieldContainer[ApplicantOutlet]
    def __init__(self, kind: _Optional[_Union[ApplicantKind, str]] = ..., name: _Optional[str] = ..., full_name: _Optional[str] = ..., inn: _Optional[str] = ..., kpp: _Optional[str] = ..., ogrn: _Optional[str] = ..., bic: _Optional[str] = ..., account: _Optional[str] = ..., correspondent_account: _Optional[str] = ..., legal_address: _Optional[str] = ..., postal_address: _Optional[str] = ..., signatory: _Optional[_Union[Signatory, _Mapping]] = ..., contact: _Optional[_Union[Contact, _Mapping]] = ..., outlets: _Optional[_Iterable[_Union[ApplicantOutlet, _Mapping]]] = ...) -> None: ...

class Signatory(_message.Message):
    __slots__ = ("name", "position", "basis")
    NAME_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    name: str
    position: str
    basis: str
    def __init__(self, name: _Optional[str] = ..., position: _Optional[str] = ..., basis: _Optional[str] = ...) -> None: ...

class Contact(_message.Message):
    __slots__ = ("name", "phone", "email")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PHONE_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    name: str
    phone: str
    email: str
    def __init__(self, name: _Optional[str] = ..., phone: _Optional[str] = ..., email: _Optional[str] = ...) -> None: ...

class ApplicantOutlet(_message.Message):
    __slots__ = ("name", "address")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    name: str
    address: str
    def __init__(self, name: _Optional[str] = ..., address: _Optional[str] = ...) -> None: ...

class SubmitApplicationRequest(_message.Message):
    __slots__ = ("request_id", "access_secret", "application")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCESS_SECRET_FIELD_NUMBER: _ClassVar[int]
    APPLICATION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    access_secret: bytes
    application: Application
    def __init__(self, request_id: _Optional[str] = ..., access_secret: _Optional[bytes] = ..., application: _Optional[_Union[Application, _Mapping]] = ...) -> None: ...

class SubmitApplicationResponse(_message.Message):
    __slots__ = ("application_number", "submitted_at")
    APPLICATION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    SUBMITTED_AT_FIELD_NUMBER: _ClassVar[int]
    application_number: str
    submitted_at: _timestamp_pb2.Timestamp
    def __init__(self, application_number: _Optional[str] = ..., submitted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetApplicationRequest(_message.Message):
    __slots__ = ("application_number", "access_secret")
    APPLICATION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ACCESS_SECRET_FIELD_NUMBER: _ClassVar[int]
    application_number: str
    access_secret: bytes
    def __init__(self, application_number: _Optional[str] = ..., access_secret: _Optional[bytes] = ...) -> None: ...

class GetApplicationResponse(_message.Message):
    __slots__ = ("application_number", "state", "submitted_at", "changed_at", "reasons", "merchant_id")
    APPLICATION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SUBMITTED_AT_FIELD_NUMBER: _ClassVar[int]
    CHANGED_AT_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    application_number: str
    state: ApplicationState
    submitted_at: _timestamp_pb2.Timestamp
    changed_at: _timestamp_pb2.Timestamp
    reasons: _containers.RepeatedScalarFieldContainer[str]
    merchant_id: int
    def __init__(self, application_number: _Optional[str] = ..., state: _Optional[_Union[ApplicationState, str]] = ..., submitted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., changed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reasons: _Optional[_Iterable[str]] = ..., merchant_id: _Optional[int] = ...) -> None: ...

class EnrollTerminalRequest(_message.Message):
    __slots__ = ("code", "certificate_request")
    CODE_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_REQUEST_FIELD_NUMBER: _ClassVar[int]
    code: str
    certificate_request: bytes
    def __init__(self, code: _Optional[str] = ..., certificate_request: _Optional[bytes] = ...) -> None: ...

class EnrollTerminalResponse(_message.Message):
    __slots__ = ("enrollment",)
    ENROLLMENT_FIELD_NUMBER: _ClassVar[int]
    enrollment: Enrollment
    def __init__(self, enrollment: _Optional[_Union[Enrollment, _Mapping]] = ...) -> None: ...

class RenewCertificateRequest(_message.Message):
    __slots__ = ("certificate", "certificate_request", "signature")
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_REQUEST_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    certificate: bytes
    certificate_request: bytes
    signature: bytes
    def __init__(self, certificate: _Optional[bytes] = ..., certificate_request: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class RenewCertificateResponse(_message.Message):
    __slots__ = ("enrollment",)
    ENROLLMENT_FIELD_NUMBER: _ClassVar[int]
    enrollment: Enrollment
    def __init__(self, enrollment: _Optional[_Union[Enrollment, _Mapping]] = ...) -> None: ...

class Enrollment(_message.Message):
    __slots__ = ("certificate_chain", "roots", "client", "outcome_keys", "endpoint", "json_endpoint", "enrollment_endpoint", "not_after", "renew_from")
    CERTIFICATE_CHAIN_FIELD_NUMBER: _ClassVar[int]
    ROOTS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_KEYS_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    JSON_ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    ENROLLMENT_ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_FIELD_NUMBER: _ClassVar[int]
    RENEW_FROM_FIELD_NUMBER: _ClassVar[int]
    certificate_chain: _containers.RepeatedScalarFieldContainer[bytes]
    roots: _containers.RepeatedScalarFieldContainer[bytes]
    client: EnrolledClient
    outcome_keys: _containers.RepeatedCompositeFieldContainer[OutcomeKey]
    endpoint: str
    json_endpoint: str
    enrollment_endpoint: str
    not_after: _timestamp_pb2.Timestamp
    renew_from: _timestamp_pb2.Timestamp
    def __init__(self, certificate_chain: _Optional[_Iterable[bytes]] = ..., roots: _Optional[_Iterable[bytes]] = ..., client: _Optional[_Union[EnrolledClient, _Mapping]] = ..., outcome_keys: _Optional[_Iterable[_Union[OutcomeKey, _Mapping]]] = ..., endpoint: _Optional[str] = ..., json_endpoint: _Optional[str] = ..., enrollment_endpoint: _Optional[str] = ..., not_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., renew_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class EnrolledClient(_message.Message):
    __slots__ = ("merchant_id", "outlet_id", "terminal_id", "concentrator_id", "terminal_ids")
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    OUTLET_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    CONCENTRATOR_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_IDS_FIELD_NUMBER: _ClassVar[int]
    merchant_id: int
    outlet_id: int
    terminal_id: int
    concentrator_id: int
    terminal_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, merchant_id: _Optional[int] = ..., outlet_id: _Optional[int] = ..., terminal_id: _Optional[int] = ..., concentrator_id: _Optional[int] = ..., terminal_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class OutcomeKey(_message.Message):
    __slots__ = ("key_id", "algorithm", "public_key", "retired_at")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    RETIRED_AT_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    algorithm: str
    public_key: bytes
    retired_at: _timestamp_pb2.Timestamp
    def __init__(self, key_id: _Optional[str] = ..., algorithm: _Optional[str] = ..., public_key: _Optional[bytes] = ..., retired_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetKeySetRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetKeySetResponse(_message.Message):
    __slots__ = ("outcome_keys",)
    OUTCOME_KEYS_FIELD_NUMBER: _ClassVar[int]
    outcome_keys: _containers.RepeatedCompositeFieldContainer[OutcomeKey]
    def __init__(self, outcome_keys: _Optional[_Iterable[_Union[OutcomeKey, _Mapping]]] = ...) -> None: ...
