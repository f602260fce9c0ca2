"""Requests of the till become commands: the rules of whole messages.

Every function raises InvalidRequestError with all that is wrong, and never keeps a card number.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from gateway.domain import commands as domain
from gateway.domain.basket import CERTIFICATES_MAX
from gateway.domain.commands import Origin
from gateway.domain.purchase import OwnMoneyPart
from gateway.domain.reasons import Reason
from gateway.registry.cards import NUMBER_DIGITS_MAX, NUMBER_DIGITS_MIN
from gateway.rpc.validation.basket import (
    check_card_is_in_no_text,
    read_basket,
    read_capture_lines,
    read_refund_lines,
)
from gateway.rpc.validation.fields import (
    check_amount,
    check_rounding,
    check_text,
    is_digits,
    read_request_id,
    read_uuid,
)
from gateway.rpc.validation.findings import Findings
from gateway.rpc.validation.receipts import read_receipt_ref, read_receipts
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

OWN_MONEY_PARTS_MAX: Final = 16

_OWN_MONEY_KINDS: Final = {
    wire.OWN_MONEY_KIND_CASH: "CASH",
    wire.OWN_MONEY_KIND_CARD: "CARD",
    wire.OWN_MONEY_KIND_PREPAID: "PREPAID",
    wire.OWN_MONEY_KIND_OTHER: "OTHER",
}
_NIL: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Rules:
    """What validation needs from outside.

    `token_of` turns number and series of a card into its keyed token; a line's amount may lie
    `line_sum_tolerance_kopecks` from its arithmetic.
    """

    token_of: Callable[[str, str], bytes]
    line_sum_tolerance_kopecks: int = 1


AuthorizeLike = service.AuthorizeRequest | service.SaleRequest


def read_authorize(request: AuthorizeLike, origin: Origin, rules: Rules) -> domain.Authorize:
    """An Authorize or a Sale."""
    findings = Findings()
    request_id, origin = _read_header(request.header, origin, findings)
    replaces = None
    if request.replaces_request_id:
        replaces = read_request_id(request.replaces_request_id, "replaces_request_id", findings)
        if replaces == request_id != _NIL:
            ru, en = "запрос не может заменить сам себя", "a request cannot replace itself"
            findings.add(Reason.FIELD_INVALID, "replaces_request_id", ru, en)
    program_code = request.program_code
    if program_code:
        check_text(program_code, "program_code", findings)
    receipts = read_receipts(request.receipts, findings) if isinstance(request, service.SaleRequest) else ()
    command = domain.Authorize(
        request_id=request_id,
        origin=origin,
        card_token=_read_card(request.card, rules, findings),
        basket=read_basket(request.basket, rules.line_sum_tolerance_kopecks, findings),
        program_code=request.program_code,
        certificate_ids=_read_certificate_ids(request.certificate_ids, findings),
        accept_partial=request.accept_partial,
        replaces_request_id=replaces,
        own_money=_read_own_money(request.own_money, findings),
        is_sale=isinstance(request, service.SaleRequest),
        receipts=receipts,
        is_keyed=is_keyed(request.card),
    )
    check_card_is_in_no_text(request.card.number, command.basket, origin.cashier_ref, findings)
    findings.settle()
    return command


def read_quote(request: service.QuoteRequest, origin: Origin, rules: Rules) -> domain.Authorize:
    """A Quote: the Authorize it asks about, under no request id."""
    findings = Findings()
    check_text(request.program_code, "program_code", findings)
    command = domain.Authorize(
        request_id=_NIL,
        origin=origin,
        card_token=_read_card(request.card, rules, findings),
        basket=read_basket(request.basket, rules.line_sum_tolerance_kopecks, findings),
        program_code=request.program_code,
        certificate_ids=_read_certificate_ids(request.certificate_ids, findings),
        accept_partial=request.accept_partial,
        is_keyed=is_keyed(request.card),
    )
    check_card_is_in_no_text(request.card.number, command.basket, origin.cashier_ref, findings)
    findings.settle()
    return command


def is_keyed(card: wire.Card) -> bool:
    """Whether somebody typed the card's number."""
    return card.entry_mode == wire.CARD_ENTRY_MODE_KEYED


def read_card(request: service.GetBalanceRequest, rules: Rules) -> bytes:
    """The card of a balance inquiry, as a token."""
    findings = Findings()
    token = _read_card(request.card, rules, findings)
    findings.settle()
    return token


def read_capture(request: service.CaptureRequest, origin: Origin) -> domain.Capture:
    """A Capture, whole or by line."""
    findings = Findings()
    request_id, origin = _read_header(request.header, origin, findings)
    check_rounding(request.rounding_kopecks, "rounding_kopecks", findings)
    if request.rounding_kopecks and not request.lines:
        ru, en = "округление задаётся только вместе с позициями", "rounding goes only with lines"
        findings.add(Reason.FIELD_INVALID, "rounding_kopecks", ru, en)
    command = domain.Capture(
        request_id=request_id,
        origin=origin,
        purchase=_read_ref(request.purchase, findings),
        lines=read_capture_lines(request.lines, findings),
        rounding_kopecks=request.rounding_kopecks,
        own_money=_read_own_money(request.own_money, findings),
        receipts=read_receipts(request.receipts, findings),
    )
    findings.settle()
    return command


def read_void(request: service.VoidRequest, origin: Origin) -> domain.Void:
    """A Void, which cannot have the request id of what it undoes."""
    findings = Findings()
    request_id, origin = _read_header(request.header, origin, findings)
    purchase = _read_ref(request.purchase, findings)
    if purchase == domain.ByRequestId(request_id) and request_id != _NIL:
        ru, en = "отмена не может отменить сама себя", "a void cannot undo itself"
        findings.add(Reason.FIELD_INVALID, "purchase.request_id", ru, en)
    findings.settle()
    return domain.Void(request_id, origin, purchase)


