"""КПП, ОГРН, ОГРНИП, БИК and accounts: every failed check has a name."""

import pytest
from stdnum.ru import ogrn as stdnum_ogrn

from gateway.registry.requisites import (
    RequisiteCode,
    check_account,
    check_bic,
    check_correspondent,
    check_drive_number,
    check_inn,
    check_kkt_number,
    check_kpp,
    check_ogrn,
    check_ogrnip,
    requisite_problem,
)
from gateway.registry.requisites.problems import RequisiteProblem
from loadtests.demo.applicants import BANK, account, ogrn, ogrnip

KEYED = account(1)


def code(problem: RequisiteProblem | None) -> str:
    """The name of the failed check, or ""."""
    return problem.code.name if problem else ""


@pytest.mark.parametrize(
    ("kpp", "expected"),
    [
        ("770701001", ""),
        ("263445004", ""),  # reason 45, as real payments carry it
        ("7707AZ001", ""),
        ("77070100", "KPP_LENGTH"),
        ("7707010011", "KPP_LENGTH"),
        ("", "KPP_LENGTH"),
        ("7707aZ001", "KPP_FORM"),
        ("7707А1001", "KPP_FORM"),  # a Cyrillic letter that looks like the Latin one
        ("٧٧٠٧٠١٠٠١", "KPP_FORM"),
        ("A70701001", "KPP_FORM"),
    ],
)
def test_a_kpp_is_checked_by_its_form_alone(kpp: str, expected: str) -> None:
    """Any reason is one: branches and the largest taxpayers have others than 01."""
    assert expected == code(check_kpp(kpp))


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("1027700132195", ""),
        ("5077746887312", ""),
        ("1027700132196", "OGRN_CHECK_DIGIT"),
        ("102770013219", "OGRN_LENGTH"),
        ("304500116000157", "OGRN_LENGTH"),
        ("102770013219x", "OGRN_DIGITS"),
        ("", "OGRN_DIGITS"),
        ("2027700132195", "OGRN_FIRST_DIGIT"),  # a record about an entity
        ("3027700132195", "OGRN_FIRST_DIGIT"),
        ("0000000000000", "OGRN_FIRST_DIGIT"),
    ],
)
def test_an_ogrn_is_that_of_an_entity(number: str, expected: str) -> None:
    """Thirteen digits, 1 or 5 first, and (the others mod 11) mod 10 last."""
    assert expected == code(check_ogrn(number))


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("304500116000157", ""),
        ("304500116000180", ""),  # remainders 10 to 12 count by their last digit
        ("304500116000191", ""),
        ("304500116000202", ""),
        ("304500116000158", "OGRNIP_CHECK_DIGIT"),
        ("30450011600015", "OGRNIP_LENGTH"),
        ("1027700132195", "OGRNIP_LENGTH"),
        ("30450011600015.", "OGRNIP_DIGITS"),
        ("104500116000157", "OGRNIP_FIRST_DIGIT"),
    ],
)
def test_an_ogrnip_is_that_of_an_entrepreneur(number: str, expected: str) -> None:
    """Fifteen digits, 3 first, and (the others mod 13) mod 10 last."""
    assert expected == code(check_ogrnip(number))


def test_ogrns_are_those_of_an_independent_library() -> None:
    """It accepts any first digit but 0 and takes 13 for a modulus without 10: there it is wrong."""
    for n in range(2000):
        assert stdnum_ogrn.is_valid(ogrn(n))
        wrong = ogrn(n)[:-1] + str((int(ogrn(n)[-1]) + 1) % 10)
        assert "OGRN_CHECK_DIGIT" == code(check_ogrn(wrong))
        number = ogrnip(n)
        assert "" == code(check_ogrnip(number))
        is_trap = int(number[:-1]) % 13 >= 10
        assert stdnum_ogrn.is_valid(number) is not is_trap


@pytest.mark.parametrize(
    ("bic", "expected"),
    [
        ("044525225", ""),
        ("04452522", "BIC_LENGTH"),
        ("0445252250", "BIC_LENGTH"),
        ("04452522x", "BIC_DIGITS"),
    ],
)
def test_a_bik_is_nine_digits(bic: str, expected: str) -> None:
    """Which of them there are, the directory knows."""
    assert expected == code(check_bic(bic))


