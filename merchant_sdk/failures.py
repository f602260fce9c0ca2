"""Reads a failed gRPC call: its status and the google.rpc details that the gateway attached (AIP-193)."""

from typing import Final, Protocol, cast
from uuid import UUID

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, LocalizedMessage, RetryInfo
from google.rpc.status_pb2 import Status

from merchant_sdk.enums import Reason
from merchant_sdk.errors import GatewayError, Refusal, Violation, gateway_error

DOMAIN: Final = "tillgate"
STATUS_KEY: Final = "grpc-status-details-bin"


class _Failure(Protocol):
    """What the errors of both kinds of channel have in common."""

    def code(self) -> grpc.StatusCode: ...

    def details(self) -> str | None: ...

    def trailing_metadata(self) -> object: ...


def read_failure(error: grpc.RpcError, request_id: UUID | None) -> GatewayError:
    """The exception of the table in `errors`, with all that the gateway told."""
    failure = cast(_Failure, error)
    info, retry, message, request = ErrorInfo(), RetryInfo(), LocalizedMessage(), BadRequest()
    retry_after_s, messages = None, {}
    for detail in _rich_status(failure).details:
        if detail.Unpack(retry):
            retry_after_s = retry.retry_delay.ToTimedelta().total_seconds()
        elif detail.Unpack(message):
            messages[message.locale] = message.message
        elif not detail.Unpack(request):
            detail.Unpack(info)
    is_ours = info.domain == DOMAIN
    line_number = info.metadata.get("line_number", "")
    return gateway_error(
        Refusal(
            status=failure.code(),
            details=failure.details() or "",
            request_id=request_id,
            reason=_reason(info.reason) if is_ours else Reason.UNSPECIFIED,
            field=info.metadata.get("field", ""),
            line_number=int(line_number) if line_number.isdecimal() else None,
            retry_after_s=retry_after_s,
            messages=messages,
            violations=tuple(
                Violation(_reason(found.reason), found.field, found.description)
                for found in request.field_violations
            ),
        )
    )


def _reason(name: str) -> Reason:
    return Reason.__members__.get(name.removeprefix("REASON_"), Reason.UNSPECIFIED)


def _rich_status(failure: _Failure) -> Status:
    for key, value in cast("list[tuple[str, bytes]]", failure.trailing_metadata() or ()):
        if key == STATUS_KEY:
            try:
                return Status.FromString(value)
            except DecodeError:
                break
    return Status()
