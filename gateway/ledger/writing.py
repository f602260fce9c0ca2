"""Step 3 of the money path: a decided batch in one statement, guarded by `card_account.version`.

The statement locks the accounts in id order at the version that was read, if the reading is not
too old, bumps them, and lets every other row in only for an account that was bumped: an account
wins or loses whole. Nothing else in the project writes certificates, purchases, refunds,
receipts or entries, but the closing of a shift, which bumps the same versions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from gateway.domain.certificate import Account, Bucket, Certificate
from gateway.domain.commands import Command, Issue
from gateway.domain.outcome import Decided
from gateway.domain.purchase import Purchase, PurchaseState
from gateway.ledger.answers import SealedAnswer
from gateway.ledger.canonical import canonical, kind_of
from gateway.ledger.deciding import TOMBSTONE, Decision, Plan
from gateway.ledger.reading import origin_of


@dataclass(frozen=True)
class _Rows:
    """A table's columns with their SQL types; `parameters` names their arrays in the statement."""

    columns: tuple[tuple[str, str], ...]
    first: int

    @property
    def names(self) -> str:
        return ", ".join(name for name, _ in self.columns)

    @property
    def source(self) -> str:
        arrays = ", ".join(f"${self.first + i}::{sql_type}[]" for i, (_, sql_type) in enumerate(self.columns))
        return f"unnest({arrays}) AS w({self.names})"

    @property
    def following(self) -> int:
        return self.first + len(self.columns)


def _columns(spec: str) -> tuple[tuple[str, str], ...]:
    pairs = [item.split(":") for item in spec.split()]
    return tuple((name, sql_type) for name, sql_type in pairs)


_ACCOUNT = _Rows(
    _columns("account_id:bigint version:bigint last_decided_at:timestamptz is_blocked:boolean"), 3
)
_CERTIFICATE_CHANGED = _Rows(
    _columns(
        "account_id:bigint id:uuid available_kopecks:bigint held_kopecks:bigint"
        " spent_kopecks:bigint lapsed_kopecks:bigint restorable_kopecks:bigint"
        " valid_until:timestamptz state:text"
    ),
    _ACCOUNT.following,
)
_CERTIFICATE_NEW = _Rows(
    _columns(
        "account_id:bigint id:uuid issue_ref:text program_code:text program_version:integer"
        " nominal_kopecks:bigint available_kopecks:bigint held_kopecks:bigint spent_kopecks:bigint"
        " lapsed_kopecks:bigint restorable_kopecks:bigint valid_from:timestamptz"
        " valid_until:timestamptz state:text act_body:text act_number:text act_date:date"
    ),
    _CERTIFICATE_CHANGED.following,
)
_PURCHASE_CHANGED = _Rows(
    _columns(
        "account_id:bigint id:uuid state:text closed_at:timestamptz lapsed_from_hold:jsonb"
        " own_money:jsonb capture:jsonb captured_kopecks:bigint sale_date:date shift_number:integer"
    ),
    _CERTIFICATE_NEW.following,
)
_PURCHASE_NEW = _Rows(
    _columns(
        "account_id:bigint id:uuid state:text closed_at:timestamptz lapsed_from_hold:jsonb"
        " own_money:jsonb capture:jsonb captured_kopecks:bigint sale_date:date shift_number:integer"
        " request_id:uuid merchant_id:bigint outlet_id:bigint terminal_id:bigint"
        " concentrator_id:bigint cashier_ref:text authorized_at:timestamptz"
        " hold_expires_at:timestamptz program_code:text list_version:text rounding_kopecks:bigint"
        " eligible_kopecks:bigint approved_kopecks:bigint lines:jsonb is_shift_closed:boolean"
    ),
    _PURCHASE_CHANGED.following,
)
_REFUND = _Rows(
    _columns(
        "account_id:bigint id:uuid purchase_id:uuid refunded_at:timestamptz terminal_id:bigint"
        " shift_number:integer lines:jsonb points_kopecks:bigint lapsed_kopecks:bigint"
        " own_money_kopecks:bigint"
    ),
    _PURCHASE_NEW.following,
)
_RECEIPT = _Rows(
    _columns(
        "account_id:bigint purchase_id:uuid fiscal_drive_number:text fiscal_document_number:bigint"
        " kind:text fiscal_sign:bigint kkt_registration_number:text seller_inn:text"
        " shift_number:integer issued_at:timestamptz total_kopecks:bigint operation_id:uuid"
    ),
    _REFUND.following,
)
_ENTRY = _Rows(
    _columns(
        "account_id:bigint operation_id:uuid n:smallint certificate_id:uuid purchase_id:uuid"
        " kind:text source:text target:text amount_kopecks:bigint decided_at:timestamptz"
        " agreement_id:bigint sale_date:date"
    ),
    _RECEIPT.following,
)
_CASE = _Rows(
    _columns(
        "account_id:bigint operation_id:uuid kind:text purchase_id:uuid amount_kopecks:bigint"
        " opened_at:timestamptz"
    ),
    _ENTRY.following,
)
_OUTCOME = _Rows(
    _columns(
        "account_id:bigint merchant_id:bigint request_id:uuid kind:text terminal_id:bigint"
        " concentrator_id:bigint purchase_id:uuid operation_id:uuid canonical:text reason:text"
        " signed_payload:bytea signature:bytea key_id:text decided_at:timestamptz"
    ),
    _CASE.following,
)
_TABLES = (
    _ACCOUNT, _CERTIFICATE_CHANGED, _CERTIFICATE_NEW, _PURCHASE_CHANGED, _PURCHASE_NEW,
    _REFUND, _RECEIPT, _ENTRY, _CASE, _OUTCOME,
)  # fmt: skip


