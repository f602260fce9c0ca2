"""Checks of what an applicant says: by calculation, and against the directory of the Bank of Russia."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from enum import Enum, unique
from typing import Any, Final

from msgspec import Struct

from gateway.registry.addresses import is_in_moscow
from gateway.registry.application_form import ApplicantKind, Application
from gateway.registry.bic.directory import Bank
from gateway.registry.enrolment_errors import EnrolmentCode, EnrolmentError
from gateway.registry.requisites import (
    RequisiteCode,
    RequisiteProblem,
    check_account,
    check_bic,
    check_correspondent,
    check_inn,
    check_kpp,
    check_ogrn,
    check_ogrnip,
    is_treasury_account,
    requisite_problem,
)
from gateway.registry.signing_off import CONTROL

TEXT_MAX_CHARS: Final = 500
OUTLETS_MAX: Final = 2000

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()-]{5,}")

_TREASURY: Final = "52"
"""Type of a participant that is an office of the Treasury."""

_IN_USE: Final = ("", "PSAC")


@unique
class FormCode(Enum):
    """What can be wrong with an application besides its requisites; texts as of RequisiteCode."""

    TEXT_MISSING = ("не заполнено", "is missing")
    TEXT_TOO_LONG = ("длиннее {limit} знаков", "is longer than {limit} characters")
    TEXT_CONTROL = ("есть недопустимые знаки", "has characters that no text has")
    EMAIL_FORM = ("не похоже на адрес электронной почты", "is no e-mail address")
    PHONE_FORM = ("не похоже на номер телефона", "is no telephone number")
    OUTLETS_MISSING = ("не назван ни один магазин", "no outlet is named")
    OUTLETS_TOO_MANY = ("магазинов больше {limit}", "there are more than {limit} outlets")
    OUTLET_TWICE = ("магазин с таким названием уже назван", "an outlet of this name is named already")
    ADDRESS_NOT_IN_MOSCOW = ("адрес не в Москве: {address}", "the address is not in Moscow: {address}")


class Finding(Struct, frozen=True):
    """A failed check: the field, like `outlets[0].address`, the rule, and texts for people."""

    field: str
    code: str
    ru: str
    en: str


class ChecksFailedError(EnrolmentError):
    """Requisites or texts are wrong; `findings` names each failed check."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(
            EnrolmentCode.CHECKS_FAILED,
            ru="; ".join(f"{one.field}: {one.ru}" for one in self.findings),
            en="; ".join(f"{one.field}: {one.en}" for one in self.findings),
        )


class BankAnswer(Struct, frozen=True):
    """What the directory says of a BIK on a day; `directory_day` is None while none is imported."""

    today: date
    directory_day: date | None
    bank: Bank | None


def findings_of(application: Application, answer: BankAnswer) -> list[Finding]:
    """Every failed check of an application. Without a directory the account is checked by its key alone."""
    account = (application.bic, application.account, application.correspondent_account)
    return [
        *_number_findings(application),
        *account_findings(*account, answer),
        *_text_findings(application),
        *_outlet_findings(application),
    ]


def account_findings(bic: str, account: str, correspondent: str, answer: BankAnswer) -> Iterator[Finding]:
    """Failed checks of a bank account; `correspondent` may be empty."""
    bic_problem = check_bic(bic)
    yield from _found("bic", bic_problem)
    yield from _found("account", check_account(account, bic))
    if correspondent:
        yield from _found("correspondent_account", check_correspondent(correspondent, bic))
    if bic_problem is not None or answer.directory_day is None:
        return
    bank = answer.bank
    if bank is None:
        yield from _wrong("bic", RequisiteCode.BIC_UNKNOWN, bic=bic, day=answer.directory_day)
        return
    if bank.since > answer.today:
        yield from _wrong("bic", RequisiteCode.BIC_NOT_BEGUN, bic=bic, day=bank.since)
    if bank.status not in _IN_USE or (bank.until is not None and bank.until <= answer.today):
        yield from _wrong("bic", RequisiteCode.BIC_ENDED, bic=bic)
    for one in bank.restrictions_of_payments:
        if one.since <= answer.today:
            yield from _wrong(
                "bic", RequisiteCode.BIC_RESTRICTED, bic=bic, restriction=one.code, day=one.since
            )
    if is_treasury_account(account) and bank.participant_type != _TREASURY:
        yield from _wrong("account", RequisiteCode.ACCOUNT_TREASURY_BIC, bic=bic)
    own = [one.account for one in bank.accounts if one.is_correspondent]
    if correspondent and correspondent not in own:
        expected = ", ".join(own) or "—"
        yield from _wrong(
            "correspondent_account", RequisiteCode.CORRESPONDENT_NOT_OF_BANK, bic=bic, expected=expected
        )


