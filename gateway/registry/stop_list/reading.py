"""The stop list as a merchant's tills get it: in full, or what has changed since a version that they have."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

import asyncpg

from gateway.registry.stop_list.keys import (
    FIRST_KEY_VERSION,
    StopListKeys,
    list_entries,
)

_AT_ONCE: Final = 500
"""So many entries take the event loop about two milliseconds."""
_LISTS_KEPT: Final = 64

_HEAD: Final = """
SELECT tillgate_now() AS now, coalesce(k.version, $2) AS key_version, v.version, v.made_at
FROM (SELECT 1) AS one
LEFT JOIN stop_list_key k ON k.merchant_id = $1
LEFT JOIN LATERAL (SELECT version, made_at FROM stop_list_version ORDER BY version DESC LIMIT 1) v ON true"""
_STANDING: Final = """
SELECT sealed FROM stop_entry
WHERE since_version <= $1 AND (until_version IS NULL OR until_version > $1)"""
_CHANGED: Final = """
SELECT sealed, until_version IS NULL OR until_version > $2 AS is_stopped FROM stop_entry
WHERE (since_version > $1 AND since_version <= $2 AND (until_version IS NULL OR until_version > $2))
   OR (since_version <= $1 AND until_version > $1 AND until_version <= $2)"""
_RENEW_KEY: Final = """
INSERT INTO stop_list_key AS k (merchant_id, version) VALUES ($1, $2 + 1)
ON CONFLICT (merchant_id) DO UPDATE SET version = k.version + 1, since = tillgate_now() RETURNING version"""


@dataclass(frozen=True, slots=True)
class ListHead:
    """What is said of a merchant's list. `version` 0 and no `made_at`: nothing was ever stopped."""

    version: int
    made_at: datetime | None
    read_at: datetime
    key_version: int
    entry_count: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ListChanges:
    """What makes a merchant's list of the base version; in full if `base_version` is 0. Ascending."""

    head: ListHead
    base_version: int
    added: Sequence[bytes]
    removed: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class _Made:
    """A list in the code of a merchant, in ascending order; nobody changes it."""

    entries: list[bytes]
    sha256: str


class StopLists:
    """Reads lists of merchants; keeps the last ones made, since many tills of a merchant ask for the same."""

    def __init__(self, keys: StopListKeys) -> None:
        self._keys = keys
        self._made: OrderedDict[tuple[int, int, int], _Made] = OrderedDict()

    def key(self, merchant_id: int, key_version: int) -> bytes:
        """A key of a merchant's list."""
        return self._keys.merchant_key(merchant_id, key_version)

    async def changes(
        self, connection: asyncpg.Connection, merchant_id: int, base_version: int, key_version: int
    ) -> ListChanges:
        """The list in force, made of a base; in full if the base is unknown or in the code of another key.

        Raises what the database raises, and SecretFileError if its rows are sealed by another key.
        """
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            row = await connection.fetchrow(_HEAD, merchant_id, FIRST_KEY_VERSION)
            version = row["version"] or 0
            key = self._keys.merchant_key(merchant_id, row["key_version"])
            made = self._made.get(mark := (merchant_id, row["key_version"], version))
            if made is None:
                sealed = [one["sealed"] for one in await connection.fetch(_STANDING, version)]
                made = await _ascending(await self._entries(key, sealed))
                self._keep(mark, made)
            has_base = 0 < base_version <= version and key_version == row["key_version"]
            added, removed = made.entries, list[bytes]()
            if has_base:
                changed = await connection.fetch(_CHANGED, base_version, version)
                stopped, freed = [
                    set(await self._entries(key, [r["sealed"] for r in changed if r["is_stopped"] is now]))
                    for now in (True, False)
                ]
                # Who was freed and stopped again stands in both lists.
                added, removed = sorted(stopped - freed), sorted(freed - stopped)
        head = ListHead(
            version, row["made_at"], row["now"], row["key_version"], len(made.entries), made.sha256
        )
        return ListChanges(head, base_version if has_base else 0, added, removed)

    def _keep(self, mark: tuple[int, int, int], made: _Made) -> None:
        self._made[mark] = made
        while len(self._made) > _LISTS_KEPT:
            self._made.popitem(last=False)

    async def _entries(self, key: bytes, sealed: Sequence[bytes]) -> list[bytes]:
        """Some at a time, with turns for others between."""
        entries: list[bytes] = []
        for first in range(0, len(sealed), _AT_ONCE):
            entries += list_entries(key, self._keys.unseal(sealed[first : first + _AT_ONCE]))
            await asyncio.sleep(0)
        return entries


async def _ascending(entries: Sequence[bytes]) -> _Made:
    """Entries in order, and their SHA-256 (`keys.list_sha256`): by their first bytes, some at a time."""
    parts: list[list[bytes]] = [[] for _ in range(256)]
    for entry in entries:
        parts[entry[0]].append(entry)
    found = sha256()
    for part in parts:
        part.sort()
        found.update(b"".join(part))
        await asyncio.sleep(0)
    return _Made([entry for part in parts for entry in part], found.hexdigest())


async def renew_list_key(connection: asyncpg.Connection, merchant_id: int) -> int:
    """Give a merchant another list key, as after the loss of a till; returns its version."""
    version: int = await connection.fetchval(_RENEW_KEY, merchant_id, FIRST_KEY_VERSION)
    return version
