"""Requisites of Russian legal entities and individual entrepreneurs, checked by calculation alone.

Each check returns None, or the `RequisiteProblem` that names the rule which failed. Whether a bank exists is
asked of the directory of the Bank of Russia (`gateway.registry.bic`).
"""

from gateway.registry.requisites.accounts import (
    check_account,
    check_bic,
    check_correspondent,
    has_right_key,
    is_of_bank_of_russia,
    is_treasury_account,
)
from gateway.registry.requisites.fiscal import check_drive_number, check_kkt_number
from gateway.registry.requisites.inn import check_inn, is_valid_inn, with_inn_check_digits
from gateway.registry.requisites.problems import RequisiteCode, RequisiteProblem, requisite_problem
from gateway.registry.requisites.registration import check_kpp, check_ogrn, check_ogrnip

__all__ = [
    "RequisiteCode",
    "RequisiteProblem",
    "check_account",
    "check_bic",
    "check_correspondent",
    "check_drive_number",
    "check_inn",
    "check_kkt_number",
    "check_kpp",
    "check_ogrn",
    "check_ogrnip",
    "has_right_key",
    "is_of_bank_of_russia",
    "is_treasury_account",
    "is_valid_inn",
    "requisite_problem",
    "with_inn_check_digits",
]
