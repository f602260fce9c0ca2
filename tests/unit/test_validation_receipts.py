"""Fiscal receipts of a request: which of them is wrong, and in which of its requisites."""

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.domain.reasons import Reason
from gateway.rpc.validation import commands as validation
from gateway.rpc.validation.findings import InvalidRequestError
from tests import wire_kit as till
from tests.wire_kit import ORIGIN
from tillgate.v1 import purchase_service_pb2 as service

PURCHASE = "019b2f6e-1c2d-7abc-8def-0123456789ab"


def refused(read: Callable[[], object]) -> InvalidRequestError:
    """The error that reading raises."""
    with pytest.raises(InvalidRequestError) as caught:
        read()
    return caught.value


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"kind": 0}, Reason.RECEIPT_INVALID, "kind"),
        ({"kind": 99}, Reason.RECEIPT_INVALID, "kind"),
        ({"fiscal_drive_number": "1" * 15}, Reason.RECEIPT_INVALID, "fiscal_drive_number"),
        ({"fiscal_drive_number": "1" * 15 + "x"}, Reason.RECEIPT_INVALID, "fiscal_drive_number"),
        ({"fiscal_document_number": 0}, Reason.RECEIPT_INVALID, "fiscal_document_number"),
        ({"fiscal_document_number": 2**32}, Reason.RECEIPT_INVALID, "fiscal_document_number"),
        ({"fiscal_sign": -1}, Reason.RECEIPT_INVALID, "fiscal_sign"),
        ({"kkt_registration_number": ""}, Reason.RECEIPT_INVALID, "kkt_registration_number"),
        ({"seller_inn": "77070838"}, Reason.RECEIPT_INVALID, "seller_inn"),
        ({"seller_inn": "7707083894"}, Reason.CHECK_DIGIT_WRONG, "seller_inn"),
        ({"seller_inn": "500100732258"}, Reason.CHECK_DIGIT_WRONG, "seller_inn"),
        ({"shift_number": -1}, Reason.RECEIPT_INVALID, "shift_number"),
        ({"issued_at": None}, Reason.RECEIPT_INVALID, "issued_at"),
        ({"issued_at": Timestamp(seconds=0)}, Reason.RECEIPT_INVALID, "issued_at"),
        ({"issued_at": Timestamp(seconds=2**62)}, Reason.RECEIPT_INVALID, "issued_at"),
        ({"issued_at": Timestamp(seconds=1_700_000_000, nanos=-1)}, Reason.RECEIPT_INVALID, "issued_at"),
        ({"total_kopecks": -1}, Reason.AMOUNT_OUT_OF_RANGE, "total_kopecks"),
    ],
)
def test_a_spoilt_receipt_is_named(changes: dict[str, Any], reason: Reason, field: str) -> None:
    """Which of the receipts, and which of its requisites."""
    receipts = [till.receipt(), till.receipt(**changes)]
    request = service.AttachReceiptRequest(
        header=till.header(), purchase=till.by_request(PURCHASE), receipts=receipts
    )
    error = refused(lambda: validation.read_attach_receipt(request, ORIGIN))
    assert (reason, f"receipts[1].{field}") == (error.reason, error.field)


def test_an_entrepreneur_has_12_digits() -> None:
    """A seller is a company or an individual entrepreneur."""
    request = till.refund(PURCHASE, receipts=[till.receipt(seller_inn="500100732259")])
    assert "500100732259" == validation.read_refund(request, ORIGIN).receipts[0].seller_inn


@pytest.mark.parametrize(("count", "reason"), [(0, Reason.FIELD_MISSING), (21, Reason.RECEIPT_INVALID)])
def test_an_attachment_has_a_receipt_and_not_too_many(count: int, reason: Reason) -> None:
    """At most 20 in one command; a purchase may have more of them."""
    request = service.AttachReceiptRequest(
        header=till.header(), purchase=till.by_request(PURCHASE), receipts=[till.receipt()] * count
    )
    assert reason == refused(lambda: validation.read_attach_receipt(request, ORIGIN)).reason
