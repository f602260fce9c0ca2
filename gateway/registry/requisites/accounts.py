"""BIK and account: the key of an account against its BIK (Bank of Russia, procedure 515 of 08.09.1997).

Weights 7, 1, 3 repeat over three digits of the BIK and the twenty of the account; the sum of the last digits
of the products ends in 0. The three digits are the last ones of the BIK for a client of a bank, and "0" with
digits 5 and 6 for an account in the Bank of Russia. Treasury accounts 03… have no such key at all.
"""

from typing import Final

from gateway.registry.requisites.problems import (
    RequisiteCode,
    RequisiteProblem,
    check_digits,
    requisite_problem,
)

RUBLE: Final = "810"
"""Digits 6 to 8 of an account in roubles; a treasury account has 643 there."""

_WEIGHTS: Final = (7, 1, 3) * 8
_BANK_OF_RUSSIA: Final = ("000", "001", "002")
_CORRESPONDENTS: Final = ("301", "40102")


def check_bic(bic: str) -> RequisiteProblem | None:
    """BIC_DIGITS or BIC_LENGTH: the form alone, since only the directory knows which there are."""
    return check_digits(bic, (9,), RequisiteCode.BIC_DIGITS, RequisiteCode.BIC_LENGTH)


def is_treasury_account(account: str) -> bool:
    """True for an account that the Treasury keeps (03…), which has no key."""
    return account.startswith("03")


def is_of_bank_of_russia(bic: str) -> bool:
    """True for the BIK of a settlement centre of the Bank of Russia itself, by its last three digits."""
    return bic[6:] in _BANK_OF_RUSSIA


def has_right_key(account: str, bic: str, *, in_bank_of_russia: bool) -> bool:
    """Whether the key of 20 digits is right for a BIK of 9 digits."""
    prefix = f"0{bic[4:6]}" if in_bank_of_russia else bic[6:]
    digits = prefix + account
    return not sum(int(d) * w % 10 for d, w in zip(digits, _WEIGHTS, strict=False)) % 10


def check_account(account: str, bic: str) -> RequisiteProblem | None:
    """ACCOUNT_DIGITS, ACCOUNT_LENGTH, ACCOUNT_CURRENCY or ACCOUNT_KEY of a settlement account.

    The key is not asked if the BIK itself has a wrong form: that is a problem of the BIK.
    """
    problem = check_digits(account, (20,), RequisiteCode.ACCOUNT_DIGITS, RequisiteCode.ACCOUNT_LENGTH)
    if problem is not None or is_treasury_account(account):
        return problem
    if check_bic(bic) is None and not has_right_key(
        account, bic, in_bank_of_russia=is_of_bank_of_russia(bic)
    ):
        return requisite_problem(RequisiteCode.ACCOUNT_KEY, bic=bic)
    if account[5:8] != RUBLE:
        return requisite_problem(RequisiteCode.ACCOUNT_CURRENCY, currency=account[5:8])
    return None


def check_correspondent(account: str, bic: str) -> RequisiteProblem | None:
    """CORRESPONDENT_DIGITS, CORRESPONDENT_LENGTH, CORRESPONDENT_FORM or CORRESPONDENT_KEY."""
    codes = (RequisiteCode.CORRESPONDENT_DIGITS, RequisiteCode.CORRESPONDENT_LENGTH)
    problem = check_digits(account, (20,), *codes)
    if problem is not None:
        return problem
    if not account.startswith(_CORRESPONDENTS):
        return requisite_problem(RequisiteCode.CORRESPONDENT_FORM)
    if check_bic(bic) is None and not has_right_key(account, bic, in_bank_of_russia=True):
        return requisite_problem(RequisiteCode.CORRESPONDENT_KEY, bic=bic)
    return None
