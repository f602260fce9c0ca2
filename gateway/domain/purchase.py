"""A purchase through its life: AUTHORIZED → CAPTURED, VOIDED or EXPIRED; DECLINED is kept too."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct, field

from gateway.domain.basket import Line
from gateway.domain.judging import Evidence, Verdict
from gateway.domain.reasons import LineReason


class PurchaseState(StrEnum):
    """Where a purchase stands. What is stored is the last decision; time adds EXPIRED."""

    AUTHORIZED = "AUTHORIZED"
    CAPTURED = "CAPTURED"
    VOIDED = "VOIDED"
    EXPIRED = "EXPIRED"
    DECLINED = "DECLINED"


class ReceiptKind(StrEnum):
    """Kinds of fiscal documents that may belong to a purchase."""

    SALE = "SALE"
    RETURN = "RETURN"
    CORRECTION_SALE = "CORRECTION_SALE"
    CORRECTION_RETURN = "CORRECTION_RETURN"
    PREPAYMENT = "PREPAYMENT"
    OFFSET = "OFFSET"


class FiscalReceipt(Struct, frozen=True, gc=False, omit_defaults=True):
    """Requisites of a fiscal receipt (54-ФЗ): tags 1041, 1040, 1077, 1037, 1018, 1038, 1012, 1020."""

    kind: ReceiptKind
    fiscal_drive_number: str
    fiscal_document_number: int
    fiscal_sign: int
    kkt_registration_number: str
    seller_inn: str
    shift_number: int
    issued_at: datetime
    total_kopecks: int

    @property
    def key(self) -> tuple[str, int]:
        """(ФН, ФД): unique in the country."""
        return self.fiscal_drive_number, self.fiscal_document_number


class Share(Struct, frozen=True, gc=False, omit_defaults=True):
    """What one certificate pays of one line, under its program's unit ceiling if there is one."""

    certificate_id: UUID
    amount_kopecks: int
    unit_ceiling_kopecks: int | None = None


class PurchaseLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """A basket line with its decision. `shares` stand in order of payment, `evidence` in order of trust."""

    line: Line
    verdict: Verdict
    reason: LineReason
    shares: tuple[Share, ...] = ()
    is_capped: bool = False
    evidence: tuple[Evidence, ...] = ()

    @property
    def approved_kopecks(self) -> int:
        """What points pay of the line."""
        return sum([share.amount_kopecks for share in self.shares])


class CapturedLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """What was captured of one line; `shares` are points, ≤ those authorized.

    `shortfall_kopecks` is what a late capture wanted of points and did not get: the merchant's loss.
    """

    line_number: int
    quantity_milli: int
    amount_kopecks: int
    shares: tuple[Share, ...]
    shortfall_kopecks: int = 0

    @property
    def points_kopecks(self) -> int:
        """Points spent on the line."""
        return sum([share.amount_kopecks for share in self.shares])

    @property
    def own_money_kopecks(self) -> int:
        """What the buyer paid of the line, a rounding of the receipt aside."""
        return self.amount_kopecks - self.points_kopecks - self.shortfall_kopecks


class Capture(Struct, frozen=True, gc=False, omit_defaults=True):
    """The one capture of a purchase, immutable.

    `sale_date` (Moscow) and `agreements` (certificate → subsidy agreement) decide the claims that
    it belongs to. `shortfall_kopecks` is what a late capture could not cover; `rest_lapsed` is
    what lapsed with one-shot certificates. It counts in the shift of the terminal that captured.
    `is_after_stop`: a card of the account was stopped since the hold, which stands all the same.
    """

    captured_at: datetime
    sale_date: date
    agreements: Mapping[UUID, int]
    is_late: bool
    rounding_kopecks: int
    lines: tuple[CapturedLine, ...]
    shortfall_kopecks: int = 0
    rest_lapsed: Mapping[UUID, int] = field(default_factory=dict)
    shift_number: int = 0
    terminal_id: int = 0
    is_after_stop: bool = False

    @property
    def points_kopecks(self) -> int:
        """Points spent by the capture."""
        return sum(line.points_kopecks for line in self.lines)

    @property
    def total_kopecks(self) -> int:
        """What the buyer owed in the end: captured lines less rounding."""
        return sum(line.amount_kopecks for line in self.lines) - self.rounding_kopecks


