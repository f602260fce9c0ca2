"""Signatures under sealed claims: taken in, looked at, and answered once by a verifier or a person."""

from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct

from gateway.domain.settlement_terms import SignatureForm
from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import kept_text, record
from settlement.claims.moving import MovingCode, state_of
from settlement.errors import SettlementError
from settlement.ledger_reader.claim_terms import ClaimTerms, terms_of_claim
from settlement.signing.authority import read_authority
from settlement.signing.checking import check_signature
from settlement.signing.cms import read_cms
from settlement.signing.errors import SigningCode
from settlement.signing.scans import media_type_of
from settlement.signing.seal import Seal, read_seal
from settlement.signing.verifier import Answer, Verdict, Verifier

CMS_MEDIA_TYPE: Final = "application/pkcs7-signature"

_COLUMNS: Final = (
    "id, claim_id, form, media_type, content_sha256, authority IS NOT NULL AS has_authority, facts::text,"
    " handed_in_by, handed_in_at, answer, detail, answered_by, answered_at"
)

_INSERT: Final = f"""
INSERT INTO claim_signature
  (claim_id, form, media_type, content, content_sha256, authority, facts, handed_in_by)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8)
ON CONFLICT (claim_id, content_sha256) DO NOTHING RETURNING {_COLUMNS}"""

_SAME: Final = f"SELECT {_COLUMNS} FROM claim_signature WHERE claim_id = $1 AND content_sha256 = $2"

_ANSWER: Final = f"""
UPDATE claim_signature SET answer = $2, detail = $3, answered_by = $4, answered_at = tillgate_now()
WHERE id = $1 RETURNING {_COLUMNS}"""


class Signature(Struct, frozen=True):
    """A signature without its bytes; `facts` are what was read of certificate and power of attorney."""

    id: int
    claim_id: int
    form: SignatureForm
    media_type: str
    content_sha256: bytes
    has_authority: bool
    facts: dict[str, Any]
    handed_in_by: str
    handed_in_at: datetime
    answer: Answer
    detail: str
    answered_by: str
    answered_at: datetime | None


async def take_signature(
    connection: asyncpg.Connection,
    claim_id: int,
    content: bytes,
    *,
    form: SignatureForm,
    by: Actor,
    authority: bytes | None = None,
) -> Signature:
    """Take in a signature under a claim's seal, in the caller's transaction.

    A QUALIFIED one is a detached CMS over the seal's statement, with the power of attorney where an employee
    signs; a PAPER one is a scan, where the agreement lets sign on paper. It is UNVERIFIED until somebody
    answers; the same bytes again are the signature that was taken. Raises SettlementError with a
    SigningCode, and nothing is changed.
    """
    await state_of(connection, claim_id)
    terms = await _terms(connection, claim_id)
    await _sealed(connection, claim_id)
    if form is SignatureForm.PAPER:
        if terms.terms.signature is not SignatureForm.PAPER:
            raise SettlementError(SigningCode.PAPER_NOT_AGREED)
        media_type, facts = media_type_of(content), {}
    else:
        now = await connection.fetchval("SELECT tillgate_now()")
        media_type, facts = CMS_MEDIA_TYPE, _facts(content, authority, terms.merchant_inn, now)
    row = await connection.fetchrow(
        _INSERT,
        claim_id, form, media_type, content, sha256(content).digest(), authority,
        msgspec.json.encode(facts).decode(), by.id,
    )  # fmt: skip
    if row is None:
        return _signature(await connection.fetchrow(_SAME, claim_id, sha256(content).digest()))
    taken = _signature(row)
    details = {"signature": taken.id, "form": form.value, "content_sha256": taken.content_sha256.hex()}
    await _record(connection, taken, by, Action.CLAIM_SIGNED, details)
    return taken


async def answer_signature(
    connection: asyncpg.Connection, signature_id: int, verdict: Verdict, *, by: Actor
) -> Signature:
    """Write once what is known of a signature, in the caller's transaction.

    Raises SettlementError SIGNATURE_UNKNOWN, ANSWERED_ALREADY.
    """
    # The claim is locked first, as by every step: what is decided meanwhile sees the answer or precedes it.
    await state_of(connection, (await read_signature(connection, signature_id)).claim_id)
    found = await read_signature(connection, signature_id)
    if found.answer is not Answer.UNVERIFIED:
        raise SettlementError(
            SigningCode.ANSWERED_ALREADY, signature_id=signature_id, state=found.answer.value
        )
    detail = kept_text(verdict.detail)
    row = await connection.fetchrow(_ANSWER, signature_id, verdict.answer, detail, by.id)
    answered = _signature(row)
    details = {"signature": signature_id, "answer": verdict.answer.value, "detail": detail}
    await _record(connection, answered, by, Action.CLAIM_SIGNATURE_CHECKED, details)
    return answered


