"""The OpenAPI 3.1 description: `python -m gateway.jsondoor.openapi` prints docs/openapi.json."""

import sys
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final, cast

import orjson

from gateway.domain.reasons import REASONS, Reason
from gateway.jsondoor.comments import comments
from gateway.jsondoor.examples import PROBLEMS, REQUESTS
from gateway.jsondoor.paths import OPENAPI_PATH, PATHS
from gateway.jsondoor.problems import PROBLEM_TYPE, STATUSES, HttpFault
from gateway.jsondoor.schemas import Schemas
from gateway.jsondoor.service import JSON_TYPE, TIMEOUT_HEADER
from gateway.registry.keys.hmac_keys import SCHEME
from tillgate.v1 import claim_service_pb2 as claim_wire
from tillgate.v1 import goods_service_pb2 as goods_wire
from tillgate.v1 import purchase_service_pb2 as wire
from tillgate.v1 import record_service_pb2 as record_wire
from tillgate.v1 import reference_service_pb2 as reference
from tillgate.v1.purchase_pb2 import SignedOutcome

Json = dict[str, Any]

_METHODS: Final[Mapping[str, Any]] = {
    method.name: method
    for service in (
        wire.DESCRIPTOR.services_by_name["PurchaseService"],
        goods_wire.DESCRIPTOR.services_by_name["GoodsService"],
        reference.DESCRIPTOR.services_by_name["ReferenceService"],
        record_wire.DESCRIPTOR.services_by_name["RecordService"],
        claim_wire.DESCRIPTOR.services_by_name["ClaimService"],
    )
    for method in service.methods
}

_ABOUT: Final = """The same methods, rules and reasons as the services PurchaseService, GoodsService,
RecordService and ClaimService over gRPC, as JSON over HTTPS.

ListReferences is that of ReferenceService, whose downloads are streams and so for gRPC alone.

Bodies follow protobuf's JSON mapping. Names are those of the .proto files; lowerCamelCase is taken too.
64-bit numbers are texts in answers, and may be numbers or texts in requests. A field that has its default
(0, false, an empty text) is left out of answers. Money is in whole kopecks, quantities are in thousandths.
A command answers with `signed_payload`: the bytes of a tillgate.v1.SignedOutcome in protobuf's own form,
signed with Ed25519; verify the bytes, then parse them with the .proto files. The schema SignedOutcome tells
what is in them. A decline is such an answer and has status 200; only what gets no outcome is a problem
(RFC 9457)."""

_OF_CLAIMS: Final = tuple(
    method.name for method in claim_wire.DESCRIPTOR.services_by_name["ClaimService"].methods
)

_WITHOUT_ID: Final = frozenset(
    {
        "Quote",
        "GetPurchase",
        "GetBalance",
        "ListOperations",
        "ListReferences",
        "SubmitGoods",
        "ListSubmittedGoods",
        "ExplainLine",
        "GetDaySeal",
        "ListDayLeaves",
        *_OF_CLAIMS,
    }
)
_ONLY_OF: Final = {
    Reason.NOT_FOUND: frozenset({"GetPurchase"}),
    Reason.REFERENCE_UNKNOWN: frozenset(),
    Reason.CLAIMS_NOT_FOR_TILLS: frozenset(_OF_CLAIMS),
    Reason.CLAIM_UNKNOWN: frozenset(_OF_CLAIMS),
    Reason.CLAIM_REFUSED: frozenset(_OF_CLAIMS),
    Reason.ENROLLMENT_CODE_WRONG: frozenset(),
    Reason.ENROLLMENT_CODE_SPENT: frozenset(),
    Reason.ENROLLMENT_PROOF_WRONG: frozenset(),
    Reason.CERTIFICATE_REQUEST_INVALID: frozenset(),
    Reason.APPLICATION_UNKNOWN: frozenset(),
    Reason.APPLICATION_EXISTS: frozenset(),
    Reason.KEY_IN_USE: frozenset(),
    Reason.PAGE_TOKEN_INVALID: frozenset({"ListOperations", "ListSubmittedGoods"}),
    Reason.REQUEST_ID_CONFLICT: frozenset(PATHS) - _WITHOUT_ID,
    Reason.EXPIRED_IN_QUEUE: frozenset(PATHS) - _WITHOUT_ID,
}
"""Reasons that not every method can answer with."""

