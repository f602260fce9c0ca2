"""Every step of everything in the register, and every step that there is not."""

import itertools
from collections.abc import Mapping
from enum import StrEnum

import pytest

from gateway.registry.enrolment_errors import EnrolmentCode, EnrolmentError
from gateway.registry.machine import (
    ACCOUNT,
    AGREEMENT,
    APPLICATION,
    MERCHANT,
    AccountState,
    AgreementState,
    ApplicationState,
    Machine,
    MerchantState,
)

EXPECTED: dict[str, tuple[Machine, type[StrEnum], Mapping[str, Mapping[str, str]]]] = {
    "application": (
        APPLICATION,
        ApplicationState,
        {
            "SUBMITTED": {"review": "UNDER_REVIEW"},
            "UNDER_REVIEW": {"register": "REGISTERED", "refuse": "REFUSED"},
            "REGISTERED": {},
            "REFUSED": {},
        },
    ),
    "merchant": (
        MERCHANT,
        MerchantState,
        {
            "ACTIVE": {"suspend": "SUSPENDED", "exclude": "ENDED"},
            "SUSPENDED": {"resume": "ACTIVE", "exclude": "ENDED"},
            "ENDED": {"readmit": "ACTIVE"},
        },
    ),
    "agreement": (
        AGREEMENT,
        AgreementState,
        {
            "DRAFT": {"send": "SENT", "cancel": "CANCELLED"},
            "SENT": {"sign": "SIGNED", "cancel": "CANCELLED"},
            "SIGNED": {"return": "CONCLUDED", "cancel": "CANCELLED"},
            "CONCLUDED": {"settle": "SETTLED"},
            "SETTLED": {},
            "CANCELLED": {},
        },
    ),
    "account": (
        ACCOUNT,
        AccountState,
        {"PROPOSED": {"confirm": "CONFIRMED", "reject": "REJECTED"}, "CONFIRMED": {}, "REJECTED": {}},
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_step_leads_where_the_table_says_and_every_other_is_refused(name: str) -> None:
    """All pairs of states and steps, so that a new step must be written here too."""
    machine, states, expected = EXPECTED[name]
    assert set(states) == expected.keys()
    steps = {step for _, step in machine.steps}
    for state, step in itertools.product(states, steps):
        to = expected[state].get(step)
        if to is not None:
            assert to == machine.after(state, step)
            continue
        with pytest.raises(EnrolmentError) as refused:
            machine.after(state, step)
        assert EnrolmentCode.STEP_NOT_ALLOWED is refused.value.code
        assert step in refused.value.ru
        assert state in refused.value.en
