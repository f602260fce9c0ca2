"""A valid request for each message of the JSON door, and where in it the message stands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from tests import wire_kit as till
from tillgate.v1 import claim_service_pb2 as claim_service
from tillgate.v1 import goods_service_pb2 as goods_service
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service
from tillgate.v1 import record_service_pb2 as record_service


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
