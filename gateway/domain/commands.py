"""Commands: the only things that change money. Every door turns its input into one of these."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from gateway.domain.basket import Basket
from gateway.domain.certificate import Bucket
from gateway.domain.purchase import FiscalReceipt, OwnMoneyPart


class Origin(Struct, frozen=True, gc=False, omit_defaults=True):
    """Who sends: the terminal, its outlet and merchant, the concentrator that speaks for it (0 = none)."""

    merchant_id: int
    outlet_id: int
    terminal_id: int
    concentrator_id: int = 0
    shift_number: int = 0
    cashier_ref: str = ""


class ByPurchaseId(Struct, frozen=True, gc=False, omit_defaults=True):
    """Names a purchase by its id."""

    purchase_id: UUID


class ByRequestId(Struct, frozen=True, gc=False, omit_defaults=True):
    """Names a purchase by the request id of its Authorize or Sale."""

    request_id: UUID


class ByReceipt(Struct, frozen=True, gc=False, omit_defaults=True):
    """Names a purchase by a fiscal receipt: (ФН, ФД)."""

    fiscal_drive_number: str
    fiscal_document_number: int


PurchaseRef = ByPurchaseId | ByRequestId | ByReceipt


class Authorize(Struct, frozen=True, gc=False, omit_defaults=True):
    """Hold points for a basket; `is_sale` captures in the same command.

    `card_token` is the keyed token of the card; `is_keyed`: its number was typed.
    `program_code` "" means any program that is not one-shot; `certificate_ids` () means any certificate.
    """

    request_id: UUID
    origin: Origin
    card_token: bytes
    basket: Basket
    program_code: str = ""
    certificate_ids: tuple[UUID, ...] = ()
    accept_partial: bool = False
    replaces_request_id: UUID | None = None
    own_money: tuple[OwnMoneyPart, ...] = ()
    is_sale: bool = False
    receipts: tuple[FiscalReceipt, ...] = ()
    is_keyed: bool = False


class CaptureLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """How much of one line is captured."""

    line_number: int
    quantity_milli: int
    amount_kopecks: int


class Capture(Struct, frozen=True, gc=False, omit_defaults=True):
    """Spend a hold, whole (`lines` empty) or by line; after the hold's end a late capture."""

    request_id: UUID
    origin: Origin
    purchase: PurchaseRef
    lines: tuple[CaptureLine, ...] = ()
    rounding_kopecks: int = 0
    own_money: tuple[OwnMoneyPart, ...] = ()
    receipts: tuple[FiscalReceipt, ...] = ()

    def __post_init__(self) -> None:
        _refuse_repeated(self.lines)


class Void(Struct, frozen=True, gc=False, omit_defaults=True):
    """Undo a hold, or a capture that nothing stands on yet."""

    request_id: UUID
    origin: Origin
    purchase: PurchaseRef


class RefundLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """How much of one captured line comes back."""

    line_number: int
    quantity_milli: int


def _refuse_repeated(lines: Sequence[CaptureLine | RefundLine]) -> None:
    """A door names the line; here it is a last defence, since one line taken twice is money made."""
    if len({line.line_number for line in lines}) != len(lines) or any(
        line.quantity_milli <= 0 for line in lines
    ):
        raise ValueError("each line is named once, with a quantity above zero")


class Refund(Struct, frozen=True, gc=False, omit_defaults=True):
    """Give captured points back, by line, or everything that is left (`lines` empty)."""

    request_id: UUID
    origin: Origin
    purchase: PurchaseRef
    lines: tuple[RefundLine, ...] = ()
    receipts: tuple[FiscalReceipt, ...] = ()

    def __post_init__(self) -> None:
        _refuse_repeated(self.lines)


class AttachReceipt(Struct, frozen=True, gc=False, omit_defaults=True):
    """Add fiscal receipts to a purchase."""

    request_id: UUID
    origin: Origin
    purchase: PurchaseRef
    receipts: tuple[FiscalReceipt, ...] = ()


class CloseShift(Struct, frozen=True, gc=False, omit_defaults=True):
    """Close a fiscal shift (`origin.shift_number`) of the terminal and total it."""

    request_id: UUID
    origin: Origin


class Act(Struct, frozen=True, gc=False, omit_defaults=True):
    """The deciding act of a department command: body, number, date."""

    body: str
    number: str
    date: date


class Issue(Struct, frozen=True, gc=False, omit_defaults=True):
    """Credit a certificate to the account of a holder (зачисление).

    `issue_ref` is the department's unique key of the row; `request_id` is derived from it.
    `names_own_nominal` says that the act itself sets the nominal, which then need not be the
    published one of its class.
    """

    request_id: UUID
    issue_ref: str
    holder_ref: str
    program_code: str
    program_version: int
    nominal_kopecks: int
    first_day: date
    last_day: date
    act: Act
    names_own_nominal: bool = False


class WithdrawReason(StrEnum):
    """Why a certificate is withdrawn."""

    HOLDER_DIED = "HOLDER_DIED"
    ISSUED_IN_ERROR = "ISSUED_IN_ERROR"
    DECISION_CANCELLED = "DECISION_CANCELLED"
    REFUSED = "REFUSED"


class Withdraw(Struct, frozen=True, gc=False, omit_defaults=True):
    """Lapse what is available of a certificate, and whatever comes back to it later."""

    request_id: UUID
    certificate_id: UUID
    reason: WithdrawReason
    act: Act


class ChangeValidity(Struct, frozen=True, gc=False, omit_defaults=True):
    """Move a certificate's last day by an act; a later one restores what time had lapsed."""

    request_id: UUID
    certificate_id: UUID
    last_day: date
    act: Act


class SetBlock(Struct, frozen=True, gc=False, omit_defaults=True):
    """Block or unblock a certificate, or the whole account of a holder (`certificate_id` None)."""

    request_id: UUID
    holder_ref: str
    certificate_id: UUID | None
    is_blocked: bool
    act: Act


class Expire(Struct, frozen=True, gc=False, omit_defaults=True):
    """Book what time has done to an idle account; every other command does that first by itself."""

    request_id: UUID
    account_id: int


class Correct(Struct, frozen=True, gc=False, omit_defaults=True):
    """An operator's correction between AVAILABLE and LAPSED, by a document."""

    request_id: UUID
    certificate_id: UUID
    source: Bucket
    target: Bucket
    amount_kopecks: int
    document_number: str

    def __post_init__(self) -> None:
        if {self.source, self.target} != {Bucket.AVAILABLE, Bucket.LAPSED} or self.amount_kopecks <= 0:
            raise ValueError("a correction moves points between AVAILABLE and LAPSED")


TillCommand = Authorize | Capture | Void | Refund | AttachReceipt
DepartmentCommand = Issue | Withdraw | ChangeValidity | SetBlock | Expire | Correct
Command = TillCommand | DepartmentCommand
