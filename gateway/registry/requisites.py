"""Check digits of the taxpayer number (ИНН): 10 digits of a company, 12 of an individual entrepreneur."""

from typing import Final

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
    if not (inn.isascii() and inn.isdigit() and len(inn) in (10, 12)):
        return False
    return inn == with_inn_check_digits(inn[:-1] if len(inn) == 10 else inn[:-2])


def _check_digit(digits: str, weights: tuple[int, ...]) -> str:
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
    return str(total % 11 % 10)
