"""Step 3 of the money path: the rows of a decided batch, for the one statement that writes them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from gateway.domain.certificate import Account, Bucket, Certificate
from gateway.domain.commands import Capture, Command, Issue
from gateway.domain.outcome import Decided
from gateway.domain.purchase import Purchase, PurchaseState
from gateway.ledger.answers import SealedAnswer
from gateway.ledger.canonical import canonical, kind_of
from gateway.ledger.deciding import TOMBSTONE, Decision, Plan
from gateway.ledger.reading import origin_of
from gateway.ledger.write_statement import TABLES, write_sql


class Sealed(Struct, frozen=True, gc=False):
    """A decision with its signed answer, and the one of the request id that it entombs."""

    decision: Decision
    answer: SealedAnswer
    tombstone: SealedAnswer | None = None


async def write(
    connection: asyncpg.Connection, plan: Plan, sealed: Sequence[Sealed], max_age: timedelta
) -> set[int]:
    """Write a decided batch in one statement; returns the ids of the accounts that won.

    Raises asyncpg errors: on a unique violation nothing at all was written.
    """
    arguments: list[Any] = [plan.read_at, max_age]
    written = []
    for table, rows in zip(TABLES, _collect(plan, sealed), strict=True):
        if rows or table is TABLES[0]:
            written.append(table)
            arguments.extend(table.arguments(rows))
    return {row["id"] for row in await connection.fetch(write_sql(tuple(written)), *arguments)}


_Row = tuple[Any, ...]


def _collect(plan: Plan, sealed: Sequence[Sealed]) -> tuple[list[_Row], ...]:
    """The rows of every table, in the order of `TABLES`; an account or certificate has one row."""
    touched = sorted({s.decision.account_id for s in sealed if s.decision.account_id is not None})
    before = {account_id: plan.accounts[account_id] for account_id in touched}
    after = {account_id: plan.after[account_id] for account_id in touched}
    last = {s.decision.account_id: s.decision.decided_at for s in sealed}
    issued = {s.decision.operation_id: s.decision.command for s in sealed}
    certificates = [
        (a.id, c, before[a.id].certificates) for a in after.values() for c in a.certificates.values()
    ]
    purchases = [(p, before[a.id].purchases) for a in after.values() for p in a.purchases.values()]
    declined = [p for s in sealed if (p := _declined_purchase(s.decision)) is not None]
    return (
        [(a.id, before[a.id].version, last[a.id], a.is_blocked) for a in after.values()],
        [_certificate_changed(i, c) for i, c, old in certificates if c.id in old and old[c.id] is not c],
        [_certificate_new(i, c, issued[c.id]) for i, c, old in certificates if c.id not in old],
        [_purchase_changed(p) for p, old in purchases if p.id in old and old[p.id] is not p],
        [_purchase_new(p) for p, old in purchases if p.id not in old] + [_purchase_new(p) for p in declined],
        [row for s in sealed for row in _refunds(s.decision)],
        _receipts(sealed, before),
        [row for s in sealed for row in _entries(s.decision)],
        [row for s in sealed for row in _cases(s.decision)],
        [row for s in sealed for row in _outcomes(s)],
    )


_encode = msgspec.json.Encoder().encode


def _json(value: Any) -> str:
    return _encode(value).decode()


def _certificate_changed(account_id: int, c: Certificate) -> _Row:
    return (
        account_id, c.id, c.available_kopecks, c.held_kopecks, c.spent_kopecks, c.lapsed_kopecks,
        c.restorable_kopecks, c.valid_until, c.state,
    )  # fmt: skip


def _certificate_new(account_id: int, c: Certificate, command: Command) -> _Row:
    if not isinstance(command, Issue):
        raise TypeError(f"a certificate comes from an Issue, not from {type(command).__name__}")
    return (
        account_id, c.id, command.issue_ref, c.program_code, c.program_version, c.nominal_kopecks,
        c.available_kopecks, c.held_kopecks, c.spent_kopecks, c.lapsed_kopecks, c.restorable_kopecks,
        c.valid_from, c.valid_until, c.state, command.act.body, command.act.number, command.act.date,
    )  # fmt: skip


def _purchase_changed(p: Purchase) -> _Row:
    done = p.capture
    return (
        p.account_id, p.id, p.state, p.closed_at, _json(p.lapsed_from_hold), _json(p.own_money),
        _json(done) if done else None, done.points_kopecks if done else 0, done.sale_date if done else None,
        done.shift_number if done else p.shift_number, done.terminal_id if done else p.terminal_id,
    )  # fmt: skip


def _purchase_new(p: Purchase) -> _Row:
    return (
        *_purchase_changed(p), p.request_id, p.merchant_id, p.outlet_id, p.terminal_id, p.concentrator_id,
        p.cashier_ref, p.authorized_at, p.hold_expires_at, p.program_code, p.list_version, p.rounding_kopecks,
        p.eligible_kopecks, p.approved_kopecks, _json(p.lines), p.is_shift_closed,
    )  # fmt: skip


def _declined_purchase(decision: Decision) -> Purchase | None:
    """The purchase that a declined Authorize leaves; a declined Capture leaves none of its own."""
    purchase = decision.outcome.purchase
    if (
        purchase is not None
        and purchase.id == decision.operation_id
        and purchase.state is PurchaseState.DECLINED
    ):
        return purchase
    return None


def _refunds(decision: Decision) -> Iterable[_Row]:
    made, purchase = decision.outcome.refund, decision.outcome.purchase
    if made is not None and purchase is not None:
        yield (
            purchase.account_id, made.id, purchase.id, made.refunded_at, made.terminal_id, made.shift_number,
            _json(made.lines), made.points_kopecks, made.lapsed_kopecks, made.own_money_kopecks,
        )  # fmt: skip


def _receipts(sealed: Iterable[Sealed], before: Mapping[int, Account]) -> list[_Row]:
    """Receipts that the batch adds; the first command that brings one has brought it."""
    added: dict[tuple[UUID, str, int], _Row] = {}
    for decision in (s.decision for s in sealed):
        purchase = decision.outcome.purchase
        sent = {receipt.key for receipt in getattr(decision.command, "receipts", ())}
        if purchase is None or not decision.outcome.is_approved or not sent:
            continue
        known = before[purchase.account_id].purchases.get(purchase.id)
        had = {receipt.key for receipt in known.receipts} if known else set()
        for r in purchase.receipts:
            if r.key in sent and r.key not in had and (purchase.id, *r.key) not in added:
                added[purchase.id, *r.key] = (
                    purchase.account_id, purchase.id, r.fiscal_drive_number, r.fiscal_document_number, r.kind,
                    r.fiscal_sign, r.kkt_registration_number, r.seller_inn, r.shift_number, r.issued_at,
                    r.total_kopecks, decision.operation_id,
                )  # fmt: skip
    return list(added.values())


def _entries(decision: Decision) -> Iterable[_Row]:
    decided = decision.decided
    for n, e in enumerate(decided.entries if decided else ()):
        agreement_id, sale_date = _booking(decided, e.purchase_id, e.certificate_id, e.source, e.target)
        yield (
            decision.account_id, decision.operation_id, n, e.certificate_id, e.purchase_id, e.kind, e.source,
            e.target, e.amount_kopecks, decision.decided_at, agreement_id, sale_date,
        )  # fmt: skip


def _booking(
    decided: Decided | None,
    purchase_id: UUID | None,
    certificate_id: UUID,
    source: Bucket | None,
    target: Bucket,
) -> tuple[int | None, Any]:
    """Agreement and sale date of an entry that a claim may hold: one that spends or gives back."""
    if decided is None or purchase_id is None or Bucket.SPENT not in (source, target):
        return None, None
    done = decided.account.purchases[purchase_id].capture
    return (done.agreements[certificate_id], done.sale_date) if done else (None, None)


def _cases(decision: Decision) -> Iterable[_Row]:
    purchase = decision.outcome.purchase
    is_capture = isinstance(decision.command, Capture) and decision.outcome.is_approved
    if not is_capture or purchase is None or purchase.capture is None:
        return
    if purchase.capture.shortfall_kopecks:
        yield (
            decision.account_id, decision.operation_id, "LATE_CAPTURE_SHORTFALL", purchase.id,
            purchase.capture.shortfall_kopecks, decision.decided_at,
        )  # fmt: skip
    if purchase.capture.is_after_stop:
        yield (
            decision.account_id, decision.operation_id, "CAPTURED_AFTER_STOP", purchase.id,
            purchase.capture.points_kopecks, decision.decided_at,
        )  # fmt: skip


def _outcomes(sealed: Sealed) -> Iterable[_Row]:
    decision = sealed.decision
    command, reason = decision.command, decision.outcome.reason
    origin = origin_of(command)
    purchase = decision.outcome.purchase

    def row(request_id: UUID, kind: str, body: str, why: str | None, answer: SealedAnswer) -> _Row:
        return (
            decision.account_id, origin.merchant_id, request_id, kind, origin.terminal_id,
            origin.concentrator_id, purchase.id if purchase and kind != TOMBSTONE else None,
            decision.operation_id, body, why,
            answer.signed_payload, answer.signature, answer.key_id, decision.decided_at,
        )  # fmt: skip

    body = canonical(command, decision.account_id)
    yield row(command.request_id, kind_of(command), body, reason.name if reason else None, sealed.answer)
    if decision.entombs is not None and sealed.tombstone is not None:
        yield row(decision.entombs, TOMBSTONE, "{}", "VOIDED_BEFORE_ARRIVAL", sealed.tombstone)
