"""What an applicant types: tax and register numbers, accounts, addresses."""

from gateway.registry.addresses import is_in_moscow
from gateway.registry.requisites import (
    check_account,
    check_bic,
    check_correspondent,
    check_drive_number,
    check_inn,
    check_kkt_number,
    check_kpp,
    check_ogrn,
    check_ogrnip,
)

CHECKS = (check_bic, check_drive_number, check_inn, check_kkt_number, check_kpp, check_ogrn, check_ogrnip)


def check(data: bytes) -> None:
    """Any text gets a named problem or none; a problem can be told in both languages."""
    text, _, other = data.decode("utf-8", "replace").partition("\n")
    found = [one(text) for one in CHECKS]
    found += [check_account(text, other), check_correspondent(text, other)]
    assert all(problem is None or str(problem) for problem in found)
    is_in_moscow(text)
