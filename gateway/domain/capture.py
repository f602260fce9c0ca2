"""Capture: held points are spent, whole or by line; after the hold's end, a late capture."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from gateway.domain.category import ListBook
from gateway.domain.certificate import Bucket, Certificate, CertificateState, EntryKind, Posting
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


class _Sale(Struct, frozen=True, gc=False):
    """What is captured, and the day and agreements that it belongs to."""

    lines: tuple[CapturedLine, ...]
    rounding_kopecks: int
    receipts: tuple[FiscalReceipt, ...]
    shift_number: int
    sale_date: date
    agreements: Mapping[UUID, int]

    def points_by_certificate(self) -> dict[UUID, int]:
        """What the capture asks of each certificate."""
        return sum_by_certificate(share for line in self.lines for share in line.shares)


def capture(posting: Posting, command: CaptureCommand, purchase: Purchase, context: Context) -> Outcome:
    """Capture a purchase whole or by line. Never judges goods again (truth 3)."""
    if purchase.state is PurchaseState.VOIDED:
        raise Declined(Reason.ALREADY_VOIDED, purchase)
    if purchase.state is PurchaseState.CAPTURED:
        raise Declined(Reason.ALREADY_CAPTURED, purchase)
    if purchase.state is PurchaseState.DECLINED:
        raise Declined(Reason.PURCHASE_DECLINED, purchase)
    if purchase.state is PurchaseState.EXPIRED:
        _check_late(purchase, command.receipts, context)
    if command.lines:
        lines, rounding = _captured_lines(posting, purchase, command), command.rounding_kopecks
    else:
        lines, rounding = _whole_lines(purchase), purchase.rounding_kopecks
    shift = command.origin.shift_number or purchase.shift_number
    sale = _book(posting, purchase, lines, rounding, command.receipts, shift, context)
    _check_own_money(posting, purchase, sale, context)
    if command.own_money:
        purchase = replace(purchase, own_money=command.own_money)
    spend = _spend_late if purchase.state is PurchaseState.EXPIRED else _spend_hold
    return Outcome(
        purchase=spend(posting, purchase, sale, context), card_stopped_meanwhile=context.card_stopped
    )


def capture_whole(
    posting: Posting,
    purchase: Purchase,
    receipts: tuple[FiscalReceipt, ...],
    shift_number: int,
    context: Context,
) -> Purchase:
    """Capture everything that was just authorized: the second half of a Sale."""
    lines, rounding = _whole_lines(purchase), purchase.rounding_kopecks
    sale = _book(posting, purchase, lines, rounding, receipts, shift_number, context)
    return _spend_hold(posting, purchase, sale, context)


def _check_late(purchase: Purchase, receipts: tuple[FiscalReceipt, ...], context: Context) -> None:
    """A late capture needs a receipt that proves the sale within the hold, and must not be too late."""
    sales = [receipt.issued_at for receipt in receipts if receipt.kind in _SALE_KINDS]
    if not sales:
        raise Declined(Reason.HOLD_EXPIRED, purchase)
    tolerance = context.policy.clock_tolerance
    first, last = purchase.authorized_at - tolerance, purchase.hold_expires_at + tolerance
    if not any(first <= issued_at <= last for issued_at in sales):
        raise Declined(Reason.LATE_CAPTURE_REFUSED, purchase)
    if context.now > purchase.hold_expires_at + context.policy.late_capture_window:
        raise Declined(Reason.LATE_CAPTURE_REFUSED, purchase)


def _whole_lines(purchase: Purchase) -> tuple[CapturedLine, ...]:
    return tuple(
        CapturedLine(item.line.line_number, item.line.quantity_milli, item.line.amount_kopecks, item.shares)
        for item in purchase.lines
    )


def _captured_lines(
    posting: Posting, purchase: Purchase, command: CaptureCommand
) -> tuple[CapturedLine, ...]:
    by_number = {item.line.line_number: item for item in purchase.lines}
    if any(asked.line_number not in by_number for asked in command.lines):
        raise Declined(Reason.LINE_UNKNOWN, purchase)
    for asked in command.lines:
        line = by_number[asked.line_number].line
        if asked.quantity_milli > line.quantity_milli or asked.amount_kopecks > line.amount_kopecks:
            raise Declined(Reason.CAPTURE_ABOVE_AUTHORIZED, purchase)
    payers = (posting.certificates[payer] for payer in purchase.held_by_certificate())
    programs = {payer.id: (payer.program_code, payer.program_version) for payer in payers}
    lines = tuple(_captured_line(by_number[asked.line_number], asked, programs) for asked in command.lines)
    total = sum(line.amount_kopecks for line in lines) - command.rounding_kopecks
    if total < 0:
        raise Declined(Reason.CAPTURE_ABOVE_AUTHORIZED, purchase)
    points = sum_by_certificate(share for line in lines for share in line.shares)
    return _take_off(lines, points, max(sum(points.values()) - total, 0))


def _captured_line(
    item: PurchaseLine, asked: CaptureLine, programs: Mapping[UUID, tuple[str, int]]
) -> CapturedLine:
    """Points pay first, in their order, up to the new amount; ceilings hold for the new quantity.

    As at the authorization, points of a program pay at most what its ceiling leaves, and all of
    them together at most what the highest ceiling among them leaves.
    """
    left: dict[tuple[str, int], int] = {}
    for share in item.shares:
        limit = asked.amount_kopecks
        if share.unit_ceiling_kopecks is not None:
            limit = min(limit, ceiling_kopecks(share.unit_ceiling_kopecks, asked.quantity_milli))
        left[programs[share.certificate_id]] = limit
    room = max(left.values(), default=0)
    shares = []
    for share in item.shares:
        program = programs[share.certificate_id]
        amount = min(share.amount_kopecks, left[program], room)
        left[program] -= amount
        room -= amount
        if amount:
            shares.append(replace(share, amount_kopecks=amount))
    return CapturedLine(asked.line_number, asked.quantity_milli, asked.amount_kopecks, tuple(shares))


def _take_off(
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


def _book(
    posting: Posting,
    purchase: Purchase,
    lines: tuple[CapturedLine, ...],
    rounding_kopecks: int,
    receipts: tuple[FiscalReceipt, ...],
    shift_number: int,
    context: Context,
) -> _Sale:
    """Fix the day of sale and the agreements (design section 7); raises Declined without one."""
    day = moscow_date(_sold_at(purchase, receipts, context))
    agreements = {}
    for certificate_id in purchase.held_by_certificate():
        program = posting.certificates[certificate_id].program_code
        # An agreement that ended between hold and sale still stands for what it authorized.
        found = context.seller.agreement_for(program, day)
        if found is None:
            found = context.seller.agreement_for(program, moscow_date(purchase.authorized_at))
        if found is None:
            raise Declined(Reason.NO_AGREEMENT, purchase)
        agreements[certificate_id] = found
    return _Sale(lines, rounding_kopecks, receipts, shift_number, day, agreements)


def _sold_at(purchase: Purchase, receipts: tuple[FiscalReceipt, ...], context: Context) -> datetime:
    """The receipt's time if it lies between authorization and capture ± tolerance, else now."""
    tolerance = context.policy.clock_tolerance
    for receipt in receipts:
        in_time = purchase.authorized_at - tolerance <= receipt.issued_at <= context.now + tolerance
        if receipt.kind in _SALE_KINDS and in_time:
            return receipt.issued_at
    return context.now


