"""Seals and signatures under claims, in the database: what is sealed shows a change; one answer counts."""

import json
import os
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import asyncpg
import pytest
from google.protobuf.message import DecodeError

from gateway.domain.settlement_terms import SignatureForm
from gateway.ledger.seals.statement import read_statement
from gateway.registry.signing import OutcomeSigner
from settlement.claims.states import ClaimState
from settlement.signing.keeping import (
    Signature,
    answer_signature,
    ask_verifier,
    judge_scan,
    require_signature,
    signature_state,
    signatures_of,
    take_signature,
)
from settlement.signing.seal import HEADER, Seal, seal_claim, verify_seal
from settlement.signing.verifier import Answer, CommandVerifier, Verdict
from tests.review_kit import LINES_SHA256, OPERATOR, Archive, refusal
from tests.signing_kit import AT, EMPLOYEE, ENTITY_INN, Signed, authority_xml
from tillgate.v1 import purchase_pb2 as pb

DOCUMENTS = {"register.xlsx": sha256(b"register").digest(), "claim.pdf": sha256(b"claim").digest()}
SCAN = b"%PDF-1.7\nscan\n%%EOF\n"


@pytest.fixture
def signer(tmp_path: Path) -> OutcomeSigner:
    """A key of outcomes."""
    return OutcomeSigner.create(tmp_path / "key.pem")


async def sealed(archive: Archive, signer: OutcomeSigner, claim_id: int) -> Seal:
    """Seal a claim with its documents."""
    async with archive.connection.transaction():
        return await seal_claim(archive.connection, claim_id, signer, documents=DOCUMENTS, by=OPERATOR)


async def test_a_seal_names_claim_sums_lines_and_documents(archive: Archive, signer: OutcomeSigner) -> None:
    """In text that a person can read; the key's own check and ours agree."""
    claim_id = await archive.claim()
    seal = await sealed(archive, signer, claim_id)
    said = json.loads(seal.statement.removeprefix(HEADER))
    assert (claim_id, 390_00, 0, LINES_SHA256.hex()) == (
        said["id"], said["sale_kopecks"], said["returned_kopecks"], said["lines_sha256"],
    )  # fmt: skip
    assert ("С-1", ENTITY_INN) == (said["agreement_number"], said["merchant_inn"])
    assert {name: digest.hex() for name, digest in DOCUMENTS.items()} == said["documents"]
    keys = {signer.key_id: signer.public_key}
    assert seal == await verify_seal(archive.connection, claim_id, keys, DOCUMENTS)
    assert seal == await sealed(archive, signer, claim_id)
    assert ["claim.sealed"] == [
        row["action"] for row in await archive.connection.fetch("SELECT action FROM audit_entry")
    ]


@pytest.mark.parametrize("change", [
    "sale_kopecks = sale_kopecks + 1",
    "returned_kopecks = 1",
    "line_count = line_count + 1",
    "lines_sha256 = sha256('')",
    "last_day = last_day + 1",
    "filed_at = filed_at + interval '1 second'",
])  # fmt: skip
async def test_a_claim_that_is_changed_after_its_seal_shows(
    archive: Archive, signer: OutcomeSigner, change: str
) -> None:
    """Every sealed column; and a claim cannot be sealed anew."""
    claim_id = await archive.claim()
    await sealed(archive, signer, claim_id)
    await archive.connection.execute(f"UPDATE claim SET {change}")
    keys = {signer.key_id: signer.public_key}
    assert "SEAL_BROKEN" == await refusal(verify_seal(archive.connection, claim_id, keys))
    assert "ALREADY_SEALED" == await refusal(sealed(archive, signer, claim_id))


async def test_a_seal_is_taken_for_nothing_else_that_the_key_signs(
    archive: Archive, signer: OutcomeSigner
) -> None:
    """It is no outcome of a till, and no seal of a day."""
    seal = await sealed(archive, signer, await archive.claim())
    with pytest.raises(DecodeError):
        pb.SignedOutcome.FromString(seal.statement.encode())
    with pytest.raises(ValueError, match="no statement of a day seal"):
        read_statement(seal.statement)


async def test_another_key_or_document_does_not_fit_a_seal(
    archive: Archive, signer: OutcomeSigner, tmp_path: Path
) -> None:
    """An unknown key, a known id with another key, a document that was changed, one that was not sealed."""
    claim_id = await archive.claim()
    await sealed(archive, signer, claim_id)
    other = OutcomeSigner.create(tmp_path / "other.pem")
    own = {signer.key_id: signer.public_key}
    for keys, documents in (
        ({other.key_id: other.public_key}, {}),
        ({signer.key_id: other.public_key}, {}),
        (own, {"claim.pdf": sha256(b"tampered").digest()}),
        (own, {"unknown.pdf": sha256(b"claim").digest()}),
    ):
        attempt = verify_seal(archive.connection, claim_id, keys, documents)
        assert "SEAL_BROKEN" == await refusal(attempt)


