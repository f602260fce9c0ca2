"""The description of the JSON door says what the code does: fresh, sound, with the limits of validation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Place:
    """A message of a request: the method, a valid request with it, and where it stands there."""

    method: str
    make: Callable[[], Message]
    path: str
    find: Callable[[Any], Any]


REF = wire.PurchaseRef(receipt={"fiscal_drive_number": "9999078900000001", "fiscal_document_number": 17})


def _capture() -> service.CaptureRequest:
    lines = [wire.CaptureLine(line_number=1, quantity_milli=1000, amount_kopecks=100_00)]
    return till.capture(till.new_request_id(), *lines)


def _refund() -> service.RefundRequest:
    return till.refund(till.new_request_id(), wire.RefundLine(line_number=1, quantity_milli=1000))


def _sale() -> service.SaleRequest:
    return till.sale(receipts=[till.receipt()], own_money=[{"kind": 1, "amount_kopecks": 1}])


def _attach() -> service.AttachReceiptRequest:
    return service.AttachReceiptRequest(
        header=till.header(), purchase=till.by_request(till.new_request_id()), receipts=[till.receipt()]
    )


def _submit() -> goods_service.SubmitGoodsRequest:
    item = goods_service.SubmittedItem(item_code="70012", item_name="Сырники")
    return goods_service.SubmitGoodsRequest(items=[item])


PLACES = {
    "CommandHeader": Place("Sale", _sale, "header.", lambda request: request.header),
    "Card": Place("Sale", _sale, "card.", lambda request: request.card),
    "BasketLine": Place("Sale", _sale, "basket.lines[0].", lambda request: request.basket.lines[0]),
    "Basket": Place("Sale", _sale, "basket.", lambda request: request.basket),
    "OwnMoneyPart": Place("Sale", _sale, "own_money[0].", lambda request: request.own_money[0]),
    "FiscalReceipt": Place("Sale", _sale, "receipts[0].", lambda request: request.receipts[0]),
    "FiscalReceiptRef": Place(
        "Void",
        lambda: service.VoidRequest(header=till.header(), purchase=REF),
        "purchase.receipt.",
        lambda request: request.purchase.receipt,
    ),
    "CaptureLine": Place("Capture", _capture, "lines[0].", lambda request: request.lines[0]),
    "RefundLine": Place("Refund", _refund, "lines[0].", lambda request: request.lines[0]),
    "QuoteRequest": Place("Quote", till.quote, "", lambda request: request),
    "AuthorizeRequest": Place("Authorize", till.authorize, "", lambda request: request),
    "SaleRequest": Place("Sale", _sale, "", lambda request: request),
    "CaptureRequest": Place("Capture", _capture, "", lambda request: request),
    "VoidRequest": Place("Void", lambda: till.void(till.new_request_id()), "", lambda request: request),
    "RefundRequest": Place("Refund", _refund, "", lambda request: request),
    "AttachReceiptRequest": Place("AttachReceipt", _attach, "", lambda request: request),
    "GetPurchaseRequest": Place(
        "GetPurchase", lambda: service.GetPurchaseRequest(purchase=REF), "", lambda request: request
    ),
    "GetBalanceRequest": Place(
        "GetBalance", lambda: service.GetBalanceRequest(card=till.card()), "", lambda request: request
    ),
    "CloseShiftRequest": Place(
        "CloseShift",
        lambda: service.CloseShiftRequest(header=till.header(shift_number=1)),
        "",
        lambda request: request,
    ),
    "ListOperationsRequest": Place(
        "ListOperations", service.ListOperationsRequest, "", lambda request: request
    ),
    "SubmittedItem": Place("SubmitGoods", _submit, "items[0].", lambda request: request.items[0]),
    "SubmitGoodsRequest": Place("SubmitGoods", _submit, "", lambda request: request),
    "ListSubmittedGoodsRequest": Place(
        "ListSubmittedGoods", goods_service.ListSubmittedGoodsRequest, "", lambda request: request
    ),
    "ExplainLineRequest": Place(
        "ExplainLine",
        lambda: goods_service.ExplainLineRequest(item_name="Сырники", item_code="70012"),
        "",
        lambda request: request,
    ),
    "GetDaySealRequest": Place(
        "GetDaySeal",
        lambda: record_service.GetDaySealRequest(day="2026-11-23"),
        "",
        lambda request: request,
    ),
    "ListDayLeavesRequest": Place(
        "ListDayLeaves",
        lambda: record_service.ListDayLeavesRequest(day="2026-11-23"),
        "",
        lambda request: request,
    ),
    "ListClaimsRequest": Place("ListClaims", claim_service.ListClaimsRequest, "", lambda request: request),
    "GetClaimRequest": Place(
        "GetClaim", lambda: claim_service.GetClaimRequest(claim_id=7), "", lambda request: request
    ),
    "ListClaimLinesRequest": Place(
        "ListClaimLines", lambda: claim_service.ListClaimLinesRequest(claim_id=7), "", lambda request: request
    ),
    "DownloadClaimDocumentRequest": Place(
        "DownloadClaimDocument",
        lambda: claim_service.DownloadClaimDocumentRequest(
            claim_id=7, document=claim_service.CLAIM_DOCUMENT_JSON
        ),
        "",
        lambda request: request,
    ),
    "SignClaimRequest": Place(
        "SignClaim",
        lambda: claim_service.SignClaimRequest(claim_id=7, paper_scan=b"%PDF"),
        "",
        lambda request: request,
    ),
    "ObjectToClaimRequest": Place(
        "ObjectToClaim",
        lambda: claim_service.ObjectToClaimRequest(
            claim_id=7,
            text="Чек возврата приложен.",
            line_numbers=[3],
        ),
        "",
        lambda request: request,
    ),
    "ListClaimOperationsRequest": Place(
        "ListClaimOperations", claim_service.ListClaimOperationsRequest, "", lambda request: request
    ),
}


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
