"""A gateway in small: one outcome for each request id, one purchase for each approved sale, signed answers.

It knows one rule of goods (beer, ОКПД2 11.05, is not paid by points) and one card without a certificate.
It is a hand-written fake for the SDK's behaviour tests, not a model of the real rules.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.timestamp_pb2 import Timestamp

from loadtests.cards import made_up_number
from merchant_sdk import new_request_id
from tests.sdk_support.credentials import KEY_ID, MERCHANT_ID, OUTLET_ID, TERMINAL_ID
from tillgate.v1 import purchase_pb2 as pb
from tillgate.v1 import reason_pb2

CARD = made_up_number(1, 19)
CARD_WITHOUT_CERTIFICATE = made_up_number(2, 19)
CERTIFICATE_ID = "01890000-0000-7000-8000-000000000001"
BEER = "11.05"


class ConflictError(Exception):
    """A request id that stands for another body."""


class MissingError(Exception):
    """No such purchase yet."""


@dataclass
class Book:
    """What the gateway has decided."""

    key: Ed25519PrivateKey
    outcomes: dict[str, pb.SignedAnswer] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    purchases: dict[str, pb.Purchase] = field(default_factory=dict)
    entombed: set[str] = field(default_factory=set)

    def decide(self, method: str, request: Any) -> pb.SignedAnswer:
        """The one answer of a command; raises ConflictError for another body under a known id."""
        request_id, body = request.header.request_id, method.encode() + request.SerializeToString()
        if self.bodies.setdefault(request_id, body) != body:
            raise ConflictError("basket")
        if request_id not in self.outcomes:
            outcome = self._blank(method, request.header)
            getattr(self, f"_{_snake(method)}")(request, outcome)
            self.outcomes[request_id] = self.sign(outcome)
        return self.outcomes[request_id]

    def sign(self, outcome: pb.SignedOutcome) -> pb.SignedAnswer:
        """An outcome as it travels."""
        payload = outcome.SerializeToString(deterministic=True)
        return pb.SignedAnswer(signed_payload=payload, signature=self.key.sign(payload), key_id=KEY_ID)

    def find(self, ref: pb.PurchaseRef) -> pb.Purchase:
        """A purchase by request id or purchase id."""
        for purchase in self.purchases.values():
            if getattr(purchase, ref.WhichOneof("name") or "") in (ref.request_id, ref.purchase_id):
                return purchase
        raise MissingError

    def points_taken_kopecks(self) -> int:
        """What all standing purchases hold or have spent."""
        states = (pb.PURCHASE_STATE_AUTHORIZED, pb.PURCHASE_STATE_CAPTURED)
        return sum(p.certificate_kopecks for p in self.purchases.values() if p.state in states)

    def _blank(self, method: str, header: pb.CommandHeader) -> pb.SignedOutcome:
        return pb.SignedOutcome(
            request_id=header.request_id,
            kind=f"COMMAND_KIND_{_snake(method).upper()}",
            decision=pb.DECISION_APPROVED,
            decided_at=_now(),
            merchant_id=MERCHANT_ID,
            terminal_id=header.terminal_id or TERMINAL_ID,
        )

    def quote(self, request: Any) -> pb.Purchase:
        """What an Authorize would make, without a trace."""
        outcome = pb.SignedOutcome()
        Book(self.key)._authorize(request, outcome)
        outcome.purchase.purchase_id = ""
        return outcome.purchase

    def _authorize(
        self,
        request: Any,
        outcome: pb.SignedOutcome,
        state: pb.PurchaseState = pb.PURCHASE_STATE_AUTHORIZED,
    ) -> None:
        if outcome.request_id in self.entombed:
            _decline(outcome, reason_pb2.REASON_VOIDED_BEFORE_ARRIVAL)
            return
        if request.card.number == CARD_WITHOUT_CERTIFICATE:
            _decline(outcome, reason_pb2.REASON_CARD_UNKNOWN)
            return
        lines = [_judge(line) for line in request.basket.lines]
        paid = sum(line.approved_kopecks for line in lines)
        share = pb.CertificateShare(certificate_id=CERTIFICATE_ID, program_code="FOOD", amount_kopecks=paid)
        purchase = pb.Purchase(
            purchase_id=str(new_request_id()),
            request_id=outcome.request_id,
            state=state,
            authorized_at=outcome.decided_at,
            total_kopecks=request.basket.total_kopecks,
            certificate_kopecks=paid,
            own_money_kopecks=request.basket.total_kopecks - paid,
            lines=lines,
            certificates=[share],
            outlet_id=OUTLET_ID,
            terminal_id=outcome.terminal_id,
        )
        self._put(purchase, outcome)

    def _sale(self, request: Any, outcome: pb.SignedOutcome) -> None:
        self._authorize(request, outcome, pb.PURCHASE_STATE_CAPTURED)
        if request.receipts and outcome.HasField("purchase"):
            self.purchases[outcome.purchase.purchase_id].receipts.extend(request.receipts)

    def _capture(self, request: Any, outcome: pb.SignedOutcome) -> None:
        self._move(request, outcome, pb.PURCHASE_STATE_CAPTURED)

    def _void(self, request: Any, outcome: pb.SignedOutcome) -> None:
        try:
            purchase = self.find(request.purchase)
        except MissingError:
            self._void_without_purchase(request.purchase.request_id, outcome)
            return
        if purchase.state == pb.PURCHASE_STATE_VOIDED:
            _decline(outcome, reason_pb2.REASON_ALREADY_VOIDED)
        elif purchase.receipts:
            _decline(outcome, reason_pb2.REASON_ALREADY_CAPTURED)
        else:
            self._move(request, outcome, pb.PURCHASE_STATE_VOIDED)

    def _void_without_purchase(self, request_id: str, outcome: pb.SignedOutcome) -> None:
        if request_id in self.outcomes:
            _decline(outcome, reason_pb2.REASON_PURCHASE_DECLINED)
        else:
            self.entombed.add(request_id)

    def _refund(self, request: Any, outcome: pb.SignedOutcome) -> None:
        purchase = self._move(request, outcome, pb.PURCHASE_STATE_CAPTURED)
        outcome.refund.refund_id = str(new_request_id())
        outcome.refund.points_kopecks = purchase.certificate_kopecks
        outcome.refund.own_money_kopecks = purchase.own_money_kopecks

    def _attach_receipt(self, request: Any, outcome: pb.SignedOutcome) -> None:
        self.find(request.purchase).receipts.extend(request.receipts)
        outcome.purchase.CopyFrom(self.find(request.purchase))

    def _close_shift(self, request: Any, outcome: pb.SignedOutcome) -> None:
        outcome.shift.shift_number = request.header.shift_number
        outcome.shift.captured_count = len(self.purchases)

    def _move(self, request: Any, outcome: pb.SignedOutcome, state: pb.PurchaseState) -> pb.Purchase:
        purchase = self.find(request.purchase)
        purchase.state = state
        self._put(purchase, outcome)
        return purchase

    def _put(self, purchase: pb.Purchase, outcome: pb.SignedOutcome) -> None:
        self.purchases[purchase.purchase_id] = purchase
        outcome.purchase.CopyFrom(purchase)


def _judge(line: pb.BasketLine) -> pb.PurchaseLine:
    is_beer = line.okpd2.startswith(BEER)
    reason = reason_pb2.LINE_REASON_PROHIBITED if is_beer else reason_pb2.LINE_REASON_ALLOWED
    return pb.PurchaseLine(
        line_number=line.line_number,
        quantity_milli=line.quantity_milli,
        amount_kopecks=line.amount_kopecks,
        approved_kopecks=0 if is_beer else line.amount_kopecks,
        reason=reason,
        list_version="test-1",
    )


def _decline(outcome: pb.SignedOutcome, reason: reason_pb2.Reason) -> None:
    outcome.decision = pb.DECISION_DECLINED
    outcome.reason = reason
    outcome.notice.cashier_en = reason_pb2.Reason.Name(reason)


def _now() -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(datetime.now(UTC))
    return stamp


def _snake(method: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in method).lstrip("_")
