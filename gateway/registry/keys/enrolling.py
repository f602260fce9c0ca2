"""Gives clients their certificates: a first one by a one-time code, the next by proof of the one in use.

This runs in the process of enrolment alone, which has the issuing key, and as its own database role. Each
step can be repeated: what was granted to a key is stored with it, and the same request gets it again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from sqlalchemy import Select, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record
from gateway.registry.keys.codes import Code
from gateway.registry.keys.owners import Description, Owner, describe
from gateway.registry.keys.requests import CERTIFICATE_MAX_BYTES, digest_of, is_proved, read_request
from gateway.registry.keys.schema import enrollment_code
from gateway.registry.pki import fingerprint_of
from gateway.registry.schema import client_key

RENEWAL_OVERLAP: Final = timedelta(hours=24)
"""How long a certificate goes on beside its successor."""
HASHES_AT_ONCE: Final = 2
"""Slow hashes are made of codes whose names are known; more wait, so that nobody keeps the machine busy."""

NAME: Final = "enrollment"
"""What the audit log calls the part that answers a code."""

Certify = Callable[[str, EllipticCurvePublicKey, datetime], bytes]
"""Signs a certificate for a subject's public key; PEM, with its chain."""


class EnrollmentRefusedError(Exception):
    """A request that gets no certificate."""


class CodeWrongError(EnrollmentRefusedError):
    """No such code, or its tries are used up: who does not know a code is told no more than that."""


class CodeSpentError(EnrollmentRefusedError):
    """The code is right, and was used for another key, withdrawn, or has ended."""


class KeyInUseError(EnrollmentRefusedError):
    """The key to be certified is one that the registry knows already."""


class CertificateUnknownError(EnrollmentRefusedError):
    """The certificate to be renewed is not registered."""


class CertificateRevokedError(EnrollmentRefusedError):
    """The certificate to be renewed is revoked or has ended."""


class ProofWrongError(EnrollmentRefusedError):
    """The certificate's key did not sign the request, or has signed one for another key before."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A certificate with its chain, PEM, and whom it stands for."""

    chain_pem: bytes
    client: Description
    ends_at: datetime


