"""Errors as problem details (RFC 9457): the reasons of the table, and what only HTTP can get wrong."""

import math
import time
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Any, Final

import orjson
from aiohttp import web

from gateway.domain.reasons import REASONS, Reason
from gateway.ledger.answers import CommandError
from gateway.registry.keys.hmac_keys import SCHEME
from gateway.rpc.errors import CODES, RefusalError, violation_text, violations_of

PROBLEM_TYPE: Final = "application/problem+json"

SERVER: Final = {"Server": "tillgate"}
"""Nobody needs to know which version of which library answers."""

# The HTTP mapping of google.rpc.Code.
_STATUS_OF_CODE: Final = {
    "INVALID_ARGUMENT": HTTPStatus.BAD_REQUEST,
    "UNAUTHENTICATED": HTTPStatus.UNAUTHORIZED,
    "PERMISSION_DENIED": HTTPStatus.FORBIDDEN,
    "FAILED_PRECONDITION": HTTPStatus.CONFLICT,
    "NOT_FOUND": HTTPStatus.NOT_FOUND,
    "ALREADY_EXISTS": HTTPStatus.CONFLICT,
    "RESOURCE_EXHAUSTED": HTTPStatus.TOO_MANY_REQUESTS,
    "UNAVAILABLE": HTTPStatus.SERVICE_UNAVAILABLE,
    "DEADLINE_EXCEEDED": HTTPStatus.GATEWAY_TIMEOUT,
}

STATUSES: Final = {reason: _STATUS_OF_CODE[code.name] for reason, code in CODES.items()} | {
    # HTTP has a word of its own for it, which proxies use too.
    Reason.MESSAGE_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}
"""The HTTP status of each reason that is an error."""

# RFC 9110 wants a challenge with each 401; a certificate is asked for by TLS and not by HTTP.
_CHALLENGE: Final = {"WWW-Authenticate": f'MutualTLS realm="tillgate", {SCHEME} realm="tillgate"'}


@dataclass(frozen=True, slots=True)
class HttpRow:
    """How an error of HTTP is answered; `grpc_code` is what metrics and log call it."""

    status: HTTPStatus
    grpc_code: str
    ru: str
    en: str


class HttpFault(Enum):
    """What can be wrong with an HTTP request before there is a message in it."""

    HTTP_MALFORMED = HttpRow(
        HTTPStatus.BAD_REQUEST,
        "INVALID_ARGUMENT",
        "Запрос не по правилам HTTP.",
        "This is no well-formed HTTP request.",
    )
    PATH_UNKNOWN = HttpRow(
        HTTPStatus.NOT_FOUND, "UNIMPLEMENTED", "Такого адреса нет.", "There is no such path."
    )
    METHOD_NOT_ALLOWED = HttpRow(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "UNIMPLEMENTED",
        "Этот адрес не принимает такой метод HTTP.",
        "The path does not take this HTTP method.",
    )
    NOT_ACCEPTABLE = HttpRow(
        HTTPStatus.NOT_ACCEPTABLE,
        "INVALID_ARGUMENT",
        "Ответ бывает только application/json.",
        "Answers are application/json only.",
    )
    BODY_TIMEOUT = HttpRow(
        HTTPStatus.REQUEST_TIMEOUT,
        "CANCELLED",
        "Тело запроса не пришло вовремя.",
        "The body did not arrive in time.",
    )
    MEDIA_TYPE_UNSUPPORTED = HttpRow(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "INVALID_ARGUMENT",
        "Тело запроса бывает только application/json в UTF-8, без сжатия.",
        "Bodies are application/json in UTF-8 only, not compressed.",
    )


class HttpFaultError(Exception):
    """A request that is refused as HTTP; `headers` are those that its status asks for."""

    def __init__(self, fault: HttpFault, headers: dict[str, str] | None = None) -> None:
        super().__init__(fault.name)
        self.fault = fault
        self.headers = headers or {}


def fault_response(error: HttpFaultError, language: str) -> web.Response:
    """The problem of an error of HTTP."""
    row = error.fault.value
    text = row.en if language == "en" else row.ru
    body = {
        "type": f"urn:tillgate:http:{error.fault.name}",
        "title": text,
        "status": row.status.value,
        "detail": text,
        "reason": error.fault.name,
    }
    return _response(body, language, error.headers)


def refusal_response(error: RefusalError, language: str) -> web.Response:
    """The problem of a refusal, with all that it names; Retry-After where the client is told when."""
    violations = violations_of(error)
    first = violations[0]
    texts = REASONS[error.reason].texts
    body: dict[str, Any] = {
        "type": f"urn:tillgate:reason:{error.reason.name}",
        "title": texts.cashier_en if language == "en" else texts.cashier_ru,
        "status": STATUSES[error.reason].value,
        "detail": violation_text(first, language),
        "reason": error.reason.name,
    }
    if first.field:
        body["field"] = first.field
        body["violations"] = [
            {"reason": found.reason.name, "field": found.field, "detail": violation_text(found, language)}
            | ({} if found.line_number is None else {"line_number": found.line_number})
            for found in violations
        ]
    if first.line_number is not None:
        body["line_number"] = first.line_number
    if error.reason is Reason.CLIENT_CLOCK_WRONG:
        body["server_time"] = int(time.time())
    headers = dict(_CHALLENGE) if body["status"] == HTTPStatus.UNAUTHORIZED else {}
    if isinstance(error, CommandError) and error.retry_after_s is not None:
        body["retry_after_s"] = error.retry_after_s
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    return _response(body, language, headers)


def _response(body: dict[str, Any], language: str, headers: dict[str, str]) -> web.Response:
    return web.Response(
        body=orjson.dumps(body),
        status=body["status"],
        headers={**SERVER, "Content-Type": PROBLEM_TYPE, "Content-Language": language, **headers},
    )
