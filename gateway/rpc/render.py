"""Outcomes and purchases become wire messages; nothing is decided here.

What is rendered for every sale is filled in place, field by field: a message given to the constructor
of another one is copied with all that it holds (ADR 0013).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple, cast
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.domain import purchase as domain
from gateway.domain.category import ListBook
from gateway.domain.certificate import Certificate
from gateway.domain.outcome import ShiftTotals
from gateway.domain.purchase import PurchaseState, Share, sum_by_certificate
from gateway.domain.reasons import LineReason, Reason
from gateway.rpc.notices import LINE_NOTICES
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import reason_pb2

# The numbers of the domain's enums are those of the wire; tests prove it.
REASONS_ON_WIRE: Final = {reason: cast(reason_pb2.Reason, int(reason)) for reason in Reason}
LINE_REASONS_ON_WIRE: Final = {reason: cast(reason_pb2.LineReason, int(reason)) for reason in LineReason}
STATES_ON_WIRE: Final = {
    PurchaseState.AUTHORIZED: wire.PURCHASE_STATE_AUTHORIZED,
    PurchaseState.CAPTURED: wire.PURCHASE_STATE_CAPTURED,
    PurchaseState.VOIDED: wire.PURCHASE_STATE_VOIDED,
    PurchaseState.EXPIRED: wire.PURCHASE_STATE_EXPIRED,
    PurchaseState.DECLINED: wire.PURCHASE_STATE_DECLINED,
}
RECEIPT_KINDS_ON_WIRE: Final = {
    domain.ReceiptKind.SALE: wire.RECEIPT_KIND_SALE,
    domain.ReceiptKind.RETURN: wire.RECEIPT_KIND_RETURN,
    domain.ReceiptKind.CORRECTION_SALE: wire.RECEIPT_KIND_CORRECTION_SALE,
    domain.ReceiptKind.CORRECTION_RETURN: wire.RECEIPT_KIND_CORRECTION_RETURN,
    domain.ReceiptKind.PREPAYMENT: wire.RECEIPT_KIND_PREPAYMENT,
    domain.ReceiptKind.OFFSET: wire.RECEIPT_KIND_OFFSET,
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DECISIONS_CACHED: Final = 4_096


@dataclass(frozen=True, slots=True)
class View:
    """What a purchase is looked at with: the instant, its account's certificates, the lists of an instant."""

    now: datetime
    certificates: Mapping[UUID, Certificate]
    lists: Callable[[datetime], ListBook]


def fill_instant(target: Timestamp, instant: datetime) -> None:
    """An aware instant, to the microsecond; a third of the cost of the library's own conversion."""
    since = instant - _EPOCH
    target.seconds = since.days * 86_400 + since.seconds
    target.nanos = since.microseconds * 1_000


def fill_purchase(target: wire.Purchase, purchase: domain.Purchase, view: View) -> None:
    """A purchase as it stands at `view.now`, into an empty message; points pay nothing of a declined one."""
    state = purchase.state_at(view.now)
    total = sum([item.line.amount_kopecks for item in purchase.lines]) - purchase.rounding_kopecks
    target.purchase_id = str(purchase.id)
    target.request_id = str(purchase.request_id)
    target.state = STATES_ON_WIRE[state]
    target.total_kopecks = total
    target.rounding_kopecks = purchase.rounding_kopecks
    target.eligible_kopecks = purchase.eligible_kopecks
    target.outlet_id = purchase.outlet_id
    target.terminal_id = purchase.terminal_id
    fill_instant(target.authorized_at, purchase.authorized_at)
    if state is PurchaseState.DECLINED:
        target.own_money_kopecks = total
    else:
        _fill_payment(target, purchase, state, total, view)
    _add_lines(target, purchase, state, view)
    if purchase.receipts:
        target.receipts.extend(map(receipt_message, purchase.receipts))
    if purchase.refunds:
        target.refunded_kopecks = purchase.refunded_kopecks


