"""Signing in: an attempt is counted, then password and code are looked at, in two stages or at once.

An unknown login is answered like a wrong password, after the same work: one count, one hash, one entry in the
audit log. Such an entry names a login only if somebody has it: people type passwords where logins belong.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import asyncpg
from msgspec import Struct

from gateway.people.attempts import charge, forget, forgive
from gateway.people.errors import PeopleCode, PeopleError
from gateway.people.passwords import Passwords, check_password
from gateway.people.persons import Person, person_by_id
from gateway.people.second_factor import SealingKey, fitting_step
from gateway.people.sessions import (
    SessionLimits,
    Stage,
    begin_session,
    end_all_sessions,
    end_session,
    session_of,
)
from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record

Connect = Callable[[], AbstractAsyncContextManager[asyncpg.Connection]]

_KNOWN: Final = """
SELECT id, login, password_hash, totp_sealed FROM person WHERE login = $1 AND state = 'ACTIVE'"""

_TAKE_STEP: Final = """
UPDATE person SET totp_step = $2
WHERE id = $1 AND state = 'ACTIVE' AND (totp_step IS NULL OR totp_step < $2) RETURNING id"""

_INVITATION: Final = """
SELECT i.person_id, i.totp_sealed, p.login, p.full_name
FROM person_invitation i JOIN person p ON p.id = i.person_id
WHERE i.token_hash = $1 AND i.used_at IS NULL AND i.expires_at > tillgate_now() AND p.state = 'INVITED'
FOR UPDATE OF i"""

_JOIN: Final = """
UPDATE person SET state = 'ACTIVE', password_hash = $2, totp_sealed = $3, totp_step = $4 WHERE id = $1"""


class Invitation(Struct, frozen=True):
    """An open invitation: whose it is, and the secret of the second factor that it brings."""

    person_id: int
    login: str
    full_name: str
    totp_sealed: bytes
    totp_secret: bytes


class SignIn(Struct, frozen=True):
    """Signs people in and out. `connect` gives connections that it is not in the middle of anything on."""

    connect: Connect
    passwords: Passwords
    sealing: SealingKey
    limits: SessionLimits = SessionLimits()

    async def by_password(self, login: str, password: str, address: str) -> str:
        """The first stage; returns the token of a session that may bring a code and nothing else.

        Raises PeopleError SIGN_IN_REFUSED, LOCKED_OUT.
        """
        known = await self._knows(login, password, address)
        async with self.connect() as connection:
            token = await begin_session(connection, known["id"], Stage.PASSWORD, address)
            await forgive(connection, login, address)
        return token

    async def by_code(self, token: str, code: str, address: str) -> str:
        """The second stage; returns the token of the session that is signed in. The first one is ended.

        Raises PeopleError SIGN_IN_REFUSED, LOCKED_OUT.
        """
        async with self.connect() as connection:
            session = await session_of(connection, token, Stage.PASSWORD, self.limits)
            if session is None:
                raise PeopleError(PeopleCode.SIGN_IN_REFUSED)
            person = await person_by_id(connection, session.person_id)
            await self._charge(connection, person.login, address)
            async with connection.transaction():
                is_right = await self._takes(connection, person.id, code)
                if is_right:
                    await end_session(connection, token)
                    made = await begin_session(connection, person.id, Stage.FULL, address)
                    await _record(connection, Action.SESSION_BEGUN, person.login, {"address": address})
            if not is_right:
                await self._refused(connection, person.login, address, "code")
            await forget(connection, person.login)
            await forgive(connection, person.login, address)
        return made

    async def at_once(self, login: str, password: str, code: str, address: str) -> Person:
        """Both stages without a session, for one act on a command line.

        Raises PeopleError SIGN_IN_REFUSED, LOCKED_OUT.
        """
        known = await self._knows(login, password, address)
        async with self.connect() as connection:
            if not await self._takes(connection, known["id"], code):
                await self._refused(connection, known["login"], address, "code")
            await forget(connection, known["login"])
            await forgive(connection, login, address)
            return await person_by_id(connection, known["id"])

    async def sign_out(self, token: str) -> None:
        """End a session, if it has not ended by itself."""
        async with self.connect() as connection, connection.transaction():
            person_id = await end_session(connection, token)
            if person_id is not None:
                person = await person_by_id(connection, person_id)
                await _record(connection, Action.SESSION_ENDED, person.login, {})

    async def person_of(self, token: str) -> Person | None:
        """Who is signed in with a token at this instant."""
        async with self.connect() as connection:
            session = await session_of(connection, token, Stage.FULL, self.limits)
            return None if session is None else await person_by_id(connection, session.person_id)

    async def invitation_of(self, invitation_code: str, address: str) -> Invitation:
        """An open invitation by its code. Raises PeopleError INVITATION_UNFIT, LOCKED_OUT."""
        async with self.connect() as connection:
            await self._charge(connection, f"invitation {_digest(invitation_code).hex()}", address)
            async with connection.transaction():
                found = await self._invitation(connection, invitation_code)
            await forgive(connection, f"invitation {_digest(invitation_code).hex()}", address)
            return found

    async def join(self, invitation_code: str, password: str, code: str, address: str) -> str:
        """Use an invitation: the first password, and a code that shows that the second factor works.

        Returns the login. Raises PeopleError INVITATION_UNFIT, PASSWORD_WEAK, CODE_WRONG, LOCKED_OUT.
        """
        invited = await self.invitation_of(invitation_code, address)
        check_password(password, invited.login)
        password_hash = await self.passwords.hash(password)
        async with self.connect() as connection, connection.transaction():
            invited = await self._invitation(connection, invitation_code)
            now: datetime = await connection.fetchval("SELECT tillgate_now()")
            step = fitting_step(invited.totp_secret, code, now, None)
            if step is None:
                raise PeopleError(PeopleCode.CODE_WRONG)
            await connection.execute(_JOIN, invited.person_id, password_hash, invited.totp_sealed, step)
            await connection.execute(
                "UPDATE person_invitation SET used_at = tillgate_now() WHERE token_hash = $1",
                _digest(invitation_code),
            )
            await end_all_sessions(connection, invited.person_id)
            await _record(connection, Action.PERSON_JOINED, invited.login, {"address": address})
        return invited.login

    async def change_password(self, person: Person, old: str, new: str, code: str, address: str) -> None:
        """Another password; every session of the person ends, this one too.

        Raises PeopleError SIGN_IN_REFUSED, LOCKED_OUT, PASSWORD_WEAK.
        """
        check_password(new, person.login)
        await self.at_once(person.login, old, code, address)
        password_hash = await self.passwords.hash(new)
        async with self.connect() as connection, connection.transaction():
            await connection.execute(
                "UPDATE person SET password_hash = $2 WHERE id = $1 AND state = 'ACTIVE'",
                person.id,
                password_hash,
            )
            await end_all_sessions(connection, person.id)
            await _record(connection, Action.PERSON_PASSWORD_CHANGED, person.login, {"address": address})

    async def _knows(self, login: str, password: str, address: str) -> asyncpg.Record:
        """The active person of a login and a password; a hash of other parameters is made anew."""
        async with self.connect() as connection:
            await self._charge(connection, login, address)
            known = await connection.fetchrow(_KNOWN, _folded(login))
        # No connection is held while the hash is made.
        stored = known["password_hash"] if known else None
        is_right = await self.passwords.verify(stored, password)
        async with self.connect() as connection:
            if not is_right:
                await self._refused(connection, known["login"] if known else None, address, "password")
            if stored and self.passwords.is_outdated(stored):
                await connection.execute(
                    "UPDATE person SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
                    known["id"],
                    stored,
                    await self.passwords.hash(password),
                )
        return known

    async def _takes(self, connection: asyncpg.Connection, person_id: int, code: str) -> bool:
        """True for a code that is right and was not taken before; it is taken now."""
        row = await connection.fetchrow(
            "SELECT totp_sealed, totp_step, tillgate_now() AS now FROM person WHERE id = $1", person_id
        )
        if row is None or row["totp_sealed"] is None:
            return False
        secret = self.sealing.unseal(row["totp_sealed"], person_id)
        step = fitting_step(secret, code, row["now"], row["totp_step"])
        return step is not None and bool(await connection.fetchval(_TAKE_STEP, person_id, step))

    async def _invitation(self, connection: asyncpg.Connection, code: str) -> Invitation:
        row = await connection.fetchrow(_INVITATION, _digest(code))
        if row is None:
            raise PeopleError(PeopleCode.INVITATION_UNFIT)
        return Invitation(**row, totp_secret=self.sealing.unseal(row["totp_sealed"], row["person_id"]))

    async def _charge(self, connection: asyncpg.Connection, login: str, address: str) -> None:
        charged = await charge(connection, login, address)
        if charged.locked_until is None:
            return
        if charged.has_just_locked:
            known = await connection.fetchval("SELECT login FROM person WHERE login = $1", _folded(login))
            async with connection.transaction():
                await _record(connection, Action.SIGN_IN_LOCKED, known, {"address": address})
        until = charged.locked_until.astimezone(UTC).isoformat(timespec="minutes")
        raise PeopleError(PeopleCode.LOCKED_OUT, until=until)

    async def _refused(
        self, connection: asyncpg.Connection, login: str | None, address: str, what: str
    ) -> None:
        async with connection.transaction():
            await _record(connection, Action.SIGN_IN_FAILED, login, {"address": address, "wrong": what})
        raise PeopleError(PeopleCode.SIGN_IN_REFUSED)


def _folded(login: str) -> str:
    """A login as it is looked up, of characters that the database can hold."""
    return login.strip().casefold().replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _digest(code: str) -> bytes:
    return sha256(code.strip().encode("utf-8", "backslashreplace")).digest()


async def _record(
    connection: asyncpg.Connection, action: Action, login: str | None, details: dict[str, Any]
) -> None:
    """An entry about a person, or about the address that somebody without a login came from."""
    if login is None:
        subject = Subject(SubjectKind.ADDRESS, str(details["address"]))
        actor = Actor.system("sign-in")
    else:
        subject, actor = Subject(SubjectKind.PERSON, login), Actor.person(login)
    await record(connection, actor=actor, action=action, subject=subject, details=details)
