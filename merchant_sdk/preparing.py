"""Making commands without sending them: the half of a client that needs no connection."""

from collections.abc import Sequence
from typing import TypedDict
from uuid import UUID

from merchant_sdk import to_wire
from merchant_sdk.basket import Basket, CaptureLine, Card, Desk, FiscalReceipt, OwnMoneyPart, RefundLine
from merchant_sdk.methods import Method
from merchant_sdk.purchases import PurchaseRef
from merchant_sdk.request_ids import new_request_id
from merchant_sdk.requests import PreparedRequest, prepared
from merchant_sdk.results import PurchaseResult, RefundResult, ShiftResult
from tillgate.v1 import purchase_service_pb2 as pb

DESK = Desk()


class QuoteOptions(TypedDict, total=False):
    """What narrows the choice of certificates.

    `program_code` names a program, alone, and is needed for one-shot certificates; `certificate_ids` are at
    most 8; `accept_partial` approves what the points cover instead of declining.
    """

    program_code: str
    certificate_ids: Sequence[UUID]
    accept_partial: bool


class AuthorizeOptions(QuoteOptions, total=False):
    """Further options of an Authorize.

    `replaces_request_id` voids the hold of that request and takes this one in one command. If such an
    Authorize is undone, the old hold may still stand. `own_money` says how the buyer means to pay the rest.
    """

    replaces_request_id: UUID | None
    own_money: Sequence[OwnMoneyPart]
    desk: Desk


class SaleOptions(AuthorizeOptions, total=False):
    """Further options of a Sale. With `receipts` a lost Sale can no longer be voided, only found."""

    receipts: Sequence[FiscalReceipt]


class CaptureOptions(TypedDict, total=False):
    """Options of a Capture: without `lines` the whole purchase as authorized.

    `rounding_kopecks` is that of the captured total, and goes only with lines.
    """

    lines: Sequence[CaptureLine]
    rounding_kopecks: int
    own_money: Sequence[OwnMoneyPart]
    receipts: Sequence[FiscalReceipt]
    desk: Desk


class RefundOptions(TypedDict, total=False):
    """Options of a Refund: without `lines` everything that is left of the purchase."""

    lines: Sequence[RefundLine]
    receipts: Sequence[FiscalReceipt]
    desk: Desk


