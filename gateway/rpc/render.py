"""Outcomes and purchases become wire messages; nothing is decided here."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from gateway.domain import purchase as domain
from gateway.domain.category import ListBook
from gateway.domain.certificate import Certificate
from gateway.domain.outcome import ShiftTotals
from gateway.domain.purchase import PurchaseState, Share, sum_by_certificate
from gateway.domain.reasons import LineReason, Reason
from gateway.rpc.notices import LINE_NOTICES, share_of_points
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


@dataclass(frozen=True, slots=True)
class View:
    """What a purchase is looked at with: the instant, its account's certificates, the lists."""

    now: datetime
    certificates: Mapping[UUID, Certificate]
    lists: Callable[[], ListBook]


def purchase_message(purchase: domain.Purchase, view: View) -> wire.Purchase:
    """A purchase as it stands at `view.now`. Of a declined one nothing is paid by points."""
    state = purchase.state_at(view.now)
    is_declined = state is PurchaseState.DECLINED
    points, own_money = (0, purchase.total_kopecks) if is_declined else share_of_points(purchase)
    done = purchase.capture
    wanted = min(purchase.eligible_kopecks, purchase.total_kopecks)
    return wire.Purchase(
        purchase_id=str(purchase.id),
        request_id=str(purchase.request_id),
        state=STATES_ON_WIRE[state],
        authorized_at=purchase.authorized_at,
        hold_expires_at=None if is_declined else purchase.hold_expires_at,
        captured_at=done.captured_at if done else None,
        sale_date=done.sale_date.isoformat() if done else "",
        is_late=done is not None and done.is_late,
        total_kopecks=done.total_kopecks if done else purchase.total_kopecks,
        rounding_kopecks=done.rounding_kopecks if done else purchase.rounding_kopecks,
        eligible_kopecks=purchase.eligible_kopecks,
        certificate_kopecks=points,
        own_money_kopecks=own_money,
        refunded_kopecks=purchase.refunded_kopecks,
        shortfall_kopecks=done.shortfall_kopecks if done else 0,
        lines=_line_messages(purchase, is_declined, view),
        certificates=() if is_declined else _paid_by(purchase, view),
        receipts=map(receipt_message, purchase.receipts),
        outlet_id=purchase.outlet_id,
        terminal_id=purchase.terminal_id,
        rest_lapses_kopecks=_rest_lapses_kopecks(purchase, state, view),
        approved_partially=not is_declined and purchase.approved_kopecks < wanted,
    )


def _line_messages(purchase: domain.Purchase, is_declined: bool, view: View) -> Iterator[wire.PurchaseLine]:
    captured = {line.line_number: line for line in purchase.capture.lines} if purchase.capture else {}
    refunded = _refunded_by_line(purchase)
    for item in purchase.lines:
        number = item.line.line_number
        message = wire.PurchaseLine(
            line_number=number,
            quantity_milli=item.line.quantity_milli,
            amount_kopecks=item.line.amount_kopecks,
            reason=LINE_REASONS_ON_WIRE[item.reason],
            rule_id=item.verdict.rule_id,
            list_version=item.verdict.list_version,
            evidence_source=item.verdict.source,
            notice=LINE_NOTICES[item.reason],
            capped_by_ceiling=item.is_capped,
        )
        done = captured.get(number)
        if not is_declined:
            message.approved_kopecks = item.approved_kopecks
            message.shares.extend(_share_messages(done.shares if done else item.shares, view.certificates))
        if done is not None:
            message.captured_quantity_milli = done.quantity_milli
            message.captured_amount_kopecks = done.amount_kopecks
            message.captured_points_kopecks = done.points_kopecks
        if number in refunded:
            back = refunded[number]
            message.refunded_quantity_milli = sum(line.quantity_milli for line in back)
            message.refunded_amount_kopecks = sum(line.amount_kopecks for line in back)
            message.refunded_points_kopecks = sum(line.points_kopecks for line in back)
        yield message


def _refunded_by_line(purchase: domain.Purchase) -> dict[int, list[domain.RefundedLine]]:
    refunded: dict[int, list[domain.RefundedLine]] = {}
    for made in purchase.refunds:
        for line in made.lines:
            refunded.setdefault(line.line_number, []).append(line)
    return refunded


def _share_messages(
    shares: Iterable[Share], certificates: Mapping[UUID, Certificate]
) -> Iterator[wire.CertificateShare]:
    for share in shares:
        yield wire.CertificateShare(
            certificate_id=str(share.certificate_id),
            program_code=certificates[share.certificate_id].program_code,
            amount_kopecks=share.amount_kopecks,
        )


def _sum_messages(sums: Mapping[UUID, int], view: View) -> Iterator[wire.CertificateShare]:
    for certificate_id, amount in sums.items():
        certificate = view.certificates[certificate_id]
        yield wire.CertificateShare(
            certificate_id=str(certificate_id),
            program_code=certificate.program_code,
            amount_kopecks=amount,
            available_kopecks=certificate.available_kopecks,
        )


def _paid_by(purchase: domain.Purchase, view: View) -> Iterator[wire.CertificateShare]:
    done = purchase.capture
    if done is None:
        return _sum_messages(purchase.held_by_certificate(), view)
    return _sum_messages(sum_by_certificate(share for line in done.lines for share in line.shares), view)


def _rest_lapses_kopecks(purchase: domain.Purchase, state: PurchaseState, view: View) -> int:
    """What lapsed with one-shot certificates at the capture; of a hold, what would lapse now."""
    if purchase.capture is not None:
        return sum(purchase.capture.rest_lapsed.values())
    if state is not PurchaseState.AUTHORIZED:
        return 0
    programs = view.lists().programs
    rest = 0
    for certificate_id in purchase.held_by_certificate():
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
    return wire.Refund(
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
        certificates=_sum_messages(
            sum_by_certificate(share for line in refund.lines for share in line.shares), view
        ),
        lapsed_kopecks=refund.lapsed_kopecks,
    )


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