def _fill_payment(
    target: wire.Purchase, purchase: domain.Purchase, state: PurchaseState, total: int, view: View
) -> None:
    """Who pays what: as captured, else as held. A late capture's shortfall is not the buyer's money."""
    fill_instant(target.hold_expires_at, purchase.hold_expires_at)
    held = purchase.held_by_certificate()
    points = sum(held.values())
    target.approved_partially = points < min(purchase.eligible_kopecks, total)
    done = purchase.capture
    if done is not None:
        _fill_capture(target, done, view)
        return
    target.certificate_kopecks = points
    target.own_money_kopecks = total - points
    _add_sums(target, held, view)
    if state is PurchaseState.AUTHORIZED:
        target.rest_lapses_kopecks = _rest_to_lapse_kopecks(held, view)


def _fill_capture(target: wire.Purchase, done: domain.Capture, view: View) -> None:
    points, total = done.points_kopecks, done.total_kopecks
    fill_instant(target.captured_at, done.captured_at)
    target.sale_date = done.sale_date.isoformat()
    target.is_late = done.is_late
    if done.is_after_stop:
        target.captured_after_stop = True
    target.total_kopecks = total
    target.rounding_kopecks = done.rounding_kopecks
    target.certificate_kopecks = points
    target.own_money_kopecks = total - points - done.shortfall_kopecks
    target.shortfall_kopecks = done.shortfall_kopecks
    target.rest_lapses_kopecks = sum(done.rest_lapsed.values())
    spent = sum_by_certificate(share for line in done.lines for share in line.shares)
    _add_sums(target, spent, view)


def _add_lines(target: wire.Purchase, purchase: domain.Purchase, state: PurchaseState, view: View) -> None:
    captured = {line.line_number: line for line in purchase.capture.lines} if purchase.capture else {}
    refunded = _refunded_by_line(purchase)
    is_declined = state is PurchaseState.DECLINED
    payers: dict[UUID, _Payer] = {}
    add = target.lines.add
    for item in purchase.lines:
        line, verdict = item.line, item.verdict
        number = line.line_number
        message = add()
        message.MergeFromString(_decision(item.reason, verdict.rule_id, verdict.list_version, verdict.source))
        message.line_number = number
        message.quantity_milli = line.quantity_milli
        message.amount_kopecks = line.amount_kopecks
        if item.is_capped:
            message.capped_by_ceiling = True
        shares = item.shares
        if shares and not is_declined:
            message.approved_kopecks = item.approved_kopecks
        if number in captured:
            done = captured[number]
            shares = done.shares
            message.captured_quantity_milli = done.quantity_milli
            message.captured_amount_kopecks = done.amount_kopecks
            message.captured_points_kopecks = done.points_kopecks
        if shares and not is_declined:
            _add_shares(message, shares, payers, view)
        if number in refunded:
            back = refunded[number]
            message.refunded_quantity_milli = sum(line.quantity_milli for line in back)
            message.refunded_amount_kopecks = sum(line.amount_kopecks for line in back)
            message.refunded_points_kopecks = sum(line.points_kopecks for line in back)


@lru_cache(maxsize=DECISIONS_CACHED)
def _decision(reason: LineReason, rule_id: str, list_version: str, source: str) -> bytes:
    """What all lines decided by one rule have in common, ready to be merged into each of them."""
    return wire.PurchaseLine(
        reason=LINE_REASONS_ON_WIRE[reason],
        rule_id=rule_id,
        list_version=list_version,
        evidence_source=source,
        notice=LINE_NOTICES[reason],
    ).SerializeToString()


class _Payer(NamedTuple):
    """A certificate as its shares name it."""

    certificate_id: str
    program_code: str


def _add_shares(
    target: wire.PurchaseLine, shares: Iterable[Share], payers: dict[UUID, _Payer], view: View
) -> None:
    for share in shares:
        payer = payers.get(share.certificate_id)
        if payer is None:
            program_code = view.certificates[share.certificate_id].program_code
            payer = payers[share.certificate_id] = _Payer(str(share.certificate_id), program_code)
        target.shares.add(
            certificate_id=payer.certificate_id,
            program_code=payer.program_code,
            amount_kopecks=share.amount_kopecks,
        )