class Enroller:
    """Admits clients; `certify` signs. Its methods raise EnrollmentRefusedError, CertificateRequestError,
    SQLAlchemy's and socket errors."""

    def __init__(self, engine: AsyncEngine, certify: Certify) -> None:
        self._engine = engine
        self._certify = certify
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)

    async def enroll(self, code_text: str, request_der: bytes) -> Granted:
        """The first certificate of the client that a code was issued for; its other ones end at once.

        A wrong secret costs one of the code's tries, also when others guess at the same moment.
        """
        public_key = read_request(request_der)
        code = Code.read(code_text)
        if code is None:
            raise CodeWrongError
        wanted = select(enrollment_code).where(enrollment_code.c.name == code.name)
        async with self._engine.connect() as connection:
            seen = (await connection.execute(wanted)).one_or_none()
        if seen is None or seen.tries_left == 0:
            raise CodeWrongError
        async with self._hashing:
            secret_hash = await asyncio.to_thread(code.hashed, seen.salt)
        try:
            async with self._engine.begin() as connection:
                granted = await self._spend(connection, wanted, secret_hash, public_key)
        except IntegrityError as error:
            raise KeyInUseError from error
        if granted is None:
            raise CodeWrongError
        return granted

    async def renew(self, certificate_der: bytes, request_der: bytes, signature: bytes) -> Granted:
        """The next certificate of a client; the one in use goes on for RENEWAL_OVERLAP at most."""
        public_key = read_request(request_der)
        if len(certificate_der) > CERTIFICATE_MAX_BYTES:
            raise CertificateUnknownError
        fingerprint = sha256(certificate_der).digest()
        wanted = select(client_key, func.tillgate_now().label("now")).where(
            client_key.c.fingerprint == fingerprint
        )
        try:
            async with self._engine.begin() as connection:
                row = (await connection.execute(wanted.with_for_update())).one_or_none()
                if row is None:
                    raise CertificateUnknownError
                if row.revoked_at is not None or (row.ends_at is not None and row.ends_at <= row.now):
                    raise CertificateRevokedError
                if not is_proved(certificate_der, request_der, signature):
                    raise ProofWrongError
                if x509.load_der_x509_certificate(certificate_der).not_valid_after_utc <= row.now:
                    raise CertificateRevokedError
                return await self._succeed(connection, row, public_key)
        except IntegrityError as error:
            raise KeyInUseError from error

    async def _spend(
        self,
        connection: AsyncConnection,
        wanted: Select[Any],
        secret_hash: bytes,
        public_key: EllipticCurvePublicKey,
    ) -> Granted | None:
        """What a code is worth; None if the secret is wrong, which has cost a try."""
        now = func.tillgate_now().label("now")
        row = (await connection.execute(wanted.add_columns(now).with_for_update())).one()
        # Asked again under the lock: whoever guesses on many connections has five tries all the same.
        if row.tries_left == 0:
            return None
        this = enrollment_code.c.name == row.name
        if not compare_digest(row.secret_hash, secret_hash):
            fewer = enrollment_code.c.tries_left - 1
            await connection.execute(update(enrollment_code).where(this).values(tries_left=fewer))
            return None
        if row.withdrawn_at is not None or row.ends_at <= row.now:
            raise CodeSpentError
        if row.used_fingerprint is not None:
            return await self._again(connection, row.used_fingerprint, public_key, CodeSpentError)
        owner = Owner.of(row)
        granted = await self._admit(connection, owner, public_key, replaces=None)
        fingerprint = fingerprint_of(granted.chain_pem)
        await connection.execute(
            update(client_key)
            .where(
                owner.owns(client_key),
                client_key.c.kind == "CERTIFICATE",
                client_key.c.fingerprint != fingerprint,
                client_key.c.revoked_at.is_(None),
            )
            .values(revoked_at=func.tillgate_now(), revoke_reason="replaced by an enrolment")
        )
        used = {"used_at": func.tillgate_now(), "used_fingerprint": fingerprint}
        await connection.execute(update(enrollment_code).where(this).values(used))
        issued_by = {"code_name": row.name, "code_issued_by": row.issued_by}
        await _note(connection, Actor.system(NAME), Action.KEY_ISSUED, owner, granted, issued_by)
        return granted

    async def _succeed(
        self, connection: AsyncConnection, row: Any, public_key: EllipticCurvePublicKey
    ) -> Granted:
        successor = select(client_key.c.fingerprint).where(client_key.c.replaces == row.fingerprint)
        found: bytes | None = (await connection.execute(successor)).scalar_one_or_none()
        if found is not None:
            return await self._again(connection, found, public_key, ProofWrongError)
        granted = await self._admit(connection, Owner.of(row), public_key, replaces=row.fingerprint)
        # LEAST passes over what is not known.
        ends_at = func.least(client_key.c.ends_at, func.tillgate_now() + literal(RENEWAL_OVERLAP))
        await connection.execute(
            update(client_key).where(client_key.c.fingerprint == row.fingerprint).values(ends_at=ends_at)
        )
        by = Actor.client_key(row.fingerprint)
        await _note(connection, by, Action.KEY_RENEWED, Owner.of(row), granted, {})
        return granted

    async def _admit(
        self,
        connection: AsyncConnection,
        owner: Owner,
        public_key: EllipticCurvePublicKey,
        replaces: bytes | None,
    ) -> Granted:
        digest = digest_of(public_key)
        known = select(func.count()).where(client_key.c.public_key_sha256 == digest)
        if (await connection.execute(known)).scalar_one():
            raise KeyInUseError
        client = await describe(connection, owner)
        chain_pem = self._certify(owner.name, public_key, datetime.now(UTC))
        ends_at = x509.load_pem_x509_certificate(chain_pem).not_valid_after_utc
        await connection.execute(
            insert(client_key).values(
                fingerprint=fingerprint_of(chain_pem),
                **owner.columns,
                ends_at=ends_at,
                public_key_sha256=digest,
                chain_pem=chain_pem.decode("ascii"),
                replaces=replaces,
            )
        )
        return Granted(chain_pem, client, ends_at)

    async def _again(
        self,
        connection: AsyncConnection,
        fingerprint: bytes,
        public_key: EllipticCurvePublicKey,
        refusal: type[EnrollmentRefusedError],
    ) -> Granted:
        """What was granted before, to the same key alone, and only while it holds."""
        same = select(client_key).where(
            client_key.c.fingerprint == fingerprint,
            client_key.c.public_key_sha256 == digest_of(public_key),
            client_key.c.revoked_at.is_(None),
        )
        row = (await connection.execute(same)).one_or_none()
        if row is None:
            raise refusal
        client = await describe(connection, Owner.of(row))
        return Granted(row.chain_pem.encode("ascii"), client, row.ends_at)


async def _note(
    connection: AsyncConnection,
    by: Actor,
    action: Action,
    owner: Owner,
    granted: Granted,
    details: dict[str, str],
) -> None:
    """Write what was granted to the audit log, as the last thing of its transaction."""
    subject = Subject(SubjectKind.CLIENT_KEY, fingerprint_of(granted.chain_pem).hex())
    told = {"owner": owner.name, "ends_at": granted.ends_at.isoformat(), **details}
    await record(connection, actor=by, action=action, subject=subject, details=told)
