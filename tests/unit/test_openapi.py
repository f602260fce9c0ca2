"""The description of the JSON door says what the code does: fresh, sound, with the limits of validation."""

from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import orjson
import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from jsonschema import Draft202012Validator

from gateway.domain.commands import Origin
from gateway.domain.reasons import REASONS, LineReason, Reason
from gateway.jsondoor import openapi
from gateway.jsondoor.comments import comments
from gateway.jsondoor.examples import PROBLEMS, REQUESTS
from gateway.jsondoor.limits import LIMITS, REQUIRED
from gateway.jsondoor.paths import OPENAPI_PATH, PATHS
from gateway.jsondoor.problems import PROBLEM_TYPE, STATUSES
from gateway.jsondoor.reading import read_message
from gateway.rpc.references import read_kinds
from gateway.rpc.validation import commands as validation
from gateway.rpc.validation.claims import check_claims_request
from gateway.rpc.validation.findings import InvalidRequestError
from gateway.rpc.validation.goods import read_explain_line, read_list_submitted, read_submit_goods
from gateway.rpc.validation.listing import read_page
from gateway.rpc.validation.records import read_day
from tests import wire_kit as till
from tests.openapi_kit import DOCUMENT, schema_of
from tests.openapi_places import PLACES, Place
from tests.wire_kit import ORIGIN, RULES
from tillgate.v1 import claim_service_pb2 as claim_service
from tillgate.v1 import goods_service_pb2 as goods_service
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service
from tillgate.v1 import record_service_pb2 as record_service
from tillgate.v1 import reference_service_pb2 as reference_service

ROOT = Path(__file__).parents[2]
UNARY = {
    method.name: method
    for on_wire in (
        service.DESCRIPTOR.services_by_name["PurchaseService"],
        goods_service.DESCRIPTOR.services_by_name["GoodsService"],
        reference_service.DESCRIPTOR.services_by_name["ReferenceService"],
        record_service.DESCRIPTOR.services_by_name["RecordService"],
        claim_service.DESCRIPTOR.services_by_name["ClaimService"],
    )
    for method in on_wire.methods
    if not method.client_streaming and not method.server_streaming
}

Read = Callable[[Any], object]


def _with_origin(read: Callable[[Any, Origin], object]) -> Read:
    return lambda request: read(request, ORIGIN)


READERS: dict[str, Read] = {
    "Quote": lambda request: validation.read_quote(request, ORIGIN, RULES),
    "Authorize": lambda request: validation.read_authorize(request, ORIGIN, RULES),
    "Sale": lambda request: validation.read_authorize(request, ORIGIN, RULES),
    "Capture": _with_origin(validation.read_capture),
    "Void": _with_origin(validation.read_void),
    "Refund": _with_origin(validation.read_refund),
    "AttachReceipt": _with_origin(validation.read_attach_receipt),
    "GetPurchase": validation.read_purchase_ref,
    "GetBalance": lambda request: validation.read_card(request, RULES),
    "CloseShift": _with_origin(validation.read_close_shift),
    "ListOperations": read_page,
    "SubmitGoods": read_submit_goods,
    "ListSubmittedGoods": read_list_submitted,
    "ExplainLine": read_explain_line,
    "ListReferences": read_kinds,
    "GetDaySeal": read_day,
    "ListDayLeaves": read_day,
    **{
        method.name: partial(check_claims_request, method.name)
        for method in claim_service.DESCRIPTOR.services_by_name["ClaimService"].methods
    },
}


def test_the_description_is_fresh() -> None:
    """docs/openapi.json is what `python -m gateway.jsondoor.openapi` prints."""
    assert openapi.served() == (ROOT / "docs/openapi.json").read_bytes()


def test_every_method_of_the_services_has_a_path() -> None:
    """But the streams, which HTTP/1.1 has no place for."""
    assert sorted(UNARY) == sorted(PATHS) == sorted(REQUESTS)
    assert {*PATHS.values(), OPENAPI_PATH} == set(DOCUMENT["paths"])