_EVERYWHERE: Final = (HttpFault.PATH_UNKNOWN, HttpFault.METHOD_NOT_ALLOWED)
"""What is answered where there is no method of ours."""


def document() -> Json:
    """The description."""
    schemas = Schemas()
    bodies = {name: schemas.of_request(_method(name).input_type) for name in PATHS}
    answers = {name: schemas.of_answer(_method(name).output_type) for name in PATHS}
    schemas.of_answer(cast(Any, SignedOutcome.DESCRIPTOR))
    schemas.components["Reason"] |= _REASON
    paths = {path: {"post": _operation(name, bodies[name], answers[name])} for name, path in PATHS.items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tillgate, the tills' JSON door", "version": "v1", "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"clientCertificate": []}, {"hmac": []}],
        "paths": {**paths, OPENAPI_PATH: {"get": _description()}},
        "components": {
            "securitySchemes": {
                "clientCertificate": {
                    "type": "mutualTLS",
                    "description": "The certificate of a terminal, or of a concentrator with its outlets.",
                },
                "hmac": {"type": "http", "scheme": SCHEME, "description": _HMAC},
            },
            "parameters": {"RequestTimeout": _REQUEST_TIMEOUT, "AcceptLanguage": _ACCEPT_LANGUAGE},
            "responses": {**_problems(), "Problem": _response("Whatever else may be wrong.", {}, {})},
            "schemas": {**schemas.components, "Problem": _PROBLEM, "Violation": _VIOLATION},
        },
    }


def _method(name: str) -> Any:
    return _METHODS[name]


def _operation(name: str, body: Json, answer: Json) -> Json:
    return {
        "operationId": name,
        "summary": comments()[f"{_method(name).containing_service.name}.{name}"],
        "parameters": [
            {"$ref": "#/components/parameters/RequestTimeout"},
            {"$ref": "#/components/parameters/AcceptLanguage"},
        ],
        "requestBody": {
            "required": True,
            "content": {JSON_TYPE: {"schema": body, "example": REQUESTS[name]}},
        },
        "responses": {
            "200": {"description": "The answer.", "content": {JSON_TYPE: {"schema": answer}}},
            **_refusals(name),
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }


def _problems() -> Json:
    """What is refused with each status: the reasons that are errors, and what HTTP can get wrong."""
    texts: dict[HTTPStatus, list[str]] = defaultdict(list)
    for reason, status in STATUSES.items():
        texts[status].append(f"{reason.name}: {REASONS[reason].texts.cashier_en}")
    for fault in HttpFault:
        texts[fault.value.status].append(f"{fault.name}: {fault.value.en}")
    return {
        _problem_name(status): _response(
            "\n".join(lines),
            {"example": PROBLEMS[status]},
            {"headers": _HEADERS[status]} if status in _HEADERS else {},
        )
        for status, lines in sorted(texts.items())
    }


def _refusals(name: str) -> Json:
    """The problems that a method may be refused with, by status."""
    statuses = {status for reason, status in STATUSES.items() if name in _ONLY_OF.get(reason, PATHS)}
    statuses |= {fault.value.status for fault in HttpFault if fault not in _EVERYWHERE}
    return {str(status.value): _problem_response(status) for status in sorted(statuses)}


def _problem_name(status: HTTPStatus) -> str:
    return f"Problem{status.value}"


def _problem_response(status: HTTPStatus) -> Json:
    return {"$ref": f"#/components/responses/{_problem_name(status)}"}


def _response(description: str, example: Json, headers: Json) -> Json:
    content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}} | example}
    return {"description": description, "content": content} | headers


