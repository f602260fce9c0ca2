"""Opens a signed answer: verify the bytes, parse, check that it is the answer asked for."""

from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.message import DecodeError

from merchant_sdk import from_wire
from merchant_sdk.enums import CommandKind, Reason
from merchant_sdk.errors import WrongAnswerError
from merchant_sdk.results import (
    CommandResult,
    Operation,
    OperationPage,
    PurchaseResult,
    PurchaseView,
    RefundResult,
    ShiftResult,
)
from merchant_sdk.signatures import OutcomeKeys, SignedBytes
from tillgate.v1 import purchase_pb2 as pb
from tillgate.v1 import purchase_service_pb2 as service_pb

ResultT = TypeVar("ResultT", bound=CommandResult)

_PURCHASES = frozenset({CommandKind.AUTHORIZE, CommandKind.SALE})


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer must be the answer to. None: any."""

    merchant_id: int
    request_id: UUID | None = None
    kinds: frozenset[CommandKind] | None = None
    terminal_id: int | None = None

    def refute(self, outcome: pb.SignedOutcome) -> str | None:
        """Name what an outcome answers instead, or None if it is the answer asked for."""
        if outcome.merchant_id != self.merchant_id:
            return f"merchant {outcome.merchant_id}"
        if self.request_id is not None and outcome.request_id != str(self.request_id):
            return f"request {outcome.request_id}"
        # A void that came first leaves this answer, knowing neither the kind nor the terminal to come.
        if Reason(outcome.reason) is Reason.VOIDED_BEFORE_ARRIVAL:
            return None
        if self.kinds is not None and CommandKind(outcome.kind) not in self.kinds:
            return f"a command of kind {CommandKind(outcome.kind).name}"
        if self.terminal_id is not None and outcome.terminal_id != self.terminal_id:
            return f"terminal {outcome.terminal_id}"
        return None


def open_answer(
    answer: pb.SignedAnswer, keys: OutcomeKeys, asked: Asked, result_type: type[ResultT]
) -> ResultT:
    """The result in a signed answer; raises SignatureError or WrongAnswerError."""
    signed = SignedBytes(answer.signed_payload, answer.signature, answer.key_id)
    keys.verify(signed)
    try:
        outcome = pb.SignedOutcome.FromString(signed.payload)
        answered_instead = asked.refute(outcome)
        if answered_instead is None:
            result = _result(outcome, signed)
            if isinstance(result, result_type):
                return result
            answered_instead = f"a {result.kind.name}"
    except (DecodeError, ValueError) as error:
        raise WrongAnswerError(f"the signed answer cannot be read: {error}", signed) from error
    raise WrongAnswerError(f"the answer is that of {answered_instead}", signed)


def _result(outcome: pb.SignedOutcome, signed: SignedBytes) -> CommandResult:
    common: dict[str, Any] = {
        "request_id": UUID(outcome.request_id),
        "kind": CommandKind(outcome.kind),
        "decision": from_wire.decision(outcome.decision),
        "reason": Reason(outcome.reason),
        "notice": from_wire.notice(outcome.notice),
        "decided_at": from_wire.instant(outcome.decided_at),
        "merchant_id": outcome.merchant_id,
        "terminal_id": outcome.terminal_id,
        "concentrator_id": outcome.concentrator_id,
        "signed": signed,
    }
    if outcome.kind == pb.COMMAND_KIND_CLOSE_SHIFT:
        totals = from_wire.shift_totals(outcome.shift) if outcome.HasField("shift") else None
        return ShiftResult(**common, totals_if_any=totals)
    purchase = from_wire.purchase(outcome.purchase) if outcome.HasField("purchase") else None
    if outcome.kind == pb.COMMAND_KIND_REFUND:
        refund = from_wire.refund(outcome.refund) if outcome.HasField("refund") else None
        return RefundResult(**common, purchase_if_any=purchase, refund_if_any=refund)
    return PurchaseResult(
        **common,
        purchase_if_any=purchase,
        available_kopecks=outcome.available_kopecks,
        card_stopped_meanwhile=outcome.card_stopped_meanwhile,
        stop_list=from_wire.stop_list_mark(outcome),
    )


def open_purchase(
    response: service_pb.GetPurchaseResponse, keys: OutcomeKeys, merchant_id: int, request_id: UUID | None
) -> PurchaseView:
    """A purchase with the answer that made it; `request_id` is None if it was named in another way."""
    asked = Asked(merchant_id, request_id, _PURCHASES)
    return PurchaseView(
        from_wire.purchase(response.purchase), open_answer(response.answer, keys, asked, PurchaseResult)
    )


def open_operations(
    response: service_pb.ListOperationsResponse, keys: OutcomeKeys, merchant_id: int
) -> OperationPage:
    """A page of operations, each with its verified answer."""
    return OperationPage(
        tuple(
            Operation(
                request_id=UUID(operation.request_id),
                terminal_id=operation.terminal_id,
                purchase_id=UUID(operation.purchase_id) if operation.purchase_id else None,
                decided_at=from_wire.instant(operation.decided_at),
                result=open_answer(
                    operation.answer, keys, Asked(merchant_id, UUID(operation.request_id)), CommandResult
                ),
            )
            for operation in response.operations
        ),
        response.next_page_token,
    )