@pytest.mark.parametrize(
    ("number", "bic", "expected"),
    [
        ("40702810800030005413", "044525187", ""),
        ("40702810800030005413", "044525225", "ACCOUNT_KEY"),
        ("40702810900030005413", "044525187", "ACCOUNT_KEY"),
        ("03100643000000012100", "010702101", ""),  # the Treasury's accounts have no key
        ("0310064300000001210", "010702101", "ACCOUNT_LENGTH"),
        (KEYED[:-1] + "x", BANK, "ACCOUNT_DIGITS"),
        ("", BANK, "ACCOUNT_DIGITS"),
        (account(5, prefix="40702840"), BANK, "ACCOUNT_CURRENCY"),
        (KEYED, "04990010", ""),  # the BIK's own problem is told of the BIK
        (account(7, "044525000", prefix="40503810", in_bank_of_russia=True), "044525000", ""),
        (account(7, "044525000", prefix="40503810"), "044525000", "ACCOUNT_KEY"),
    ],
)
def test_an_account_is_checked_by_its_key(number: str, bic: str, expected: str) -> None:
    """Of a bank by the last digits of the BIK, of the Bank of Russia by 0 and digits 5 and 6."""
    assert expected == code(check_account(number, bic))


def test_one_wrong_digit_of_an_account_never_passes() -> None:
    """Weights 7, 1 and 3 have no common factor with 10: the key sees every single slip."""
    for place in range(20):
        for digit in set("0123456789") - {KEYED[place]}:
            wrong = KEYED[:place] + digit + KEYED[place + 1 :]
            assert code(check_account(wrong, BANK)) in ("ACCOUNT_KEY", "ACCOUNT_CURRENCY")


@pytest.mark.parametrize(
    ("number", "bic", "expected"),
    [
        ("30101810400000000225", "044525225", ""),
        ("40102810545370000003", "004525988", ""),
        ("30101810500000000225", "044525225", "CORRESPONDENT_KEY"),
        ("30101810400000000225", "044030225", "CORRESPONDENT_KEY"),
        ("40702810800030005413", "044525187", "CORRESPONDENT_FORM"),
        ("3010181040000000022", "044525225", "CORRESPONDENT_LENGTH"),
        ("3010181040000000022 ", "044525225", "CORRESPONDENT_DIGITS"),
    ],
)
def test_a_correspondent_account_is_one_of_the_bank_of_russia(number: str, bic: str, expected: str) -> None:
    """A bank's own, or the single account of an office of the Treasury."""
    assert expected == code(check_correspondent(number, bic))


def test_numbers_of_a_till_have_sixteen_digits() -> None:
    """РН ККТ and ФН; no more is known without the factory number."""
    assert "" == code(check_kkt_number("0000000000012345")) == code(check_drive_number("7280440700326597"))
    for wrong in ("", "728044070032659", "72804407003265970", "728044070032659x", "٧" * 16):
        assert "KKT_NUMBER_FORM" == code(check_kkt_number(wrong))
        assert "DRIVE_NUMBER_FORM" == code(check_drive_number(wrong))


def test_an_inn_tells_what_is_wrong_with_it() -> None:
    """Length, digits, check digits."""
    found = [code(check_inn(one)) for one in ("", "77070838931", "770708389x", "7707083894", "7707083893")]
    assert ["INN_DIGITS", "INN_LENGTH", "INN_DIGITS", "INN_CHECK_DIGIT", ""] == found


@pytest.mark.parametrize("each", RequisiteCode, ids=lambda one: one.name)
def test_every_problem_is_told_in_both_languages(each: RequisiteCode) -> None:
    """With all that its text names."""
    details = dict.fromkeys(("length", "bic", "day", "restriction", "currency", "expected"), "-")
    problem = requisite_problem(each, **details)
    assert any("а" <= letter <= "я" for letter in problem.ru)
    assert problem.en.isascii() or "03…" in problem.en
