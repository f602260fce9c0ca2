"""Persons and their roles. Each change is one transaction with its audit entry, and ends their sessions.

A login is given once and never again, since the audit log names people by it.
"""

import re
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import asyncpg
from msgspec import Struct

from gateway.people.attempts import forget
from gateway.people.errors import PeopleCode, PeopleError
from gateway.people.roles import Permission, Role, Signatory, permissions_of
from gateway.people.second_factor import SealingKey, new_secret
from gateway.people.sessions import end_all_sessions
from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record

INVITATION_LIFETIME: Final = timedelta(days=3)
INVITATION_BYTES: Final = 24

_LOGIN: Final = re.compile(r"[a-z][a-z0-9._-]{1,31}", re.ASCII)

_SELECT: Final = """
SELECT p.id, p.login, p.full_name, p.state, p.created_at,
  ARRAY(SELECT r.role FROM person_role r WHERE r.person_id = p.id ORDER BY 1) AS roles,
  ARRAY(SELECT m.merchant_id FROM person_merchant m WHERE m.person_id = p.id ORDER BY 1) AS merchant_ids
FROM person p"""


class Person(Struct, frozen=True):
    """A person as the database has it; `state` is INVITED, ACTIVE or DISABLED."""

    id: int
    login: str
    full_name: str
    state: str
    created_at: datetime
    roles: frozenset[Role]
    merchant_ids: frozenset[int]

    @property
    def signatory(self) -> Signatory:
        """The person as one who may sign."""
        return Signatory(self.login, permissions_of(self.roles))

    def may(self, permission: Permission) -> bool:
        """True if a role of the person has the permission."""
        return permission in permissions_of(self.roles)

    def manages(self, merchant_id: int) -> bool:
        """True for a manager of this very merchant."""
        return self.may(Permission.SEE_OWN_MERCHANTS) and merchant_id in self.merchant_ids


async def persons(connection: asyncpg.Connection) -> list[Person]:
    """Everybody, by login."""
    return [person_of(row) for row in await connection.fetch(f"{_SELECT} ORDER BY p.login")]


async def person_by_login(connection: asyncpg.Connection, login: str) -> Person:
    """One person; raises PeopleError UNKNOWN_PERSON."""
    row = await connection.fetchrow(f"{_SELECT} WHERE p.login = $1", login.strip().casefold())
    if row is None:
        raise PeopleError(PeopleCode.UNKNOWN_PERSON, login=login)
    return person_of(row)


async def person_by_id(connection: asyncpg.Connection, person_id: int) -> Person:
    """One person; raises PeopleError UNKNOWN_PERSON."""
    row = await connection.fetchrow(f"{_SELECT} WHERE p.id = $1", person_id)
    if row is None:
        raise PeopleError(PeopleCode.UNKNOWN_PERSON, login=person_id)
    return person_of(row)


def person_of(row: Mapping[str, Any]) -> Person:
    """A person of a row of the query above."""
    fields = {
        **row,
        "roles": frozenset(map(Role, row["roles"])),
        "merchant_ids": frozenset(row["merchant_ids"]),
    }
    return Person(**fields)


async def add_person(
    connection: asyncpg.Connection,
    *,
    login: str,
    full_name: str,
    roles: Collection[Role],
    merchant_ids: Collection[int] = (),
    by: Actor,
    approved_by: str | None = None,
) -> Person:
    """Add a person, who joins by an invitation.

    Raises PeopleError LOGIN_UNFIT, LOGIN_TAKEN, NAME_MISSING, ROLES_MISSING, MERCHANTS_UNFIT and
    UNKNOWN_MERCHANT.
    """
    if not _LOGIN.fullmatch(login):
        raise PeopleError(PeopleCode.LOGIN_UNFIT, login=login)
    if not full_name.strip():
        raise PeopleError(PeopleCode.NAME_MISSING)
    async with connection.transaction():
        person_id = await connection.fetchval(
            "INSERT INTO person (login, full_name) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id",
            login,
            full_name.strip(),
        )
        if person_id is None:
            raise PeopleError(PeopleCode.LOGIN_TAKEN, login=login)
        await _put_roles(connection, person_id, roles, merchant_ids)
        details = _told(roles, merchant_ids)
        await _record(connection, Action.PERSON_ADDED, login, by, details, approved_by)
        return await person_by_id(connection, person_id)


async def set_roles(
    connection: asyncpg.Connection,
    login: str,
    *,
    roles: Collection[Role],
    merchant_ids: Collection[int] = (),
    by: Actor,
    approved_by: str | None = None,
) -> Person:
    """Give a person exactly these roles; sessions of the old ones end.

    Raises PeopleError UNKNOWN_PERSON, ROLES_MISSING, MERCHANTS_UNFIT, UNKNOWN_MERCHANT.
    """
    async with connection.transaction():
        person = await _locked(connection, login)
        await connection.execute("DELETE FROM person_role WHERE person_id = $1", person.id)
        await connection.execute("DELETE FROM person_merchant WHERE person_id = $1", person.id)
        await _put_roles(connection, person.id, roles, merchant_ids)
        await end_all_sessions(connection, person.id)
        before = {"before": _told(person.roles, person.merchant_ids)}
        details = {**_told(roles, merchant_ids), **before}
        await _record(connection, Action.PERSON_ROLES_CHANGED, person.login, by, details, approved_by)
        return await person_by_id(connection, person.id)


