"""Return demands: subsidy that a merchant gives back, since its sale was refunded after payment."""

from collections.abc import Mapping
from datetime import date
from enum import Enum, StrEnum, unique
from typing import Final
from uuid import UUID

from msgspec import Struct


class DemandState(StrEnum):
    """Where a demand stands."""

    DEMANDED = "DEMANDED"
    RETURNED = "RETURNED"
    OFFSET = "OFFSET"
    """Given up: the refund lowers the next claim instead."""
    IN_COURT = "IN_COURT"


class DemandStep(StrEnum):
    """What happens to a demand."""

    RETURN = "RETURN"
    """All of its money came back; a part of it changes no state."""
    OFFSET = "OFFSET"
    SUE = "SUE"


_S, _T = DemandState, DemandStep

DEMAND_STEPS: Final[Mapping[tuple[DemandState, DemandStep], DemandState]] = {
    (_S.DEMANDED, _T.RETURN): _S.RETURNED,
    (_S.DEMANDED, _T.OFFSET): _S.OFFSET,
    (_S.DEMANDED, _T.SUE): _S.IN_COURT,
    (_S.IN_COURT, _T.RETURN): _S.RETURNED,
}
"""What is not named is not allowed."""


@unique
class DemandReason(Enum):
    """Why a refund is demanded back and lowers no claim; the texts are Russian and English."""

    NETTING_NOT_AGREED = ("договор не предусматривает зачёта", "the agreement lets nothing be netted")
    YEAR_CLOSED = ("бюджетный год закрыт", "the budget year is closed")
    NO_FURTHER_CLAIM = ("зачесть не в чем", "there is no claim to come that it could lower")


class Demand(Struct, frozen=True):
    """One refund's money that is demanded back."""

    id: int
    agreement_id: int
    operation_id: UUID
    program_code: str
    amount_kopecks: int
    state: DemandState
    reason: str
    revenue_kbk: str
    purpose: str
    demanded_on: date
    due_on: date
    returned_kopecks: int
    offset_claim_id: int | None

    @property
    def left_kopecks(self) -> int:
        """What is still to come."""
        return self.amount_kopecks - self.returned_kopecks
