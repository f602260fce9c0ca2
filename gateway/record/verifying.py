"""Recomputing the chain of the audit log: was anything changed, deleted, inserted or put in another place?

A chain shows every change of what stands before its last entry. Whoever owns the tables could still cut off
its end, or compute all of it anew: that shows against an `Anchor` which is kept somewhere else.
"""

from collections.abc import Callable, Iterable
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.record.chain import GENESIS, Entry, hash_of
from gateway.record.reading import all_entries

_PROGRESS_STEP: Final = 1000


class Anchor(Struct, frozen=True):
    """An entry's number and hash, as they were once noted."""

    id: int
    hash: bytes


class Verified(Struct, frozen=True):
    """What was found: how many entries were read, the last one, and what is wrong with the first broken one.

    `broken_id` is the number at which the chain breaks, None if it is whole.
    """

    count: int
    head: Anchor
    broken_id: int | None = None
    what: str = ""

    @property
    def is_whole(self) -> bool:
        """True if every entry is what it was."""
        return self.broken_id is None


async def verify_chain(
    connection: asyncpg.Connection,
    anchors: Iterable[Anchor] = (),
    progress: Callable[[int, int], None] = lambda _, __: None,
) -> Verified:
    """Recompute every hash in one snapshot, beside live work; `progress` hears of (done, total) entries."""
    noted = {anchor.id: anchor.hash for anchor in anchors}
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        total: int = await connection.fetchval("SELECT count(*) FROM audit_entry")
        head, count = Anchor(0, GENESIS), 0
        async for entry in all_entries(connection):
            if what := _wrong(entry, head, noted.pop(entry.id, None)):
                return Verified(count, head, min(entry.id, head.id + 1), what)
            head, count = Anchor(entry.id, entry.hash), count + 1
            if count % _PROGRESS_STEP == 0:
                progress(count, total)
        progress(count, total)
    if noted:
        return Verified(count, head, head.id + 1, f"entries up to {max(noted)} are gone from the end")
    return Verified(count, head)


def _wrong(entry: Entry, previous: Anchor, noted: bytes | None) -> str:
    if entry.id != previous.id + 1:
        return f"entries {previous.id + 1} to {entry.id - 1} are gone"
    if entry.previous_hash != previous.hash:
        return "it does not follow the entry before it: one of the two was replaced, inserted or moved"
    if entry.hash != hash_of(entry):
        return "it is not what it was when it was written"
    if noted is not None and entry.hash != noted:
        return "it is not the entry that was noted: the chain was made anew"
    return ""
