"""Answers. `is_approved` and its sisters read as sentences; `signed` is what to archive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from merchant_sdk.enums import CommandKind, Decision, Reason
from merchant_sdk.purchases import Notice, Purchase, Refund, ShiftTotals, StopListMark
from merchant_sdk.signatures import SignedBytes

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """The one answer of a request id: verified, then read.

    `reason` is set when declined, `notice` is what cashier and buyer should read.
    """

    request_id: UUID
    kind: CommandKind
    decision: Decision
    reason: Reason
    notice: Notice
    decided_at: datetime
    merchant_id: int
    terminal_id: int
    concentrator_id: int
    signed: SignedBytes

    @property
    def is_approved(self) -> bool:
        """True if the command was done."""
        return self.decision is Decision.APPROVED

    @property
    def is_declined(self) -> bool:
        """True if the gateway said no; sending the same again says the same."""
        return self.decision is Decision.DECLINED


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseResult(CommandResult):
    """The answer of Authorize, Sale, Capture, Void and AttachReceipt.

    `available_kopecks` is, of INSUFFICIENT_POINTS, what points could have paid. Of an undone request,
    `signed` and `decided_at` are those of the Void, whose id is `undone_by_request_id`.
    """

    purchase_if_any: Purchase | None
    available_kopecks: int
    card_stopped_meanwhile: bool
    stop_list: StopListMark | None = None
    undone_by_request_id: UUID | None = None

    @property
    def purchase(self) -> Purchase:
        """The purchase after the command; raises LookupError where there is none."""
        return _present(self.purchase_if_any, self, "purchase")

    @property
    def is_partial(self) -> bool:
        """True if approved for less than what points might have paid."""
        return self.is_approved and self.purchase_if_any is not None and self.purchase.approved_partially

    @property
    def is_undone(self) -> bool:
        """True if no answer came in time and the SDK made sure that nothing was taken."""
        return self.decision is Decision.UNDONE


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundResult(CommandResult):
    """The answer of Refund."""

    purchase_if_any: Purchase | None
    refund_if_any: Refund | None

    @property
    def purchase(self) -> Purchase:
        """The purchase after the refund; raises LookupError where there is none."""
        return _present(self.purchase_if_any, self, "purchase")

    @property
    def refund(self) -> Refund:
        """What came back; raises LookupError when declined."""
        return _present(self.refund_if_any, self, "refund")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftResult(CommandResult):
    """The answer of CloseShift."""

    totals_if_any: ShiftTotals | None

    @property
    def totals(self) -> ShiftTotals:
        """The totals of the shift; raises LookupError when declined."""
        return _present(self.totals_if_any, self, "shift")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What Authorize would answer now. Holds nothing, is recorded nowhere, is not signed."""

    decision: Decision
    reason: Reason
    notice: Notice
    purchase_if_any: Purchase | None
    available_kopecks: int
    stop_list: StopListMark | None = None

    @property
    def is_approved(self) -> bool:
        """True if Authorize would be approved now."""
        return self.decision is Decision.APPROVED

    @property
    def purchase(self) -> Purchase:
        """What the purchase would be; raises LookupError where there is none."""
        return _present(self.purchase_if_any, self, "purchase")

    @property
    def is_partial(self) -> bool:
        """True if Authorize would approve less than what points might pay."""
        return self.is_approved and self.purchase_if_any is not None and self.purchase.approved_partially


@dataclass(frozen=True, slots=True)
class PurchaseView:
    """A purchase as it stands now, beside the stored answer of its Authorize or Sale."""

    purchase: Purchase
    answer: PurchaseResult


@dataclass(frozen=True, slots=True)
class Operation:
    """One of the merchant's outcomes. `purchase_id` is None where no purchase is concerned."""

    request_id: UUID
    terminal_id: int
    purchase_id: UUID | None
    decided_at: datetime
    result: CommandResult


@dataclass(frozen=True, slots=True)
class OperationPage:
    """Some operations in order of decision; `next_page_token` is empty at the end."""

    operations: Sequence[Operation]
    next_page_token: str


def _present(value: _T | None, answer: CommandResult | Quote, name: str) -> _T:
    if value is None:
        raise LookupError(f"{answer.decision.value} {answer.reason.name}: there is no {name}")
    return value
