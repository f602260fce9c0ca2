"""The seam between the auditor's plain words and the code's types; it decides nothing."""

from typing import Any
from uuid import UUID

from gateway.domain.basket import Basket
from gateway.domain.certificate import Bucket
from gateway.domain.commands import (
    Act,
    AttachReceipt,
    Authorize,
    ByPurchaseId,
    ByReceipt,
    ByRequestId,
    Capture,
    CaptureLine,
    ChangeValidity,
    Command,
    Correct,
    Expire,
    Issue,
    Origin,
    PurchaseRef,
    Refund,
    RefundLine,
    SetBlock,
    Void,
    Withdraw,
    WithdrawReason,
)
from gateway.domain.outcome import Outcome
from gateway.domain.purchase import Capture as CaptureMade
from gateway.domain.purchase import FiscalReceipt, Purchase, ReceiptKind, Share
from gateway.domain.purchase import Refund as RefundMade
from tests.stateful.world import ACT_DAY, HOLDERS, line_of

Plain = dict[str, Any]
ACT = Act("commission", "12-3", ACT_DAY)


def command_of(request: Plain) -> Command:
    """The command that a plain request stands for."""
    request_id = UUID(request["id"])
    match request["kind"]:
        case "issue":
            return Issue(
                request_id=request_id,
                issue_ref=request["id"],
                holder_ref=request["holder"],
                program_code=request["program"],
                program_version=1,
                nominal_kopecks=request["nominal"],
                first_day=request["first"],
                last_day=request["last"],
                act=ACT,
                names_own_nominal=request["names_own"],
            )
        case "withdraw":
            return Withdraw(request_id, UUID(request["certificate"]), WithdrawReason.REFUSED, ACT)
        case "validity":
            return ChangeValidity(request_id, UUID(request["certificate"]), request["last"], ACT)
        case "block":
            certificate = UUID(request["certificate"]) if "certificate" in request else None
            return SetBlock(request_id, request["holder"], certificate, request["is_blocked"], ACT)
        case "correct":
            target = Bucket[request["to"]]
            source = Bucket.LAPSED if target is Bucket.AVAILABLE else Bucket.AVAILABLE
            certificate_id = UUID(request["certificate"])
            return Correct(request_id, certificate_id, source, target, request["amount"], "doc 1")
        case "expire":
            return Expire(request_id, HOLDERS.index(request["holder"]) + 1)
        case _:
            return _till_command(request, request_id)


def _till_command(request: Plain, request_id: UUID) -> Command:
    merchant, outlet, terminal = request["till"]
    origin = Origin(merchant, outlet, terminal, shift_number=request.get("shift", 0))
    receipts = tuple(map(receipt_of, request.get("receipts", ())))
    match request["kind"]:
        case "authorize" | "sale":
            return Authorize(
                request_id=request_id,
                origin=origin,
                card_token=request["card"].encode(),
                basket=Basket(tuple(map(line_of, request["lines"])), request["rounding"]),
                program_code=request["program"],
                certificate_ids=tuple(map(UUID, request["certificates"])),
                accept_partial=request["partial"],
                replaces_request_id=UUID(request["replaces_request"])
                if request["replaces_request"]
                else None,
                is_sale=request["kind"] == "sale",
                receipts=receipts,
            )
        case "capture":
            lines = tuple(
                CaptureLine(line["n"], line["quantity"], line["amount"]) for line in request["lines"]
            )
            rounding = request["rounding"]
            return Capture(request_id, origin, ref_of(request), lines, rounding, receipts=receipts)
        case "void":
            return Void(request_id, origin, ref_of(request))
        case "refund":
            back = tuple(RefundLine(line["n"], line["quantity"]) for line in request["lines"])
            return Refund(request_id, origin, ref_of(request), back, receipts)
        case "attach":
            return AttachReceipt(request_id, origin, ref_of(request), receipts)
        case kind:
            raise ValueError(f"no command of kind {kind}")


def ref_of(request: Plain) -> PurchaseRef:
    """How a request names its purchase: by its id unless it says otherwise."""
    match request.get("named_by"):
        case ("request", request_id):
            return ByRequestId(UUID(request_id))
        case ("receipt", (drive, document)):
            return ByReceipt(drive, document)
        case _:
            return ByPurchaseId(UUID(request["purchase"]))


def receipt_of(receipt: Plain) -> FiscalReceipt:
    """A fiscal receipt: {"key", "kind", "at"}."""
    drive, document = receipt["key"]
    kind = ReceiptKind(receipt["kind"])
    return FiscalReceipt(
        kind, drive, document, 1, "0000000001000001", "7707083893", 1, receipt["at"], total_kopecks=1
    )


def answer_of(outcome: Outcome) -> Plain:
    """An outcome in plain words."""
    return {
        "reason": outcome.reason.name if outcome.reason is not None else None,
        "purchase": _purchase(outcome.purchase) if outcome.purchase else None,
        "refund": _refund(outcome.refund) if outcome.refund else None,
        "certificate": str(outcome.certificate.id) if outcome.certificate else None,
        "available": outcome.available_kopecks,
        "rest_lapses": outcome.rest_lapses_kopecks,
    }


def _shares(shares: tuple[Share, ...]) -> list[tuple[str, int]]:
    return [(str(share.certificate_id), share.amount_kopecks) for share in shares]


def _purchase(purchase: Purchase) -> Plain:
    return {
        "id": str(purchase.id),
        "state": purchase.state.value,
        "total": purchase.total_kopecks,
        "eligible": purchase.eligible_kopecks,
        "until": purchase.hold_expires_at,
        "lines": [
            {
                "n": item.line.line_number,
                "reason": item.reason.name,
                "approved": item.approved_kopecks,
                "shares": _shares(item.shares),
            }
            for item in purchase.lines
        ],
        "capture": _capture(purchase.capture) if purchase.capture else None,
        "receipts": [receipt.key for receipt in purchase.receipts],
    }


def _capture(made: CaptureMade) -> Plain:
    return {
        "late": made.is_late,
        "day": made.sale_date,
        "total": made.total_kopecks,
        "agreements": {str(i): agreement for i, agreement in made.agreements.items()},
        "shortfall": made.shortfall_kopecks,
        "rest": {str(i): amount for i, amount in made.rest_lapsed.items()},
        "lines": [
            {
                "n": line.line_number,
                "quantity": line.quantity_milli,
                "amount": line.amount_kopecks,
                "shares": _shares(line.shares),
                "shortfall": line.shortfall_kopecks,
            }
            for line in made.lines
        ],
    }


def _refund(made: RefundMade) -> Plain:
    return {
        "own_money": made.own_money_kopecks,
        "lapsed": made.lapsed_kopecks,
        "lines": [
            {
                "n": line.line_number,
                "quantity": line.quantity_milli,
                "amount": line.amount_kopecks,
                "shares": _shares(line.shares),
            }
            for line in made.lines
        ],
    }