def _description() -> Json:
    return {
        "operationId": "OpenApi",
        "summary": "This description.",
        "responses": {
            "200": {
                "description": "OpenAPI 3.1.",
                "content": {JSON_TYPE: {"schema": {"type": "object"}}},
            },
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }


def _header(description: str, example: str) -> Json:
    return {"description": description, "schema": {"type": "string"}, "example": example}


_HEADERS: Final[dict[HTTPStatus, Json]] = {
    HTTPStatus.UNAUTHORIZED: {
        "WWW-Authenticate": _header(
            "How clients are known.", f'MutualTLS realm="tillgate", {SCHEME} realm="tillgate"'
        )
    },
    HTTPStatus.METHOD_NOT_ALLOWED: {"Allow": _header("The methods that the path takes.", "POST")},
    HTTPStatus.REQUEST_TIMEOUT: {"Connection": _header("The door hangs up.", "close")},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": _header("In how many seconds to send again.", "1")},
}
_REQUEST_TIMEOUT: Final[Json] = {
    "name": TIMEOUT_HEADER,
    "in": "header",
    "description": "For how many seconds the client waits, from 0.001. A command that has not been taken up "
    "by then never happens; of one that has, the same request id gets the outcome.",
    "schema": {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,3})?$"},
    "example": "5",
}
_ACCEPT_LANGUAGE: Final[Json] = {
    "name": "Accept-Language",
    "in": "header",
    "description": "The language of problems: ru (if neither is named) or en.",
    "schema": {"type": "string"},
    "example": "ru",
}

_HMAC: Final = (
    "Where the gateway takes it: Authorization: TILLGATE-HMAC-SHA256 key_id=…,timestamp=…,mac=…, as "
    "docs/json-door.md tells."
)
_REASON_NAMES: Final = [reason.name for reason in STATUSES]
_REASON_TEXTS: Final = {reason.name: REASONS[reason].texts.cashier_en for reason in STATUSES}
_REASON: Final[Json] = {
    "description": "Why a command was declined, or a card may not be served. In order of precedence: of "
    "several that hold the first is answered. A problem names its reason without REASON_.",
    "x-enum-descriptions": {f"REASON_{reason.name}": row.texts.cashier_en for reason, row in REASONS.items()},
}
"""In the words of the table: the comments in the .proto file speak of groups of values."""
_FIELD: Final[Json] = {
    "type": "string",
    "description": "The path of the field in the request, as basket.lines[2].gtin, or the name of a header.",
}
_LINE_NUMBER: Final[Json] = {
    "type": "integer",
    "description": "The till's own number of the line that is meant.",
}
_VIOLATION: Final[Json] = {
    "type": "object",
    "description": "One broken rule.",
    "required": ["reason", "field", "detail"],
    "properties": {
        "reason": {"type": "string", "enum": _REASON_NAMES},
        "field": _FIELD,
        "line_number": _LINE_NUMBER,
        "detail": {"type": "string"},
    },
}
_PROBLEM: Final[Json] = {
    "type": "object",
    "description": "Problem details (RFC 9457). Decide by `reason`; the texts are for people.",
    "required": ["type", "title", "status", "detail", "reason"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri",
            "description": "urn:tillgate:reason:… for one of the table, urn:tillgate:http:… for HTTP's own.",
        },
        "title": {"type": "string", "description": "The reason in words, in the language asked for."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "The same with line, field and what is wrong with it."},
        "reason": {
            "type": "string",
            "enum": [*_REASON_NAMES, *(fault.name for fault in HttpFault)],
            "x-enum-descriptions": _REASON_TEXTS | {fault.name: fault.value.en for fault in HttpFault},
        },
        "field": _FIELD,
        "line_number": _LINE_NUMBER,
        "violations": {
            "type": "array",
            "description": "All that was found wrong, the deciding one first.",
            "items": {"$ref": "#/components/schemas/Violation"},
        },
        "retry_after_s": {
            "type": "number",
            "description": "When to send again, in seconds; Retry-After says it in whole ones.",
            "x-unit": "seconds",
        },
        "server_time": {
            "type": "integer",
            "description": "The gateway's time, seconds since 1970, where the request's is too far from it.",
            "x-unit": "seconds",
        },
    },
}


@lru_cache(maxsize=1)
def served() -> bytes:
    """The description as the door serves it, and as docs/openapi.json holds it."""
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    sys.stdout.buffer.write(served())