class RefundedLine(Struct, frozen=True, gc=False):
    """One line of one refund. `shares` are the points that went back, by certificate."""

    line_number: int
    quantity_milli: int
    amount_kopecks: int
    shares: tuple[Share, ...]

    @property
    def points_kopecks(self) -> int:
        """Points given back on the line."""
        return sum([share.amount_kopecks for share in self.shares])


class Refund(Struct, frozen=True, gc=False):
    """One refund of a captured purchase; its id is the id of its operation.

    `lapsed_kopecks` is the part of the points that went to a certificate past its last day,
    `own_money_kopecks` what the shop gives back of the buyer's own money.
    """

    id: UUID
    refunded_at: datetime
    terminal_id: int
    shift_number: int
    lines: tuple[RefundedLine, ...]
    lapsed_kopecks: int
    own_money_kopecks: int

    @property
    def points_kopecks(self) -> int:
        """Points that left SPENT."""
        return sum(line.points_kopecks for line in self.lines)


class OwnMoneyPart(Struct, frozen=True, gc=False):
    """How the buyer pays the rest; kept as told."""

    kind: str
    amount_kopecks: int


class Purchase(Struct, frozen=True, gc=False):
    """A purchase on one account. `state` is the last decision; ask `state_at` for the truth now.

    `lapsed_from_hold` tells, per certificate, what lapsed when this very hold expired.
    """

    id: UUID
    account_id: int
    request_id: UUID
    merchant_id: int
    outlet_id: int
    terminal_id: int
    concentrator_id: int
    shift_number: int
    cashier_ref: str
    state: PurchaseState
    authorized_at: datetime
    hold_expires_at: datetime
    program_code: str
    list_version: str
    rounding_kopecks: int
    eligible_kopecks: int
    lines: tuple[PurchaseLine, ...]
    own_money: tuple[OwnMoneyPart, ...] = ()
    closed_at: datetime | None = None
    lapsed_from_hold: Mapping[UUID, int] = field(default_factory=dict)
    capture: Capture | None = None
    refunds: tuple[Refund, ...] = ()
    receipts: tuple[FiscalReceipt, ...] = ()
    is_shift_closed: bool = False

    @property
    def total_kopecks(self) -> int:
        """The basket total as authorized."""
        return sum([item.line.amount_kopecks for item in self.lines]) - self.rounding_kopecks

    @property
    def approved_kopecks(self) -> int:
        """The certificate share as authorized."""
        return sum([share.amount_kopecks for item in self.lines for share in item.shares])

    @property
    def refunded_kopecks(self) -> int:
        """Points given back so far."""
        return sum(refund.points_kopecks for refund in self.refunds)

    @property
    def made_capture(self) -> Capture:
        """The capture of a CAPTURED purchase; raises LookupError where there is none."""
        if self.capture is None:
            raise LookupError(f"purchase {self.id} is {self.state} and has no capture")
        return self.capture

    def state_at(self, now: datetime) -> PurchaseState:
        """The state that time and decisions make: an expired hold reserves nothing."""
        if self.state is PurchaseState.AUTHORIZED and now >= self.hold_expires_at:
            return PurchaseState.EXPIRED
        return self.state

    def held_by_certificate(self) -> dict[UUID, int]:
        """What the hold reserves, per certificate, in order of payment."""
        return sum_by_certificate(share for item in self.lines for share in item.shares)


def sum_by_certificate(shares: Iterator[Share]) -> dict[UUID, int]:
    """Add shares up per certificate, keeping the order of first appearance."""
    sums: dict[UUID, int] = {}
    for share in shares:
        sums[share.certificate_id] = sums.get(share.certificate_id, 0) + share.amount_kopecks
    return sums


class JudgedBasket(Struct, frozen=True, gc=False):
    """A basket as it was judged when its Authorize or Sale was decided, approved or not.

    `program_code` is the program that the request named, "" if none.
    """

    id: UUID
    request_id: UUID
    merchant_id: int
    decided_at: datetime
    lines: tuple[PurchaseLine, ...]
    outlet_id: int
    account_id: int
    program_code: str