def test_every_reference_leads_somewhere() -> None:
    """And every schema of the components is one."""

    def references(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            yield from [node["$ref"]] if "$ref" in node else []
            node = list(node.values())
        if isinstance(node, list):
            for part in node:
                yield from references(part)

    for reference in references(DOCUMENT):
        place = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_error_of_the_table_is_in_the_problem() -> None:
    """With its status and what it means."""
    errors = {reason for reason, row in REASONS.items() if not row.is_recorded}
    assert errors == set(STATUSES)
    reasons = DOCUMENT["components"]["schemas"]["Problem"]["properties"]["reason"]
    assert {reason.name for reason in errors} <= set(reasons["enum"]) == set(reasons["x-enum-descriptions"])
    for reason, status in STATUSES.items():
        assert f"{reason.name}: " in DOCUMENT["components"]["responses"][f"Problem{status}"]["description"]


def test_methods_fields_and_values_are_told_of_in_the_words_of_the_wire() -> None:
    """Comments of the .proto files, of fields of a choice too."""
    assert "Holds points for a basket." == comments()["PurchaseService.Authorize"]
    assert "The request id of its Authorize or Sale." == comments()["PurchaseRef.request_id"]
    assert "Tag 1020." == comments()["FiscalReceipt.total_kopecks"]
    schemas = DOCUMENT["components"]["schemas"]
    told = schemas["LineReason"]["x-enum-descriptions"]
    assert {f"LINE_REASON_{reason.name}" for reason in LineReason} == set(told)
    assert {f"REASON_{reason.name}" for reason in Reason} == set(schemas["Reason"]["x-enum-descriptions"])
    assert set(schemas["Reason"]["enum"]) == set(schemas["Reason"]["x-enum-descriptions"])


@pytest.mark.parametrize("name", PATHS)
def test_the_examples_are_what_they_are_examples_of(name: str) -> None:
    """Valid by the schema, and taken by validation."""
    schema_of(f"{name}Request").validate(REQUESTS[name])
    request_type = GetMessageClass(UNARY[name].input_type)
    READERS[name](read_message(request_type, orjson.dumps(REQUESTS[name])))


@pytest.mark.parametrize("status", PROBLEMS)
def test_the_example_of_each_status_is_one_of_its_problems(status: HTTPStatus) -> None:
    """Valid by the schema, and one of those that the response tells of."""
    response = DOCUMENT["components"]["responses"][f"Problem{status}"]
    problem = response["content"][PROBLEM_TYPE]["example"]
    schema_of("Problem").validate(problem)
    assert status == problem["status"]
    assert f"{problem['reason']}: {problem['title']}" in response["description"].splitlines()


def test_each_status_that_is_told_of_has_an_example() -> None:
    """But the one for whatever else may come."""
    assert {*(f"Problem{status}" for status in PROBLEMS), "Problem"} == set(
        DOCUMENT["components"]["responses"]
    )


def test_what_commands_answer_with_is_described() -> None:
    """SignedOutcome, of which only bytes are sent; and fields that mean what they mean elsewhere."""
    outcome = DOCUMENT["components"]["schemas"]["SignedOutcome"]
    assert set(wire.SignedOutcome.DESCRIPTOR.fields_by_name) == set(outcome["properties"])
    sale = DOCUMENT["components"]["schemas"]["SaleRequest"]["properties"]
    assert "Approve what the points cover instead of declining." == sale["accept_partial"]["description"]


SUMS = {Reason.LINE_SUM_MISMATCH, Reason.TOTAL_MISMATCH}
"""What a sum that was changed alone is refused for as well."""


def refused_fields(place: Place, request: Message) -> set[str]:
    """What validation finds wrong."""
    try:
        READERS[place.method](request)
    except InvalidRequestError as error:
        return {violation.field for violation in error.violations if violation.reason not in SUMS}
    return set()


@pytest.mark.parametrize(("message", "field"), [(m, f) for m, fields in REQUIRED.items() for f in fields])
def test_what_is_required_is_refused_when_it_is_missing(message: str, field: str) -> None:
    """By validation and by the schema, under the same name."""
    place = PLACES[message]
    request = place.make()
    assert not refused_fields(place, request)
    schema_of(f"{place.method}Request").validate(MessageToDict(request, preserving_proto_field_name=True))
    place.find(request).ClearField(field)
    path = f"{place.path}{field}"
    assert any(found.startswith((path, place.path)) for found in refused_fields(place, request))
    spoilt = MessageToDict(request, preserving_proto_field_name=True)
    assert not schema_of(f"{place.method}Request").is_valid(spoilt)


RANGES = [
    (message, field, key, limit[key])
    for message, fields in LIMITS.items()
    for field, limit in fields.items()
    for key in ("minimum", "maximum", "maxLength", "minItems", "maxItems")
    if key in limit
]


ITEMS: dict[str, Any] = {
    "own_money": wire.OwnMoneyPart(kind=wire.OWN_MONEY_KIND_CASH, amount_kopecks=1),
    "certificate_ids": till.new_request_id(),
    "receipts": till.receipt(),
}


def _set(part: Any, field: str, key: str, size: int) -> None:
    """Give a field this size, length or number of items."""
    if key == "maxLength":
        setattr(part, field, "я" * size)
    elif key.endswith("Items"):
        values = getattr(part, field)
        item = values[0] if values else ITEMS[field]
        del values[:]
        values.extend([item] * size)
    else:
        setattr(part, field, size)


@pytest.mark.parametrize(("message", "field", "key", "limit"), RANGES)
def test_each_limit_is_the_limit_of_validation(message: str, field: str, key: str, limit: int) -> None:
    """What lies just beyond is refused under the name of the field; what lies just within is not."""
    place = PLACES[message]
    beyond = limit - 1 if key.startswith("min") else limit + 1
    for size, is_refused in ((limit, False), (beyond, True)):
        request = place.make()
        _set(place.find(request), field, key, size)
        assert is_refused == (f"{place.path}{field}" in refused_fields(place, request)), size