def _check_own_money(posting: Posting, purchase: Purchase, sale: _Sale, context: Context) -> None:
    """A capture by line must not bring own money into a purchase of a program that forbids it."""
    points = sale.points_by_certificate()
    total = sum(line.amount_kopecks for line in sale.lines) - sale.rounding_kopecks
    if sum(points.values()) == total:
        return
    for certificate_id in points:
        certificate = posting.certificates[certificate_id]
        if not context.lists.programs[certificate.program_code, certificate.program_version].allows_own_money:
            raise Declined(Reason.OWN_MONEY_NOT_ALLOWED, purchase)


def _spend_hold(posting: Posting, purchase: Purchase, sale: _Sale, context: Context) -> Purchase:
    spent = sale.points_by_certificate()
    for certificate_id, held in purchase.held_by_certificate().items():
        amount = spent.get(certificate_id, 0)
        posting.move(certificate_id, EntryKind.CAPTURE, Bucket.HELD, Bucket.SPENT, amount, purchase.id)
        posting.give_back(
            certificate_id, EntryKind.RELEASE, Bucket.HELD, held - amount, purchase.id, context.now
        )
    return _captured(posting, purchase, sale, spent, context)


def _spend_late(posting: Posting, purchase: Purchase, sale: _Sale, context: Context) -> Purchase:
    """Truth 7: take what the same certificates still have, or what lapsed from this very hold."""
    taken: dict[UUID, int] = {}
    missing: dict[UUID, int] = {}
    for certificate_id, wanted in sale.points_by_certificate().items():
        kind = EntryKind.LATE_CAPTURE
        from_lapsed = min(wanted, _still_lapsed(posting, purchase, certificate_id))
        posting.move(
            certificate_id, kind, Bucket.LAPSED, Bucket.SPENT, from_lapsed, purchase.id, restorable=True
        )
        from_available = min(wanted - from_lapsed, posting.certificates[certificate_id].available_kopecks)
        posting.move(certificate_id, kind, Bucket.AVAILABLE, Bucket.SPENT, from_available, purchase.id)
        taken[certificate_id] = from_lapsed + from_available
        missing[certificate_id] = wanted - taken[certificate_id]
    covered = tuple(
        replace(line, shortfall_kopecks=asked.points_kopecks - line.points_kopecks)
        for asked, line in zip(sale.lines, _take_off(sale.lines, missing, sum(missing.values())), strict=True)
    )
    return _captured(posting, purchase, replace(sale, lines=covered), taken, context, is_late=True)


