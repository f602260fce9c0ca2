"""What a subsidy agreement says: days, programs, ceiling, settings; and what an addendum changes."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.domain.settlement_terms import SettlementTerms
from gateway.registry.enrolment_errors import EnrolmentCode, EnrolmentError

_WorkingDays = Annotated[int, Meta(ge=0, le=60)]
_Percent = Annotated[int, Meta(ge=1, le=100)]


class AgreementSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the decree's visible text leaves to the agreement; defaults from the predecessor order.

    The department sends the agreement within `send_within_working_days` of registration, the merchant
    returns it signed within `return_within_working_days` of that. Use of the ceiling is signalled at
    `signals_percent` of it; `stops_sales_at_ceiling` closes the agreement's programs to new authorizations
    once it is used up. `settlement` is what claims go by.
    """

    send_within_working_days: _WorkingDays = 3
    return_within_working_days: _WorkingDays = 5
    signals_percent: tuple[_Percent, ...] = (80, 95, 100)
    stops_sales_at_ceiling: bool = False
    settlement: SettlementTerms = SettlementTerms()


class Terms(Struct, frozen=True, kw_only=True):
    """A new agreement; `last_day` None is without end, `ceiling_kopecks` None without a ceiling."""

    number: str
    first_day: date
    last_day: date | None = None
    program_codes: tuple[str, ...]
    ceiling_kopecks: int | None = None
    settings: AgreementSettings = AgreementSettings()


class Changes(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an addendum changes; what is left out stays."""

    last_day: date | UnsetType | None = UNSET
    ceiling_kopecks: int | UnsetType | None = UNSET
    settings: AgreementSettings | UnsetType = UNSET
    added_program_codes: tuple[str, ...] = ()


NOTHING: Final = Changes()


def read_settings(data: Mapping[str, Any]) -> AgreementSettings:
    """Settings from JSON; raises EnrolmentError SETTINGS_MALFORMED, also for a name that is not known."""
    try:
        return msgspec.convert(data, AgreementSettings)
    except msgspec.ValidationError as error:
        raise EnrolmentError(EnrolmentCode.SETTINGS_MALFORMED, what=str(error)) from None


def check_terms(terms: Terms) -> None:
    """Raise EnrolmentError DAYS_MALFORMED, PROGRAMS_MISSING or CEILING_MALFORMED."""
    if terms.last_day is not None and terms.last_day < terms.first_day:
        raise EnrolmentError(EnrolmentCode.DAYS_MALFORMED)
    if not terms.program_codes or not all(code.strip() for code in terms.program_codes):
        raise EnrolmentError(EnrolmentCode.PROGRAMS_MISSING)
    check_ceiling(terms.ceiling_kopecks)


def check_ceiling(ceiling_kopecks: int | None) -> None:
    """Raise EnrolmentError CEILING_MALFORMED for one that is not above zero, or that no column holds."""
    if ceiling_kopecks is not None and not 0 < ceiling_kopecks < 1 << 63:
        raise EnrolmentError(EnrolmentCode.CEILING_MALFORMED)
