"""One command on one account: what time has done first, then the command, all or nothing."""

from uuid import UUID

from msgspec.structs import replace

from gateway.domain.authorize import authorize
from gateway.domain.capture import capture
from gateway.domain.certificate import Account, Bucket, EntryKind, Posting
from gateway.domain.commands import (
    AttachReceipt,
    Authorize,
    Capture,
    ChangeValidity,
    Command,
    Correct,
    Expire,
    Issue,
    Refund,
    SetBlock,
    Void,
    Withdraw,
)
from gateway.domain.gates import check_standing
from gateway.domain.outcome import Decided, Declined, Outcome
from gateway.domain.policy import Context
from gateway.domain.purchase import Purchase, PurchaseState
from gateway.domain.reasons import Reason
from gateway.domain.receipts import attach_receipt
from gateway.domain.refund import refund
from gateway.domain.stewardship import (
    change_validity,
    correct,
    expire,
    issue,
    lapse_expired,
    set_block,
    withdraw,
)
from gateway.domain.void import void


def decide(account: Account, command: Command, target_id: UUID | None, context: Context) -> Decided:
    """Decide a command on an account.

    `target_id` is the purchase that the command names or replaces, resolved by the caller
    (None: there is none of this merchant). The account of a declined command is unchanged.
    """
    posting = Posting(account, context.now)
    pass_time(posting)
    try:
        outcome = _apply(posting, command, target_id, context)
    except Declined as declined:
        return Decided(context.operation_id, account, declined.outcome)
    return Decided(context.operation_id, posting.result(), outcome, tuple(posting.entries))


def pass_time(posting: Posting) -> None:
    """Truth 7: release every hold whose time is over, then lapse every certificate past its day.

    A hold that ends while its certificate can still be spent makes the points available again;
    one that ends later lapses them at once, remembered for a late capture. Doing this late
    gives the same balances as doing it in time.
    """
    due = [p for p in posting.purchases.values() if is_due(p, posting)]
    for purchase in sorted(due, key=lambda p: (p.hold_expires_at, p.id)):
        lapsed = {}
        for certificate_id, amount in purchase.held_by_certificate().items():
            over = posting.give_back(
                certificate_id, EntryKind.RELEASE, Bucket.HELD, amount, purchase.id, purchase.hold_expires_at
            )
            if over:
                lapsed[certificate_id] = over
        posting.put(
            replace(
                purchase,
                state=PurchaseState.EXPIRED,
                closed_at=purchase.hold_expires_at,
                lapsed_from_hold=lapsed,
            )
        )
    lapse_expired(posting)


def is_due(purchase: Purchase, posting: Posting) -> bool:
    """True if the purchase still holds points that time has released."""
    return purchase.state is PurchaseState.AUTHORIZED and posting.now >= purchase.hold_expires_at


def _apply(posting: Posting, command: Command, target_id: UUID | None, context: Context) -> Outcome:
    match command:
        case Authorize():
            return authorize(posting, command, target_id, context)
        case Issue():
            return issue(posting, command, context)
        case Withdraw():
            return withdraw(posting, command)
        case ChangeValidity():
            return change_validity(posting, command, context)
        case SetBlock():
            return set_block(posting, command)
        case Correct():
            return correct(posting, command, context)
        case Expire():
            return expire(posting)
        case _:
            return _apply_to_purchase(posting, command, target_id, context)


def _apply_to_purchase(
    posting: Posting,
    command: Capture | Void | Refund | AttachReceipt,
    target_id: UUID | None,
    context: Context,
) -> Outcome:
    check_standing(command, context)
    purchase = posting.purchases.get(target_id) if target_id else None
    if purchase is None or purchase.merchant_id != command.origin.merchant_id:
        raise Declined(Reason.PURCHASE_UNKNOWN)
    match command:
        case Capture():
            return capture(posting, command, purchase, context)
        case Void():
            return void(posting, command, purchase)
        case Refund():
            return refund(posting, command, purchase, context)
        case AttachReceipt():
            return attach_receipt(posting, command, purchase)
