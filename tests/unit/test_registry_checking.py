"""What is wrong with an application is told field by field, each rule by its name."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.registry.application_form import ApplicantKind, Application, OutletForm
from gateway.registry.bic.directory import Bank
from gateway.registry.bic.file import BankAccount, Restriction
from gateway.registry.checking import (
    OUTLETS_MAX,
    TEXT_MAX_CHARS,
    BankAnswer,
    ChecksFailedError,
    findings_of,
)
from loadtests.demo.applicants import BANK, account, ogrn, ogrnip
from tests.enrolment_kit import ADDRESS, TREASURY, entity, entrepreneur

TODAY = date(2026, 11, 23)
NO_DIRECTORY = BankAnswer(TODAY, None, None)
OWN = account(101, BANK, prefix="30101810", in_bank_of_russia=True)


def bank(**changes: Any) -> Bank:
    """A bank without a fault, unless changed."""
    fields: dict[str, Any] = {
        "bic": BANK,
        "name": "ПРИМЕР БАНК",
        "region": "45",
        "locality": "г Москва",
        "participant_type": "20",
        "status": "PSAC",
        "since": date(2001, 1, 1),
        "until": None,
        "correspondent_account": OWN,
        "restrictions": (),
        "accounts": (BankAccount(OWN, "CRSA", "049900000", date(2001, 1, 1), None, "ACAC", ()),),
        "business_day": date(2026, 11, 20),
    }
    return Bank(**fields | changes)


def found(form: Application, answer: BankAnswer = NO_DIRECTORY) -> list[tuple[str, str]]:
    """(field, rule) of every failed check."""
    return [(one.field, one.code) for one in findings_of(form, answer)]


def asked(form: Application, answer: Bank | None) -> list[tuple[str, str]]:
    """The same with a directory that says so of the BIK."""
    return found(form, BankAnswer(TODAY, date(2026, 11, 20), answer))


def test_a_faultless_application_passes() -> None:
    """Of an entity and of an entrepreneur, with a directory and without."""
    for form in (entity(), entrepreneur()):
        assert [] == found(form)
        assert [] == asked(form, bank())
        assert [] == asked(replace(form, correspondent_account=OWN), bank())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"inn": "0000000017"}, ("inn", "INN_CHECK_DIGIT")),
        ({"inn": entrepreneur().inn}, ("inn", "INN_OF_ENTREPRENEUR")),
        ({"kpp": ""}, ("kpp", "KPP_MISSING")),
        ({"kpp": "00000100"}, ("kpp", "KPP_LENGTH")),
        ({"ogrn": ogrnip(1)}, ("ogrn", "OGRN_LENGTH")),
        ({"bic": "04990010"}, ("bic", "BIC_LENGTH")),
        ({"account": account(1, "044525225")}, ("account", "ACCOUNT_KEY")),
        ({"correspondent_account": account(1)}, ("correspondent_account", "CORRESPONDENT_FORM")),
        ({"name": " "}, ("name", "TEXT_MISSING")),
        ({"full_name": "я" * (TEXT_MAX_CHARS + 1)}, ("full_name", "TEXT_TOO_LONG")),
        ({"legal_address": "г. Москва\x00"}, ("legal_address", "TEXT_CONTROL")),
        ({"postal_address": "\u202eавксоМ"}, ("postal_address", "TEXT_CONTROL")),
        ({"outlets": ()}, ("outlets", "OUTLETS_MISSING")),
        (
            {"outlets": (OutletForm("М", ADDRESS), OutletForm("Х", "141400, г. Химки"))},
            ("outlets[1].address", "ADDRESS_NOT_IN_MOSCOW"),
        ),
        (
            {"outlets": (OutletForm("М", ADDRESS), OutletForm("М", ADDRESS))},
            ("outlets[1].name", "OUTLET_TWICE"),
        ),
        (
            {"outlets": tuple(OutletForm(str(n), ADDRESS) for n in range(OUTLETS_MAX + 1))},
            ("outlets", "OUTLETS_TOO_MANY"),
        ),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_each_failed_check_is_named(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    """And nothing else is found beside it."""
    assert [expected] == found(entity(**changes))


def test_an_entrepreneur_has_an_ogrnip_and_no_kpp() -> None:
    """A number of an entity, or a КПП, is named."""
    assert [("kpp", "KPP_NOT_EXPECTED")] == found(entrepreneur(kpp="000001001"))
    assert [("ogrn", "OGRNIP_LENGTH")] == found(entrepreneur(ogrn=ogrn(1)))
    assert [("inn", "INN_OF_ENTITY")] == found(entrepreneur(inn=entity().inn))
    assert [("kpp", "KPP_MISSING"), ("ogrn", "OGRN_LENGTH")] == [
        one for one in found(replace(entrepreneur(), kind=ApplicantKind.ENTITY)) if one[0] in ("kpp", "ogrn")
    ]


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ({"email": "nobody"}, "EMAIL_FORM"),
        ({"email": "a@b.c\x00"}, "EMAIL_FORM"),
        ({"phone": "позвоните"}, "PHONE_FORM"),
        ({"phone": ""}, "PHONE_FORM"),
    ],
)
def test_contacts_are_such_that_somebody_answers(contact: dict[str, str], expected: str) -> None:
    """At least by their form."""
    form = entity()
    assert [expected] == [code for _, code in found(replace(form, contact=replace(form.contact, **contact)))]


def _restricted(since: date) -> tuple[Restriction, ...]:
    return (Restriction("URRS", since),)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, [("bic", "BIC_UNKNOWN")]),
        (bank(since=date(2026, 12, 1)), [("bic", "BIC_NOT_BEGUN")]),
        (bank(until=TODAY), [("bic", "BIC_ENDED")]),
        (bank(until=date(2027, 1, 1)), []),
        (bank(status="PSDL"), [("bic", "BIC_ENDED")]),
        (bank(restrictions=_restricted(TODAY)), [("bic", "BIC_RESTRICTED")]),
        (bank(restrictions=_restricted(date(2026, 12, 1))), []),
        (
            bank(accounts=(BankAccount(OWN, "CRSA", "049900000", TODAY, None, "ACAC", _restricted(TODAY)),)),
            [("bic", "BIC_RESTRICTED")],
        ),
        (
            bank(
                accounts=(
                    BankAccount(account(9), "BANA", "049900000", TODAY, None, "ACAC", _restricted(TODAY)),
                )
            ),
            [],
        ),
    ],
)
def test_the_directory_says_whether_the_bank_can_be_paid_to(
    answer: Bank | None, expected: list[tuple[str, str]]
) -> None:
    """Known, begun, not ended, not restricted; the restrictions of its own account count too."""
    assert expected == asked(entity(), answer)


def test_a_treasury_account_is_kept_by_the_treasury() -> None:
    """It has no key that could be checked, so its BIK must be one of the Treasury's."""
    form = entity(account="03100643000000012100")
    assert [("account", "ACCOUNT_TREASURY_BIC")] == asked(form, bank())
    assert [] == asked(replace(form, bic=TREASURY), bank(bic=TREASURY, participant_type="52"))


def test_a_correspondent_account_is_that_of_the_bank() -> None:
    """A right key is not enough."""
    other = account(102, BANK, prefix="30101810", in_bank_of_russia=True)
    form = entity(correspondent_account=other)
    assert [("correspondent_account", "CORRESPONDENT_NOT_OF_BANK")] == asked(form, bank())


def test_the_error_tells_every_finding_in_both_languages() -> None:
    """For whoever reads it as a whole."""
    findings = findings_of(entity(kpp="", inn="1"), NO_DIRECTORY)
    error = ChecksFailedError(findings)
    assert tuple(findings) == error.findings
    assert "inn: в ИНН 10 цифр" in error.ru
    assert "kpp: у организации должен быть КПП" in error.ru
    assert "inn: an INN has 10 digits" in error.en
    assert "kpp: a legal entity has a KPP" in error.en
