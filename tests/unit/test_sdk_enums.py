"""The SDK's enums are the wire's, name by name and number by number."""

import pytest
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

from merchant_sdk import (
    CardEntryMode,
    ClaimDocument,
    ClaimState,
    CommandKind,
    LineReason,
    Method,
    OwnMoneyKind,
    PurchaseState,
    Reason,
    ReceiptKind,
    ReferenceKind,
    SubmissionState,
)
from merchant_sdk.enums import WireEnum
from merchant_sdk.methods import ClaimMethod, GoodsMethod, RecordMethod, ReferenceMethod
from tillgate.v1 import (
    claim_service_pb2,
    goods_service_pb2,
    purchase_pb2,
    purchase_service_pb2,
    reason_pb2,
    record_service_pb2,
    reference_service_pb2,
)

PAIRS = [
    (CommandKind, purchase_pb2.CommandKind),
    (PurchaseState, purchase_pb2.PurchaseState),
    (CardEntryMode, purchase_pb2.CardEntryMode),
    (OwnMoneyKind, purchase_pb2.OwnMoneyKind),
    (ReceiptKind, purchase_pb2.ReceiptKind),
    (ReferenceKind, reference_service_pb2.ReferenceKind),
    (LineReason, reason_pb2.LineReason),
    (Reason, reason_pb2.Reason),
    (SubmissionState, goods_service_pb2.SubmissionState),
    (ClaimState, claim_service_pb2.ClaimState),
    (ClaimDocument, claim_service_pb2.ClaimDocument),
]


@pytest.mark.parametrize(("ours", "wire"), PAIRS, ids=[ours.__name__ for ours, _ in PAIRS])
def test_names_and_numbers_are_those_of_the_wire(ours: type[WireEnum], wire: EnumTypeWrapper) -> None:
    """A member added to the wire is missing here until it is added, and this says so."""
    prefix = wire.keys()[0].removesuffix("UNSPECIFIED")
    assert {name.removeprefix(prefix): number for name, number in wire.items()} == {
        member.name: int(member) for member in ours
    }


def test_a_number_of_a_newer_gateway_reads_as_unspecified() -> None:
    """An old till must not break on a new reason."""
    assert Reason.UNSPECIFIED is Reason(99_999)


def test_something_that_is_no_number_is_no_member() -> None:
    """Only numbers of the wire are forgiven."""
    with pytest.raises(ValueError, match="is not a valid Reason"):
        Reason("INSUFFICIENT_POINTS")  # type: ignore[arg-type]


def test_every_method_of_the_service_is_named() -> None:
    """A call added to the wire must be placed in the SDK's table of retries."""
    service = purchase_service_pb2.DESCRIPTOR.services_by_name["PurchaseService"]
    assert {"Exchange", *Method} == {method.name for method in service.methods}
    service = reference_service_pb2.DESCRIPTOR.services_by_name["ReferenceService"]
    assert set(ReferenceMethod) == {method.name for method in service.methods}
    service = goods_service_pb2.DESCRIPTOR.services_by_name["GoodsService"]
    assert set(GoodsMethod) == {method.name for method in service.methods}
    service = record_service_pb2.DESCRIPTOR.services_by_name["RecordService"]
    assert set(RecordMethod) == {method.name for method in service.methods}
    service = claim_service_pb2.DESCRIPTOR.services_by_name["ClaimService"]
    assert set(ClaimMethod) == {method.name for method in service.methods}
