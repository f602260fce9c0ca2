"""What operators do with keys: issue codes, register and revoke, publish and retire. Each is one transaction,
which the audit log tells of.

All of it is for the role that owns the tables: neither a purchase worker nor the enrolment process may.
"""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import kept_text, record
from gateway.registry.history import person
from gateway.registry.keys import hmac_keys
from gateway.registry.keys.codes import SALT_BYTES, Code
from gateway.registry.keys.owners import Owner, describe
from gateway.registry.keys.schema import enrollment_code, outcome_key
from gateway.registry.schema import client_key

CODE_VALIDITY: Final = timedelta(hours=24)


class UnknownKeyError(LookupError):
    """No such key is registered or published."""


class KeyTakenError(ValueError):
    """The key is registered for somebody already."""


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A new code, which is shown once, and its end."""

    code: Code
    ends_at: datetime


async def issue_code(
    connection: AsyncConnection, owner: Owner, issued_by: str, validity: timedelta = CODE_VALIDITY
) -> IssuedCode:
    """Make a one-time code; an earlier one that was not used is withdrawn. Raises UnknownOwnerError."""
    await describe(connection, owner)
    await _withdraw_codes(connection, owner)
    code, salt = Code.make(), secrets.token_bytes(SALT_BYTES)
    # Slow on purpose: not on the loop of whoever serves people.
    secret_hash = await asyncio.to_thread(code.hashed, salt)
    row = insert(enrollment_code).values(
        name=code.name,
        **owner.columns,
        salt=salt,
        secret_hash=secret_hash,
        issued_by=issued_by,
        ends_at=func.tillgate_now() + validity,
    )
    ends_at = (await connection.execute(row.returning(enrollment_code.c.ends_at))).scalar_one()
    await _note(
        connection, person(issued_by), Action.KEY_CODE_ISSUED, owner.subject,
        code_name=code.name, ends_at=ends_at.isoformat(),
    )  # fmt: skip
    return IssuedCode(code, ends_at)


async def register_certificate(
    connection: AsyncConnection, owner: Owner, fingerprint: bytes, ends_at: datetime, *, by: Actor
) -> None:
    """Admit a certificate of another authority, for doors behind a proxy that knows that authority.

    Raises UnknownOwnerError and KeyTakenError.
    """
    await describe(connection, owner)
    row = (
        pg_insert(client_key)
        .values(fingerprint=fingerprint, **owner.columns, ends_at=ends_at)
        .on_conflict_do_nothing()
    )
    if (await connection.execute(row)).rowcount == 0:
        raise KeyTakenError(f"{fingerprint.hex()} is registered already")
    subject = Subject(SubjectKind.CLIENT_KEY, fingerprint.hex())
    await _note(connection, by, Action.KEY_ISSUED, subject, owner=owner.name, ends_at=ends_at.isoformat())


async def add_hmac_key(connection: AsyncConnection, owner: Owner, *, by: Actor) -> str:
    """Register the next HMAC key of an owner and return its id; earlier ones stay until they are revoked.

    Raises UnknownOwnerError.
    """
    await describe(connection, owner)
    last = select(func.coalesce(func.max(client_key.c.hmac_version), 0)).where(owner.owns(client_key))
    version: int = (await connection.execute(last)).scalar_one() + 1
    key_id = hmac_keys.key_id(owner.name, version)
    fingerprint = hmac_keys.fingerprint_of_key_id(key_id)
    row = insert(client_key).values(
        fingerprint=fingerprint, **owner.columns, kind="HMAC", hmac_version=version
    )
    await connection.execute(row)
    subject = Subject(SubjectKind.CLIENT_KEY, fingerprint.hex())
    await _note(connection, by, Action.KEY_ISSUED, subject, owner=owner.name, hmac_key=key_id)
    return key_id


async def revoke_owner(connection: AsyncConnection, owner: Owner, reason: str, *, by: Actor) -> int:
    """Revoke every key of an owner, of either kind, and withdraw its codes; how many keys that were.

    Raises UnknownOwnerError.
    """
    await describe(connection, owner)
    await _withdraw_codes(connection, owner)
    # A renewal under way holds a key that is to go, and its successor is seen only by who waited for it.
    count = sum([await _revoke(connection, owner.owns(client_key), reason) for _ in range(2)])
    await _note(connection, by, Action.KEY_REVOKED, owner.subject, reason=reason, keys=count)
    return count


async def revoke_fingerprint(
    connection: AsyncConnection, fingerprint: bytes, reason: str, *, by: Actor
) -> None:
    """Revoke one key with all that it was renewed to: whoever has it may have renewed it.

    One that is revoked already stays so. Raises UnknownKeyError.
    """
    columns = client_key.c
    known = select(columns.fingerprint).where(columns.fingerprint == fingerprint)
    if (await connection.execute(known)).first() is None:
        raise UnknownKeyError(f"no key {fingerprint.hex()} is registered")
    count = await _revoke(connection, columns.fingerprint == fingerprint, reason)
    line = known.cte("line", recursive=True)
    successors = select(columns.fingerprint).join(line, columns.replaces == line.c.fingerprint)
    line = line.union_all(successors)
    count += await _revoke(connection, columns.fingerprint.in_(select(line.c.fingerprint)), reason)
    subject = Subject(SubjectKind.CLIENT_KEY, fingerprint.hex())
    await _note(connection, by, Action.KEY_REVOKED, subject, reason=reason, keys=count)


async def _revoke(connection: AsyncConnection, which: ColumnElement[bool], reason: str) -> int:
    gone = (
        update(client_key)
        .where(which, client_key.c.revoked_at.is_(None))
        .values(revoked_at=func.tillgate_now(), revoke_reason=kept_text(reason))
    )
    return (await connection.execute(gone)).rowcount


async def publish_outcome_key(
    connection: AsyncConnection, key_id: str, public_key: bytes, *, by: Actor
) -> None:
    """Let tills know a key of outcomes before it signs; one that is published stays as it is."""
    row = pg_insert(outcome_key).values(key_id=key_id, public_key=public_key).on_conflict_do_nothing()
    if (await connection.execute(row)).rowcount:
        await _note(connection, by, Action.KEY_ROTATED, Subject(SubjectKind.KEY, key_id), use="outcomes")


async def retire_outcome_key(connection: AsyncConnection, key_id: str, *, by: Actor) -> None:
    """Say that a key signs no more; what it signed stays provable. Raises UnknownKeyError."""
    gone = (
        update(outcome_key)
        .where(outcome_key.c.key_id == key_id)
        .values(retired_at=func.coalesce(outcome_key.c.retired_at, func.tillgate_now()))
    )
    if (await connection.execute(gone)).rowcount == 0:
        raise UnknownKeyError(f"no outcome key {key_id} is published")
    await _note(connection, by, Action.KEY_RETIRED, Subject(SubjectKind.KEY, key_id), use="outcomes")


async def _note(
    connection: AsyncConnection, by: Actor, action: Action, subject: Subject, **details: Any
) -> None:
    """Write it to the audit log, as the last thing of a function."""
    await record(connection, actor=by, action=action, subject=subject, details=details)


async def _withdraw_codes(connection: AsyncConnection, owner: Owner) -> None:
    await connection.execute(
        update(enrollment_code)
        .where(
            owner.owns(enrollment_code),
            enrollment_code.c.used_at.is_(None),
            enrollment_code.c.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=func.tillgate_now())
    )
