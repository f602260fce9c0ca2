"""Capture: held points are spent, whole or by line; after the hold's end, a late capture."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from gateway.domain.category import ListBook
from gateway.domain.certificate import Bucket, Certificate, EntryKind, Posting
from gateway.domain.commands import Capture as CaptureCommand
from gateway.domain.commands import CaptureLine
from gateway.domain.money import ceiling_kopecks
from gateway.domain.outcome import Declined, Outcome
from gateway.domain.policy import Context, moscow_date
from gateway.domain.purchase import (
    Capture,
    CapturedLine,
    FiscalReceipt,
    Purchase,
    PurchaseLine,
    PurchaseState,
    ReceiptKind,
    sum_by_certificate,
)
from gateway.domain.reasons import Reason
from gateway.domain.receipts import with_receipts

_SALE_KINDS = (ReceiptKind.SALE, ReceiptKind.CORRECTION_SALE)


def capture(posting: Posting, command: CaptureCommand, purchase: Purchase, context: Context) -> Outcome:
    """Capture a purchase whole or by line. Never judges goods again (truth 3)."""
    if purchase.state is PurchaseState.VOIDED:
        raise Declined(Reason.ALREADY_VOIDED, purchase)
    if purchase.state is PurchaseState.CAPTURED:
        raise Declined(Reason.ALREADY_CAPTURED, purchase)
    if purchase.state is PurchaseState.DECLINED:
        raise Declined(Reason.PURCHASE_DECLINED, purchase)
    if command.lines:
        lines = _captured_lines(purchase, command)
        rounding = command.rounding_kopecks
    else:
        lines, rounding = _whole(purchase)
    if command.own_money:
        purchase = replace(purchase, own_money=command.own_money)
    shift = command.origin.shift_number or purchase.shift_number
    if purchase.state is PurchaseState.EXPIRED:
        purchase = _capture_late(posting, purchase, lines, rounding, command.receipts, shift, context)
    else:
        purchase = _capture_hold(posting, purchase, lines, rounding, command.receipts, shift, context)
    return Outcome(purchase=purchase, card_stopped_meanwhile=context.card_stopped)


def capture_whole(
    posting: Posting,
    purchase: Purchase,
    receipts: tuple[FiscalReceipt, ...],
    shift_number: int,
    context: Context,
) -> Purchase:
    """Capture everything that was just authorized: the second half of a Sale."""
    lines, rounding = _whole(purchase)
    return _capture_hold(posting, purchase, lines, rounding, receipts, shift_number, context)


@dataclass(frozen=True, slots=True)
class _Booking:
    """Where and when a capture belongs."""

    sale_date: date
    agreements: Mapping[UUID, int]


def _whole(purchase: Purchase) -> tuple[tuple[CapturedLine, ...], int]:
    lines = tuple(
        CapturedLine(item.line.line_number, item.line.quantity_milli, item.line.amount_kopecks, item.shares)
        for item in purchase.lines
    )
    return lines, purchase.rounding_kopecks


def _captured_lines(purchase: Purchase, command: CaptureCommand) -> tuple[CapturedLine, ...]:
    by_number = {item.line.line_number: item for item in purchase.lines}
    for asked in command.lines:
        if asked.line_number not in by_number:
            raise Declined(Reason.LINE_UNKNOWN, purchase)
    lines = []
    for asked in command.lines:
        item = by_number[asked.line_number]
        if asked.quantity_milli > item.line.quantity_milli or asked.amount_kopecks > item.line.amount_kopecks:
            raise Declined(Reason.CAPTURE_ABOVE_AUTHORIZED, purchase)
        lines.append(_captured_line(item, asked))
    total = sum(line.amount_kopecks for line in lines) - command.rounding_kopecks
    if total < 0:
        raise Declined(Reason.CAPTURE_ABOVE_AUTHORIZED, purchase)
    excess = sum(line.points_kopecks for line in lines) - total
    return take_off(
        tuple(lines), sum_by_certificate(s for line in lines for s in line.shares), max(excess, 0)
    )


def _captured_line(item: PurchaseLine, asked: CaptureLine) -> CapturedLine:
    """Points pay first, in their order, up to the new amount and under their ceilings."""
    room = asked.amount_kopecks
    shares = []
    for share in item.shares:
        amount = min(share.amount_kopecks, room)
        if share.unit_ceiling_kopecks is not None:
            amount = min(amount, ceiling_kopecks(share.unit_ceiling_kopecks, asked.quantity_milli))
        room -= amount
        if amount:
            shares.append(replace(share, amount_kopecks=amount))
    return CapturedLine(asked.line_number, asked.quantity_milli, asked.amount_kopecks, tuple(shares))


def take_off(
    lines: tuple[CapturedLine, ...], within: Mapping[UUID, int], amount_kopecks: int
) -> tuple[CapturedLine, ...]:
    """Take points off captured lines, the last share of the last line first.

    At most `within[certificate]` comes off each certificate.
    """
    left = dict(within)
    trimmed = []
    for line in reversed(lines):
        shares = []
        for share in reversed(line.shares):
            cut = min(share.amount_kopecks, left.get(share.certificate_id, 0), amount_kopecks)
            left[share.certificate_id] = left.get(share.certificate_id, 0) - cut
            amount_kopecks -= cut
            if share.amount_kopecks > cut:
                shares.append(replace(share, amount_kopecks=share.amount_kopecks - cut))
        trimmed.append(replace(line, shares=tuple(reversed(shares))))
    return tuple(reversed(trimmed))


def _capture_hold(
    posting: Posting,
    purchase: Purchase,
    lines: tuple[CapturedLine, ...],
    rounding_kopecks: int,
    receipts: tuple[FiscalReceipt, ...],
    shift_number: int,
    context: Context,
) -> Purchase:
    spent = sum_by_certificate(share for line in lines for share in line.shares)
    for certificate_id, held in purchase.held_by_certificate().items():
        amount = spent.get(certificate_id, 0)
        posting.move(certificate_id, EntryKind.CAPTURE, Bucket.HELD, Bucket.SPENT, amount, purchase.id)
        posting.give_back(
            certificate_id, EntryKind.RELEASE, Bucket.HELD, held - amount, purchase.id, context.now
        )
    booking = _book(posting, purchase, receipts, context)
    done = Capture(
        captured_at=context.now,
        sale_date=booking.sale_date,
        agreements=booking.agreements,
        is_late=False,
        rounding_kopecks=rounding_kopecks,
        lines=lines,
        rest_lapsed=_lapse_rest(posting, purchase, spent, context),
        shift_number=shift_number,
    )
    return _captured(posting, purchase, done, receipts)


def _capture_late(
    posting: Posting,
    purchase: Purchase,
    lines: tuple[CapturedLine, ...],
    rounding_kopecks: int,
    receipts: tuple[FiscalReceipt, ...],
    shift_number: int,
    context: Context,
) -> Purchase:
    """Truth 7: take what the same certificates still have, or what lapsed from this very hold."""
    _check_late(purchase, receipts, context)
    missing: dict[UUID, int] = {}
    taken: dict[UUID, int] = {}
    for certificate_id, wanted in sum_by_certificate(
        share for line in lines for share in line.shares
    ).items():
        certificate = posting.certificates[certificate_id]
        from_lapsed = 0
        if not certificate.is_open(context.now):
            from_lapsed = min(
                wanted, purchase.lapsed_from_hold.get(certificate_id, 0), certificate.lapsed_kopecks
            )
        from_available = min(wanted - from_lapsed, certificate.available_kopecks)
        kind = EntryKind.LATE_CAPTURE
        posting.move(
            certificate_id, kind, Bucket.LAPSED, Bucket.SPENT, from_lapsed, purchase.id, restorable=True
        )
        posting.move(certificate_id, kind, Bucket.AVAILABLE, Bucket.SPENT, from_available, purchase.id)
        taken[certificate_id] = from_lapsed + from_available
        missing[certificate_id] = wanted - taken[certificate_id]
    booking = _book(posting, purchase, receipts, context)
    done = Capture(
        captured_at=context.now,
        sale_date=booking.sale_date,
        agreements=booking.agreements,
        is_late=True,
        rounding_kopecks=rounding_kopecks,
        lines=take_off(lines, missing, sum(missing.values())),
        shortfall_kopecks=sum(missing.values()),
        rest_lapsed=_lapse_rest(posting, purchase, taken, context),
        shift_number=shift_number,
    )
    return _captured(posting, purchase, done, receipts)


def _check_late(purchase: Purchase, receipts: tuple[FiscalReceipt, ...], context: Context) -> None:
    sales = [receipt.issued_at for receipt in receipts if receipt.kind in _SALE_KINDS]
    if not sales:
        raise Declined(Reason.HOLD_EXPIRED, purchase)
    tolerance = context.policy.clock_tolerance
    first, last = purchase.authorized_at - tolerance, purchase.hold_expires_at + tolerance
    if not all(first <= issued_at <= last for issued_at in sales):
        raise Declined(Reason.LATE_CAPTURE_REFUSED, purchase)
    if context.now > purchase.hold_expires_at + context.policy.late_capture_window:
        raise Declined(Reason.LATE_CAPTURE_REFUSED, purchase)


def _book(
    posting: Posting, purchase: Purchase, receipts: tuple[FiscalReceipt, ...], context: Context
) -> _Booking:
    """Design section 7: the receipt's time if it lies between authorization and capture ± tolerance."""
    standing = context.seller
    sold_at = _sold_at(purchase, receipts, context)
    day = moscow_date(sold_at)
    agreements = {}
    for certificate_id in purchase.held_by_certificate():
        program = posting.certificates[certificate_id].program_code
        # An agreement that ended between hold and sale still stands for what it authorized.
        found = standing.agreement_for(program, day)
        if found is None:
            found = standing.agreement_for(program, moscow_date(purchase.authorized_at))
        if found is None:
            raise Declined(Reason.NO_AGREEMENT, purchase)
        agreements[certificate_id] = found
    return _Booking(day, agreements)


