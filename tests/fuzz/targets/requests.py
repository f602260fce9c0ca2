"""Requests of the tills' door: protobuf bytes, and the checks that make a command of them."""

from collections.abc import Callable
from typing import Any, Final

from google.protobuf.message import DecodeError

from gateway.rpc.page_tokens import decode_page_token
from gateway.rpc.validation import commands as validation
from gateway.rpc.validation.findings import InvalidRequestError
from gateway.rpc.validation.goods import read_explain_line, read_submit_goods
from gateway.rpc.validation.listing import read_page
from tests.wire_kit import ORIGIN, RULES
from tillgate.v1 import goods_service_pb2 as goods
from tillgate.v1 import purchase_service_pb2 as purchases

READERS: Final[tuple[tuple[Any, Callable[[Any], object]], ...]] = (
    (purchases.SaleRequest, lambda request: validation.read_authorize(request, ORIGIN, RULES)),
    (purchases.AuthorizeRequest, lambda request: validation.read_authorize(request, ORIGIN, RULES)),
    (purchases.QuoteRequest, lambda request: validation.read_quote(request, ORIGIN, RULES)),
    (purchases.GetBalanceRequest, lambda request: validation.read_card(request, RULES)),
    (purchases.CaptureRequest, lambda request: validation.read_capture(request, ORIGIN)),
    (purchases.VoidRequest, lambda request: validation.read_void(request, ORIGIN)),
    (purchases.RefundRequest, lambda request: validation.read_refund(request, ORIGIN)),
    (purchases.AttachReceiptRequest, lambda request: validation.read_attach_receipt(request, ORIGIN)),
    (purchases.CloseShiftRequest, lambda request: validation.read_close_shift(request, ORIGIN)),
    (purchases.GetPurchaseRequest, validation.read_purchase_ref),
    (purchases.ListOperationsRequest, read_page),
    (goods.SubmitGoodsRequest, read_submit_goods),
    (goods.ExplainLineRequest, read_explain_line),
)


def check(data: bytes) -> None:
    """The first byte chooses the method; every violation names a field or a reason."""
    if not data:
        return
    request_type, read = READERS[data[0] % len(READERS)]
    try:
        request = request_type.FromString(data[1:])
    except DecodeError:
        return
    try:
        read(request)
        if isinstance(request, purchases.ListOperationsRequest):
            decode_page_token(request.page_token, 1, (1,))
    except InvalidRequestError as error:
        assert error.violations, error