class Preparing:
    """`prepare_…` makes a command and its request id at once; `client.send` sends it."""

    def prepare_authorize(
        self,
        card: Card,
        basket: Basket,
        *,
        program_code: str = "",
        certificate_ids: Sequence[UUID] = (),
        accept_partial: bool = False,
        replaces_request_id: UUID | None = None,
        own_money: Sequence[OwnMoneyPart] = (),
        desk: Desk = DESK,
    ) -> PreparedRequest[PurchaseResult]:
        """Hold points for a basket. See AuthorizeOptions."""
        request_id = new_request_id()
        message = pb.AuthorizeRequest(
            header=to_wire.header(request_id, desk),
            card=to_wire.card(card),
            basket=to_wire.basket(basket),
            program_code=program_code,
            certificate_ids=_texts(certificate_ids),
            accept_partial=accept_partial,
            replaces_request_id=_text(replaces_request_id),
            own_money=to_wire.own_money(own_money),
        )
        return prepared(request_id, Method.AUTHORIZE, PurchaseResult, desk.terminal_id, message)

    def prepare_sale(
        self,
        card: Card,
        basket: Basket,
        *,
        program_code: str = "",
        certificate_ids: Sequence[UUID] = (),
        accept_partial: bool = False,
        replaces_request_id: UUID | None = None,
        own_money: Sequence[OwnMoneyPart] = (),
        receipts: Sequence[FiscalReceipt] = (),
        desk: Desk = DESK,
    ) -> PreparedRequest[PurchaseResult]:
        """Authorize and capture in one command. See SaleOptions."""
        request_id = new_request_id()
        message = pb.SaleRequest(
            header=to_wire.header(request_id, desk),
            card=to_wire.card(card),
            basket=to_wire.basket(basket),
            program_code=program_code,
            certificate_ids=_texts(certificate_ids),
            accept_partial=accept_partial,
            replaces_request_id=_text(replaces_request_id),
            own_money=to_wire.own_money(own_money),
            receipts=to_wire.receipts(receipts),
        )
        return prepared(request_id, Method.SALE, PurchaseResult, desk.terminal_id, message)

    def prepare_capture(
        self,
        purchase: PurchaseRef,
        *,
        lines: Sequence[CaptureLine] = (),
        rounding_kopecks: int = 0,
        own_money: Sequence[OwnMoneyPart] = (),
        receipts: Sequence[FiscalReceipt] = (),
        desk: Desk = DESK,
    ) -> PreparedRequest[PurchaseResult]:
        """Spend held points, whole or by line; the rest is released. See CaptureOptions."""
        request_id = new_request_id()
        message = pb.CaptureRequest(
            header=to_wire.header(request_id, desk),
            purchase=to_wire.purchase_ref(purchase),
            lines=to_wire.capture_lines(lines),
            rounding_kopecks=rounding_kopecks,
            own_money=to_wire.own_money(own_money),
            receipts=to_wire.receipts(receipts),
        )
        return prepared(request_id, Method.CAPTURE, PurchaseResult, desk.terminal_id, message)

    def prepare_void(self, purchase: PurchaseRef, *, desk: Desk = DESK) -> PreparedRequest[PurchaseResult]:
        """Undo a hold, or a capture that nothing stands on yet; by request id also what has not arrived."""
        request_id = new_request_id()
        message = pb.VoidRequest(
            header=to_wire.header(request_id, desk), purchase=to_wire.purchase_ref(purchase)
        )
        return prepared(request_id, Method.VOID, PurchaseResult, desk.terminal_id, message)

    def prepare_refund(
        self,
        purchase: PurchaseRef,
        *,
        lines: Sequence[RefundLine] = (),
        receipts: Sequence[FiscalReceipt] = (),
        desk: Desk = DESK,
    ) -> PreparedRequest[RefundResult]:
        """Give captured points back, whole or by line, without the card. See RefundOptions."""
        request_id = new_request_id()
        message = pb.RefundRequest(
            header=to_wire.header(request_id, desk),
            purchase=to_wire.purchase_ref(purchase),
            lines=to_wire.refund_lines(lines),
            receipts=to_wire.receipts(receipts),
        )
        return prepared(request_id, Method.REFUND, RefundResult, desk.terminal_id, message)

    def prepare_attach_receipt(
        self, purchase: PurchaseRef, *receipts: FiscalReceipt, desk: Desk = DESK
    ) -> PreparedRequest[PurchaseResult]:
        """Add fiscal receipts to a purchase; only a purchase with its receipt can be claimed."""
        request_id = new_request_id()
        message = pb.AttachReceiptRequest(
            header=to_wire.header(request_id, desk),
            purchase=to_wire.purchase_ref(purchase),
            receipts=to_wire.receipts(receipts),
        )
        return prepared(request_id, Method.ATTACH_RECEIPT, PurchaseResult, desk.terminal_id, message)

    def prepare_close_shift(self, desk: Desk) -> PreparedRequest[ShiftResult]:
        """Close the fiscal shift of a desk and total it."""
        request_id = new_request_id()
        message = pb.CloseShiftRequest(header=to_wire.header(request_id, desk))
        return prepared(request_id, Method.CLOSE_SHIFT, ShiftResult, desk.terminal_id, message)


def quote_message(
    card: Card,
    basket: Basket,
    terminal_id: int,
    *,
    program_code: str = "",
    certificate_ids: Sequence[UUID] = (),
    accept_partial: bool = False,
) -> pb.QuoteRequest:
    """The message of a quote. See QuoteOptions."""
    return pb.QuoteRequest(
        terminal_id=terminal_id,
        card=to_wire.card(card),
        basket=to_wire.basket(basket),
        program_code=program_code,
        certificate_ids=_texts(certificate_ids),
        accept_partial=accept_partial,
    )


def _text(request_id: UUID | None) -> str:
    return "" if request_id is None else str(request_id)


def _texts(ids: Sequence[UUID]) -> list[str]:
    return [str(item) for item in ids]