async def test_what_is_not_filed_is_not_sealed_and_what_is_not_sealed_is_not_signed(
    archive: Archive, signer: OutcomeSigner
) -> None:
    """A draft may still change; and there would be nothing to sign."""
    draft = await archive.claim(state=ClaimState.DRAFT)
    assert "NOT_FILED" == await refusal(sealed(archive, signer, draft))
    assert "NOT_SEALED" == await refusal(verify_seal(archive.connection, draft, {}))
    assert "NOT_SEALED" == await refusal(taken(archive, draft, Signed().der()))
    assert "SIGNATURE_MISSING" == await refusal(require_signature(archive.connection, draft))


async def test_seals_and_signatures_cannot_be_changed_or_deleted(
    archive: Archive, signer: OutcomeSigner
) -> None:
    """Not by the owner of the tables either; an answer is given once."""
    claim_id = await archive.claim()
    await sealed(archive, signer, claim_id)
    signature = await taken(archive, claim_id, Signed().der())
    async with archive.connection.transaction():
        await answer_signature(archive.connection, signature.id, Verdict(Answer.VALID), by=OPERATOR)
    for statement in (
        "UPDATE claim_seal SET statement = ''",
        "DELETE FROM claim_seal",
        "UPDATE claim_signature SET answer = 'INVALID'",
        "DELETE FROM claim_signature",
    ):
        with pytest.raises(asyncpg.RaiseError):
            await archive.connection.execute(statement)


async def taken(
    archive: Archive,
    claim_id: int,
    content: bytes,
    form: SignatureForm = SignatureForm.QUALIFIED,
    authority: bytes | None = None,
) -> Signature:
    """Hand in a signature."""
    async with archive.connection.transaction():
        return await take_signature(
            archive.connection, claim_id, content, form=form, authority=authority, by=OPERATOR
        )


@dataclass
class Says:
    """A verifier that answers one thing, and remembers what it was asked."""

    verdict: Verdict
    asked: list[tuple[bytes, bytes, bytes | None]] = field(default_factory=list)

    async def verify(self, *, document: bytes, signature: bytes, authority: bytes | None) -> Verdict:
        """Answer."""
        self.asked.append((document, signature, authority))
        return self.verdict


async def test_a_signature_is_unverified_until_a_verifier_answers_once(
    archive: Archive, signer: OutcomeSigner
) -> None:
    """It is asked about the sealed text, the signature and the power of attorney, byte for byte."""
    claim_id = await archive.claim()
    seal = await sealed(archive, signer, claim_id)
    der, authority = Signed(subject=EMPLOYEE).der(), authority_xml()
    signature = await taken(archive, claim_id, der, authority=authority)
    assert Answer.UNVERIFIED is signature.answer
    assert "00000000-0000-4000-8000-000000000001" == signature.facts["authority"]["number"]
    verifier = Says(Verdict(Answer.VALID, "цепочка проверена"))
    answered = await ask_verifier(archive.connection, signature.id, verifier, by=OPERATOR)
    assert [(seal.statement.encode(), der, authority)] == verifier.asked
    assert (Answer.VALID, "цепочка проверена", "operator") == (
        answered.answer, answered.detail, answered.answered_by,
    )  # fmt: skip
    again = ask_verifier(archive.connection, signature.id, Says(Verdict(Answer.INVALID)), by=OPERATOR)
    assert "ANSWERED_ALREADY" == await refusal(again)
    assert answered == await require_signature(archive.connection, claim_id)


async def test_an_invalid_signature_is_none_and_the_next_one_counts(
    archive: Archive, signer: OutcomeSigner
) -> None:
    """The merchant signs again; the same bytes are the same signature."""
    claim_id = await archive.claim()
    await sealed(archive, signer, claim_id)
    assert "" == await signature_state(archive.connection, claim_id)
    first = await taken(archive, claim_id, Signed().der())
    assert "SIGNATURE_UNVERIFIED" == await signature_state(archive.connection, claim_id)
    await ask_verifier(archive.connection, first.id, Says(Verdict(Answer.INVALID, "отозван")), by=OPERATOR)
    assert "SIGNATURE_INVALID" == await refusal(require_signature(archive.connection, claim_id))
    assert Answer.INVALID is (await taken(archive, claim_id, Signed().der())).answer
    second = await taken(archive, claim_id, Signed(signed_at=AT - timedelta(minutes=1)).der())
    assert second.id == (await require_signature(archive.connection, claim_id)).id
    assert [second.id, first.id] == [one.id for one in await signatures_of(archive.connection, claim_id)]


