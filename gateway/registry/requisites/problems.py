"""What can be wrong with a requisite: a code for machines, texts for people."""

from enum import Enum, unique
from typing import Any

from msgspec import Struct


@unique
class RequisiteCode(Enum):
    """The machine code is the name; the texts are Russian and English, with the named details."""

    INN_DIGITS = ("ИНН состоит только из цифр", "an INN has nothing but digits")
    INN_LENGTH = (
        "в ИНН 10 цифр (организация) или 12 (предприниматель), здесь {length}",
        "an INN has 10 digits (legal entity) or 12 (entrepreneur), this one has {length}",
    )
    INN_CHECK_DIGIT = (
        "контрольные цифры ИНН неверны: в номере опечатка",
        "the check digits of the INN are wrong: there is a slip in the number",
    )
    INN_OF_ENTREPRENEUR = ("у организации ИНН из 10 цифр", "the INN of a legal entity has 10 digits")
    INN_OF_ENTITY = ("у предпринимателя ИНН из 12 цифр", "the INN of an entrepreneur has 12 digits")
    KPP_MISSING = ("у организации должен быть КПП", "a legal entity has a KPP")
    KPP_NOT_EXPECTED = ("у предпринимателя нет КПП", "an entrepreneur has no KPP")
    KPP_LENGTH = ("в КПП 9 знаков, здесь {length}", "a KPP has 9 characters, this one has {length}")
    KPP_FORM = (
        "КПП: 4 цифры инспекции, 2 цифры или заглавные латинские буквы причины, 3 цифры номера",
        "a KPP is 4 digits of the tax office, 2 digits or capital Latin letters of the reason, 3 digits",
    )
    OGRN_DIGITS = ("ОГРН состоит только из цифр", "an OGRN has nothing but digits")
    OGRN_LENGTH = ("в ОГРН 13 цифр, здесь {length}", "an OGRN has 13 digits, this one has {length}")
    OGRN_FIRST_DIGIT = (
        "ОГРН организации начинается с 1 или 5",
        "the OGRN of a legal entity begins with 1 or 5",
    )
    OGRN_CHECK_DIGIT = (
        "контрольная цифра ОГРН неверна: в номере опечатка",
        "the check digit of the OGRN is wrong: there is a slip in the number",
    )
    OGRNIP_DIGITS = ("ОГРНИП состоит только из цифр", "an OGRNIP has nothing but digits")
    OGRNIP_LENGTH = ("в ОГРНИП 15 цифр, здесь {length}", "an OGRNIP has 15 digits, this one has {length}")
    OGRNIP_FIRST_DIGIT = ("ОГРНИП начинается с 3", "an OGRNIP begins with 3")
    OGRNIP_CHECK_DIGIT = (
        "контрольная цифра ОГРНИП неверна: в номере опечатка",
        "the check digit of the OGRNIP is wrong: there is a slip in the number",
    )
    BIC_DIGITS = ("БИК состоит только из цифр", "a BIK has nothing but digits")
    BIC_LENGTH = ("в БИК 9 цифр, здесь {length}", "a BIK has 9 digits, this one has {length}")
    BIC_UNKNOWN = (
        "БИК {bic} нет в справочнике Банка России на {day}",
        "the directory of the Bank of Russia of {day} has no BIK {bic}",
    )
    BIC_NOT_BEGUN = (
        "БИК {bic} действует только с {day}",
        "BIK {bic} is in use only from {day}",
    )
    BIC_ENDED = ("БИК {bic} больше не действует", "BIK {bic} is no longer in use")
    BIC_RESTRICTED = (
        "у банка с БИК {bic} ограничение {restriction} с {day}",
        "the bank of BIK {bic} has the restriction {restriction} since {day}",
    )
    ACCOUNT_DIGITS = ("номер счёта состоит только из цифр", "an account has nothing but digits")
    ACCOUNT_LENGTH = (
        "в номере счёта 20 цифр, здесь {length}",
        "an account has 20 digits, this one has {length}",
    )
    ACCOUNT_CURRENCY = (
        "счёт не рублёвый: в 6–8 знаках {currency}, а не 810",
        "the account is not in roubles: digits 6 to 8 are {currency}, not 810",
    )
    ACCOUNT_KEY = (
        "ключ счёта не подходит к БИК {bic}: опечатка в счёте или в БИК",
        "the key of the account does not fit BIK {bic}: a slip in one of the two",
    )
    ACCOUNT_TREASURY_BIC = (
        "казначейский счёт 03… открыт в казначействе, а БИК {bic} не его",
        "a treasury account (03…) is kept by the Treasury, and BIK {bic} is not one of it",
    )
    CORRESPONDENT_DIGITS = (
        "корреспондентский счёт состоит только из цифр",
        "a correspondent account has nothing but digits",
    )
    CORRESPONDENT_LENGTH = (
        "в корреспондентском счёте 20 цифр, здесь {length}",
        "a correspondent account has 20 digits, this one has {length}",
    )
    CORRESPONDENT_FORM = (
        "корреспондентский счёт банка начинается с 301, единый казначейский с 40102",
        "the correspondent account of a bank begins with 301, that of the Treasury with 40102",
    )
    CORRESPONDENT_KEY = (
        "ключ корреспондентского счёта не подходит к БИК {bic}",
        "the key of the correspondent account does not fit BIK {bic}",
    )
    CORRESPONDENT_NOT_OF_BANK = (
        "у банка с БИК {bic} корреспондентский счёт {expected}",
        "the correspondent account of BIK {bic} is {expected}",
    )
    KKT_NUMBER_FORM = ("РН ККТ состоит из 16 цифр", "a registration number of a till has 16 digits")
    DRIVE_NUMBER_FORM = (
        "номер фискального накопителя состоит из 16 цифр",
        "the number of a fiscal drive has 16 digits",
    )


class RequisiteProblem(Struct, frozen=True):
    """The rule that a requisite breaks, in Russian and English."""

    code: RequisiteCode
    ru: str
    en: str


def requisite_problem(code: RequisiteCode, **details: Any) -> RequisiteProblem:
    """A problem with its texts; `details` are what they name."""
    ru, en = (text.format(**details) for text in code.value)
    return RequisiteProblem(code, ru, en)


def check_digits(
    value: str, lengths: tuple[int, ...], digits: RequisiteCode, length: RequisiteCode
) -> RequisiteProblem | None:
    """Whether a value is ASCII digits, and as many as there may be."""
    if not (value.isascii() and value.isdigit()):
        return requisite_problem(digits)
    if len(value) not in lengths:
        return requisite_problem(length, length=len(value))
    return None
