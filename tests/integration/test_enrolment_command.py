"""The register by the command line, from the application to the exclusion, as an operator works it."""

import csv
import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from gateway.registry.application_form import Application
from loadtests.demo.applicants import BANK, account
from tests.cli_kit import CommandLine
from tests.enrolment_kit import bank_xml, directory_xml, entity, entrepreneur, moscow_today

TODAY = moscow_today().isoformat()
BY = ("--by", "Первый")
TWO = (*BY, "--approved-by", "Второй")
WHY = (*BY, "--reason", "по письму")


@pytest.fixture
def form(tmp_path: Path) -> Path:
    """The file of an application."""
    return written(tmp_path, entity())


def written(folder: Path, application: Application) -> Path:
    """An application as a file."""
    path = folder / f"{application.inn}.json"
    path.write_bytes(msgspec.json.encode(application))
    return path


def enrolled(tillgate: CommandLine, form: Path) -> str:
    """The id of a merchant that was registered."""
    number = tillgate.json("merchants", "apply", form, "--json")["application_id"]
    assert 0 == tillgate("merchants", "review", number, *BY).exit_code
    done = tillgate("merchants", "register", number, *TWO)
    assert 0 == done.exit_code
    return done.stdout.split()[1]


def test_a_merchant_is_enrolled_and_sells_by_its_agreement(tillgate: CommandLine, form: Path) -> None:
    """Application, review, registration, agreement, shop, till; and every reading command shows it."""
    merchant = enrolled(tillgate, form)
    shown = tillgate.json("merchants", "application", 1, "--json")
    assert "REGISTERED" == shown["application"]["status"]["state"]
    added = tillgate("agreements", "add", merchant, "--number", "Д-1", "--from", "2026-01-01", "--program",
                     "food", "--ceiling", "1500000.50", *BY)  # fmt: skip
    assert "to be sent until" in added.stdout
    for step in ("send", "sign", "return"):
        assert 0 == tillgate("agreements", step, 1, "--on", TODAY, *BY).exit_code
    (agreement,) = tillgate.json("agreements", "list", "--merchant", merchant, "--json")
    assert ("CONCLUDED", 150000050) == (agreement["state"], agreement["ceiling_kopecks"])
    amended = tillgate("agreements", "amend", 1, "--number", "ДС-1", "--signed-on", TODAY,
                       "--without-ceiling",
                       "--settings", '{"stops_sales_at_ceiling": true}', *BY)  # fmt: skip
    assert 0 == amended.exit_code
    shown = tillgate.json("agreements", "show", 1, "--json")
    assert ["ceiling_kopecks", "settings"] == sorted(shown["addenda"][0]["changes"])
    assert "addendum ДС-1" in tillgate("agreements", "show", 1).stdout
    outlet = tillgate("outlets", "add", merchant, "--name", "М3", "--address", "г. Москва, ул. 3", *BY)
    terminal = tillgate("terminals", "add", outlet.stdout.split()[1], "--name", "К1", *BY).stdout.split()[1]
    fiscal = ("terminals", "fiscal", terminal, "--kkt", "0" * 16, "--drive", "1" * 16, "--from", TODAY, *BY)
    assert 0 == tillgate(*fiscal).exit_code
    assert "ФН 1111111111111111" in tillgate("terminals", "history", terminal).stdout
    assert 0 == tillgate("terminals", "end-fiscal", terminal, "--to", TODAY, *WHY).exit_code
    for group, number in (("terminals", terminal), ("outlets", 1)):
        assert 0 == tillgate(group, "disable", number, *WHY).exit_code
        assert 1 == tillgate(group, "disable", number, *WHY).exit_code
        assert 0 == tillgate(group, "enable", number, *WHY).exit_code
        assert "по письму" in tillgate(group, "history", number).stdout
        assert "М3" in tillgate("outlets", "list").stdout
    assert [terminal] == [str(one["id"]) for one in tillgate.json("terminals", "list", "--json")]
    assert "Д-1" in tillgate("merchants", "show", merchant).stdout
    assert {"signals": [], "uses": []} == tillgate.json("agreements", "use", "--json")


def test_what_the_checks_find_is_told_by_field_and_nothing_is_kept(
    tillgate: CommandLine, tmp_path: Path
) -> None:
    """In both languages, exit code 1; a file that is no application ends with 2."""
    done = tillgate("merchants", "apply", written(tmp_path, entity(inn="0000000017", kpp="")))
    assert 1 == done.exit_code
    assert "inn: INN_CHECK_DIGIT: the check digits of the INN are wrong" in done.stderr
    assert "kpp: KPP_MISSING: a legal entity has a KPP / у организации должен быть КПП" in done.stderr
    broken = tmp_path / "broken.json"
    for text in ("", "{}", '{"kind": "ENTITY", "surprise": 1}', "[", "\xff"):
        broken.write_text(text, encoding="latin-1")
        assert 2 == tillgate("merchants", "apply", broken).exit_code
    assert [] == tillgate.json("merchants", "applications", "--json")


def test_two_people_and_no_fewer(tillgate: CommandLine, form: Path) -> None:
    """For a registration, a taking over and another account."""
    alone = (*BY, "--approved-by", "первый")
    tillgate("merchants", "apply", form)
    tillgate("merchants", "review", 1, *BY)
    assert "FOUR_EYES" in tillgate("merchants", "register", 1, *alone).stderr
    assert "FOUR_EYES" in tillgate("merchants", "take-over", form, *alone, "--reason", "3.8").stderr
    assert 0 == tillgate("merchants", "register", 1, *TWO).exit_code
    proposed = tillgate("merchants", "account", "propose", 1, "--bic", BANK, "--account", account(9), *WHY)
    assert "another person" in proposed.stdout
    assert "FOUR_EYES" in tillgate("merchants", "account", "confirm", 2, *BY).stderr
    assert 0 == tillgate("merchants", "account", "confirm", 2, "--by", "Второй").exit_code
    states = [one["state"] for one in tillgate.json("merchants", "account", "show", 1, "--json")]
    assert ["CONFIRMED", "CONFIRMED"] == states
    tillgate("merchants", "account", "propose", 1, "--bic", BANK, "--account", account(8), *WHY)
    assert 0 == tillgate("merchants", "account", "reject", 3, *WHY).exit_code
    assert "REJECTED" in tillgate("merchants", "account", "show", 1).stdout


