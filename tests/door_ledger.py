"""A ledger at the other end of a wire: the commands that a test submits travel to a door of real gateways.

So what is tried on a committer can be tried, word for word, on whatever serves tills.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from uuid import UUID

import asyncpg
from google.protobuf.message import Message

from gateway.domain import basket as goods
from gateway.domain.commands import (
    AttachReceipt,
    Authorize,
    ByPurchaseId,
    ByReceipt,
    ByRequestId,
    Capture,
    CloseShift,
    Command,
    Origin,
    PurchaseRef,
    Refund,
    Void,
)
from gateway.domain.outcome import Outcome, ShiftTotals
from gateway.domain.purchase import FiscalReceipt
from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError, SealedAnswer, StoredAnswer
from gateway.ledger.reader import LedgerReader
from tests.crash.tills import Line
from tests.ledger_kit import Ledger
from tests.transports import RESPONSES, Refused
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

TIMEOUT_S: Final = 60.0

TillCommand = Authorize | Capture | Void | Refund | AttachReceipt | CloseShift


@dataclass
class DoorLedger:
    """Sends what tills send through `line_of` their terminal; all else is decided by `department`.

    The outcome is as told; the purchase in it, of which tills are told less than tests want to know, is as
    `reader` finds it.
    """

    line_of: Callable[[int], Awaitable[Line]]
    department: Ledger
    reader: LedgerReader
    _lines: dict[int, Line] = field(default_factory=dict)

    async def submit(self, command: Command | CloseShift, *, deadline: float | None = None) -> StoredAnswer:
        """The one stored answer of a command; raises CommandError where the door refuses it."""
        if not isinstance(command, TillCommand):
            return await self.department.submit(command, deadline=deadline)
        is_replay = await self._is_known(command)
        request = message_of(command)
        method = type(request).__name__.removesuffix("Request")
        line = await self._line(command.origin.terminal_id)
        try:
            body = await line.transport.carry(method, request.SerializeToString(), TIMEOUT_S)
        except Refused as error:
            raise CommandError(Reason[error.reason], error.field) from error
        told = RESPONSES[method].FromString(body).answer  # type: ignore[attr-defined]
        sealed = SealedAnswer(told.signed_payload, told.signature, told.key_id)
        return StoredAnswer(sealed, is_replay, None if is_replay else await self._outcome(command, sealed))

    async def stop(self) -> None:
        """Hang up."""
        for line in self._lines.values():
            await line.close()

    @property
    def connections(self) -> int:
        """How many connections it has open."""
        return len(self._lines)

    async def _line(self, terminal_id: int) -> Line:
        if terminal_id not in self._lines:
            self._lines[terminal_id] = await self.line_of(terminal_id)
        return self._lines[terminal_id]

    async def _is_known(self, command: TillCommand) -> bool:
        """Whether the request id has its outcome already: a till is not told."""
        connection: asyncpg.Connection
        async with self.reader.connect() as connection:
            known: bool = await connection.fetchval(
                "SELECT EXISTS (SELECT FROM outcome WHERE merchant_id = $1 AND request_id = $2)",
                command.origin.merchant_id,
                command.request_id,
            )
        return known

    async def _outcome(self, command: TillCommand, sealed: SealedAnswer) -> Outcome:
        told = wire.SignedOutcome.FromString(sealed.signed_payload)
        purchase = refund = shift = None
        if told.HasField("purchase"):
            ref = ByPurchaseId(UUID(told.purchase.purchase_id))
            found = await self.reader.get_purchase(command.origin.merchant_id, ref)
            assert found is not None
            purchase = found.purchase
            refund = next((r for r in purchase.refunds if str(r.id) == told.refund.refund_id), None)
        if told.HasField("shift"):
            shift = ShiftTotals(**{name: getattr(told.shift, name) for name in ShiftTotals.__struct_fields__})
        return Outcome(
            Reason(told.reason) if told.reason else None,
            purchase=purchase,
            refund=refund,
            shift=shift,
            available_kopecks=told.available_kopecks,
            rest_lapses_kopecks=told.purchase.rest_lapses_kopecks,
            card_stopped_meanwhile=told.card_stopped_meanwhile,
        )


def number_of(card: bytes) -> str:
    """The number of the card that a test knows by some bytes."""
    return f"{int.from_bytes(sha256(card).digest()[:6]):015}"


def message_of(command: TillCommand) -> Message:
    """The request that makes the door read this command."""
    header, receipts = _header(command.request_id, command.origin), []
    if isinstance(command, CloseShift):
        return service.CloseShiftRequest(header=header)
    if not isinstance(command, Void):
        receipts = [_receipt(receipt) for receipt in command.receipts]
    if isinstance(command, Authorize):
        replaced = command.replaces_request_id
        request = service.SaleRequest if command.is_sale else service.AuthorizeRequest
        asked = request(
            header=header,
            card=wire.Card(number=number_of(command.card_token)),
            basket=_basket(command.basket),
            program_code=command.program_code,
            certificate_ids=map(str, command.certificate_ids),
            accept_partial=command.accept_partial,
            replaces_request_id=str(replaced) if replaced else "",
        )
        if isinstance(asked, service.SaleRequest):
            asked.receipts.extend(receipts)
        return asked
    purchase = _ref(command.purchase)
    match command:
        case Capture():
            captured = [
                wire.CaptureLine(
                    line_number=line.line_number,
                    quantity_milli=line.quantity_milli,
                    amount_kopecks=line.amount_kopecks,
                )
                for line in command.lines
            ]
            return service.CaptureRequest(
                header=header,
                purchase=purchase,
                lines=captured,
                rounding_kopecks=command.rounding_kopecks,
                receipts=receipts,
            )
        case Void():
            return service.VoidRequest(header=header, purchase=purchase)
        case Refund():
            back = [
                wire.RefundLine(line_number=line.line_number, quantity_milli=line.quantity_milli)
                for line in command.lines
            ]
            return service.RefundRequest(header=header, purchase=purchase, lines=back, receipts=receipts)
        case AttachReceipt():
            return service.AttachReceiptRequest(header=header, purchase=purchase, receipts=receipts)


def _header(request_id: UUID, origin: Origin) -> wire.CommandHeader:
    return wire.CommandHeader(
        request_id=str(request_id),
        terminal_id=origin.terminal_id,
        shift_number=origin.shift_number,
        cashier_ref=origin.cashier_ref,
    )


def _basket(basket: goods.Basket) -> wire.Basket:
    return wire.Basket(
        lines=map(_line, basket.lines),
        total_kopecks=basket.total_kopecks,
        rounding_kopecks=basket.rounding_kopecks,
    )


def _line(line: goods.Line) -> wire.BasketLine:
    """The line with a price and a discount that make its amount, whatever those of the test were."""
    price = -(-line.amount_kopecks * 1000 // line.quantity_milli)
    return wire.BasketLine(
        line_number=line.line_number,
        item_name=line.item_name,
        okpd2=line.okpd2,
        quantity_milli=line.quantity_milli,
        unit_price_kopecks=price,
        discount_kopecks=price * line.quantity_milli // 1000 - line.amount_kopecks,
        amount_kopecks=line.amount_kopecks,
        payment_subject=line.payment_subject,
    )


def _receipt(receipt: FiscalReceipt) -> wire.FiscalReceipt:
    return wire.FiscalReceipt(
        kind=f"RECEIPT_KIND_{receipt.kind.name}",
        fiscal_drive_number=receipt.fiscal_drive_number,
        fiscal_document_number=receipt.fiscal_document_number,
        fiscal_sign=receipt.fiscal_sign,
        kkt_registration_number=receipt.kkt_registration_number,
        seller_inn=receipt.seller_inn,
        shift_number=receipt.shift_number,
        issued_at=receipt.issued_at,
        total_kopecks=receipt.total_kopecks,
    )


def _ref(ref: PurchaseRef) -> wire.PurchaseRef:
    match ref:
        case ByPurchaseId(purchase_id):
            return wire.PurchaseRef(purchase_id=str(purchase_id))
        case ByRequestId(request_id):
            return wire.PurchaseRef(request_id=str(request_id))
        case ByReceipt(drive, document):
            receipt = wire.FiscalReceiptRef(fiscal_drive_number=drive, fiscal_document_number=document)
            return wire.PurchaseRef(receipt=receipt)
