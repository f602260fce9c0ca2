"""What a subsidy agreement says of its settlement.

Appendix 4 of the decree (213-ПП) is no public text, so form, period, terms and evidence are settings here. A
default names its source; one without is the project's own choice and no law.
"""

from enum import IntEnum, StrEnum
from typing import Annotated

from msgspec import Meta, Struct

_WorkingDays = Annotated[int, Meta(ge=0, le=250)]
_Percent = Annotated[int, Meta(ge=0, le=100)]
_Digits20 = Annotated[str, Meta(pattern=r"^([0-9]{20})?$")]


class Period(StrEnum):
    """How much time one claim covers."""

    MONTH = "MONTH"
    QUARTER = "QUARTER"


class Evidence(IntEnum):
    """How well a receipt is known; more is better."""

    NONE = 0
    DECLARED = 1
    """The merchant says its requisites."""
    TAX_FILE = 2
    """It stands in a file of the tax service that the merchant sent, and agrees with it."""
    CONFIRMED = 3
    """A checker outside of us confirmed it."""


class SignatureForm(StrEnum):
    """How the merchant signs a claim."""

    QUALIFIED = "QUALIFIED"
    """Detached CMS of the signatory's qualified signature (63-ФЗ)."""
    PAPER = "PAPER"
    """Signed on paper; a scan is stored."""


class OverLimit(StrEnum):
    """What becomes of lines for which ceiling or budget do not suffice."""

    CARRY = "CARRY"
    REFUSE = "REFUSE"


class SettlementTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of one agreement. Working days are those of the Russian production calendar.

    `file_by_day` is the day of the month after the period by which a claim is filed (federal practice of
    reports on lost income: monthly, not later than the 20th of the next month); `file_by_working_day`, where
    above 0, counts working days instead. All other terms are the project's choice. `evidence` is what a
    receipt needs at least so that its line is claimed. `sample_percent` of a claim's sale lines, at least
    `sample_lines_min` of them, must be CONFIRMED before it is filed; 0 and 0 ask for none.
    `receipt_tolerance_kopecks` is how far a receipt may be from its purchase. `may_net_refunds` lets
    refunds of the same budget year lower the next claim; without it each is demanded back.
    `certificate_tags` are the receipt's tags of payment under which the certificate's share may stand (1031
    cash, 1081 card, 1215 prepaid, 1216 credit, 1217 other); others are reported and never refused. `kbk`,
    `revenue_kbk`, `personal_account` (лицевой счёт), `obligation_number` and `purpose_code` go into payments,
    and `purpose` is their text. `form` names the template of the claim's documents.
    """

    period: Period = Period.MONTH
    file_by_day: Annotated[int, Meta(ge=1, le=31)] = 20
    file_by_working_day: _WorkingDays = 0
    review_within_working_days: _WorkingDays = 10
    object_within_working_days: _WorkingDays = 5
    answer_within_working_days: _WorkingDays = 10
    pay_within_working_days: _WorkingDays = 10
    return_within_working_days: _WorkingDays = 10
    remind_before_working_days: _WorkingDays = 3
    evidence: Evidence = Evidence.DECLARED
    sample_percent: _Percent = 0
    sample_lines_min: Annotated[int, Meta(ge=0, le=10_000)] = 0
    receipt_tolerance_kopecks: Annotated[int, Meta(ge=0, le=10_000)] = 0
    may_net_refunds: bool = True
    over_limit: OverLimit = OverLimit.CARRY
    signature: SignatureForm = SignatureForm.QUALIFIED
    certificate_tags: tuple[str, ...] = ("1081", "1215", "1216", "1217")
    kbk: _Digits20 = ""
    revenue_kbk: _Digits20 = ""
    personal_account: Annotated[str, Meta(max_length=20)] = ""
    obligation_number: Annotated[str, Meta(max_length=40)] = ""
    purpose_code: Annotated[str, Meta(max_length=25)] = ""
    purpose: Annotated[str, Meta(min_length=1, max_length=150)] = (
        "Субсидия в целях возмещения недополученных доходов по договору {agreement} за {period}"
    )
    form: Annotated[str, Meta(min_length=1, max_length=60)] = "standard"
