"""Authorize: judge every line, choose certificates, hold points (design section 5)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from msgspec.structs import replace

from gateway.domain.allocation import allocate, trim
from gateway.domain.basket import CERTIFICATES_MAX, Line
from gateway.domain.capture import capture_whole, rest_to_lapse
from gateway.domain.category import GoodsClass, Program, UnknownGoodsPolicy
from gateway.domain.certificate import Account, Bucket, Certificate, EntryKind, Posting
from gateway.domain.commands import Authorize
from gateway.domain.gates import check_may_be_served, check_standing
from gateway.domain.judging import Judged, Verdict
from gateway.domain.money import ceiling_kopecks
from gateway.domain.outcome import Declined, Outcome
from gateway.domain.policy import Context, moscow_date
from gateway.domain.purchase import Purchase, PurchaseLine, PurchaseState, Share
from gateway.domain.reasons import LineReason, Reason
from gateway.domain.void import release_hold


def authorize(posting: Posting, command: Authorize, replaced_id: UUID | None, context: Context) -> Outcome:
    """Hold points for a basket, or decline; a Sale captures at once.

    `replaced_id` is the purchase of `replaces_request_id`, if it has one.
    """
    judged = context.goods(context.now).judge(command.basket.lines, command.origin.merchant_id)
    bare = _new_purchase(posting.account, command, judged, context)
    try:
        check_standing(command, context)
        check_may_be_served(posting.account, context)
        if replaced_id is not None:
            _release_replaced(posting, replaced_id)
        certificates = _candidates(posting, command, context)
        purchase, held = _allocate(bare, command, certificates, context)
    except Declined as declined:
        refused = _as_declined(declined.outcome.purchase or bare)
        declined.outcome = replace(declined.outcome, purchase=refused)
        raise
    for certificate_id, amount in held.items():
        posting.move(certificate_id, EntryKind.HOLD, Bucket.AVAILABLE, Bucket.HELD, amount, purchase.id)
    posting.put(purchase)
    rest = rest_to_lapse(posting.certificates, held, context.lists)
    if command.is_sale:
        purchase = capture_whole(posting, purchase, command.receipts, command.origin.shift_number, context)
    return Outcome(purchase=purchase, rest_lapses_kopecks=sum(rest.values()))


def _as_declined(purchase: Purchase) -> Purchase:
    """The judged lines are kept; nothing is paid."""
    lines = tuple(replace(item, shares=()) for item in purchase.lines)
    return replace(purchase, lines=lines, state=PurchaseState.DECLINED)


def _new_purchase(
    account: Account, command: Authorize, judged: Sequence[Judged], context: Context
) -> Purchase:
    lines = tuple(
        [
            PurchaseLine(line, item.verdict, item.verdict.reason, evidence=item.evidence)
            for line, item in zip(command.basket.lines, judged, strict=True)
        ]
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
        list_version=judged[0].verdict.list_version,
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
    covered = [pair for pair in usable if context.seller.may_sell(pair[0].program_code, today)]
    if not covered:
        raise Declined(Reason.NO_AGREEMENT)
    return sorted(covered, key=lambda pair: (pair[0].valid_until, pair[0].id))


def cap_kopecks(program: Program, line: Line, verdict: Verdict, classes: frozenset[GoodsClass]) -> int:
    """The most that points of a program may pay of a judged line; 0 if nothing.

    `classes` are those of the code that decided.
    """
    if verdict.reason is LineReason.ALLOWED:
        if classes.isdisjoint(program.allowed_classes):
            return 0
        unit = program.unit_ceiling_kopecks(verdict.okpd2)
        if unit is None:
            return line.amount_kopecks
        return min(line.amount_kopecks, ceiling_kopecks(unit, line.quantity_milli))
    if verdict.reason is LineReason.GOODS_UNKNOWN and program.unknown_goods is UnknownGoodsPolicy.ALLOW_UP_TO:
        return min(line.amount_kopecks, program.unknown_goods_up_to_kopecks)
    return 0


def _allocate(
    bare: Purchase, command: Authorize, certificates: list[tuple[Certificate, Program]], context: Context
) -> tuple[Purchase, dict[UUID, int]]:
    """Choose the payments and sum them by certificate.

    Raises Declined with the judged lines if the rules forbid them.
    """
    purchase = _pay(bare, certificates, context)
    if purchase.eligible_kopecks == 0:
        raise Declined(Reason.NOTHING_ELIGIBLE, purchase)
    approved, total = purchase.approved_kopecks, purchase.total_kopecks
    if approved < total and not all(program.allows_own_money for _, program in certificates):
        # A certificate that forbids own money takes part only if nothing is left to pay:
        # without it the others may still pay their part of a mixed basket.
        by_others = _pay(bare, [pair for pair in certificates if pair[1].allows_own_money], context)
        if by_others.approved_kopecks:
            purchase, approved = by_others, by_others.approved_kopecks
        elif approved:
            _check_sufficient(purchase, approved, command)
            raise Declined(Reason.OWN_MONEY_NOT_ALLOWED, purchase)
    _check_sufficient(purchase, approved, command)
    if approved == 0:
        raise Declined(Reason.INSUFFICIENT_POINTS, purchase)
    held = purchase.held_by_certificate()
    ttl = min(
        [_hold_ttl(program, context) for certificate, program in certificates if certificate.id in held]
    )
    return replace(purchase, hold_expires_at=context.now + ttl), held


def _hold_ttl(program: Program, context: Context) -> timedelta:
    return context.policy.hold_ttl if program.hold_ttl_s is None else timedelta(seconds=program.hold_ttl_s)


def _check_sufficient(purchase: Purchase, approved_kopecks: int, command: Authorize) -> None:
    wanted = min(purchase.eligible_kopecks, purchase.total_kopecks)
    if approved_kopecks < wanted and not command.accept_partial:
        raise Declined(Reason.INSUFFICIENT_POINTS, purchase, available_kopecks=approved_kopecks)


def _pay(bare: Purchase, certificates: list[tuple[Certificate, Program]], context: Context) -> Purchase:
    """Judge each line under each program and let the certificates pay what they can."""
    classes_of = context.goods(context.now).classes_of
    lines = [(item, classes_of(item.verdict.okpd2)) for item in bare.lines]
    numbers: dict[tuple[str, int], int] = {}
    caps: list[list[int]] = []  # of each program, by line
    payers: list[tuple[Certificate, Program]] = []
    program_of: list[int] = []
    for certificate, program in certificates:
        number = numbers.setdefault((program.code, program.version), len(caps))
        if number == len(caps):
            caps.append([cap_kopecks(program, item.line, item.verdict, classes) for item, classes in lines])
        if certificate.available_kopecks > 0 and len(payers) < CERTIFICATES_MAX and any(caps[number]):
            payers.append((certificate, program))
            program_of.append(number)
    tops = [max(column) for column in zip(*caps, strict=True)] or [0] * len(lines)
    paying = set(program_of)
    payments = allocate(
        [{number: caps[number][index] for number in paying} for index in range(len(lines))],
        [certificate.available_kopecks for certificate, _ in payers],
        program_of,
    )
    decided = zip(bare.lines, tops, trim(payments, bare.total_kopecks), strict=True)
    return replace(
        bare,
        lines=tuple([_decided_line(item, top, paid, payers) for item, top, paid in decided]),
        eligible_kopecks=sum(tops),
    )


def _decided_line(
    item: PurchaseLine,
    top_kopecks: int,
    paid: Mapping[int, int],
    payers: Sequence[tuple[Certificate, Program]],
) -> PurchaseLine:
    """A line with its payments; `top_kopecks` is the most that any program may pay of it."""
    verdict = item.verdict
    if not top_kopecks:
        is_allowed = verdict.reason is LineReason.ALLOWED
        reason = LineReason.PROGRAM_DOES_NOT_ALLOW if is_allowed else verdict.reason
        return PurchaseLine(item.line, verdict, reason, evidence=item.evidence)
    shares = []
    for payer, amount in paid.items():
        certificate, program = payers[payer]
        # No source names the goods of a line that is unknown, so no ceiling is its own.
        unit = program.unit_ceiling_kopecks(verdict.okpd2) if verdict.okpd2 else None
        shares.append(Share(certificate.id, amount, unit))
    is_capped = top_kopecks < item.line.amount_kopecks
    return PurchaseLine(item.line, verdict, LineReason.ALLOWED, tuple(shares), is_capped, item.evidence)