def _refunded_by_line(purchase: domain.Purchase) -> dict[int, list[domain.RefundedLine]]:
    refunded: dict[int, list[domain.RefundedLine]] = {}
    for made in purchase.refunds:
        for line in made.lines:
            refunded.setdefault(line.line_number, []).append(line)
    return refunded


def _add_sums(target: wire.Purchase | wire.Refund, sums: Mapping[UUID, int], view: View) -> None:
    for certificate_id, amount in sums.items():
        certificate = view.certificates[certificate_id]
        target.certificates.add(
            certificate_id=str(certificate_id),
            program_code=certificate.program_code,
            amount_kopecks=amount,
            available_kopecks=certificate.available_kopecks,
        )


def _rest_to_lapse_kopecks(held: Iterable[UUID], view: View) -> int:
    """What would lapse with one-shot certificates if the hold were captured now."""
    programs = view.lists(view.now).programs
    rest = 0
    for certificate_id in held:
        certificate = view.certificates[certificate_id]
        program = programs[certificate.program_code, certificate.program_version]
        if program.is_one_shot and program.rest_lapses_at_capture:
            rest += certificate.available_kopecks
    return rest


def receipt_message(receipt: domain.FiscalReceipt) -> wire.FiscalReceipt:
    """The requisites of a fiscal receipt."""
    return wire.FiscalReceipt(
        kind=RECEIPT_KINDS_ON_WIRE[receipt.kind],
        fiscal_drive_number=receipt.fiscal_drive_number,
        fiscal_document_number=receipt.fiscal_document_number,
        fiscal_sign=receipt.fiscal_sign,
        kkt_registration_number=receipt.kkt_registration_number,
        seller_inn=receipt.seller_inn,
        shift_number=receipt.shift_number,
        issued_at=receipt.issued_at,
        total_kopecks=receipt.total_kopecks,
    )


def refund_message(refund: domain.Refund, view: View) -> wire.Refund:
    """One refund: what went back to certificates and what is the buyer's own money."""
    message = wire.Refund(
        refund_id=str(refund.id),
        lines=[
            wire.RefundedLine(
                line_number=line.line_number,
                quantity_milli=line.quantity_milli,
                amount_kopecks=line.amount_kopecks,
                points_kopecks=line.points_kopecks,
            )
            for line in refund.lines
        ],
        points_kopecks=refund.points_kopecks,
        own_money_kopecks=refund.own_money_kopecks,
        lapsed_kopecks=refund.lapsed_kopecks,
    )
    given_back = sum_by_certificate(share for line in refund.lines for share in line.shares)
    _add_sums(message, given_back, view)
    return message


def shift_message(shift: ShiftTotals) -> wire.ShiftTotals:
    """End-of-shift totals."""
    return wire.ShiftTotals(
        shift_number=shift.shift_number,
        captured_count=shift.captured_count,
        captured_kopecks=shift.captured_kopecks,
        refund_count=shift.refund_count,
        refunded_kopecks=shift.refunded_kopecks,
        voided_count=shift.voided_count,
        open_count=shift.open_count,
        open_kopecks=shift.open_kopecks,
    )


def certificate_message(certificate: Certificate) -> wire.CertificateStatement:
    """A certificate as department commands see it."""
    return wire.CertificateStatement(
        certificate_id=str(certificate.id),
        program_code=certificate.program_code,
        program_version=certificate.program_version,
        nominal_kopecks=certificate.nominal_kopecks,
        available_kopecks=certificate.available_kopecks,
        held_kopecks=certificate.held_kopecks,
        spent_kopecks=certificate.spent_kopecks,
        lapsed_kopecks=certificate.lapsed_kopecks,
        valid_from=certificate.valid_from,
        valid_until=certificate.valid_until,
    )
