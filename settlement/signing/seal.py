"""The seal of a filed claim: what it says, in text that a person can read, signed by the key of outcomes.

The text is what the merchant's qualified signature is made over, too: it names the claim, its sums, the
SHA-256 of its lines and of its documents. Its first line is the beginning of no outcome and no day seal.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, Protocol

import asyncpg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record
from settlement.claims.moving import MovingCode, state_of
from settlement.claims.states import ClaimState
from settlement.errors import SettlementError
from settlement.ledger_reader.claim_terms import terms_of_claim
from settlement.signing.errors import SigningCode

HEADER: Final = "tillgate claim seal 1\n"

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_UNFILED: Final = (ClaimState.DRAFT, ClaimState.DISCARDED)

_FACTS: Final = """
SELECT id, agreement_id, merchant_id, first_day, last_day, correction_number, filed_at, lines_sha256,
  line_count, sale_kopecks, returned_kopecks, carried_kopecks, over_limit_kopecks, unmatched_kopecks
FROM claim WHERE id = $1"""

_INSERT: Final = """
INSERT INTO claim_seal (claim_id, statement, signature, key_id, sealed_by) VALUES ($1, $2, $3, $4, $5)
RETURNING claim_id, statement, signature, key_id, sealed_at"""

_SELECT: Final = """
SELECT claim_id, statement, signature, key_id, sealed_at FROM claim_seal WHERE claim_id = $1"""


class Signer(Protocol):
    """Signs with the key of outcomes."""

    @property
    def key_id(self) -> str: ...

    def sign(self, payload: bytes) -> bytes:
        """The Ed25519 signature over exactly these bytes."""


class Seal(Struct, frozen=True):
    """A claim's seal, as it is stored."""

    claim_id: int
    statement: str
    signature: bytes
    key_id: str
    sealed_at: datetime


async def seal_claim(
    connection: asyncpg.Connection,
    claim_id: int,
    signer: Signer,
    *,
    documents: Mapping[str, bytes],
    by: Actor,
) -> Seal:
    """Seal a filed claim in the caller's transaction; the same again changes nothing.

    `documents` are SHA-256 of 32 bytes by the documents' names. Raises SettlementError CLAIM_UNKNOWN,
    NOT_FILED, ALREADY_SEALED with another content; ValueError for a digest that is none.
    """
    if await state_of(connection, claim_id) in _UNFILED:
        raise SettlementError(SigningCode.NOT_FILED, claim_id=claim_id)
    statement = statement_of(await _facts(connection, claim_id), documents)
    found = await read_seal(connection, claim_id)
    if found is not None:
        if found.statement != statement:
            raise SettlementError(SigningCode.ALREADY_SEALED, claim_id=claim_id)
        return found
    row = await connection.fetchrow(
        _INSERT,
        claim_id, statement, signer.sign(statement.encode()), signer.key_id, by.id,
    )  # fmt: skip
    await record(
        connection,
        actor=by,
        action=Action.CLAIM_SEALED,
        subject=Subject(SubjectKind.CLAIM, str(claim_id)),
        details={"key_id": signer.key_id, "documents": sorted(documents)},
    )
    return Seal(**row)


def statement_of(facts: Mapping[str, Any], documents: Mapping[str, bytes]) -> str:
    """The text that is signed: a line that names it, and canonical JSON (sorted keys, no blanks)."""
    digests = {name: digest.hex() for name, digest in documents.items()}
    if not all(_SHA256.fullmatch(digest) for digest in digests.values()):
        raise ValueError("a document's digest is a SHA-256")
    said = {name: _plain(value) for name, value in facts.items()} | {"documents": digests}
    return f"{HEADER}{json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(',', ':'))}\n"


async def read_seal(connection: asyncpg.Connection, claim_id: int) -> Seal | None:
    """A claim's seal; None without one."""
    row = await connection.fetchrow(
        "SELECT claim_id, statement, signature, key_id, sealed_at FROM claim_seal WHERE claim_id = $1",
        claim_id,
    )
    return None if row is None else Seal(**row)


async def verify_seal(
    connection: asyncpg.Connection,
    claim_id: int,
    keys: Mapping[str, bytes],
    documents: Mapping[str, bytes] | None = None,
) -> Seal:
    """A claim's seal, once it is sure that signature, claim and the documents brought are what was sealed.

    `keys` are Ed25519 public keys of 32 bytes by their ids. The claim's `lines_sha256` is compared as it is
    stored: who doubts the lines computes it anew. Raises SettlementError NOT_SEALED, SEAL_BROKEN.
    """
    seal = await read_seal(connection, claim_id)
    if seal is None:
        raise SettlementError(SigningCode.NOT_SEALED, claim_id=claim_id)
    raw = keys.get(seal.key_id)
    if raw is None:
        raise _broken(claim_id, f"key {seal.key_id}")
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(seal.signature, seal.statement.encode())
    except InvalidSignature:
        raise _broken(claim_id, "signature") from None
    said = json.loads(seal.statement.removeprefix(HEADER))
    sealed: dict[str, str] = said.pop("documents")
    for name, value in (await _facts(connection, claim_id)).items():
        if said.get(name) != _plain(value):
            raise _broken(claim_id, name)
    for name, digest in (documents or {}).items():
        if sealed.get(name) != digest.hex():
            raise _broken(claim_id, name)
    return seal


async def _facts(connection: asyncpg.Connection, claim_id: int) -> Mapping[str, Any]:
    row = await connection.fetchrow(_FACTS, claim_id)
    terms = await terms_of_claim(connection, claim_id)
    if row is None or terms is None:
        raise SettlementError(MovingCode.CLAIM_UNKNOWN, claim_id=claim_id)
    return dict(row) | {"agreement_number": terms.agreement_number, "merchant_inn": terms.merchant_inn}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def _broken(claim_id: int, what: str) -> SettlementError:
    return SettlementError(SigningCode.SEAL_BROKEN, claim_id=claim_id, what=what)
