"""States of a claim and the steps between them: data, which a table test walks."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class ClaimState(StrEnum):
    """Where a claim stands."""

    DRAFT = "DRAFT"
    DISCARDED = "DISCARDED"
    FILED = "FILED"
    UNDER_REVIEW = "UNDER_REVIEW"
    RETURNED_TO_MERCHANT = "RETURNED_TO_MERCHANT"
    SUPERSEDED = "SUPERSEDED"
    APPROVED = "APPROVED"
    APPROVED_IN_PART = "APPROVED_IN_PART"
    REFUSED = "REFUSED"
    PAYABLE = "PAYABLE"
    PARTLY_PAID = "PARTLY_PAID"
    PAID = "PAID"
    RETURNED_BY_BANK = "RETURNED_BY_BANK"


class ClaimStep(StrEnum):
    """What happens to a claim."""

    DISCARD = "DISCARD"
    FILE = "FILE"
    TAKE_UP = "TAKE_UP"
    RETURN_TO_MERCHANT = "RETURN_TO_MERCHANT"
    SUPERSEDE = "SUPERSEDE"
    APPROVE = "APPROVE"
    APPROVE_IN_PART = "APPROVE_IN_PART"
    REFUSE = "REFUSE"
    REOPEN = "REOPEN"
    """An objection is upheld before anything is paid."""
    MAKE_PAYABLE = "MAKE_PAYABLE"
    PAY_IN_PART = "PAY_IN_PART"
    PAY = "PAY"
    RETURN_BY_BANK = "RETURN_BY_BANK"
    PAY_AGAIN = "PAY_AGAIN"


_S, _T = ClaimState, ClaimStep

STEPS: Final[Mapping[tuple[ClaimState, ClaimStep], ClaimState]] = {
    (_S.DRAFT, _T.DISCARD): _S.DISCARDED,
    (_S.DRAFT, _T.FILE): _S.FILED,
    (_S.FILED, _T.TAKE_UP): _S.UNDER_REVIEW,
    (_S.FILED, _T.SUPERSEDE): _S.SUPERSEDED,
    (_S.UNDER_REVIEW, _T.SUPERSEDE): _S.SUPERSEDED,
    (_S.RETURNED_TO_MERCHANT, _T.SUPERSEDE): _S.SUPERSEDED,
    (_S.UNDER_REVIEW, _T.RETURN_TO_MERCHANT): _S.RETURNED_TO_MERCHANT,
    (_S.UNDER_REVIEW, _T.APPROVE): _S.APPROVED,
    (_S.UNDER_REVIEW, _T.APPROVE_IN_PART): _S.APPROVED_IN_PART,
    (_S.UNDER_REVIEW, _T.REFUSE): _S.REFUSED,
    (_S.APPROVED_IN_PART, _T.REOPEN): _S.UNDER_REVIEW,
    (_S.REFUSED, _T.REOPEN): _S.UNDER_REVIEW,
    (_S.APPROVED, _T.MAKE_PAYABLE): _S.PAYABLE,
    (_S.APPROVED_IN_PART, _T.MAKE_PAYABLE): _S.PAYABLE,
    (_S.PAYABLE, _T.PAY_IN_PART): _S.PARTLY_PAID,
    (_S.PARTLY_PAID, _T.PAY_IN_PART): _S.PARTLY_PAID,
    (_S.PAYABLE, _T.PAY): _S.PAID,
    (_S.PARTLY_PAID, _T.PAY): _S.PAID,
    (_S.PAYABLE, _T.RETURN_BY_BANK): _S.RETURNED_BY_BANK,
    (_S.PARTLY_PAID, _T.RETURN_BY_BANK): _S.RETURNED_BY_BANK,
    (_S.PAID, _T.RETURN_BY_BANK): _S.RETURNED_BY_BANK,
    (_S.RETURNED_BY_BANK, _T.PAY_AGAIN): _S.PAYABLE,
}
"""What is not named is not allowed."""

LIVE: Final = frozenset(ClaimState) - {_S.DRAFT, _S.DISCARDED, _S.SUPERSEDED}
"""A kopeck stands in at most one line of claims in these states."""