async def judge_scan(
    connection: asyncpg.Connection, signature_id: int, verdict: Verdict, *, by: Actor
) -> Signature:
    """What a person says who compared a scan with the paper; raises SettlementError FORM_WRONG too."""
    found = await read_signature(connection, signature_id)
    _require(found, SignatureForm.PAPER)
    return await answer_signature(connection, signature_id, verdict, by=by)


async def ask_verifier(
    connection: asyncpg.Connection, signature_id: int, verifier: Verifier, *, by: Actor
) -> Signature:
    """Ask a verifier, outside of any transaction, and write its answer in one.

    Raises SettlementError FORM_WRONG, SIGNATURE_UNKNOWN, ANSWERED_ALREADY, VERIFIER_FAILED; without an answer
    the signature stays UNVERIFIED.
    """
    found = await read_signature(connection, signature_id)
    _require(found, SignatureForm.QUALIFIED)
    seal = await _sealed(connection, found.claim_id)
    row = await connection.fetchrow(
        "SELECT content, authority FROM claim_signature WHERE id = $1", signature_id
    )
    verdict = await verifier.verify(
        document=seal.statement.encode(), signature=row["content"], authority=row["authority"]
    )
    async with connection.transaction():
        return await answer_signature(connection, signature_id, verdict, by=by)


async def read_signature(connection: asyncpg.Connection, signature_id: int) -> Signature:
    """One signature; raises SettlementError SIGNATURE_UNKNOWN."""
    query = f"SELECT {_COLUMNS} FROM claim_signature WHERE id = $1"
    row = await connection.fetchrow(query, signature_id)
    if row is None:
        raise SettlementError(SigningCode.SIGNATURE_UNKNOWN, signature_id=signature_id)
    return _signature(row)


async def signatures_of(connection: asyncpg.Connection, claim_id: int) -> list[Signature]:
    """All signatures under a claim, the newest first."""
    query = f"SELECT {_COLUMNS} FROM claim_signature WHERE claim_id = $1 ORDER BY id DESC"
    return [_signature(row) for row in await connection.fetch(query, claim_id)]


async def signature_state(connection: asyncpg.Connection, claim_id: int) -> str:
    """How the signature that counts stands, such as SIGNATURE_UNVERIFIED; "" without one."""
    found = await signatures_of(connection, claim_id)
    return f"SIGNATURE_{found[0].answer.value}" if found else ""


async def require_signature(connection: asyncpg.Connection, claim_id: int) -> Signature:
    """The newest signature under a claim, which counts; VALID or not answered yet.

    Raises SettlementError SIGNATURE_MISSING, SIGNATURE_INVALID.
    """
    found = await signatures_of(connection, claim_id)
    if not found:
        raise SettlementError(SigningCode.SIGNATURE_MISSING, claim_id=claim_id)
    newest = found[0]
    if newest.answer is Answer.INVALID:
        raise SettlementError(
            SigningCode.SIGNATURE_INVALID, signature_id=newest.id, claim_id=claim_id, detail=newest.detail
        )
    return newest


def _facts(content: bytes, authority: bytes | None, merchant_inn: str, now: datetime) -> dict[str, Any]:
    signature = read_cms(content)
    given = None if authority is None else read_authority(authority)
    check_signature(signature, merchant_inn=merchant_inn, at=now, authority=given)
    facts: dict[str, Any] = msgspec.to_builtins(signature)
    return facts if given is None else facts | {"authority": msgspec.to_builtins(given)}


async def _terms(connection: asyncpg.Connection, claim_id: int) -> ClaimTerms:
    found = await terms_of_claim(connection, claim_id)
    if found is None:
        raise SettlementError(MovingCode.CLAIM_UNKNOWN, claim_id=claim_id)
    return found


async def _sealed(connection: asyncpg.Connection, claim_id: int) -> Seal:
    seal = await read_seal(connection, claim_id)
    if seal is None:
        raise SettlementError(SigningCode.NOT_SEALED, claim_id=claim_id)
    return seal


def _require(found: Signature, form: SignatureForm) -> None:
    if found.form is not form:
        raise SettlementError(SigningCode.FORM_WRONG, signature_id=found.id, form=form.value)


def _signature(row: Any) -> Signature:
    fields = dict(row) | {
        "form": SignatureForm(row["form"]),
        "answer": Answer(row["answer"]),
        "facts": msgspec.json.decode(row["facts"]),
    }
    return Signature(**fields)


async def _record(
    connection: asyncpg.Connection, of: Signature, by: Actor, action: Action, details: dict[str, Any]
) -> None:
    subject = Subject(SubjectKind.CLAIM, str(of.claim_id))
    await record(connection, actor=by, action=action, subject=subject, details=details)
