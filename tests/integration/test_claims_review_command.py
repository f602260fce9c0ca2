"""The command line from a filed claim to a payable one, in development and where four eyes are enforced."""

import asyncio
import os
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.people.roles import Role
from gateway.record.words import Actor
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.keys import load_signer
from gateway.runtime.settings import load_settings
from settlement.signing.seal import seal_claim
from tests.cli_kit import CommandLine
from tests.four_eyes_kit import SigningDesk
from tests.review_kit import archive_on
from tests.signing_kit import EMPLOYEE, Signed, authority_xml

CLERK = Actor.person("clerk")
VERIFIER = 'import sys\nprint(\'{"answer": "VALID", "detail": "цепочка"}\')\n'


@pytest.fixture
def claim(tillgate: CommandLine, database_url: str) -> int:
    """A claim that was filed an hour ago, of three sales."""

    async def made() -> int:
        async with archive_on(database_url) as archive:
            now = datetime.now(UTC)
            await archive.run_clock()
            return await archive.claim(filed_at=now - timedelta(hours=1))

    return asyncio.run(made())


def signed_now() -> Signed:
    """A signature of today."""
    now = datetime.now(UTC).replace(microsecond=0)
    return Signed(valid_from=now - timedelta(days=1), valid_until=now + timedelta(days=1), signed_at=now)


def seal(tillgate: CommandLine, claim: int, *documents: Path) -> None:
    """Seal a claim whose lines stand in no ledger, with documents that are made up as well."""
    settings = load_settings({**os.environ, **tillgate.environment})
    digests = {document.name: sha256(document.read_bytes()).digest() for document in documents}

    async def work() -> None:
        engine = make_engine(settings.database_migrator_url, pool_size=0)
        async with driver_connection(engine) as connection, connection.transaction():
            await seal_claim(connection, claim, load_signer(settings), documents=digests, by=CLERK)
        await engine.dispose()

    asyncio.run(work())


def signed(tillgate: CommandLine, claim: int, tmp_path: Path) -> str:
    """Take in the signature of a sealed claim; its number."""
    file = tmp_path / "claim.p7s"
    file.write_bytes(signed_now().der())
    told = tillgate("claims", "sign", "add", claim, file).stdout
    found = re.fullmatch(r"signature (\d+): SIGNATURE_UNVERIFIED\n", told)
    assert found, told
    return found[1]


def test_a_claim_goes_from_its_seal_to_payable(tillgate: CommandLine, claim: int, tmp_path: Path) -> None:
    """Sealed, verified, signed, taken up, judged from a file, decided by two, payable."""
    document = tmp_path / "claim.pdf"
    document.write_bytes(b"document")
    seal(tillgate, claim, document)
    assert tillgate("claims", "sign", "verify", claim, "--document", document).stdout.startswith("whole")
    statement = tmp_path / "statement.txt"
    assert 0 == tillgate("claims", "sign", "statement", claim, "--to", statement).exit_code
    assert statement.read_text(encoding="utf-8").startswith("tillgate claim seal 1\n{")
    number = signed(tillgate, claim, tmp_path)
    program = tmp_path / "verifier.py"
    program.write_text(VERIFIER, encoding="utf-8")
    checked = tillgate("claims", "sign", "check", number, "--with", f"{sys.executable} {program}")
    assert f"signature {number}: SIGNATURE_VALID цепочка\n" == checked.stdout
    assert "claim 1 is UNDER_REVIEW\n" == tillgate("claims", "review", "take-up", claim).stdout
    verdicts = tmp_path / "verdicts.csv"
    verdicts.write_text("n;verdict;reason\n1;отказано;чека нет\n", encoding="utf-8")
    told = tillgate("claims", "review", "verdicts", claim, "--file", verdicts, "--rest").stdout
    assert "claim 1: 1 verdicts, 2 more lines approved\n" == told
    decided = tillgate(
        "claims", "review", "approve", claim, "--by", "first", "--approved-by", "second", "--reason", "акт 1"
    )
    assert "claim 1 is APPROVED_IN_PART: 290.00 approved, 100.00 refused, SIGNATURE_VALID\n" == decided.stdout
    assert "claim 1 is PAYABLE\n" == tillgate("claims", "review", "payable", claim).stdout


def test_an_objection_goes_its_way(tillgate: CommandLine, claim: int, tmp_path: Path) -> None:
    """Refused, objected to, upheld: under review again."""
    seal(tillgate, claim)
    signed(tillgate, claim, tmp_path)
    tillgate("claims", "review", "take-up", claim)
    people = ("--by", "first", "--approved-by", "second")
    refused = tillgate("claims", "review", "refuse", claim, *people, "--reason", "нет чеков")
    assert refused.stdout.startswith("claim 1 is REFUSED: 0.00 approved, 390.00 refused")
    added = tillgate("claims", "objections", "add", claim, "--text", "чеки есть", "--line", 1)
    assert added.stdout.startswith("objection 1: to be answered until")
    assert 1 == len(tillgate.json("claims", "objections", "list", claim, "--json"))
    answered = tillgate("claims", "objections", "answer", 1, "--uphold", "--answer", "чек найден")
    assert "objection 1 is UPHELD\n" == answered.stdout
    assert "UNDER_REVIEW" == tillgate.sql("SELECT state FROM claim").strip()


