"""The rows that a decision leaves, made from the domain's objects without the committer's help.

So tuning the committer's write cannot move the yardstick.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import null

from gateway.domain.certificate import Account, Bucket, Certificate, Entry
from gateway.domain.commands import Capture, Command, Issue
from gateway.domain.purchase import Purchase, PurchaseState
from gateway.ledger.answers import SealedAnswer
from gateway.ledger.canonical import canonical, kind_of
from gateway.ledger.deciding import TOMBSTONE, Decision
from gateway.ledger.reading import origin_of

Values: TypeAlias = dict[str, Any]


def certificate_changes(c: Certificate) -> Values:
    """What decisions change of a certificate."""
    return {
        "available_kopecks": c.available_kopecks,
        "held_kopecks": c.held_kopecks,
        "spent_kopecks": c.spent_kopecks,
        "lapsed_kopecks": c.lapsed_kopecks,
        "restorable_kopecks": c.restorable_kopecks,
        "valid_until": c.valid_until,
        "state": c.state,
    }


def new_certificate(account_id: int, c: Certificate, command: Command) -> Values:
    """A certificate with the act that issued it."""
    if not isinstance(command, Issue):
        raise TypeError(f"a certificate comes from an Issue, not from {type(command).__name__}")
    return certificate_changes(c) | {
        "id": c.id,
        "account_id": account_id,
        "issue_ref": command.issue_ref,
        "program_code": c.program_code,
        "program_version": c.program_version,
        "nominal_kopecks": c.nominal_kopecks,
        "valid_from": c.valid_from,
        "act_body": command.act.body,
        "act_number": command.act.number,
        "act_date": command.act.date,
    }


def purchase_changes(p: Purchase) -> Values:
    """What decisions change of a purchase."""
    done = p.capture
    return {
        "state": p.state,
        "closed_at": p.closed_at,
        "lapsed_from_hold": p.lapsed_from_hold,
        "own_money": p.own_money,
        "capture": done if done else null(),
        "captured_kopecks": done.points_kopecks if done else 0,
        "sale_date": done.sale_date if done else None,
        "shift_number": done.shift_number if done else p.shift_number,
        "shift_terminal_id": done.terminal_id if done else p.terminal_id,
    }


def new_purchase(p: Purchase) -> Values:
    """A purchase, held, sold at once, or declined."""
    return purchase_changes(p) | {
        "id": p.id,
        "account_id": p.account_id,
        "request_id": p.request_id,
        "merchant_id": p.merchant_id,
        "outlet_id": p.outlet_id,
        "terminal_id": p.terminal_id,
        "concentrator_id": p.concentrator_id,
        "cashier_ref": p.cashier_ref,
        "authorized_at": p.authorized_at,
        "hold_expires_at": p.hold_expires_at,
        "program_code": p.program_code,
        "list_version": p.list_version,
        "rounding_kopecks": p.rounding_kopecks,
        "eligible_kopecks": p.eligible_kopecks,
        "approved_kopecks": p.approved_kopecks,
        "lines": p.lines,
        "is_shift_closed": p.is_shift_closed,
    }


def declined_purchases(decision: Decision) -> Iterator[Values]:
    """The purchase that a declined Authorize leaves; a declined Capture leaves none of its own."""
    p = decision.outcome.purchase
    if p is not None and p.id == decision.operation_id and p.state is PurchaseState.DECLINED:
        yield new_purchase(p)


def refunds(decision: Decision) -> Iterator[Values]:
    """The refund that was made, if one was."""
    made, p = decision.outcome.refund, decision.outcome.purchase
    if made is not None and p is not None:
        yield {
            "id": made.id,
            "purchase_id": p.id,
            "account_id": p.account_id,
            "refunded_at": made.refunded_at,
            "terminal_id": made.terminal_id,
            "shift_number": made.shift_number,
            "lines": made.lines,
            "points_kopecks": made.points_kopecks,
            "lapsed_kopecks": made.lapsed_kopecks,
            "own_money_kopecks": made.own_money_kopecks,
        }


def receipts(decision: Decision, before: Account) -> Iterator[Values]:
    """The receipts that the command brought and the purchase did not have."""
    p = decision.outcome.purchase
    sent = {r.key for r in getattr(decision.command, "receipts", ())}
    if p is None or not decision.outcome.is_approved:
        return
    known = before.purchases.get(p.id)
    had = {r.key for r in known.receipts} if known else set()
    for r in p.receipts:
        if r.key in sent - had:
            yield {
                "purchase_id": p.id,
                "fiscal_drive_number": r.fiscal_drive_number,
                "fiscal_document_number": r.fiscal_document_number,
                "account_id": p.account_id,
                "kind": r.kind,
                "fiscal_sign": r.fiscal_sign,
                "kkt_registration_number": r.kkt_registration_number,
                "seller_inn": r.seller_inn,
                "shift_number": r.shift_number,
                "issued_at": r.issued_at,
                "total_kopecks": r.total_kopecks,
                "operation_id": decision.operation_id,
            }


def entries(decision: Decision, after: Account) -> Iterator[Values]:
    """The movements of points, numbered; those that a claim may hold with agreement and sale date."""
    for n, e in enumerate(decision.decided.entries if decision.decided else ()):
        agreement_id, sale_date = _booking(after, e)
        yield {
            "operation_id": decision.operation_id,
            "n": n,
            "account_id": after.id,
            "certificate_id": e.certificate_id,
            "purchase_id": e.purchase_id,
            "kind": e.kind,
            "source": e.source,
            "target": e.target,
            "amount_kopecks": e.amount_kopecks,
            "decided_at": decision.decided_at,
            "agreement_id": agreement_id,
            "sale_date": sale_date,
        }


def _booking(after: Account, e: Entry) -> tuple[int | None, Any]:
    if e.purchase_id is None or Bucket.SPENT not in (e.source, e.target):
        return None, None
    done = after.purchases[e.purchase_id].capture
    return (done.agreements[e.certificate_id], done.sale_date) if done else (None, None)


def cases(decision: Decision) -> Iterator[Values]:
    """The case of a late capture that points did not cover."""
    p = decision.outcome.purchase
    if not isinstance(decision.command, Capture) or not decision.outcome.is_approved:
        return
    if p is not None and p.capture is not None and p.capture.shortfall_kopecks:
        yield {
            "operation_id": decision.operation_id,
            "kind": "LATE_CAPTURE_SHORTFALL",
            "account_id": p.account_id,
            "purchase_id": p.id,
            "amount_kopecks": p.capture.shortfall_kopecks,
            "opened_at": decision.decided_at,
        }


def outcomes(decision: Decision, answer: SealedAnswer, tombstone: SealedAnswer | None) -> Iterator[Values]:
    """The outcome of the request id, and the one of the request id that it entombs."""
    command, reason, p = decision.command, decision.outcome.reason, decision.outcome.purchase
    origin = origin_of(command)

    def row(request_id: UUID, kind: str, body: str, why: str | None, sealed: SealedAnswer) -> Values:
        return {
            "merchant_id": origin.merchant_id,
            "request_id": request_id,
            "kind": kind,
            "terminal_id": origin.terminal_id,
            "concentrator_id": origin.concentrator_id,
            "account_id": decision.account_id,
            "purchase_id": p.id if p and kind != TOMBSTONE else None,
            "operation_id": decision.operation_id,
            "canonical": body,
            "reason": why,
            "signed_payload": sealed.signed_payload,
            "signature": sealed.signature,
            "key_id": sealed.key_id,
            "decided_at": decision.decided_at,
        }

    body = canonical(command, decision.account_id)
    yield row(command.request_id, kind_of(command), body, reason.name if reason else None, answer)
    if decision.entombs is not None and tombstone is not None:
        yield row(decision.entombs, TOMBSTONE, "{}", "VOIDED_BEFORE_ARRIVAL", tombstone)
