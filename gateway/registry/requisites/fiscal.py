"""Numbers of a till: registration number (РН ККТ) and fiscal drive (ФН), 16 digits each.

Part of a registration number is a check code over the INN and the factory number, which nobody here knows:
the form alone is checked.
"""

from gateway.registry.requisites.problems import (
    RequisiteCode,
    RequisiteProblem,
    check_digits,
)


def check_kkt_number(number: str) -> RequisiteProblem | None:
    """KKT_NUMBER_FORM; None for 16 digits."""
    return check_digits(number, (16,), RequisiteCode.KKT_NUMBER_FORM, RequisiteCode.KKT_NUMBER_FORM)


def check_drive_number(number: str) -> RequisiteProblem | None:
    """DRIVE_NUMBER_FORM; None for 16 digits."""
    return check_digits(number, (16,), RequisiteCode.DRIVE_NUMBER_FORM, RequisiteCode.DRIVE_NUMBER_FORM)