async def invite(
    connection: asyncpg.Connection,
    login: str,
    *,
    sealing: SealingKey,
    by: Actor,
    approved_by: str | None = None,
    lifetime: timedelta = INVITATION_LIFETIME,
    resets_totp: bool = False,
) -> str:
    """Make the one open invitation of a person, and return its code: shown once, stored as its hash alone.

    Until it is used the person can't sign in; password and second factor are made anew with it.
    Raises PeopleError UNKNOWN_PERSON.
    """
    code = secrets.token_urlsafe(INVITATION_BYTES)
    async with connection.transaction():
        person = await _locked(connection, login)
        await connection.execute(
            "UPDATE person SET state = 'INVITED', password_hash = NULL, totp_sealed = NULL WHERE id = $1",
            person.id,
        )
        await end_all_sessions(connection, person.id)
        await connection.execute(
            "UPDATE person_invitation SET used_at = tillgate_now() WHERE person_id = $1 AND used_at IS NULL",
            person.id,
        )
        await connection.execute(
            "INSERT INTO person_invitation (token_hash, person_id, totp_sealed, made_by, expires_at)"
            " VALUES ($1, $2, $3, $4, tillgate_now() + $5::interval)",
            sha256(code.encode()).digest(),
            person.id,
            sealing.seal(new_secret(), person.id),
            by.id,
            lifetime,
        )
        action = Action.PERSON_TOTP_RESET if resets_totp else Action.PERSON_INVITED
        valid = {"valid_hours": int(lifetime.total_seconds()) // 3600}
        details = {**_told(person.roles, person.merchant_ids), **valid}
        await _record(connection, action, person.login, by, details, approved_by)
    return code


async def disable(connection: asyncpg.Connection, login: str, *, by: Actor, reason: str) -> None:
    """Let a person do nothing any more, from this instant; a new invitation would let them back in.

    Raises PeopleError UNKNOWN_PERSON, REASON_MISSING.
    """
    if not reason.strip():
        raise PeopleError(PeopleCode.REASON_MISSING)
    async with connection.transaction():
        person = await _locked(connection, login)
        await connection.execute("UPDATE person SET state = 'DISABLED' WHERE id = $1", person.id)
        await connection.execute(
            "UPDATE person_invitation SET used_at = tillgate_now() WHERE person_id = $1 AND used_at IS NULL",
            person.id,
        )
        await end_all_sessions(connection, person.id)
        await _record(connection, Action.PERSON_DISABLED, person.login, by, {"reason": reason.strip()})


async def unlock(connection: asyncpg.Connection, login: str, *, by: Actor) -> None:
    """Forget the failed attempts of a person. Raises PeopleError UNKNOWN_PERSON."""
    async with connection.transaction():
        person = await _locked(connection, login)
        await forget(connection, person.login)
        await _record(connection, Action.PERSON_UNLOCKED, person.login, by, {})


async def _locked(connection: asyncpg.Connection, login: str) -> Person:
    person = await person_by_login(connection, login)
    await connection.execute("SELECT FROM person WHERE id = $1 FOR UPDATE", person.id)
    return await person_by_id(connection, person.id)


async def _put_roles(
    connection: asyncpg.Connection, person_id: int, roles: Collection[Role], merchant_ids: Collection[int]
) -> None:
    if not roles:
        raise PeopleError(PeopleCode.ROLES_MISSING)
    if (Role.MERCHANT_MANAGER in roles) != bool(merchant_ids):
        raise PeopleError(PeopleCode.MERCHANTS_UNFIT)
    for merchant_id in sorted(set(merchant_ids)):
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM merchant WHERE id = $1)", merchant_id):
            raise PeopleError(PeopleCode.UNKNOWN_MERCHANT, merchant_id=merchant_id)
    await connection.execute(
        "INSERT INTO person_role (person_id, role) SELECT $1, r FROM unnest($2::text[]) AS r",
        person_id,
        sorted(set(roles)),
    )
    await connection.execute(
        "INSERT INTO person_merchant (person_id, merchant_id) SELECT $1, m FROM unnest($2::bigint[]) AS m",
        person_id,
        sorted(set(merchant_ids)),
    )


def _told(roles: Collection[Role], merchant_ids: Collection[int]) -> dict[str, Any]:
    return {"roles": sorted(role.value for role in roles), "merchants": sorted(merchant_ids)}


async def _record(
    connection: asyncpg.Connection,
    action: Action,
    login: str,
    by: Actor,
    details: Mapping[str, Any],
    approved_by: str | None = None,
) -> None:
    subject = Subject(SubjectKind.PERSON, login)
    await record(
        connection, actor=by, action=action, subject=subject, details=details, approved_by=approved_by
    )
