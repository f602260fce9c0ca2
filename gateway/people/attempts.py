"""Attempts to sign in, counted before they are looked at: by login as typed, whoever has it, and by address.

The count is in PostgreSQL and fails closed: without the database nobody signs in. An attempt is paid for in a
transaction of its own before the password is verified, so that attempts at one moment do not share a count.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from typing import Final

import asyncpg
from msgspec import Struct

LOGIN_MAX: Final = 5
"""Attempts with one login until it is locked: wrong passwords and wrong codes together."""
ADDRESS_MAX: Final = 50
"""Attempts from one address (of IPv6: one /64): an office may be behind it."""
WINDOW: Final = timedelta(minutes=15)
"""How long attempts are remembered, and how long a lock holds."""

_KEY_MAX_CHARS: Final = 64

_CHARGE: Final = """
INSERT INTO sign_in_attempts AS a (kind, key, count, since) VALUES ($1, $2, 1, tillgate_now())
ON CONFLICT (kind, key) DO UPDATE SET
  count = CASE WHEN a.since + $4 <= tillgate_now() THEN 1 ELSE a.count + 1 END,
  since = CASE WHEN a.since + $4 <= tillgate_now() THEN tillgate_now() ELSE a.since END,
  locked_until = CASE
    WHEN a.locked_until > tillgate_now() THEN a.locked_until
    WHEN a.since + $4 > tillgate_now() AND a.count + 1 > $3 THEN tillgate_now() + $4 END
RETURNING locked_until, count = $3 + 1 AS has_just_locked"""

_FORGIVE: Final = "UPDATE sign_in_attempts SET count = greatest(count - 1, 0) WHERE kind = $1 AND key = $2"
_FORGET: Final = "DELETE FROM sign_in_attempts WHERE kind = $1 AND key = $2"
_FORGET_OLD: Final = """
DELETE FROM sign_in_attempts WHERE (kind, key) IN (
  SELECT kind, key FROM sign_in_attempts
  WHERE since + $1 <= tillgate_now() AND (locked_until IS NULL OR locked_until <= tillgate_now())
  LIMIT 100 FOR UPDATE SKIP LOCKED)"""


class Charged(Struct, frozen=True):
    """What an attempt cost: locked until then, if it is; `has_just_locked` if this attempt locked it."""

    locked_until: datetime | None
    has_just_locked: bool = False


async def charge(connection: asyncpg.Connection, login: str, address: str) -> Charged:
    """Count an attempt before anything is verified; tells whether it may be looked at."""
    # Apart from the transaction below, in which it could wait for another attempt that waits for it.
    await connection.execute(_FORGET_OLD, WINDOW)
    async with connection.transaction():
        # Always in this order, so that two attempts never wait for each other in a circle.
        of_address = await connection.fetchrow(_CHARGE, "ADDRESS", address_key(address), ADDRESS_MAX, WINDOW)
        of_login = await connection.fetchrow(_CHARGE, "LOGIN", login_key(login), LOGIN_MAX, WINDOW)
    locks = [row for row in (of_login, of_address) if row["locked_until"] is not None]
    if not locks:
        return Charged(None)
    return Charged(max(row["locked_until"] for row in locks), any(row["has_just_locked"] for row in locks))


async def forgive(connection: asyncpg.Connection, login: str, address: str) -> None:
    """Take back one attempt that was right, and nothing of what went before."""
    await connection.execute(_FORGIVE, "ADDRESS", address_key(address))
    await connection.execute(_FORGIVE, "LOGIN", login_key(login))


async def forget(connection: asyncpg.Connection, login: str) -> None:
    """Unlock a login: after password and code were both right, or because an operator says so."""
    await connection.execute(_FORGET, "LOGIN", login_key(login))


def login_key(login: str) -> str:
    """A login as attempts are counted by: a digest, since people type passwords where logins belong."""
    return sha256(login.strip().casefold().encode("utf-8", "backslashreplace")).hexdigest()


def address_key(address: str) -> str:
    """A network address as attempts are counted by: whoever has an IPv6 network has all of its /64."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:_KEY_MAX_CHARS]
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return f"{ip_address(int(parsed) >> 64 << 64)}/64"
    return str(parsed.ipv4_mapped or parsed) if parsed.version == 6 else str(parsed)
