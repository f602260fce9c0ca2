"""JSON bodies become the messages that protobuf's own mapping makes of them, or a named refusal."""

import json
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.reasons import Reason
from gateway.jsondoor.reading import read_message
from gateway.rpc.validation.findings import InvalidRequestError
from tests import wire_kit as till
from tillgate.v1 import purchase_service_pb2 as service

REQUESTS = [
    getattr(service, f"{method.name}Request")
    for method in service.DESCRIPTOR.services_by_name["PurchaseService"].methods
    if not method.client_streaming
]

_INSTANTS = st.tuples(st.integers(-62_135_596_800, 253_402_300_799), st.integers(0, 999_999_999))
_SCALARS = {
    FieldDescriptor.TYPE_STRING: st.text(max_size=5),
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=5),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
}


@st.composite
def fields_of(draw: st.DrawFn, descriptor: Descriptor) -> dict[str, Any]:
    """Arguments of the constructor of any message of a type."""
    if descriptor.full_name == "google.protobuf.Timestamp":
        seconds, nanos = draw(_INSTANTS)
        return {"seconds": seconds, "nanos": nanos}
    made: dict[str, Any] = {}
    groups: set[str] = set()
    for field in draw(st.lists(st.sampled_from(list(descriptor.fields)), unique_by=lambda f: f.name)):
        group = field.containing_oneof.name if field.containing_oneof else field.name
        if group not in groups:
            groups.add(group)
            single = values_of(field)
            made[field.name] = draw(st.lists(single, max_size=2) if field.is_repeated else single)
    return made


def values_of(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    """Any value of a field."""
    if field.message_type is not None:
        return fields_of(field.message_type)
    if field.enum_type is not None:
        return st.sampled_from([value.number for value in field.enum_type.values]) | st.integers(100, 200)
    return _SCALARS[field.type]


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """Any request."""
    request_type = draw(st.sampled_from(REQUESTS))
    made: Message = request_type(**draw(fields_of(request_type.DESCRIPTOR)))
    return made


@given(messages(), st.booleans())
def test_what_the_mapping_writes_is_read_as_the_same_message(message: Message, has_proto_names: bool) -> None:
    """Any request of any method, under names of both kinds."""
    text = json_format.MessageToJson(message, preserving_proto_field_name=has_proto_names)
    assert message == read_message(type(message), text.encode())


_ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, 1, 1.0, 1e3, "1", "-1", "01", "1.0", "1e3", "AA==", "_-8", "RECEIPT_KIND_SALE"])
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(messages(), st.data())
def test_nothing_is_read_that_the_mapping_refuses_or_reads_otherwise(
    message: Message, data: st.DataObject
) -> None:
    """However a request is spoilt: a refusal, or the very message of protobuf's own reader."""
    spoilt = json_format.MessageToDict(message)
    place: Any = spoilt
    while isinstance(place, dict | list) and place:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        if data.draw(st.booleans()) or not isinstance(place[key], dict | list):
            place[key] = data.draw(_ANYTHING)
            break
        place = place[key]
    try:
        read = read_message(type(message), json.dumps(spoilt).encode())
    except InvalidRequestError:
        return
    assert json_format.ParseDict(spoilt, type(message)()) == read


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        (b"", "", "the body is empty"),
        (b"\xff{}", "", "the body is not UTF-8"),
        ("{}".encode("utf-16"), "", "the body is not UTF-8"),
        (b"\xef\xbb\xbf{}", "", "the body is not JSON"),
        (b"{", "", "the body is not JSON"),
        (b"{} {}", "", "the body is not JSON"),
        (b"[" * 100_000, "", "nested too deeply"),
        (b"[]", "", "an object is needed"),
        (b'{"basket": {"total_kopecks": NaN}}', "", "NaN and Infinity are no JSON numbers"),
        (b'{"basket": {"total_kopecks": -Infinity}}', "", "NaN and Infinity are no JSON numbers"),
        (b'{"basket": {"total_kopecks": ' + b"9" * 5000 + b"}}", "", "the body is not JSON"),
        (b'{"basket": {"total_kopecks": 1e400}}', "basket.total_kopecks", "a whole number is needed"),
        (b'{"basket": {"total_kopecks": 1.5}}', "basket.total_kopecks", "a whole number is needed"),
        (b'{"basket": {"total_kopecks": true}}', "basket.total_kopecks", "a whole number is needed"),
        (b'{"basket": {"total_kopecks": 1e300}}', "basket.total_kopecks", "a whole number is needed"),
        (
            b'{"basket": {"total_kopecks": 9223372036854775808}}',
            "basket.total_kopecks",
            "a number beyond 64 bits",
        ),
        (
            b'{"basket": {"lines": [{}, {"lineNumber": 2147483648}]}}',
            "basket.lines[1].line_number",
            "a number beyond 32 bits",
        ),
        (b'{"basket": {"lines": [{"price": 1}]}}', "basket.lines[0].price", "there is no such field"),
        (b'{"9643100000000000001": 1}', "", "there is no such field"),
        (b'{"basket": {"lines": {}}}', "basket.lines", "an array is needed"),
        (b'{"basket": {"lines": [null]}}', "basket.lines[0]", "an object is needed"),
        (b'{"accept_partial": "true"}', "accept_partial", "true or false is needed"),
        (b'{"program_code": 1}', "program_code", "a string is needed"),
        (b'{"program_code": "\\ud800"}', "program_code", "half of a surrogate pair"),
        (b'{"program_code": "a", "program_code": "b"}', "program_code", "the field is named twice"),
        (b'{"program_code": "a", "programCode": "b"}', "programCode", "the field is named twice"),
        (b'{"card": {"pin_block": "?"}}', "card.pin_block", "bytes in base64 are needed"),
        (
            b'{"card": {"pin_block": "AA==", "otp": "1"}}',
            "card.otp",
            "given beside a field that excludes it",
        ),
        (b'{"card": {"entry_mode": "CHIP"}}', "card.entry_mode", "there is no such value"),
        (
            b'{"receipts": [{"issued_at": "2026-02-30T00:00:00Z"}]}',
            "receipts[0].issued_at",
            "an instant such as 2026-03-10T09:30:00Z is needed",
        ),
        (
            b'{"receipts": [{"issued_at": "yesterday"}]}',
            "receipts[0].issued_at",
            "an instant such as 2026-03-10T09:30:00Z is needed",
        ),
    ],
)
def test_what_does_not_fit_is_named(body: bytes, field: str, said: str) -> None:
    """MESSAGE_MALFORMED with the path of the field; never with a value, which may be a card number."""
    with pytest.raises(InvalidRequestError) as caught:
        read_message(service.SaleRequest, body)
    error = caught.value
    assert (Reason.MESSAGE_MALFORMED, field, said) == (error.reason, error.field, error.detail_en)


