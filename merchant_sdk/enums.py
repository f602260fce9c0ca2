"""Names of the wire's numbers. A number that this release does not know reads as UNSPECIFIED."""

from enum import Enum, IntEnum
from typing import Self


class Decision(Enum):
    """What became of a command."""

    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    UNDONE = "UNDONE"
    """No answer came in time, and a Void is confirmed: nothing was taken, nothing will be."""


class WireEnum(IntEnum):
    """An enum of the wire, open for members that a newer gateway adds."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return cls(0) if isinstance(value, int) and value else None


class CommandKind(WireEnum):
    """Which command an outcome answers."""

    UNSPECIFIED = 0
    AUTHORIZE = 1
    SALE = 2
    CAPTURE = 3
    VOID = 4
    REFUND = 5
    ATTACH_RECEIPT = 6
    CLOSE_SHIFT = 7
    ISSUE = 8
    WITHDRAW = 9
    CHANGE_VALIDITY = 10
    BLOCK = 11
    UNBLOCK = 12
    CORRECT = 13
    EXPIRE = 14


class PurchaseState(WireEnum):
    """Where a purchase stands."""

    UNSPECIFIED = 0
    AUTHORIZED = 1
    CAPTURED = 2
    VOIDED = 3
    EXPIRED = 4
    DECLINED = 5


class CardEntryMode(WireEnum):
    """How the card was read."""

    UNSPECIFIED = 0
    CHIP = 1
    CONTACTLESS = 2
    MAGNETIC_STRIPE = 3
    KEYED = 4
    QR = 5


class OwnMoneyKind(WireEnum):
    """How the buyer pays what points do not cover."""

    UNSPECIFIED = 0
    CASH = 1
    CARD = 2
    PREPAID = 3
    OTHER = 4


class ReceiptKind(WireEnum):
    """Kinds of fiscal documents that may belong to a purchase (54-ФЗ)."""

    UNSPECIFIED = 0
    SALE = 1
    RETURN = 2
    CORRECTION_SALE = 3
    CORRECTION_RETURN = 4
    PREPAYMENT = 5
    OFFSET = 6


class ReferenceKind(WireEnum):
    """A list that the gateway decides by."""

    UNSPECIFIED = 0
    PROHIBITED = 1
    CLASSES = 2
    PROGRAMS = 3
    OKPD2 = 4
    CATALOGUE = 5
    NAMES = 6


class SubmissionState(WireEnum):
    """What became of goods that a merchant submitted."""

    UNSPECIFIED = 0
    SUBMITTED = 1
    CONFIRMED = 2
    REFUSED = 3


class LineReason(WireEnum):
    """Why a basket line is paid by points or not."""

    UNSPECIFIED = 0
    ALLOWED = 1
    PROHIBITED = 2
    NOT_GOODS = 3
    EXCISE_UNCLEARED = 4
    PROGRAM_DOES_NOT_ALLOW = 5
    GOODS_UNKNOWN = 6
    GOODS_SUSPECTED = 7


class Reason(WireEnum):
    """Why a request was refused; the lowest number wins when several reasons hold.

    Below 300 are errors, which leave the request id free; from 300 on are declines, which are
    answers and stay under the request id for ever.
    """

    UNSPECIFIED = 0

    MESSAGE_TOO_LARGE = 10
    MESSAGE_MALFORMED = 20
    CLIENT_UNKNOWN = 30
    CLIENT_MAC_WRONG = 32
    CLIENT_CLOCK_WRONG = 34
    CLIENT_REVOKED = 40
    ENROLLMENT_CODE_WRONG = 42
    ENROLLMENT_CODE_SPENT = 44
    ENROLLMENT_PROOF_WRONG = 46
    TERMINAL_NOT_YOURS = 50
    CARD_GUESSING = 52
    TOO_MANY_KEYED_CARDS = 54
    CLAIMS_NOT_FOR_TILLS = 56
    FIELD_MISSING = 60
    FIELD_INVALID = 70
    REQUEST_ID_INVALID = 80
    TEXT_INVALID = 90
    TOO_MANY_LINES = 100
    TOO_MANY_CERTIFICATES = 110
    DUPLICATE_LINE_NUMBER = 120
    AMOUNT_OUT_OF_RANGE = 130
    QUANTITY_OUT_OF_RANGE = 140
    CHECK_DIGIT_WRONG = 150
    OKPD2_INVALID = 160
    LINE_SUM_MISMATCH = 170
    TOTAL_MISMATCH = 180
    RECEIPT_INVALID = 190
    CERTIFICATE_REQUEST_INVALID = 195
    PAGE_TOKEN_INVALID = 200
    OVERLOADED = 210
    CLIENT_TOO_BUSY = 211
    CARD_TOO_FREQUENT = 212
    TERMINAL_TOO_FREQUENT = 213
    MERCHANT_TOO_FREQUENT = 214
    TOO_MANY_DOWNLOADS = 215
    TOO_MANY_SUBMISSIONS = 216
    EXPIRED_IN_QUEUE = 220
    DOWNLOAD_STALLED = 225
    UNAVAILABLE = 230
    REQUEST_ID_CONFLICT = 240
    NOT_FOUND = 250
    REFERENCE_UNKNOWN = 260
    DAY_NOT_SEALED = 265
    CLAIM_UNKNOWN = 266
    CLAIM_REFUSED = 268
    APPLICATION_UNKNOWN = 270
    APPLICATION_EXISTS = 275
    KEY_IN_USE = 280

    VOIDED_BEFORE_ARRIVAL = 300
    MERCHANT_SUSPENDED = 310
    OUTLET_DISABLED = 320
    TERMINAL_DISABLED = 330
    PURCHASE_UNKNOWN = 340
    CARD_UNKNOWN = 350
    CARD_STOPPED = 360
    ACCOUNT_BLOCKED = 370
    OTHER_TERMINAL = 380
    OTHER_OUTLET = 390
    REPLACES_OTHER_ACCOUNT = 400
    PURCHASE_DECLINED = 405
    ALREADY_VOIDED = 410
    ALREADY_CAPTURED = 420
    NOT_CAPTURED = 430
    HOLD_EXPIRED = 440
    LATE_CAPTURE_REFUSED = 450
    LINE_UNKNOWN = 460
    CAPTURE_ABOVE_AUTHORIZED = 470
    REFUND_ABOVE_CAPTURED = 480
    SHIFT_ALREADY_CLOSED = 490
    CERTIFICATE_UNKNOWN = 500
    PROGRAM_NOT_HELD = 510
    NO_USABLE_CERTIFICATE = 520
    NO_AGREEMENT = 530
    NOTHING_ELIGIBLE = 540
    INSUFFICIENT_POINTS = 550
    OWN_MONEY_NOT_ALLOWED = 560

    PROGRAM_UNKNOWN = 600
    VALIDITY_INVALID = 610
    NOMINAL_NOT_PUBLISHED = 620
    CERTIFICATE_WITHDRAWN = 630
    ALREADY_IN_STATE = 640
    AMOUNT_ABOVE_BALANCE = 650


class ClaimState(WireEnum):
    """Where a claim stands."""

    UNSPECIFIED = 0
    DRAFT = 1
    DISCARDED = 2
    FILED = 3
    UNDER_REVIEW = 4
    RETURNED_TO_MERCHANT = 5
    SUPERSEDED = 6
    APPROVED = 7
    APPROVED_IN_PART = 8
    REFUSED = 9
    PAYABLE = 10
    PARTLY_PAID = 11
    PAID = 12
    RETURNED_BY_BANK = 13


class ClaimDocument(WireEnum):
    """A document of a claim."""

    UNSPECIFIED = 0
    CLAIM_PDF = 1
    REGISTER_XLSX = 2
    REGISTER_CSV = 3
    JSON = 4
    SEAL = 5