async def test_a_refused_signature_changes_nothing(archive: Archive, signer: OutcomeSigner) -> None:
    """Foreign, expired, broken, none at all."""
    claim_id = await archive.claim()
    await sealed(archive, signer, claim_id)
    before = await archive.everything()
    for content, code in (
        (Signed(subject=EMPLOYEE).der(), "SIGNER_FOREIGN"),
        (Signed(valid_until=AT - timedelta(days=1), signed_at=None).der(), "CERTIFICATE_NOT_IN_FORCE"),
        (Signed().der()[:-1], "CMS_MALFORMED"),
        (SCAN, "CMS_MALFORMED"),
    ):
        assert code == await refusal(taken(archive, claim_id, content))
    assert before == await archive.everything()


async def test_paper_stands_where_the_agreement_says_so_and_a_person_looks_at_it(
    archive: Archive, signer: OutcomeSigner
) -> None:
    """A program is not asked about a scan, nor a person about a CMS."""
    claim_id = await archive.claim()
    await sealed(archive, signer, claim_id)
    paper = SignatureForm.PAPER
    assert "PAPER_NOT_AGREED" == await refusal(taken(archive, claim_id, SCAN, paper))
    await archive.settle_terms(signature=paper)
    scan = await taken(archive, claim_id, SCAN, paper)
    assert ("application/pdf", Answer.UNVERIFIED) == (scan.media_type, scan.answer)
    valid = Verdict(Answer.VALID, "подлинник сверен")
    assert "FORM_WRONG" == await refusal(ask_verifier(archive.connection, scan.id, Says(valid), by=OPERATOR))
    async with archive.connection.transaction():
        judged = await judge_scan(archive.connection, scan.id, valid, by=OPERATOR)
    assert Answer.VALID is judged.answer
    cms = await taken(archive, claim_id, Signed().der())
    assert "FORM_WRONG" == await refusal(judge_scan(archive.connection, cms.id, valid, by=OPERATOR))


def program(tmp_path: Path, body: str) -> list[str]:
    """A verifier's program in Python."""
    script = tmp_path / "verifier.py"
    script.write_text(f"import json, sys, time\nfrom pathlib import Path\n{body}\n", encoding="utf-8")
    return [sys.executable, str(script)]


async def test_a_program_gets_the_files_and_its_answer_is_taken(tmp_path: Path) -> None:
    """Document, signature and, where there is one, power of attorney; the folder is gone afterwards."""
    says = (
        "files = [Path(one) for one in sys.argv[1:]]\n"
        "detail = '|'.join(one.read_text() for one in files) + f'|{files[0].parent}'\n"
        "print(json.dumps({'answer': 'VALID', 'detail': detail}))"
    )
    verifier = CommandVerifier(program(tmp_path, says))
    verdict = await verifier.verify(document=b"d", signature=b"s", authority=b"a")
    *contents, folder = verdict.detail.split("|")
    assert (Answer.VALID, ["d", "s", "a"]) == (verdict.answer, contents)
    assert not os.path.exists(folder)  # noqa: ASYNC240


@pytest.mark.parametrize("body", [
    "sys.exit(1)",
    "print(json.dumps({'answer': 'VALID'})); sys.exit(3)",
    "print('VALID')",
    "print(json.dumps({'answer': 'UNVERIFIED'}))",
    "print(json.dumps({'answer': 'VALID', 'more': 1}))",
    "print('x' * 100_000)",
    "time.sleep(600)",
])  # fmt: skip
async def test_a_program_that_fails_gives_no_answer(tmp_path: Path, body: str) -> None:
    """By its exit code, by what it prints or how much, by its time."""
    verifier = CommandVerifier(program(tmp_path, body), timeout_s=2 if "sleep" in body else 60)
    attempt = verifier.verify(document=b"d", signature=b"s", authority=None)
    assert "VERIFIER_FAILED" == await refusal(attempt)


async def test_a_program_that_is_not_there_gives_no_answer() -> None:
    """It is named."""
    attempt = CommandVerifier(["/no/such/program"]).verify(document=b"d", signature=b"s", authority=None)
    assert "VERIFIER_FAILED" == await refusal(attempt)