@pytest.mark.parametrize("number", ["18550", '"18550"', "18550.0", "1855e1"])
def test_a_whole_number_may_be_written_in_every_way_of_the_mapping(number: str) -> None:
    """As a number or as a text; a fraction of nothing is no fraction."""
    read = read_message(service.QuoteRequest, f'{{"basket": {{"total_kopecks": {number}}}}}'.encode())
    assert 185_50 == read.basket.total_kopecks


def test_null_is_a_field_that_is_not_set() -> None:
    """As the mapping says, also beside the field that it excludes."""
    body = b'{"card": {"pin_block": null, "otp": "1", "number": null}, "basket": null}'
    assert service.QuoteRequest(card={"otp": "1"}) == read_message(service.QuoteRequest, body)


def test_an_empty_object_is_a_field_that_is_set() -> None:
    """Which tells, of a choice, which was chosen."""
    read = read_message(service.VoidRequest, b'{"purchase": {"receipt": {}}}')
    assert "receipt" == read.purchase.WhichOneof("name")


def test_a_body_with_many_names_twice_is_refused_at_once() -> None:
    """Looking for the name does not take the square of their number."""
    names = ", ".join(f'"n{number}": 0' for number in [*range(50_000), 49_999])
    with pytest.raises(InvalidRequestError) as caught:
        read_message(service.VoidRequest, f"{{{names}}}".encode())
    assert ("n49999", "the field is named twice") == (caught.value.field, caught.value.detail_en)


def test_a_request_of_a_till_is_read_whole() -> None:
    """Texts, numbers, receipts with times, Cyrillic names."""
    request = till.sale(till.line(1), till.line(2), receipts=[till.receipt()])
    assert request == read_message(service.SaleRequest, json_format.MessageToJson(request).encode())
