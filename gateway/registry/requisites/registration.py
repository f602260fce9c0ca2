"""Numbers under which a business is registered: КПП, ОГРН of an entity, ОГРНИП of an entrepreneur."""

import re
from typing import Final

from gateway.registry.requisites.problems import (
    RequisiteCode,
    RequisiteProblem,
    check_digits,
    requisite_problem,
)

_KPP: Final = re.compile(r"[0-9]{4}[0-9A-Z]{2}[0-9]{3}", re.ASCII)


def check_kpp(kpp: str) -> RequisiteProblem | None:
    """KPP_LENGTH or KPP_FORM. The number has no check digit, and any reason is one (01, 45, AZ)."""
    if len(kpp) != 9:
        return requisite_problem(RequisiteCode.KPP_LENGTH, length=len(kpp))
    return None if _KPP.fullmatch(kpp) else requisite_problem(RequisiteCode.KPP_FORM)


def check_ogrn(ogrn: str) -> RequisiteProblem | None:
    """OGRN_DIGITS, OGRN_LENGTH, OGRN_FIRST_DIGIT or OGRN_CHECK_DIGIT.

    The last digit is (the others mod 11) mod 10. Numbers that begin with 2 and 6 to 9 are those of records
    about an entity, with 3 those of an entrepreneur.
    """
    problem = check_digits(ogrn, (13,), RequisiteCode.OGRN_DIGITS, RequisiteCode.OGRN_LENGTH)
    if problem is not None:
        return problem
    if ogrn[0] not in "15":
        return requisite_problem(RequisiteCode.OGRN_FIRST_DIGIT)
    is_right = int(ogrn[:-1]) % 11 % 10 == int(ogrn[-1])
    return None if is_right else requisite_problem(RequisiteCode.OGRN_CHECK_DIGIT)


def check_ogrnip(ogrnip: str) -> RequisiteProblem | None:
    """OGRNIP_DIGITS, OGRNIP_LENGTH, OGRNIP_FIRST_DIGIT or OGRNIP_CHECK_DIGIT.

    The last digit is (the others mod 13) mod 10: a remainder of 10 to 12 counts by its own last digit.
    """
    problem = check_digits(ogrnip, (15,), RequisiteCode.OGRNIP_DIGITS, RequisiteCode.OGRNIP_LENGTH)
    if problem is not None:
        return problem
    if ogrnip[0] != "3":
        return requisite_problem(RequisiteCode.OGRNIP_FIRST_DIGIT)
    is_right = int(ogrnip[:-1]) % 13 % 10 == int(ogrnip[-1])
    return None if is_right else requisite_problem(RequisiteCode.OGRNIP_CHECK_DIGIT)