def text_findings(field: str, text: str) -> Iterator[Finding]:
    """Whether a text that must be there is there, is short enough and is a text."""
    if not text.strip():
        yield _form(field, FormCode.TEXT_MISSING)
    elif len(text) > TEXT_MAX_CHARS:
        yield _form(field, FormCode.TEXT_TOO_LONG, limit=TEXT_MAX_CHARS)
    elif CONTROL.search(text):
        yield _form(field, FormCode.TEXT_CONTROL)


def address_findings(field: str, address: str) -> Iterator[Finding]:
    """The same of an outlet's address, which must be in Moscow."""
    problems = list(text_findings(field, address))
    yield from problems
    if not problems and not is_in_moscow(address):
        yield _form(field, FormCode.ADDRESS_NOT_IN_MOSCOW, address=address)


def _number_findings(one: Application) -> Iterator[Finding]:
    is_entity = one.kind is ApplicantKind.ENTITY
    problem = check_inn(one.inn)
    yield from _found("inn", problem)
    if problem is None and len(one.inn) != (10 if is_entity else 12):
        wrong = RequisiteCode.INN_OF_ENTREPRENEUR if is_entity else RequisiteCode.INN_OF_ENTITY
        yield from _wrong("inn", wrong)
    if is_entity:
        yield from _found(
            "kpp", check_kpp(one.kpp) if one.kpp else requisite_problem(RequisiteCode.KPP_MISSING)
        )
        yield from _found("ogrn", check_ogrn(one.ogrn))
    else:
        if one.kpp:
            yield from _wrong("kpp", RequisiteCode.KPP_NOT_EXPECTED)
        yield from _found("ogrn", check_ogrnip(one.ogrn))


def _text_findings(one: Application) -> Iterator[Finding]:
    texts = {
        "name": one.name,
        "full_name": one.full_name,
        "legal_address": one.legal_address,
        "signatory.name": one.signatory.name,
        "signatory.position": one.signatory.position,
        "signatory.basis": one.signatory.basis,
        "contact.name": one.contact.name,
    }
    for field, text in texts.items():
        yield from text_findings(field, text)
    if one.postal_address:
        yield from text_findings("postal_address", one.postal_address)
    email = one.contact.email
    if not _EMAIL.fullmatch(email) or len(email) > TEXT_MAX_CHARS or CONTROL.search(email):
        yield _form("contact.email", FormCode.EMAIL_FORM)
    if not _PHONE.fullmatch(one.contact.phone) or len(one.contact.phone) > TEXT_MAX_CHARS:
        yield _form("contact.phone", FormCode.PHONE_FORM)


def _outlet_findings(one: Application) -> Iterator[Finding]:
    if not one.outlets:
        yield _form("outlets", FormCode.OUTLETS_MISSING)
    if len(one.outlets) > OUTLETS_MAX:
        yield _form("outlets", FormCode.OUTLETS_TOO_MANY, limit=OUTLETS_MAX)
        return
    names: set[str] = set()
    for n, outlet in enumerate(one.outlets):
        yield from text_findings(f"outlets[{n}].name", outlet.name)
        yield from address_findings(f"outlets[{n}].address", outlet.address)
        if outlet.name in names:
            yield _form(f"outlets[{n}].name", FormCode.OUTLET_TWICE)
        names.add(outlet.name)


def _found(field: str, problem: RequisiteProblem | None) -> Iterator[Finding]:
    if problem is not None:
        yield Finding(field, problem.code.name, problem.ru, problem.en)


def _wrong(field: str, code: RequisiteCode, **details: Any) -> Iterator[Finding]:
    yield from _found(field, requisite_problem(code, **details))


def _form(field: str, code: FormCode, **details: Any) -> Finding:
    ru, en = (text.format(**details) for text in code.value)
    return Finding(field, code.name, ru, en)
