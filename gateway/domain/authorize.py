"""Authorize: judge every line, choose certificates, hold points (design section 5)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from gateway.domain.allocation import allocate, trim
from gateway.domain.basket import CERTIFICATES_MAX, Line
from gateway.domain.capture import capture_whole, rest_to_lapse
from gateway.domain.category import GoodsClass, Program, UnknownGoodsPolicy, Verdict, judge
from gateway.domain.certificate import Account, Bucket, Certificate, EntryKind, Posting
from gateway.domain.commands import Authorize
from gateway.domain.gates import check_may_be_served, check_standing
from gateway.domain.money import ceiling_kopecks
from gateway.domain.outcome import Declined, Outcome
from gateway.domain.policy import Context, moscow_date
from gateway.domain.purchase import Purchase, PurchaseLine, PurchaseState, Share
from gateway.domain.reasons import LineReason, Reason
from gateway.domain.void import release_hold


class _Cap(Struct, frozen=True, gc=False):
    """The most one certificate may pay on one line, and the unit ceiling that set it."""

    kopecks: int
    unit_ceiling_kopecks: int | None


def authorize(posting: Posting, command: Authorize, replaced_id: UUID | None, context: Context) -> Outcome:
    """Hold points for a basket, or decline; a Sale captures at once.

    `replaced_id` is the purchase of `replaces_request_id`, if it has one.
    """
    prohibited = context.lists.prohibited_at(context.now)
    verdicts = tuple(judge(line.evidence, line.payment_subject, prohibited) for line in command.basket.lines)
    bare = _new_purchase(posting.account, command, verdicts, context)
    try:
        check_standing(command, context)
        check_may_be_served(posting.account, context)
        if replaced_id is not None:
            _release_replaced(posting, replaced_id)
        certificates = _candidates(posting, command, context)
        purchase = _allocate(bare, command, certificates, context)
    except Declined as declined:
        refused = _as_declined(declined.outcome.purchase or bare)
        declined.outcome = replace(declined.outcome, purchase=refused)
        raise
    for certificate_id, amount in purchase.held_by_certificate().items():
        posting.move(certificate_id, EntryKind.HOLD, Bucket.AVAILABLE, Bucket.HELD, amount, purchase.id)
    posting.put(purchase)
    rest = rest_to_lapse(posting.certificates, purchase.held_by_certificate(), context.lists)
    if command.is_sale:
        purchase = capture_whole(posting, purchase, command.receipts, command.origin.shift_number, context)
    return Outcome(purchase=purchase, rest_lapses_kopecks=sum(rest.values()))


def _as_declined(purchase: Purchase) -> Purchase:
    """The judged lines are kept; nothing is paid."""
    lines = tuple(replace(item, shares=()) for item in purchase.lines)
    return replace(purchase, lines=lines, state=PurchaseState.DECLINED)


def _new_purchase(
    account: Account, command: Authorize, verdicts: Sequence[Verdict], context: Context
) -> Purchase:
    lines = tuple(
        PurchaseLine(line, verdict, verdict.reason)
        for line, verdict in zip(command.basket.lines, verdicts, strict=True)
    )
    return Purchase(
        id=context.operation_id,
        account_id=account.id,
        request_id=command.request_id,
        merchant_id=command.origin.merchant_id,
        outlet_id=command.origin.outlet_id,
        terminal_id=command.origin.terminal_id,
        concentrator_id=command.origin.concentrator_id,
        shift_number=command.origin.shift_number,
        cashier_ref=command.origin.cashier_ref,
        state=PurchaseState.AUTHORIZED,
        authorized_at=context.now,
        hold_expires_at=context.now,
        program_code=command.program_code,
        list_version=verdicts[0].list_version,
        rounding_kopecks=command.basket.rounding_kopecks,
        eligible_kopecks=0,
        lines=lines,
        own_money=command.own_money,
    )


def _release_replaced(posting: Posting, replaced_id: UUID) -> None:
    current = posting.purchases.get(replaced_id)
    if current is None:
        raise Declined(Reason.REPLACES_OTHER_ACCOUNT)
    if current.state is PurchaseState.CAPTURED:
        raise Declined(Reason.ALREADY_CAPTURED)
    if current.state in (PurchaseState.AUTHORIZED, PurchaseState.EXPIRED):
        release_hold(posting, current)


def _candidates(posting: Posting, command: Authorize, context: Context) -> list[tuple[Certificate, Program]]:
    """Certificates that may take part, with their programs, in order of payment."""
    for certificate_id in command.certificate_ids:
        if certificate_id not in posting.certificates:
            raise Declined(Reason.CERTIFICATE_UNKNOWN)
    named = [
        posting.certificates[i] for i in dict.fromkeys(command.certificate_ids)
    ] or posting.certificates.values()
    programs = context.lists.programs
    held = [(c, programs[c.program_code, c.program_version]) for c in named]
    if command.program_code:
        held = [pair for pair in held if pair[0].program_code == command.program_code]
        if not held:
            raise Declined(Reason.PROGRAM_NOT_HELD)
    else:
        held = [pair for pair in held if not pair[1].is_one_shot]
    usable = [pair for pair in held if pair[0].is_usable(context.now)]
    if not usable:
        raise Declined(Reason.NO_USABLE_CERTIFICATE)
    today = moscow_date(context.now)
    covered = [
        pair for pair in usable if context.seller.agreement_for(pair[0].program_code, today) is not None
    ]
    if not covered:
        raise Declined(Reason.NO_AGREEMENT)
    return sorted(covered, key=lambda pair: (pair[0].valid_until, pair[0].id))


def _cap_of(program: Program, line: Line, verdict: Verdict, classes: frozenset[GoodsClass]) -> _Cap | None:
    """The most that points of a program may pay of a line, or None if nothing."""
    if verdict.is_refused:
        return None
    if verdict.reason is LineReason.GOODS_UNKNOWN:
        if program.unknown_goods is UnknownGoodsPolicy.REFUSE:
            return None
        return _Cap(min(line.amount_kopecks, program.unknown_goods_up_to_kopecks), None)
    if not classes & program.allowed_classes:
        return None
    unit = program.unit_ceiling_kopecks(verdict.okpd2)
    if unit is None:
        return _Cap(line.amount_kopecks, None)
    return _Cap(min(line.amount_kopecks, ceiling_kopecks(unit, line.quantity_milli)), unit)


def _allocate(
    bare: Purchase, command: Authorize, certificates: list[tuple[Certificate, Program]], context: Context
) -> Purchase:
    """Choose the payments; raises Declined with the judged lines if the rules forbid them."""
    purchase = _pay(bare, certificates, context)
    if purchase.eligible_kopecks == 0:
        raise Declined(Reason.NOTHING_ELIGIBLE, purchase)
    others = [pair for pair in certificates if pair[1].allows_own_money]
    if purchase.approved_kopecks < purchase.total_kopecks and len(others) < len(certificates):
        # A certificate that forbids own money takes part only if nothing is left to pay:
        # without it the others may still pay their part of a mixed basket.
        by_others = _pay(bare, others, context)
        if by_others.approved_kopecks:
            purchase = by_others
        elif purchase.approved_kopecks:
            _check_sufficient(purchase, command)
            raise Declined(Reason.OWN_MONEY_NOT_ALLOWED, purchase)
    _check_sufficient(purchase, command)
    if purchase.approved_kopecks == 0:
        raise Declined(Reason.INSUFFICIENT_POINTS, purchase)
    programs = {certificate.id: program for certificate, program in certificates}
    ttl = min(_hold_ttl(programs[payer], context) for payer in purchase.held_by_certificate())
    return replace(purchase, hold_expires_at=context.now + ttl)


def _hold_ttl(program: Program, context: Context) -> timedelta:
    return context.policy.hold_ttl if program.hold_ttl_s is None else timedelta(seconds=program.hold_ttl_s)


def _check_sufficient(purchase: Purchase, command: Authorize) -> None:
    wanted = min(purchase.eligible_kopecks, purchase.total_kopecks)
    if purchase.approved_kopecks < wanted and not command.accept_partial:
        raise Declined(Reason.INSUFFICIENT_POINTS, purchase, available_kopecks=purchase.approved_kopecks)


def _pay(bare: Purchase, certificates: list[tuple[Certificate, Program]], context: Context) -> Purchase:
    """Judge each line under each program and let the certificates pay what they can."""
    programs = {(p.code, p.version): p for _, p in certificates}
    line_caps: list[dict[tuple[str, int], _Cap]] = []
    for item in bare.lines:
        classes = context.lists.class_map.classes_of(item.verdict.okpd2)
        caps = {key: _cap_of(program, item.line, item.verdict, classes) for key, program in programs.items()}
        line_caps.append({key: cap for key, cap in caps.items() if cap is not None and cap.kopecks > 0})
    allowed = {key for caps in line_caps for key in caps}
    payers = [
        pair
        for pair in certificates
        if pair[0].available_kopecks > 0 and (pair[1].code, pair[1].version) in allowed
    ][:CERTIFICATES_MAX]
    keys = [(program.code, program.version) for _, program in payers]
    number_of = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    payments = allocate(
        [
            {number_of[key]: cap.kopecks for key, cap in caps.items() if key in number_of}
            for caps in line_caps
        ],
        [certificate.available_kopecks for certificate, _ in payers],
        [number_of[key] for key in keys],
    )
    payments = trim(payments, bare.total_kopecks)
    lines = tuple(
        _decided_line(item, caps, paid, [certificate for certificate, _ in payers], keys)
        for item, caps, paid in zip(bare.lines, line_caps, payments, strict=True)
    )
    eligible = sum(max((cap.kopecks for cap in caps.values()), default=0) for caps in line_caps)
    return replace(bare, lines=lines, eligible_kopecks=eligible)


def _decided_line(
    item: PurchaseLine,
    caps: Mapping[tuple[str, int], _Cap],
    paid: Mapping[int, int],
    payers: Sequence[Certificate],
    keys: Sequence[tuple[str, int]],
) -> PurchaseLine:
    if caps:
        reason = LineReason.ALLOWED
    elif item.verdict.reason is LineReason.ALLOWED:
        reason = LineReason.PROGRAM_DOES_NOT_ALLOW
    else:
        reason = item.verdict.reason
    shares = tuple(
        Share(payers[i].id, amount, caps[keys[i]].unit_ceiling_kopecks) for i, amount in paid.items()
    )
    capped = bool(caps) and max(cap.kopecks for cap in caps.values()) < item.line.amount_kopecks
    return replace(item, reason=reason, shares=shares, is_capped=capped)
