"""The taxpayer number (ИНН): 10 digits of a company, 12 of an individual entrepreneur."""

from typing import Final

from gateway.registry.requisites.problems import (
    RequisiteCode,
    RequisiteProblem,
    check_digits,
    requisite_problem,
)

_LAST_OF_10: Final = (2, 4, 10, 3, 5, 9, 4, 6, 8)
_ELEVENTH: Final = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_TWELFTH: Final = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)


def with_inn_check_digits(digits: str) -> str:
    """9 or 10 leading digits with the one or two check digits that belong to them."""
    if len(digits) == len(_LAST_OF_10):
        return digits + _check_digit(digits, _LAST_OF_10)
    eleven = digits + _check_digit(digits, _ELEVENTH)
    return eleven + _check_digit(eleven, _TWELFTH)


def is_valid_inn(inn: str) -> bool:
    """True for 10 or 12 digits whose check digits are right."""
    return check_inn(inn) is None


def check_inn(inn: str) -> RequisiteProblem | None:
    """INN_DIGITS, INN_LENGTH or INN_CHECK_DIGIT; None if the number is right."""
    problem = check_digits(inn, (10, 12), RequisiteCode.INN_DIGITS, RequisiteCode.INN_LENGTH)
    if problem is None and inn != with_inn_check_digits(inn[:-1] if len(inn) == 10 else inn[:-2]):
        problem = requisite_problem(RequisiteCode.INN_CHECK_DIGIT)
    return problem


def _check_digit(digits: str, weights: tuple[int, ...]) -> str:
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
    return str(total % 11 % 10)
