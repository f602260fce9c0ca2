"""A till's own books: what it sold, for which points, and what it gave back.

They are kept from the basket at hand and the answers as they came in, and compared with what the gateway says
at the end of the day. Nothing here asks the gateway.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from loadtests.demo.checks import Part, check_capture, check_purchase, check_refund, expected_refund
from merchant_sdk import (
    Basket,
    CaptureLine,
    CertificateShare,
    CommandResult,
    Purchase,
    PurchaseResult,
    PurchaseState,
    RefundLine,
    RefundResult,
    ShiftTotals,
)

_CLOCKS_AGREE_WITHIN: Final = timedelta(seconds=1)


@dataclass(slots=True)
class Bought:
    """A purchase as the till has it. `points` are held or spent, by certificate, refunds not taken off."""

    purchase_id: UUID
    request_id: UUID
    basket: Basket
    state: PurchaseState
    hold_expires_at: datetime
    points: dict[UUID, int]
    captured: dict[int, Part] = field(default_factory=dict)
    refunded: dict[int, Part] = field(default_factory=dict)
    own_money_kopecks: int = 0
    rest_kopecks: int = 0
    shortfall_kopecks: int = 0

    @property
    def points_kopecks(self) -> int:
        """Held or spent in all."""
        return sum(self.points.values())

    def comes_back_kopecks(self, lines: Sequence[RefundLine]) -> int:
        """What a return of these lines, or of all that is left, comes to; 0 if more is asked than is left."""
        asked = lines or _all_that_is_left(self)
        for line in asked:
            sold, before = self.captured[line.line_number], self.refunded.get(line.line_number, Part())
            if before.quantity_milli + line.quantity_milli > sold.quantity_milli:
                return 0
        return sum(p.amount_kopecks for p in expected_refund(self.captured, self.refunded, asked).values())

    def holds_at(self, now: datetime) -> bool:
        """True if it is authorized and its hold has not run out."""
        return self.state is PurchaseState.AUTHORIZED and now < self.hold_expires_at


@dataclass(slots=True)
class Books:
    """The books of one till for one shift."""

    bought: dict[UUID, Bought] = field(default_factory=dict)
    answers: dict[UUID, bytes] = field(default_factory=dict)
    baskets: dict[UUID, Basket] = field(default_factory=dict)
    undone: set[UUID] = field(default_factory=set)
    refund_count: int = 0
    refunded_kopecks: int = 0
    refunded: Counter[UUID] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def note(self, what: str, found: Iterable[str]) -> None:
        """Write down what an answer got wrong."""
        self.wrong += [f"{what}: {problem}" for problem in found]

    def answered(self, request_id: UUID, result: CommandResult) -> None:
        """Keep the signed bytes; the same request must get the same bytes for ever."""
        if isinstance(result, PurchaseResult) and result.undone_by_request_id is not None:
            self.undone.add(request_id)
            request_id = result.undone_by_request_id
        known = self.answers.setdefault(request_id, result.signed.payload)
        if known != result.signed.payload:
            self.wrong.append(f"request {request_id} got two different answers")

    def purchased(
        self, basket: Basket, result: PurchaseResult, replaces: Bought | None = None
    ) -> Bought | None:
        """Book an Authorize or Sale, and the purchase that it replaced; None unless it stands."""
        self.answered(result.request_id, result)
        self.baskets[result.request_id] = basket
        purchase = result.purchase_if_any
        if purchase is None:
            return None
        if result.is_undone:
            self._undone(basket, purchase, replaces)
            return None
        self.note(
            f"{result.kind.name} {result.request_id}",
            check_purchase(basket, purchase, is_approved=result.is_approved),
        )
        if not result.is_approved:
            return None
        if replaces is not None:
            replaces.state = PurchaseState.VOIDED
        bought = self._open(basket, purchase)
        if purchase.state is PurchaseState.CAPTURED:
            self._capture(bought, purchase, whole(basket))
        return bought

    def captured(self, bought: Bought, result: PurchaseResult, lines: Sequence[CaptureLine]) -> None:
        """Book a Capture; `lines` empty means the whole purchase."""
        self.answered(result.request_id, result)
        if result.is_approved:
            asked = {line.line_number: Part(line.quantity_milli, line.amount_kopecks) for line in lines}
            self._capture(bought, result.purchase, asked or whole(bought.basket))

    def voided(self, bought: Bought | None, result: PurchaseResult) -> None:
        """Book a Void."""
        self.answered(result.request_id, result)
        if result.is_approved and bought is not None:
            bought.state = PurchaseState.VOIDED

    def refund(self, bought: Bought, result: RefundResult, lines: Sequence[RefundLine]) -> None:
        """Book a Refund that this till made, of a purchase of its own or of a sister's."""
        self.answered(result.request_id, result)
        if not result.is_approved:
            return
        made = result.refund
        asked = lines or _all_that_is_left(bought)
        expected = expected_refund(bought.captured, bought.refunded, asked)
        problems = check_refund(expected, made, has_shortfall=bought.shortfall_kopecks > 0)
        self.note(f"refund {made.refund_id}", problems)
        for number, part in expected.items():
            before = bought.refunded.get(number, Part())
            bought.refunded[number] = Part(
                before.quantity_milli + part.quantity_milli,
                before.amount_kopecks + part.amount_kopecks,
                before.points_kopecks + part.points_kopecks,
            )
        self.refund_count += 1
        self.refunded_kopecks += made.points_kopecks
        self.refunded.update(_by_certificate(made.certificates))
        if sum(part.points_kopecks for part in bought.refunded.values()) == bought.points_kopecks:
            bought.rest_kopecks = 0

    def expected_totals(self, shift_number: int, now: datetime) -> ShiftTotals:
        """What the gateway should say when the shift is closed at `now`."""
        captured = [b for b in self.bought.values() if b.state is PurchaseState.CAPTURED]
        open_holds = [b for b in self.bought.values() if b.holds_at(now)]
        return ShiftTotals(
            shift_number=shift_number,
            captured_count=len(captured),
            captured_kopecks=sum(b.points_kopecks for b in captured),
            refund_count=self.refund_count,
            refunded_kopecks=self.refunded_kopecks,
            voided_count=sum(b.state is PurchaseState.VOIDED for b in self.bought.values()),
            open_count=len(open_holds),
            open_kopecks=sum(b.points_kopecks for b in open_holds),
        )

    def taken(self, now: datetime) -> tuple[Counter[UUID], Counter[UUID]]:
        """What is gone from each certificate for good, refunds taken off, and what is held of it now."""
        gone: Counter[UUID] = Counter()
        held: Counter[UUID] = Counter()
        for bought in self.bought.values():
            if bought.state is PurchaseState.CAPTURED:
                gone.update(bought.points)
                for certificate_id in bought.points:
                    gone[certificate_id] += bought.rest_kopecks
            elif bought.holds_at(now):
                held.update(bought.points)
        gone.subtract(self.refunded)
        return gone, held

    def hold_ran_out(self, since: datetime, until: datetime) -> bool:
        """Whether a hold of this till may have run out in between, by clocks that agree within a second.

        From that instant its points are the holder's again, and a decision may give more than was quoted.
        """
        return any(
            bought.state is PurchaseState.AUTHORIZED
            and since - _CLOCKS_AGREE_WITHIN <= bought.hold_expires_at <= until + _CLOCKS_AGREE_WITHIN
            for bought in self.bought.values()
        )

    def _open(self, basket: Basket, purchase: Purchase) -> Bought:
        if purchase.purchase_id is None or purchase.request_id is None or purchase.hold_expires_at is None:
            raise LookupError("an approved purchase has its ids and its hold")
        bought = Bought(
            purchase.purchase_id,
            purchase.request_id,
            basket,
            PurchaseState.AUTHORIZED,
            purchase.hold_expires_at,
            _by_certificate(purchase.certificates),
        )
        return self.bought.setdefault(bought.purchase_id, bought)

    def _capture(self, bought: Bought, purchase: Purchase, asked: Mapping[int, Part]) -> None:
        self.note(f"capture of {bought.purchase_id}", check_capture(bought.basket, asked, purchase))
        bought.state = PurchaseState.CAPTURED
        bought.points = _by_certificate(purchase.certificates)
        bought.own_money_kopecks = purchase.own_money_kopecks
        bought.rest_kopecks = purchase.rest_lapses_kopecks
        bought.shortfall_kopecks = purchase.shortfall_kopecks
        bought.captured = {
            line.line_number: Part(
                line.captured_quantity_milli, line.captured_amount_kopecks, line.captured_points_kopecks
            )
            for line in purchase.lines
            if line.captured_quantity_milli
        }

    def _undone(self, basket: Basket, purchase: Purchase, replaces: Bought | None) -> None:
        """It had arrived, and was voided; what it replaced went with its arrival."""
        if purchase.state is PurchaseState.VOIDED:
            self._open(basket, purchase).state = PurchaseState.VOIDED
            if replaces is not None:
                replaces.state = PurchaseState.VOIDED


def whole(basket: Basket) -> dict[int, Part]:
    """Every line as it was authorized."""
    return {line.line_number: Part(line.quantity_milli, line.amount_kopecks) for line in basket.lines}


def _all_that_is_left(bought: Bought) -> tuple[RefundLine, ...]:
    left = {
        number: part.quantity_milli - bought.refunded.get(number, Part()).quantity_milli
        for number, part in bought.captured.items()
    }
    return tuple(RefundLine(number, quantity) for number, quantity in left.items() if quantity)


def _by_certificate(shares: Iterable[CertificateShare]) -> dict[UUID, int]:
    return {share.certificate_id: share.amount_kopecks for share in shares}