def test_deadlines_tell_what_is_missed(tillgate: CommandLine, claim: int) -> None:
    """A month later the review of the claim is."""
    later = datetime.now(UTC).date() + timedelta(days=60)
    (found,) = tillgate.json("claims", "deadlines", "--on", later, "--json")
    assert ("REVIEW", True, claim) == (found["due"]["duty"], found["is_missed"], found["claim_id"])
    table = tillgate("claims", "deadlines", "--on", later).stdout
    assert "MISSED" in table
    assert "review the claim" in table


def test_what_is_refused_is_told_in_one_line(tillgate: CommandLine, claim: int, tmp_path: Path) -> None:
    """With exit code 1 and the code's name; without a second person with exit code 2."""
    file = tmp_path / "claim.p7s"
    file.write_bytes(b"no signature")
    seal(tillgate, claim)
    for arguments, code in (
        (("sign", "add", claim, file), "CMS_MALFORMED"),
        (("sign", "add", claim, file, "--paper"), "PAPER_NOT_AGREED"),
        (("sign", "statement", 999, "--to", tmp_path / "s"), "NOT_SEALED"),
        (("review", "take-up", claim), "SIGNATURE_MISSING"),
        (("review", "take-up", 999), "CLAIM_UNKNOWN"),
        (("review", "payable", claim), "SIGNATURE_MISSING"),
        (("review", "verdicts", claim, "--rest"), "NOT_UNDER_REVIEW"),
        (("objections", "add", claim, "--text", "x"), "NOTHING_TO_OBJECT"),
    ):
        refused = tillgate("claims", *arguments)
        assert (1, True) == (refused.exit_code, f"Error: {code}: " in refused.stderr), refused.output
    assert 2 == tillgate("claims", "review", "approve", claim, "--reason", "акт").exit_code
    assert 2 == tillgate("claims", "review", "verdicts", claim).exit_code


def test_an_employees_signature_needs_the_power_of_attorney(
    tillgate: CommandLine, claim: int, tmp_path: Path
) -> None:
    """With it, it is taken."""
    seal(tillgate, claim)
    file, authority = tmp_path / "claim.p7s", tmp_path / "mchd.xml"
    file.write_bytes(signed_now().but(subject=EMPLOYEE).der())
    today = datetime.now(UTC).date()
    authority.write_bytes(
        authority_xml(first_day=today - timedelta(days=2), last_day=today + timedelta(days=2))
    )
    assert "SIGNER_FOREIGN" in tillgate("claims", "sign", "add", claim, file).stderr
    assert 0 == tillgate("claims", "sign", "add", claim, file, "--authority", authority).exit_code
    assert "UNVERIFIED" in tillgate("claims", "sign", "show", claim).stdout


def test_where_four_eyes_are_enforced_the_decision_waits_for_another_person(
    tillgate: CommandLine, claim: int, tmp_path: Path
) -> None:
    """Who signs in proposes; another approves by the proposal's digest; then it is executed."""
    desk = SigningDesk(
        replace(tillgate, environment={**tillgate.environment, "TILLGATE_FOUR_EYES": "true"}), {}
    )
    desk.join("operator", Role.OPERATOR)
    desk.join("approver", Role.APPROVER)
    seal(tillgate, claim)
    file = tmp_path / "claim.p7s"
    file.write_bytes(signed_now().der())
    assert "NOT_PERMITTED" in desk.as_("approver", "claims", "sign", "add", claim, file).stderr
    assert 0 == desk.as_("operator", "claims", "sign", "add", claim, file).exit_code
    assert 0 == desk.as_("operator", "claims", "review", "take-up", claim).exit_code
    assert 0 == desk.as_("operator", "claims", "review", "verdicts", claim, "--rest").exit_code
    number = desk.proposed("operator", "claims", "review", "approve", claim, "--reason", "акт 1")
    execute = ("proposals", "execute", number)
    assert "NOT_APPROVED" in desk.as_("operator", *execute).stderr
    assert "NOT_PERMITTED" in desk.approve("operator", number).stderr
    assert 0 == desk.approve("approver", number).exit_code
    refused = ("claims", "review", "verdicts", claim, "--line", 1, "--reason", "нет чека")
    assert 0 == desk.as_("operator", *refused).exit_code
    assert "OTHER_CONTENT" in desk.as_("operator", *execute).stderr
    assert 0 == desk.as_("operator", *refused[:-2], "--verdict", "approved").exit_code
    assert "the claim is APPROVED\n" == desk.as_("operator", *execute).stdout
    last = desk.tillgate.json("audit", "show", "--action", "claim.decided", "--json")[0]
    assert ("operator", "approver") == (last["actor_id"], last["approved_by"])
