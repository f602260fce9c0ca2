"""Step 2 of the money path: decide a batch, purely. Commands of an account in arrival order."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from msgspec import Struct, field

from gateway.domain.category import ListBook
from gateway.domain.certificate import Account
from gateway.domain.commands import (
    Authorize,
    ByPurchaseId,
    ByReceipt,
    ByRequestId,
    Command,
    Expire,
    PurchaseRef,
    TillCommand,
    Void,
)
from gateway.domain.decide import decide
from gateway.domain.gates import refusal_of_standing
from gateway.domain.judging import Goods, GoodsUnavailableError
from gateway.domain.outcome import Decided, Outcome
from gateway.domain.policy import Context, Policy, Standing
from gateway.domain.purchase import PurchaseState
from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError
from gateway.ledger.canonical import difference
from gateway.ledger.ids import uuid7
from gateway.ledger.reading import OutcomeRow, Snapshot, merchant_of

TOMBSTONE = "TOMBSTONE"
"""Kind of the outcome that a Void leaves under a request id that has not arrived."""


class Rules(Struct, frozen=True, gc=False):
    """What decisions go by besides the database: settings, the lists and goods of an instant, and who may."""

    policy: Policy
    lists: Callable[[datetime], ListBook]
    goods: Callable[[datetime], Goods]
    standing_of: Callable[[int], Standing | None]


class Decision(Struct, frozen=True, gc=False):
    """One decided command, to be sealed, written and answered.

    `account_id` is the guard (None: no account is touched). `entombs` is the request id that
    is voided before its arrival.
    """

    command: Command
    decided_at: datetime
    operation_id: UUID
    outcome: Outcome
    account_id: int | None = None
    decided: Decided | None = None
    entombs: UUID | None = None


class Plan(Struct):
    """A decided batch. `accounts` are as read, `after` as decided.

    `errors` and `replays` write nothing.
    """

    read_at: datetime
    accounts: Mapping[int, Account]
    after: dict[int, Account]
    decisions: list[Decision] = field(default_factory=list)
    replays: list[tuple[Command, OutcomeRow]] = field(default_factory=list)
    errors: list[tuple[Command, CommandError]] = field(default_factory=list)


class _Target(Struct, frozen=True, gc=False):
    """The purchase that a command refers to, or why there is none.

    `is_free`: its request id has no outcome yet; `is_entombed`: it was voided before arrival.
    """

    purchase_id: UUID | None = None
    is_entombed: bool = False
    is_free: bool = False
    is_declined: bool = False


def decide_batch(commands: Iterable[Command], snapshot: Snapshot, rules: Rules) -> Plan:
    """Decide every command of a batch against one snapshot; no two of them mention one request id."""
    plan = Plan(snapshot.now, snapshot.accounts, dict(snapshot.accounts))
    for command in commands:
        stored = snapshot.outcomes.get((merchant_of(command), command.request_id))
        if stored is None:
            try:
                _decide_new(plan, command, snapshot, rules)
            except GoodsUnavailableError:
                plan.errors.append((command, CommandError(Reason.UNAVAILABLE)))
            continue
        conflict = _conflict(stored, command, snapshot)
        if conflict is None:
            plan.replays.append((command, stored))
        else:
            plan.errors.append((command, CommandError(Reason.REQUEST_ID_CONFLICT, conflict)))
    return plan


def _conflict(stored: OutcomeRow, command: Command, snapshot: Snapshot) -> str | None:
    """The differing field of a repeated request id, or None if it is the same command."""
    if stored.kind == TOMBSTONE:
        return None if isinstance(command, Authorize) else "kind"
    return difference(stored.canonical, command, _account_of_card(command, snapshot))


def _account_of_card(command: Command, snapshot: Snapshot) -> int | None:
    if not isinstance(command, Authorize):
        return None
    card = snapshot.card(command.card_token)
    return card.account_id if card else None


def _decide_new(plan: Plan, command: Command, snapshot: Snapshot, rules: Rules) -> None:
    standing = None
    if isinstance(command, TillCommand):
        standing = rules.standing_of(command.origin.terminal_id)
        if standing is None:
            plan.errors.append((command, CommandError(Reason.TERMINAL_NOT_YOURS, "terminal_id")))
            return
        if isinstance(command, Authorize):
            locked = lock_of(standing, snapshot.now, is_keyed=command.is_keyed)
            if locked is not None:
                plan.errors.append((command, CommandError(locked)))
                return
    target = _target(command, snapshot)
    account_id = _account_of(command, target, snapshot)
    before = plan.after[account_id] if account_id is not None else None
    now = snapshot.now if before is None else max(snapshot.now, before.last_decided_at)
    context = Context(
        now=now,
        operation_id=uuid7(now),
        policy=rules.policy,
        lists=rules.lists(now),
        goods=rules.goods,
        standing=standing,
        card_stopped=before is not None and _is_card_stopped(command, before, target, snapshot),
    )
    if before is None or account_id is None:
        plan.decisions.append(_without_account(command, target, context))
        return
    decided = decide(before, command, target.purchase_id, context)
    plan.after[account_id] = decided.account
    entombs = None
    if decided.outcome.is_approved and target.is_free and isinstance(command, Authorize):
        entombs = command.replaces_request_id
    plan.decisions.append(
        Decision(command, now, decided.operation_id, decided.outcome, account_id, decided, entombs)
    )


def lock_of(standing: Standing, now: datetime, *, is_keyed: bool) -> Reason | None:
    """Why a terminal may not even ask for a card at this instant; None if it may."""
    if standing.guessing_until is not None and now < standing.guessing_until:
        return Reason.CARD_GUESSING
    if is_keyed and standing.keyed_until is not None and now < standing.keyed_until:
        return Reason.TOO_MANY_KEYED_CARDS
    return None


def _is_card_stopped(command: Command, account: Account, target: _Target, snapshot: Snapshot) -> bool:
    """Whether the card may not be served; of a hold, whether a card of its account was stopped since."""
    if not isinstance(command, Authorize):
        held = account.purchases.get(target.purchase_id) if target.purchase_id is not None else None
        stopped_at = snapshot.stopped_at_of.get(account.id)
        return held is not None and stopped_at is not None and held.authorized_at <= stopped_at
    card = snapshot.card(command.card_token)
    return card is not None and card.stopped_at is not None and card.stopped_at <= snapshot.now


def _target(command: Command, snapshot: Snapshot) -> _Target:
    merchant_id = merchant_of(command)
    if isinstance(command, Authorize):
        if command.replaces_request_id is None:
            return _Target()
        return find_target(ByRequestId(command.replaces_request_id), merchant_id, snapshot)
    ref = getattr(command, "purchase", None)
    return _Target() if ref is None else find_target(ref, merchant_id, snapshot)


def find_target(ref: PurchaseRef, merchant_id: int, snapshot: Snapshot) -> _Target:
    """Resolve a reference to a purchase of this merchant."""
    match ref:
        case ByPurchaseId():
            return _Target(ref.purchase_id)
        case ByReceipt():
            found = snapshot.purchase_of_receipt.get(
                (ref.fiscal_drive_number, ref.fiscal_document_number), ()
            )
            for purchase_id in found:
                account = snapshot.accounts[snapshot.account_of_purchase[purchase_id]]
                purchase = account.purchases[purchase_id]
                if purchase.merchant_id == merchant_id and purchase.state is PurchaseState.CAPTURED:
                    return _Target(purchase_id)
            return _Target(found[0]) if found else _Target()
        case ByRequestId():
            stored = snapshot.outcomes.get((merchant_id, ref.request_id))
            if stored is None:
                return _Target(is_free=True)
            if stored.kind == TOMBSTONE:
                return _Target(is_entombed=True)
            if stored.kind not in ("AUTHORIZE", "SALE"):
                return _Target()
            return _Target(stored.purchase_id, is_declined=stored.purchase_id is None)


def _account_of(command: Command, target: _Target, snapshot: Snapshot) -> int | None:
    if isinstance(command, Authorize):
        return _account_of_card(command, snapshot)
    if isinstance(command, Expire):
        return command.account_id if command.account_id in snapshot.accounts else None
    if target.purchase_id is not None:
        return snapshot.account_of_purchase.get(target.purchase_id)
    certificate_id = getattr(command, "certificate_id", None)
    if certificate_id is not None:
        return snapshot.account_of_certificate.get(certificate_id)
    return snapshot.account_of_holder.get(getattr(command, "holder_ref", ""))


def _without_account(command: Command, target: _Target, context: Context) -> Decision:
    """Decide what touches no account: nothing to find, or a void that comes before its purchase."""
    reason: Reason | None
    entombs = None
    refusal = refusal_of_standing(command, context)
    if refusal is not None:
        reason = refusal
    elif isinstance(command, Authorize):
        reason = Reason.CARD_UNKNOWN
    elif not hasattr(command, "purchase"):
        reason = (
            Reason.CERTIFICATE_UNKNOWN if getattr(command, "certificate_id", None) else Reason.CARD_UNKNOWN
        )
    elif target.is_declined:
        reason = Reason.PURCHASE_DECLINED
    elif target.is_entombed:
        reason = Reason.ALREADY_VOIDED
    elif target.is_free and isinstance(command, Void):
        reason = None
        entombs = command.purchase.request_id if isinstance(command.purchase, ByRequestId) else None
    else:
        reason = Reason.PURCHASE_UNKNOWN
    return Decision(command, context.now, context.operation_id, Outcome(reason), entombs=entombs)