def _sold_at(purchase: Purchase, receipts: tuple[FiscalReceipt, ...], context: Context) -> datetime:
    tolerance = context.policy.clock_tolerance
    for receipt in receipts:
        in_time = purchase.authorized_at - tolerance <= receipt.issued_at <= context.now + tolerance
        if receipt.kind in _SALE_KINDS and in_time:
            return receipt.issued_at
    return context.now


def _lapse_rest(
    posting: Posting, purchase: Purchase, spent: Mapping[UUID, int], context: Context
) -> dict[UUID, int]:
    """What is left on a one-shot certificate lapses with the capture, if its program says so."""
    rest = rest_to_lapse(posting.certificates, spent, context.lists)
    for certificate_id, amount in rest.items():
        posting.move(certificate_id, EntryKind.LAPSE, Bucket.AVAILABLE, Bucket.LAPSED, amount, purchase.id)
    return rest


def rest_to_lapse(
    certificates: Mapping[UUID, Certificate], spent: Mapping[UUID, int], lists: ListBook
) -> dict[UUID, int]:
    """What is available on the one-shot certificates among those that pay something."""
    rest = {}
    for certificate_id in (payer for payer, amount in spent.items() if amount):
        certificate = certificates[certificate_id]
        program = lists.programs[certificate.program_code, certificate.program_version]
        if program.is_one_shot and program.rest_lapses_at_capture and certificate.available_kopecks:
            rest[certificate_id] = certificate.available_kopecks
    return rest


def _captured(
    posting: Posting, purchase: Purchase, done: Capture, receipts: tuple[FiscalReceipt, ...]
) -> Purchase:
    captured = replace(purchase, state=PurchaseState.CAPTURED, capture=done, closed_at=done.captured_at)
    captured = with_receipts(captured, receipts)
    posting.put(captured)
    return captured
