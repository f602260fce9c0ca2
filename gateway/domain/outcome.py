"""What a decision yields: the one outcome of a request id."""

from uuid import UUID

from msgspec import Struct

from gateway.domain.certificate import Account, Certificate, Entry
from gateway.domain.purchase import Purchase, Refund
from gateway.domain.reasons import Reason


class ShiftTotals(Struct, frozen=True, gc=False):
    """End-of-shift totals of one terminal."""

    shift_number: int
    captured_count: int = 0
    captured_kopecks: int = 0
    refund_count: int = 0
    refunded_kopecks: int = 0
    voided_count: int = 0
    open_count: int = 0
    open_kopecks: int = 0


class Outcome(Struct, frozen=True, gc=False):
    """Approved (reason None) or declined, with what the asker needs to know.

    `available_kopecks` is, of INSUFFICIENT_POINTS, what points could have paid;
    `rest_lapses_kopecks`, of an authorization, what a capture of it as it is lapses on
    one-shot certificates.
    """

    reason: Reason | None = None
    purchase: Purchase | None = None
    refund: Refund | None = None
    certificate: Certificate | None = None
    shift: ShiftTotals | None = None
    available_kopecks: int = 0
    rest_lapses_kopecks: int = 0
    card_stopped_meanwhile: bool = False

    @property
    def is_approved(self) -> bool:
        """True unless declined."""
        return self.reason is None


class Decided(Struct, frozen=True, gc=False):
    """An outcome with the account after it and the entries that led there."""

    operation_id: UUID
    account: Account
    outcome: Outcome
    entries: tuple[Entry, ...] = ()


class Declined(Exception):  # noqa: N818 - a decline is an answer, not an error
    """Raised inside a decision to refuse it; becomes a declined outcome, never leaves the core."""

    def __init__(self, reason: Reason, purchase: Purchase | None = None, available_kopecks: int = 0) -> None:
        super().__init__(reason.name)
        self.outcome = Outcome(reason, purchase=purchase, available_kopecks=available_kopecks)
