"""Sessions in PostgreSQL: a random token of 256 bits that only the person's browser has; here is its SHA-256.

A session ends by time, idle or absolute, whatever anybody does; at once when it is signed out, and when the
person's roles, password or state change. Nobody gets a session that they brought with them: each stage of
signing in makes a new token.
"""

import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

import asyncpg
from msgspec import Struct

TOKEN_BYTES: Final = 32
CODE_WITHIN: Final = timedelta(minutes=5)
"""How long the second factor may take after the password."""


class Stage(StrEnum):
    """How far signing in has come."""

    PASSWORD = "PASSWORD"  # noqa: S105 a stage's name
    FULL = "FULL"


class SessionLimits(Struct, frozen=True):
    """How long a session lasts without a request, and at all."""

    idle: timedelta = timedelta(minutes=15)
    longest: timedelta = timedelta(hours=10)


class Session(Struct, frozen=True):
    """A session that holds at this instant."""

    person_id: int
    stage: Stage
    begun_at: datetime


_BEGIN: Final = """
INSERT INTO person_session (token_hash, person_id, stage, address, begun_at, seen_at)
VALUES ($1, $2, $3, $4, tillgate_now(), tillgate_now())"""

_SEEN: Final = """
UPDATE person_session AS s SET seen_at = tillgate_now() FROM person AS p
WHERE s.token_hash = $1 AND s.stage = $2 AND p.id = s.person_id AND p.state = 'ACTIVE'
  AND s.ended_at IS NULL AND s.seen_at + $3 > tillgate_now() AND s.begun_at + $4 > tillgate_now()
RETURNING s.person_id, s.stage, s.begun_at"""

_END: Final = """
UPDATE person_session SET ended_at = tillgate_now()
WHERE token_hash = $1 AND ended_at IS NULL RETURNING person_id"""

_END_ALL: Final = """
UPDATE person_session SET ended_at = tillgate_now() WHERE person_id = $1 AND ended_at IS NULL"""


async def begin_session(connection: asyncpg.Connection, person_id: int, stage: Stage, address: str) -> str:
    """Make a session; returns its token, which is stored nowhere."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    await connection.execute(_BEGIN, _hashed(token), person_id, stage, address)
    return token


async def session_of(
    connection: asyncpg.Connection, token: str, stage: Stage, limits: SessionLimits
) -> Session | None:
    """The session of a token, if it holds and has come to this stage; it was seen now."""
    idle, longest = (limits.idle, limits.longest) if stage is Stage.FULL else (CODE_WITHIN, CODE_WITHIN)
    row = await connection.fetchrow(_SEEN, _hashed(token), stage, idle, longest)
    return None if row is None else Session(row["person_id"], Stage(row["stage"]), row["begun_at"])


async def end_session(connection: asyncpg.Connection, token: str) -> int | None:
    """End a session; returns whose it was, None if it had ended."""
    person_id: int | None = await connection.fetchval(_END, _hashed(token))
    return person_id


async def end_all_sessions(connection: asyncpg.Connection, person_id: int) -> None:
    """End every session of a person."""
    await connection.execute(_END_ALL, person_id)


def csrf_token(token: str) -> str:
    """What a form of a session carries: made of its token, so that no other session's will do."""
    return hmac.new(token.encode(), b"tillgate form", sha256).hexdigest()


def is_csrf_token(token: str, brought: str) -> bool:
    """True if a form is of this session."""
    return hmac.compare_digest(csrf_token(token).encode(), brought.encode("utf-8", "backslashreplace"))


def _hashed(token: str) -> bytes:
    return sha256(token.encode("utf-8", "backslashreplace")).digest()