def read_refund(request: service.RefundRequest, origin: Origin) -> domain.Refund:
    """A Refund, by line or of all that is left."""
    findings = Findings()
    request_id, origin = _read_header(request.header, origin, findings)
    command = domain.Refund(
        request_id=request_id,
        origin=origin,
        purchase=_read_ref(request.purchase, findings),
        lines=read_refund_lines(request.lines, findings),
        receipts=read_receipts(request.receipts, findings),
    )
    findings.settle()
    return command


def read_attach_receipt(request: service.AttachReceiptRequest, origin: Origin) -> domain.AttachReceipt:
    """An AttachReceipt with at least one receipt."""
    findings = Findings()
    request_id, origin = _read_header(request.header, origin, findings)
    if not request.receipts:
        findings.add(Reason.FIELD_MISSING, "receipts", "нет ни одного чека", "there is no receipt")
    receipts = read_receipts(request.receipts, findings)
    command = domain.AttachReceipt(request_id, origin, _read_ref(request.purchase, findings), receipts)
    findings.settle()
    return command


def read_close_shift(request: service.CloseShiftRequest, origin: Origin) -> domain.CloseShift:
    """A CloseShift; the header names the shift."""
    findings = Findings()
    request_id, origin = _read_header(request.header, origin, findings)
    if request.header.shift_number == 0:
        findings.add(Reason.FIELD_MISSING, "header.shift_number", "смена не указана", "no shift is named")
    findings.settle()
    return domain.CloseShift(request_id, origin)


def read_purchase_ref(request: service.GetPurchaseRequest) -> domain.PurchaseRef:
    """The purchase that GetPurchase names."""
    findings = Findings()
    ref = _read_ref(request.purchase, findings)
    findings.settle()
    return ref


def _read_header(header: wire.CommandHeader, origin: Origin, findings: Findings) -> tuple[UUID, Origin]:
    shift_number, cashier_ref = header.shift_number, header.cashier_ref
    if cashier_ref:
        check_text(cashier_ref, "header.cashier_ref", findings)
    if shift_number < 0:
        findings.add(Reason.FIELD_INVALID, "header.shift_number", "меньше нуля", "below zero")
    if shift_number or cashier_ref:
        origin = replace(origin, shift_number=shift_number, cashier_ref=cashier_ref)
    return read_request_id(header.request_id, "header.request_id", findings), origin


def _read_card(card: wire.Card, rules: Rules, findings: Findings) -> bytes:
    """The token of the card. Details never repeat the number."""
    number = card.number
    if not number:
        findings.add(Reason.FIELD_MISSING, "card.number", "не заполнено", "not set")
    elif not is_digits(number) or not NUMBER_DIGITS_MIN <= len(number) <= NUMBER_DIGITS_MAX:
        span = f"{NUMBER_DIGITS_MIN}–{NUMBER_DIGITS_MAX}"
        findings.add(Reason.FIELD_INVALID, "card.number", f"нужно {span} цифр", f"{span} digits are needed")
    series = card.series
    if series:
        check_text(series, "card.series", findings)
    return b"" if findings else rules.token_of(number, series)


def _read_certificate_ids(ids: Sequence[str], findings: Findings) -> tuple[UUID, ...]:
    if not ids:
        return ()
    if len(ids) > CERTIFICATES_MAX:
        ru, en = f"{len(ids)}, можно {CERTIFICATES_MAX}", f"{len(ids)}, {CERTIFICATES_MAX} allowed"
        findings.add(Reason.TOO_MANY_CERTIFICATES, "certificate_ids", ru, en)
        return ()
    return tuple(read_uuid(text, f"certificate_ids[{index}]", findings) for index, text in enumerate(ids))


def _read_own_money(parts: Sequence[wire.OwnMoneyPart], findings: Findings) -> tuple[OwnMoneyPart, ...]:
    if not parts:
        return ()
    if len(parts) > OWN_MONEY_PARTS_MAX:
        ru, en = f"{len(parts)}, можно {OWN_MONEY_PARTS_MAX}", f"{len(parts)}, {OWN_MONEY_PARTS_MAX} allowed"
        findings.add(Reason.FIELD_INVALID, "own_money", ru, en)
        return ()
    for index, part in enumerate(parts):
        findings.enter("own_money", index)
        if part.kind not in _OWN_MONEY_KINDS:
            findings.add(Reason.FIELD_INVALID, "kind", "вид не указан", "the kind is not set")
        check_amount(part.amount_kopecks, 1, "amount_kopecks", findings)
    findings.leave()
    return tuple(OwnMoneyPart(_OWN_MONEY_KINDS.get(part.kind, ""), part.amount_kopecks) for part in parts)


def _read_ref(ref: wire.PurchaseRef, findings: Findings) -> domain.PurchaseRef:
    match ref.WhichOneof("name"):
        case "purchase_id":
            return domain.ByPurchaseId(read_uuid(ref.purchase_id, "purchase.purchase_id", findings))
        case "request_id":
            return domain.ByRequestId(read_request_id(ref.request_id, "purchase.request_id", findings))
        case "receipt":
            return read_receipt_ref(ref.receipt, "purchase.receipt", findings)
        case _:
            findings.add(Reason.FIELD_MISSING, "purchase", "покупка не названа", "no purchase is named")
            return domain.ByPurchaseId(_NIL)