def _insert(table: str, rows: _Rows) -> str:
    return (
        f"INSERT INTO {table} ({rows.names}) SELECT {rows.names} FROM {rows.source}"
        " WHERE w.account_id IN (SELECT id FROM bumped)"
    )


def _update(table: str, rows: _Rows) -> str:
    changes = ", ".join(f"{name} = w.{name}" for name, _ in rows.columns if name not in ("account_id", "id"))
    return (
        f"UPDATE {table} AS t SET {changes} FROM {rows.source}"
        f" WHERE t.id = w.id AND t.id = ANY (${rows.first + 1}::uuid[])"  # the array prunes partitions
        " AND w.account_id IN (SELECT id FROM bumped)"
    )


# The age is checked where the accounts are bumped, thus after any wait for their locks.
WRITE_SQL = f"""
WITH wanted AS MATERIALIZED (SELECT * FROM {_ACCOUNT.source}),
locked AS MATERIALIZED (
  SELECT a.id FROM card_account a JOIN wanted w ON a.id = w.account_id AND a.version = w.version
  ORDER BY a.id FOR UPDATE OF a),
bumped AS (
  UPDATE card_account a
  SET version = a.version + 1, last_decided_at = w.last_decided_at, is_blocked = w.is_blocked
  FROM locked l JOIN wanted w ON w.account_id = l.id
  WHERE a.id = l.id AND tillgate_now() < $1::timestamptz + $2::interval
  RETURNING a.id),
certificate_changed AS ({_update("certificate", _CERTIFICATE_CHANGED)}),
certificate_new AS ({_insert("certificate", _CERTIFICATE_NEW)}),
purchase_changed AS ({_update("purchase", _PURCHASE_CHANGED)}),
purchase_new AS ({_insert("purchase", _PURCHASE_NEW)}),
refund_new AS ({_insert("refund", _REFUND)}),
receipt_new AS ({_insert("receipt", _RECEIPT)}),
entry_new AS ({_insert("entry", _ENTRY)}),
case_new AS ({_insert("review_case", _CASE)}),
outcome_new AS (
  INSERT INTO outcome ({_OUTCOME.names}) SELECT {_OUTCOME.names} FROM {_OUTCOME.source}
  WHERE w.account_id IS NULL OR w.account_id IN (SELECT id FROM bumped))
SELECT id FROM bumped
"""


@dataclass(frozen=True, slots=True)
class Sealed:
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
    for table, rows in zip(_TABLES, _collect(plan, sealed), strict=True):
        arguments.extend(zip(*rows, strict=True) if rows else [()] * len(table.columns))
    return {row["id"] for row in await connection.fetch(WRITE_SQL, *arguments)}


_Row = tuple[Any, ...]


def _collect(plan: Plan, sealed: Sequence[Sealed]) -> tuple[list[_Row], ...]:
    """The rows of every table, in the order of `_TABLES`; an account or certificate has one row."""
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


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


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
        done.shift_number if done else p.shift_number,
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
    made_now = (
        decision.decided is not None and decision.outcome.is_approved and decision.outcome.refund is None
    )
    if not made_now or purchase is None or purchase.capture is None:
        return
    if purchase.capture.shortfall_kopecks and purchase.capture.captured_at == decision.decided_at:
        yield (
            decision.account_id, decision.operation_id, "LATE_CAPTURE_SHORTFALL", purchase.id,
            purchase.capture.shortfall_kopecks, decision.decided_at,
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
