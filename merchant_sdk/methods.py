"""The allow-list of retries: which calls may be repeated, and what follows when no answer came.

    method                       repeated, same id         when the outcome stays unknown
    ---------------------------  ------------------------  -----------------------------------------------
    Quote, GetBalance,           yes: they change nothing  the error is raised
    GetPurchase, ListOperations,
    ExplainLine
    Authorize, Sale              yes: one id, one outcome  UNDO: GetPurchase, and a Void of what does not
                                                           stand. No goods were given for points yet, so
                                                           undoing is always right; and a Void is final
                                                           also for a request that arrives after it
    Capture                      yes                       REPEAT later, never void: the goods are gone,
                                                           and the hold or the late capture window waits
    Void                         yes                       REPEAT later: it is the undoing
    Refund                       yes                       REPEAT later: the goods came back, the buyer has
                                                           a right to the points
    AttachReceipt, CloseShift    yes                       REPEAT later: facts that need to be told
    ListReferences,              yes: they change nothing  the error is raised; a download that broke off
    DownloadReference,                                     begins anew
    DownloadStopList
    GetDaySeal, ListDayLeaves    yes: they change nothing  the error is raised
    ListClaims, GetClaim,        yes: they change nothing  the error is raised
    ListClaimLines,
    DownloadClaimDocument,
    ListClaimOperations,
    GetReceivables
    SignClaim, ObjectToClaim     yes: the same content is  the error is raised
                                 the same act
    SubmitGoods,                 yes: the same content is  the error is raised
    ListSubmittedGoods           the same submission

What is repeated, and when: UNAVAILABLE, and CANCELLED by a gateway that stops, with jittered back-off;
RESOURCE_EXHAUSTED after the wait that its RetryInfo names; DEADLINE_EXCEEDED once. No other status is, nor
a method that is not in `AFTERMATH`.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Final, TypeAlias

from merchant_sdk.enums import CommandKind


class Method(StrEnum):
    """Methods of tillgate.v1.PurchaseService, by their names on the wire."""

    QUOTE = "Quote"
    AUTHORIZE = "Authorize"
    SALE = "Sale"
    CAPTURE = "Capture"
    VOID = "Void"
    REFUND = "Refund"
    ATTACH_RECEIPT = "AttachReceipt"
    GET_PURCHASE = "GetPurchase"
    GET_BALANCE = "GetBalance"
    CLOSE_SHIFT = "CloseShift"
    LIST_OPERATIONS = "ListOperations"


class ReferenceMethod(StrEnum):
    """Methods of tillgate.v1.ReferenceService, likewise."""

    LIST_REFERENCES = "ListReferences"
    DOWNLOAD_REFERENCE = "DownloadReference"
    DOWNLOAD_STOP_LIST = "DownloadStopList"


class GoodsMethod(StrEnum):
    """Methods of tillgate.v1.GoodsService, likewise."""

    SUBMIT_GOODS = "SubmitGoods"
    LIST_SUBMITTED_GOODS = "ListSubmittedGoods"
    EXPLAIN_LINE = "ExplainLine"


class RecordMethod(StrEnum):
    """Methods of tillgate.v1.RecordService, likewise."""

    GET_DAY_SEAL = "GetDaySeal"
    LIST_DAY_LEAVES = "ListDayLeaves"


class ClaimMethod(StrEnum):
    """Methods of tillgate.v1.ClaimService, likewise."""

    LIST_CLAIMS = "ListClaims"
    GET_CLAIM = "GetClaim"
    LIST_CLAIM_LINES = "ListClaimLines"
    DOWNLOAD_CLAIM_DOCUMENT = "DownloadClaimDocument"
    SIGN_CLAIM = "SignClaim"
    OBJECT_TO_CLAIM = "ObjectToClaim"
    LIST_CLAIM_OPERATIONS = "ListClaimOperations"
    GET_RECEIVABLES = "GetReceivables"


AnyMethod: TypeAlias = Method | ReferenceMethod | GoodsMethod | RecordMethod | ClaimMethod


class Aftermath(Enum):
    """What follows when the outcome of a call stays unknown."""

    RAISE = "RAISE"
    UNDO = "UNDO"
    REPEAT = "REPEAT"


AFTERMATH: Final[Mapping[AnyMethod, Aftermath]] = {
    Method.QUOTE: Aftermath.RAISE,
    Method.GET_PURCHASE: Aftermath.RAISE,
    Method.GET_BALANCE: Aftermath.RAISE,
    Method.LIST_OPERATIONS: Aftermath.RAISE,
    Method.AUTHORIZE: Aftermath.UNDO,
    Method.SALE: Aftermath.UNDO,
    Method.CAPTURE: Aftermath.REPEAT,
    Method.VOID: Aftermath.REPEAT,
    Method.REFUND: Aftermath.REPEAT,
    Method.ATTACH_RECEIPT: Aftermath.REPEAT,
    Method.CLOSE_SHIFT: Aftermath.REPEAT,
    ReferenceMethod.LIST_REFERENCES: Aftermath.RAISE,
    ReferenceMethod.DOWNLOAD_REFERENCE: Aftermath.RAISE,
    ReferenceMethod.DOWNLOAD_STOP_LIST: Aftermath.RAISE,
    GoodsMethod.SUBMIT_GOODS: Aftermath.RAISE,
    GoodsMethod.LIST_SUBMITTED_GOODS: Aftermath.RAISE,
    GoodsMethod.EXPLAIN_LINE: Aftermath.RAISE,
    RecordMethod.GET_DAY_SEAL: Aftermath.RAISE,
    RecordMethod.LIST_DAY_LEAVES: Aftermath.RAISE,
    **dict.fromkeys(ClaimMethod, Aftermath.RAISE),
}

KINDS: Final[Mapping[Method, CommandKind]] = {
    Method.AUTHORIZE: CommandKind.AUTHORIZE,
    Method.SALE: CommandKind.SALE,
    Method.CAPTURE: CommandKind.CAPTURE,
    Method.VOID: CommandKind.VOID,
    Method.REFUND: CommandKind.REFUND,
    Method.ATTACH_RECEIPT: CommandKind.ATTACH_RECEIPT,
    Method.CLOSE_SHIFT: CommandKind.CLOSE_SHIFT,
}
"""The kind of outcome that answers a command."""
