"""Every refusal of the register is told in Russian and in English, with the same details."""

import string
from enum import Enum

import pytest

from gateway.registry.bic.errors import BicFileCode
from gateway.registry.checking import FormCode
from gateway.registry.enrolment_errors import EnrolmentCode
from gateway.registry.requisites import RequisiteCode

BILINGUAL = {"ru", "en"}
"""Details that are the texts of either language themselves."""


def named(template: str) -> set[str]:
    """The details that a text names."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize(
    "code", [*EnrolmentCode, *BicFileCode, *FormCode, *RequisiteCode], ids=lambda one: one.name
)
def test_both_texts_name_the_same_details(code: Enum) -> None:
    """Whoever reads one of them knows as much as who reads the other."""
    ru, en = code.value
    assert named(ru) - BILINGUAL == named(en) - BILINGUAL
    assert any("а" <= letter <= "я" for letter in ru)
    assert not any("а" <= letter <= "я" for letter in en)