def _still_lapsed(posting: Posting, purchase: Purchase, certificate_id: UUID) -> int:
    """What lapsed from this very hold and was not brought back since, by an act or a correction."""
    certificate = posting.certificates[certificate_id]
    is_withdrawn = certificate.state is CertificateState.WITHDRAWN
    lapsed = certificate.lapsed_kopecks if is_withdrawn else certificate.restorable_kopecks
    return min(purchase.lapsed_from_hold.get(certificate_id, 0), lapsed)


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
    posting: Posting,
    purchase: Purchase,
    sale: _Sale,
    spent: Mapping[UUID, int],
    context: Context,
    *,
    is_late: bool = False,
) -> Purchase:
    rest = rest_to_lapse(posting.certificates, spent, context.lists)
    for certificate_id, amount in rest.items():
        posting.move(certificate_id, EntryKind.LAPSE, Bucket.AVAILABLE, Bucket.LAPSED, amount, purchase.id)
    done = Capture(
        captured_at=context.now,
        sale_date=sale.sale_date,
        agreements=sale.agreements,
        is_late=is_late,
        rounding_kopecks=sale.rounding_kopecks,
        lines=sale.lines,
        shortfall_kopecks=sum(line.shortfall_kopecks for line in sale.lines),
        rest_lapsed=rest,
        shift_number=sale.shift_number,
        terminal_id=context.seller.terminal_id,
        is_after_stop=context.card_stopped,
    )
    captured = replace(purchase, state=PurchaseState.CAPTURED, capture=done, closed_at=context.now)
    captured = with_receipts(captured, sale.receipts)
    posting.put(captured)
    return captured
