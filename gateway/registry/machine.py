"""States of what the register holds, and the steps between them: data, which a table test walks."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from gateway.registry.enrolment_errors import EnrolmentCode, EnrolmentError


class ApplicationState(StrEnum):
    """Where an application stands."""

    SUBMITTED = "SUBMITTED"
    UNDER_REVIEW = "UNDER_REVIEW"
    REGISTERED = "REGISTERED"
    REFUSED = "REFUSED"


class MerchantState(StrEnum):
    """Where a participant stands; ENDED is excluded (исключён)."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    ENDED = "ENDED"


class AgreementState(StrEnum):
    """Where a subsidy agreement stands. Whether it is in force on a day is told by its dates besides."""

    DRAFT = "DRAFT"
    SENT = "SENT"
    SIGNED = "SIGNED"
    CONCLUDED = "CONCLUDED"
    SETTLED = "SETTLED"
    CANCELLED = "CANCELLED"


class AccountState(StrEnum):
    """Where a bank account of a participant stands."""

    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"


class Machine(Struct, frozen=True):
    """The steps of one kind of thing, (state, step) → state; what is not named is not allowed."""

    ru: str
    en: str
    steps: Mapping[tuple[str, str], str]

    def after(self, state: str, step: str) -> str:
        """The state after a step; raises EnrolmentError STEP_NOT_ALLOWED."""
        found = self.steps.get((state, step))
        if found is None:
            raise EnrolmentError(
                EnrolmentCode.STEP_NOT_ALLOWED, ru=self.ru, en=self.en, state=state, step=step
            )
        return found


APPLICATION: Final = Machine(
    "заявка",
    "application",
    {
        (ApplicationState.SUBMITTED, "review"): ApplicationState.UNDER_REVIEW,
        (ApplicationState.UNDER_REVIEW, "register"): ApplicationState.REGISTERED,
        (ApplicationState.UNDER_REVIEW, "refuse"): ApplicationState.REFUSED,
    },
)

# Whoever was excluded may apply again, and comes back under the same number of the register.
MERCHANT: Final = Machine(
    "участник",
    "merchant",
    {
        (MerchantState.ACTIVE, "suspend"): MerchantState.SUSPENDED,
        (MerchantState.SUSPENDED, "resume"): MerchantState.ACTIVE,
        (MerchantState.ACTIVE, "exclude"): MerchantState.ENDED,
        (MerchantState.SUSPENDED, "exclude"): MerchantState.ENDED,
        (MerchantState.ENDED, "readmit"): MerchantState.ACTIVE,
    },
)

AGREEMENT: Final = Machine(
    "договор",
    "agreement",
    {
        (AgreementState.DRAFT, "send"): AgreementState.SENT,
        (AgreementState.SENT, "sign"): AgreementState.SIGNED,
        (AgreementState.SIGNED, "return"): AgreementState.CONCLUDED,
        (AgreementState.CONCLUDED, "settle"): AgreementState.SETTLED,
        (AgreementState.DRAFT, "cancel"): AgreementState.CANCELLED,
        (AgreementState.SENT, "cancel"): AgreementState.CANCELLED,
        (AgreementState.SIGNED, "cancel"): AgreementState.CANCELLED,
    },
)

ACCOUNT: Final = Machine(
    "счёт",
    "account",
    {
        (AccountState.PROPOSED, "confirm"): AccountState.CONFIRMED,
        (AccountState.PROPOSED, "reject"): AccountState.REJECTED,
    },
)
