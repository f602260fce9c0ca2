"""The demo's merchants: made up, and right by every check that an application meets."""

from datetime import date
from pathlib import Path

import pytest

from gateway.registry.application_form import ApplicantKind
from gateway.registry.bic.file import read_bic_file
from gateway.registry.checking import BankAnswer, findings_of
from gateway.runtime.applications import form_of
from loadtests.demo.applicants import BANK, application, bic_directory

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize("n", range(1, 30))
def test_an_application_has_no_fault(n: int) -> None:
    """Check digits, account key, addresses; both kinds of applicant are among them."""
    form = form_of(application(n, 3))
    assert [] == findings_of(form, BankAnswer(TODAY, None, None))
    assert ApplicantKind.ENTREPRENEUR is form_of(application(2, 3)).kind
    assert "0000" == form.inn[:4]


def test_no_two_merchants_are_one() -> None:
    """Nor do they share an account."""
    forms = [form_of(application(n, 1)) for n in range(1, 100)]
    for name in ("inn", "ogrn", "name"):
        assert len(forms) == len({getattr(form, name) for form in forms})


def test_the_directory_knows_their_bank(tmp_path: Path) -> None:
    """It is read as the Bank of Russia's own would be, every account key included."""
    file = tmp_path / "ed807.xml"
    file.write_bytes(bic_directory(TODAY))
    directory = read_bic_file(file)
    (bank,) = directory.entries
    assert (TODAY, BANK, "ПРИМЕР БАНК") == (directory.business_day, bank.bic, bank.name)
    assert bank.correspondent_account.startswith("30101810")
