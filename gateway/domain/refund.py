"""Refund: captured points go back to the certificates that paid, in reverse order of payment."""

from collections.abc import Iterable
from uuid import UUID

from msgspec.structs import replace

from gateway.domain.certificate import Bucket, CertificateState, EntryKind, Posting
from gateway.domain.commands import Refund as RefundCommand
from gateway.domain.commands import RefundLine
from gateway.domain.money import divide_half_up
from gateway.domain.outcome import Declined, Outcome
from gateway.domain.policy import Context, RefundAfterExpiry, RefundOrder, RefundScope, day_end, moscow_date
from gateway.domain.purchase import (
    Capture,
    CapturedLine,
    Purchase,
    PurchaseState,
    Refund,
    RefundedLine,
    Share,
    sum_by_certificate,
)
from gateway.domain.reasons import Reason
from gateway.domain.receipts import with_receipts
from gateway.domain.void import reopen_rest


def refund(posting: Posting, command: RefundCommand, purchase: Purchase, context: Context) -> Outcome:
    """Refund a captured purchase by line, or whatever is left of it."""
    _check(command, purchase, context)
    done = purchase.made_capture
    by_number = {line.line_number: line for line in done.lines}
    asked = command.lines or _all_that_is_left(purchase, done)
    if any(line.line_number not in by_number for line in asked):
        raise Declined(Reason.LINE_UNKNOWN, purchase)
    if not asked:
        raise Declined(Reason.REFUND_ABOVE_CAPTURED, purchase)
    lines = tuple(_refunded_line(by_number[line.line_number], line, purchase, context) for line in asked)
    lapsed = 0
    for certificate_id, amount in sum_by_certificate(
        share for line in lines for share in line.shares
    ).items():
        _extend_if_due(posting, certificate_id, context)
        lapsed += posting.give_back(
            certificate_id, EntryKind.REFUND, Bucket.SPENT, amount, purchase.id, context.now
        )
    made = Refund(
        id=context.operation_id,
        refunded_at=context.now,
        terminal_id=command.origin.terminal_id,
        shift_number=command.origin.shift_number,
        lines=lines,
        lapsed_kopecks=lapsed,
        own_money_kopecks=_own_money(lines, purchase, done),
    )
    refunded = with_receipts(replace(purchase, refunds=(*purchase.refunds, made)), command.receipts)
    # Only the refund that gives the last points back: a later one of own money alone must not again.
    if made.points_kopecks and refunded.refunded_kopecks == done.points_kopecks:
        reopen_rest(posting, refunded)
    posting.put(refunded)
    return Outcome(purchase=refunded, refund=made)


def _check(command: RefundCommand, purchase: Purchase, context: Context) -> None:
    if context.policy.refund_scope is RefundScope.OUTLET and command.origin.outlet_id != purchase.outlet_id:
        raise Declined(Reason.OTHER_OUTLET, purchase)
    if purchase.state is PurchaseState.VOIDED:
        raise Declined(Reason.ALREADY_VOIDED, purchase)
    if purchase.state is PurchaseState.DECLINED:
        raise Declined(Reason.PURCHASE_DECLINED, purchase)
    if purchase.state is not PurchaseState.CAPTURED:
        raise Declined(Reason.NOT_CAPTURED, purchase)


def _earlier(purchase: Purchase, line_number: int) -> tuple[RefundedLine, ...]:
    return tuple(line for made in purchase.refunds for line in made.lines if line.line_number == line_number)


def _all_that_is_left(purchase: Purchase, done: Capture) -> tuple[RefundLine, ...]:
    left = []
    for line in done.lines:
        back = sum(earlier.quantity_milli for earlier in _earlier(purchase, line.line_number))
        if line.quantity_milli > back:
            left.append(RefundLine(line.line_number, line.quantity_milli - back))
    return tuple(left)


def _refunded_line(
    captured: CapturedLine, asked: RefundLine, purchase: Purchase, context: Context
) -> RefundedLine:
    """half_up(captured × cumulative quantity ÷ quantity) − refunded before: parts sum to the whole.

    No refund gives back more points than the amount it is for, nor takes any: rounding apart
    that matters where the setting changed between two refunds of a line.
    """
    earlier = _earlier(purchase, captured.line_number)
    quantity = sum(line.quantity_milli for line in earlier) + asked.quantity_milli
    if quantity > captured.quantity_milli:
        raise Declined(Reason.REFUND_ABOVE_CAPTURED, purchase)
    amount_so_far = divide_half_up(captured.amount_kopecks * quantity, captured.quantity_milli)
    if context.policy.refund_order is RefundOrder.POINTS_FIRST:
        points_so_far = min(captured.points_kopecks, amount_so_far)
    else:
        points_so_far = divide_half_up(captured.points_kopecks * quantity, captured.quantity_milli)
    amount = amount_so_far - sum(line.amount_kopecks for line in earlier)
    points = points_so_far - sum(line.points_kopecks for line in earlier)
    shares = _reverse(captured, earlier, max(min(points, amount), 0))
    return RefundedLine(captured.line_number, asked.quantity_milli, amount, shares)


def _reverse(
    captured: CapturedLine, earlier: Iterable[RefundedLine], points_kopecks: int
) -> tuple[Share, ...]:
    back = sum_by_certificate(share for line in earlier for share in line.shares)
    shares = []
    for share in reversed(captured.shares):
        amount = min(points_kopecks, share.amount_kopecks - back.get(share.certificate_id, 0))
        points_kopecks -= amount
        if amount:
            shares.append(replace(share, amount_kopecks=amount))
    return tuple(shares)


def _extend_if_due(posting: Posting, certificate_id: UUID, context: Context) -> None:
    """The setting `extend`: a refund after the last day opens the certificate for some whole days more."""
    certificate = posting.certificates[certificate_id]
    if (
        context.policy.refund_after_expiry is RefundAfterExpiry.EXTEND
        and certificate.state is not CertificateState.WITHDRAWN
        and context.now >= certificate.valid_until
    ):
        until = day_end(moscow_date(context.now + context.policy.refund_extend))
        posting.put_certificate(replace(certificate, valid_until=until))


def _own_money(lines: tuple[RefundedLine, ...], purchase: Purchase, done: Capture) -> int:
    """What the shop gives back of the buyer's own money: no more than was paid, by line and in all.

    So a shortfall of the merchant is nobody's to get back, and the receipt's rounding stays rounded.
    """
    computed = 0
    for captured in done.lines:
        earlier = _earlier(purchase, captured.line_number)
        now = tuple(line for line in lines if line.line_number == captured.line_number)
        computed += _own_money_so_far(captured, earlier + now) - _own_money_so_far(captured, earlier)
    paid = done.total_kopecks - done.points_kopecks - done.shortfall_kopecks
    return max(min(computed, paid - sum(made.own_money_kopecks for made in purchase.refunds)), 0)


def _own_money_so_far(captured: CapturedLine, refunded: Iterable[RefundedLine]) -> int:
    back = sum(line.amount_kopecks - line.points_kopecks for line in refunded)
    return min(back, captured.own_money_kopecks)