def test_a_merchant_is_suspended_resumed_and_excluded(tillgate: CommandLine, form: Path) -> None:
    """With the reason in the list; a step that there is not ends with exit code 1."""
    merchant = enrolled(tillgate, form)
    heir = enrolled(tillgate, written(form.parent, entrepreneur(2)))
    for step, state in (("suspend", "SUSPENDED"), ("resume", "ACTIVE"), ("exclude", "ENDED")):
        assert 0 == tillgate("merchants", step, merchant, *WHY).exit_code
        assert state in tillgate("merchants", "list", "--state", state).stdout
    done = tillgate("merchants", "resume", merchant, *WHY)
    assert 1 == done.exit_code
    assert "STEP_NOT_ALLOWED" in done.stderr
    succeeded = tillgate("merchants", "succeed", heir, merchant, *TWO, "--reason", "реорганизация")
    assert 0 == succeeded.exit_code
    assert f"successor of merchant {merchant}" in tillgate("merchants", "show", heir).stdout


def test_a_refused_application_tells_why(tillgate: CommandLine, form: Path) -> None:
    """In the list and in its history."""
    tillgate("merchants", "apply", form)
    assert "SUBMITTED" in tillgate("merchants", "applications").stdout
    assert "no BIC directory is imported" in tillgate("merchants", "review", 1, *BY).stdout
    assert 0 == tillgate("merchants", "refuse", 1, *BY, "--reason", "нет магазина").exit_code
    (one,) = tillgate.json("merchants", "applications", "--state", "REFUSED", "--json")
    assert "нет магазина" == one["reason"]
    assert "нет магазина" in tillgate("merchants", "application", 1).stdout


def test_an_agreement_names_programs_that_there_are(tillgate: CommandLine, form: Path) -> None:
    """A misspelt code would cover nothing; malformed values end with exit code 2."""
    merchant = enrolled(tillgate, form)
    good = ("agreements", "add", merchant, "--number", "1", "--from", TODAY, *BY)
    wrong = tillgate(*good, "--program", "fodo")
    assert 2 == wrong.exit_code
    assert "food" in wrong.stderr
    for option in (
        ("--ceiling", "1.005"),
        ("--ceiling", "NaN"),
        ("--ceiling", "много"),
        ("--settings", "[]"),
        ("--settings", '{"stops": true}'),
        ("--to", "31.12.2026"),
    ):
        assert 2 == tillgate(*good, "--program", "food", *option).exit_code, option
    assert 0 == tillgate(*good, "--program", "food").exit_code
    assert 0 == tillgate("agreements", "cancel", 1, *WHY).exit_code
    assert 0 == tillgate(*good[:4], "2", *good[5:], "--program", "food").exit_code
    for step in ("send", "sign", "return"):
        tillgate("agreements", step, 2, "--on", TODAY, *BY)
    later = (moscow_today() + timedelta(days=30)).isoformat()
    assert 0 == tillgate("agreements", "end", 2, "--to", later, *WHY).exit_code
    assert "AGREEMENT_IN_FORCE" in tillgate("agreements", "settle", 2, *WHY).stderr


def test_the_directory_is_imported_and_asked(tillgate: CommandLine, tmp_path: Path) -> None:
    """What cannot be used changes nothing; what is there answers."""
    file, broken = tmp_path / "ed807.xml", tmp_path / "broken.xml"
    restricted = bank_xml(inside='<RstrList Rstr="URRS" RstrDate="2022-05-17"/>')
    file.write_bytes(directory_xml(restricted))
    broken.write_bytes(b"<!DOCTYPE x [<!ENTITY a 'b'>]><ED807>&a;</ED807>")
    assert "no directory is imported" in tillgate("bic", "show", BANK).stderr
    refused = tillgate("bic", "import", broken)
    assert (1, "0") == (refused.exit_code, tillgate.sql("SELECT count(*) FROM bic_directory"))
    assert "XML_FORBIDDEN" in refused.stderr
    assert "1 participants" in tillgate("bic", "import", file, *BY).stdout
    assert "nothing is changed" in tillgate("bic", "import", file, *BY).stdout
    shown = tillgate("bic", "show", BANK)
    assert "ПРИМЕР БАНК" in shown.stdout
    assert "restriction URRS since 17.05.2022" in shown.stdout
    assert BANK == tillgate.json("bic", "show", BANK, "--json")["bic"]
    assert 1 == tillgate("bic", "show", "049900999").exit_code
    applied = tillgate("merchants", "apply", written(tmp_path, entity()))
    assert "BIC_RESTRICTED" in applied.stderr


def test_the_published_register_goes_to_a_file(tillgate: CommandLine, form: Path, tmp_path: Path) -> None:
    """As a table that a spreadsheet opens, and as JSON."""
    enrolled(tillgate, form)
    out = tmp_path / "register.csv"
    assert "1 participants" in tillgate("merchants", "export", "-o", out).stdout
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert ["Магазин 1", "Магазин 2"] == [row["outlet"] for row in rows]
    (one,) = json.loads(tillgate("merchants", "export", "--format", "json").stdout)
    assert entity().inn == one["inn"] == rows[0]["inn"]
