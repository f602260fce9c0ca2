"""What the gateway knows of purchases, refunds, shifts and certificates, as frozen values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from merchant_sdk.basket import FiscalReceipt
from merchant_sdk.enums import LineReason, PurchaseState, Reason


@dataclass(frozen=True, slots=True)
class StopListMark:
    """The version of the stop list that the gateway went by, and when it was made."""

    version: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """What people at the till should read, in Russian and English."""

    cashier_ru: str = ""
    cashier_en: str = ""
    buyer_ru: str = ""
    buyer_en: str = ""


@dataclass(frozen=True, slots=True)
class ByPurchaseId:
    """Names a purchase by its id."""

    purchase_id: UUID


@dataclass(frozen=True, slots=True)
class ByRequestId:
    """Names a purchase by the request id of its Authorize or Sale."""

    request_id: UUID


@dataclass(frozen=True, slots=True)
class ByReceipt:
    """Names a purchase by a fiscal receipt: ФН (tag 1041) and ФД (tag 1040)."""

    fiscal_drive_number: str
    fiscal_document_number: int


PurchaseRef = ByPurchaseId | ByRequestId | ByReceipt


@dataclass(frozen=True, slots=True)
class CertificateShare:
    """What one certificate pays. `available_kopecks` is what it has left; 0 in a share of a line."""

    certificate_id: UUID
    program_code: str
    amount_kopecks: int
    available_kopecks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseLine:
    """The decision of one line, and what was captured and refunded of it since.

    `rule_id`, `list_version` and `evidence_source` say which rule decided and by what it knew the goods.
    """

    line_number: int
    quantity_milli: int
    amount_kopecks: int
    approved_kopecks: int
    reason: LineReason
    rule_id: str
    list_version: str
    evidence_source: str
    notice: Notice
    shares: Sequence[CertificateShare]
    captured_quantity_milli: int
    captured_amount_kopecks: int
    captured_points_kopecks: int
    refunded_quantity_milli: int
    refunded_amount_kopecks: int
    refunded_points_kopecks: int
    capped_by_ceiling: bool

    @property
    def is_allowed(self) -> bool:
        """True if points may pay for these goods at all."""
        return self.reason is LineReason.ALLOWED

    @property
    def own_money_kopecks(self) -> int:
        """What of the line points do not pay."""
        return self.amount_kopecks - self.approved_kopecks


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """A purchase as it stands. In a quote it has no id and no times.

    `certificate_kopecks` + `own_money_kopecks` = `total_kopecks`. `hold_expires_at` is the first instant at
    which the hold reserves nothing. `sale_date` (Moscow) is what the subsidy claim goes by.
    `shortfall_kopecks` is what a late capture no longer found on the certificates.
    `rest_lapses_kopecks` is what lapses with the capture of a one-shot certificate. `captured_after_stop`:
    the card was stopped between hold and capture, which stands.
    """

    purchase_id: UUID | None
    request_id: UUID | None
    state: PurchaseState
    authorized_at: datetime | None
    hold_expires_at: datetime | None
    captured_at: datetime | None
    sale_date: date | None
    is_late: bool
    total_kopecks: int
    rounding_kopecks: int
    eligible_kopecks: int
    certificate_kopecks: int
    own_money_kopecks: int
    refunded_kopecks: int
    shortfall_kopecks: int
    rest_lapses_kopecks: int
    approved_partially: bool
    lines: Sequence[PurchaseLine]
    certificates: Sequence[CertificateShare]
    receipts: Sequence[FiscalReceipt]
    outlet_id: int
    terminal_id: int
    captured_after_stop: bool = False

    @property
    def ref(self) -> PurchaseRef:
        """Names this purchase in a capture, void, refund or look-up.

        Raises LookupError for a quoted one, which does not exist.
        """
        if self.purchase_id is None:
            raise LookupError("a quote makes no purchase")
        return ByPurchaseId(self.purchase_id)

    @property
    def refused_lines(self) -> Sequence[PurchaseLine]:
        """The lines that points may not pay, for the cashier to show."""
        return tuple(line for line in self.lines if not line.is_allowed)

    @property
    def is_standing(self) -> bool:
        """True if points are held or spent for it now."""
        return self.state in (PurchaseState.AUTHORIZED, PurchaseState.CAPTURED)


@dataclass(frozen=True, slots=True)
class RefundedLine:
    """What came back of one line."""

    line_number: int
    quantity_milli: int
    amount_kopecks: int
    points_kopecks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """One refund. `own_money_kopecks` is what the till hands to the buyer.

    `lapsed_kopecks` is the part of `points_kopecks` whose certificate is past its last day.
    """

    refund_id: UUID
    lines: Sequence[RefundedLine]
    points_kopecks: int
    own_money_kopecks: int
    certificates: Sequence[CertificateShare]
    lapsed_kopecks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftTotals:
    """End-of-shift totals of one terminal; `open_*` are holds neither captured, voided nor expired."""

    shift_number: int
    captured_count: int
    captured_kopecks: int
    refund_count: int
    refunded_kopecks: int
    voided_count: int
    open_count: int
    open_kopecks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateBalance:
    """What a certificate has. `last_day` (Moscow) is the last on which it can be spent."""

    certificate_id: UUID
    program_code: str
    program_name_ru: str
    program_name_en: str
    available_kopecks: int
    held_kopecks: int
    last_day: date | None
    is_one_shot: bool
    allows_own_money: bool
    is_usable: bool


@dataclass(frozen=True, slots=True)
class Balance:
    """The certificates of a card, without a name. `reason` and `notice` say why it may not be served."""

    certificates: Sequence[CertificateBalance]
    read_at: datetime
    reason: Reason
    notice: Notice
    stop_list: StopListMark | None = None

    @property
    def may_be_served(self) -> bool:
        """True unless the card is stopped, unknown or blocked."""
        return self.reason is Reason.UNSPECIFIED
