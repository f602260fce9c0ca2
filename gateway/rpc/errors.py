"""The one place that turns reasons into gRPC errors (AIP-193).

An error carries a status code from the table of reasons and, in `grpc-status-details-bin`, a
google.rpc.Status with one ErrorInfo, one LocalizedMessage, and a RetryInfo or BadRequest where
they say more. Declines are answers and never come here.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, LocalizedMessage, RetryInfo
from google.rpc.status_pb2 import Status

from gateway.domain.reasons import REASONS
from gateway.ledger.answers import CommandError
from gateway.rpc.validation.findings import InvalidRequestError, Violation

DOMAIN: Final = "tillgate"
DETAILS_KEY: Final = "grpc-status-details-bin"
LANGUAGE_KEY: Final = "accept-language"

RefusalError = InvalidRequestError | CommandError
Metadata = tuple[tuple[str, bytes], ...]

CODES: Final = {
    reason: grpc.StatusCode[row.grpc_code] for reason, row in REASONS.items() if row.grpc_code is not None
}


@dataclass(frozen=True, slots=True)
class WireError:
    """An error as gRPC carries it: status code, message for developers, trailing metadata."""

    code: grpc.StatusCode
    message: str
    trailing: Metadata


def wire_error(error: RefusalError, language: str = "ru") -> WireError:
    """The gRPC error of a refusal, its LocalizedMessage in `language` ("ru" or "en")."""
    status = error_status(error, language)
    trailing = ((DETAILS_KEY, status.SerializeToString()),)
    return WireError(CODES[error.reason], status.message, trailing)


def error_status(error: RefusalError, language: str = "ru") -> Status:
    """The same as a message, for answers inside a stream."""
    first = violations_of(error)[0]
    number: int = CODES[error.reason].value[0]
    return Status(code=number, message=violation_text(first, "en"), details=_details(error, first, language))


def violations_of(error: RefusalError) -> tuple[Violation, ...]:
    """All that a refusal names, the deciding one first."""
    if isinstance(error, InvalidRequestError):
        return error.violations
    return (Violation(error.reason, error.field, None, "", ""),)


def _details(error: RefusalError, first: Violation, language: str) -> list[AnyMessage]:
    named = {"field": first.field, "line_number": "" if first.line_number is None else str(first.line_number)}
    details: list[Message] = [
        ErrorInfo(
            reason=first.reason.name, domain=DOMAIN, metadata={name: v for name, v in named.items() if v}
        ),
        LocalizedMessage(locale=language, message=violation_text(first, language)),
    ]
    if isinstance(error, CommandError):
        if error.retry_after_s is not None:
            details.append(RetryInfo(retry_delay=_duration(error.retry_after_s)))
    elif first.field:
        violations = [
            BadRequest.FieldViolation(
                field=violation.field,
                description=violation_text(violation, language),
                reason=violation.reason.name,
            )
            for violation in error.violations
        ]
        details.append(BadRequest(field_violations=violations))
    return [_pack(detail) for detail in details]


def _pack(detail: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(detail)
    return packed


def _duration(seconds: float) -> Duration:
    whole = math.floor(seconds)
    return Duration(seconds=whole, nanos=round((seconds - whole) * 1e9))


def violation_text(violation: Violation, language: str) -> str:
    """The reason's text with line, field and detail: «Позиция 3: … (basket.lines[2].gtin: …)»."""
    texts = REASONS[violation.reason].texts
    is_english = language == "en"
    text = texts.cashier_en if is_english else texts.cashier_ru
    detail = violation.detail_en if is_english else violation.detail_ru
    named = ": ".join(part for part in (violation.field, detail) if part)
    if violation.line_number is not None:
        text = f"{'Line' if is_english else 'Позиция'} {violation.line_number}: {text}"
    return f"{text} ({named})" if named else text


def language_of(metadata: Any) -> str:
    """The first of ru and en that `accept-language` names; ru if it names neither."""
    for key, value in metadata or ():
        if key == LANGUAGE_KEY and isinstance(value, str):
            for tag in value.lower().split(","):
                primary = tag.strip()[:2]
                if primary in ("ru", "en"):
                    return primary
    return "ru"
