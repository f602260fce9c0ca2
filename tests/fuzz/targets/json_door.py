"""Bodies of the JSON door."""

from gateway.jsondoor.reading import read_message
from gateway.rpc.validation.findings import InvalidRequestError
from tillgate.v1 import purchase_service_pb2 as purchases
from tillgate.v1 import reference_service_pb2 as references

REQUESTS = [
    getattr(module, f"{method.name}Request")
    for module, service in ((purchases, "PurchaseService"), (references, "ReferenceService"))
    for method in module.DESCRIPTOR.services_by_name[service].methods
    if not method.client_streaming
]


def check(data: bytes) -> None:
    """The first byte chooses the method; what was read can be sent on as bytes."""
    if not data:
        return
    request_type = REQUESTS[data[0] % len(REQUESTS)]
    try:
        message = read_message(request_type, data[1:])
    except InvalidRequestError:
        return
    assert request_type.FromString(message.SerializeToString()) == message
