"""Recomputing day seals from the ledger: was an outcome changed, removed, added or moved to another time?

Three things must agree: the chain of signed statements, the leaves that were kept with them, and the ledger.
Whoever owns the database and the signing key could make all three anew: that shows against an `Anchor`, and
against the seals that merchants have.
"""

import struct
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import asyncpg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from gateway.domain.policy import day_end, day_start
from gateway.ledger.seals.leaves import (
    BY_INDEX,
    Leaf,
    first_outcome,
    leaves_in_ledger,
    sealed_leaves,
)
from gateway.ledger.seals.merkle import Tree, merchant_leaf, root_of
from gateway.ledger.seals.reading import DaySeal, merchants_of, seals_from
from gateway.ledger.seals.statement import GENESIS, hash_of, read_statement

_FAR_PAST: Final = date(1970, 1, 1)
_FAR_FUTURE: Final = date(9999, 1, 1)


class Anchor(Struct, frozen=True):
    """A seal's day and hash, as they were once noted or given to a merchant."""

    day: date
    hash: bytes


class Difference(Struct, frozen=True):
    """The first thing that is wrong with a day: with its seal, a merchant of it, or one outcome."""

    day: date
    what: str
    merchant_id: int | None = None
    request_id: UUID | None = None


class Verified(Struct, frozen=True):
    """What was found: how much was recomputed, the last seal, and the first wrong thing of each day."""

    days: int
    outcomes: int
    head: Anchor | None
    differences: tuple[Difference, ...]

    @property
    def is_whole(self) -> bool:
        """True if every seal fits the ledger."""
        return not self.differences


async def verify_seals(
    connection: asyncpg.Connection,
    keys: Mapping[str, bytes],
    *,
    first: date | None = None,
    last: date | None = None,
    anchors: Iterable[Anchor] = (),
    progress: Callable[[date], None] = lambda _: None,
) -> Verified:
    """Recompute the seals of these days, or of all, in one snapshot beside live work.

    `keys` are Ed25519 public keys of 32 bytes by their ids; `progress` hears of each day that is done. Needs
    no more rights than to read; holds one day's merchants in memory and no more of its outcomes than a page.
    """
    noted = {anchor.day: anchor.hash for anchor in anchors}
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(BY_INDEX)
        before = (first or _FAR_PAST) - timedelta(days=1)
        seals = await seals_from(connection, before, last or _FAR_FUTURE)
        previous = seals.pop(0) if seals and seals[0].day == before else None
        verifying = _Verifying(connection, keys)
        differences = await _before_all(connection, first)
        for seal in seals:
            found = verifying.chained(seal, previous)
            if noted.pop(seal.day, seal.hash) != seal.hash:
                found = Difference(seal.day, "it is not the seal that was noted")
            found = found or await verifying.kept(seal) or await verifying.in_ledger(seal.day)
            differences += [found] if found else []
            previous = seal
            progress(seal.day)
        differences += [Difference(day, "it was noted, and is not there") for day in sorted(noted)]
    head = Anchor(previous.day, previous.hash) if previous else None
    return Verified(len(seals), verifying.outcomes, head, tuple(differences))


async def _before_all(connection: asyncpg.Connection, first: date | None) -> list[Difference]:
    """An outcome before the first seal there is: no day vouches for it."""
    day: date | None = await connection.fetchval("SELECT min(day) FROM day_seal")
    oldest = await first_outcome(connection)
    if first is not None or day is None or oldest is None or oldest["decided_at"] >= day_start(day):
        return []
    what = f"an outcome was added before the first seal: decided at {oldest['decided_at']}"
    return [Difference(day, what, oldest["merchant_id"], oldest["request_id"])]


class _Verifying:
    def __init__(self, connection: asyncpg.Connection, keys: Mapping[str, bytes]) -> None:
        self._connection = connection
        self._keys = {key_id: Ed25519PublicKey.from_public_bytes(raw) for key_id, raw in keys.items()}
        self.outcomes = 0

    def chained(self, seal: DaySeal, previous: DaySeal | None) -> Difference | None:
        """What is wrong with the statement, its signature, or its place in the chain."""
        what = self._unfit(seal)
        # Without the seal before, the chain begins here, or the caller asked for later days only.
        if what is None and previous is not None:
            if seal.day != previous.day + timedelta(days=1):
                what = f"the seals between {previous.day} and it are missing"
            elif seal.previous_hash != previous.hash:
                what = "it does not follow the seal of the day before"
        if what is None and previous is None and seal.previous_hash != GENESIS:
            what = "the seals before it are missing"
        return Difference(seal.day, what) if what else None

    def _unfit(self, seal: DaySeal) -> str | None:
        try:
            said = read_statement(seal.statement)
        except ValueError as error:
            return str(error)
        stored = (seal.day, seal.merchant_count, seal.root, seal.previous_hash, seal.sealed_at)
        if stored != (said.day, said.merchant_count, said.root, said.previous_hash, said.sealed_at):
            return "the stored seal is not what its statement says"
        if hash_of(seal.statement) != seal.hash:
            return "its hash is not that of its statement"
        key = self._keys.get(seal.key_id)
        if key is None:
            return f"no such key is given: {seal.key_id}"
        try:
            key.verify(seal.signature, seal.statement.encode())
        except InvalidSignature:
            return f"the signature does not fit: key {seal.key_id}"
        return None

    async def kept(self, seal: DaySeal) -> Difference | None:
        """What is wrong with the merchants and leaves that were kept with a seal, the ledger aside."""
        merchants = await merchants_of(self._connection, seal.day)
        if root_of([merchant_leaf(*merchant) for merchant in merchants]) != seal.root:
            return Difference(seal.day, "the roots kept of its merchants do not make its root")
        if sum(count for _, count, _ in merchants) != seal.outcome_count:
            return Difference(seal.day, "its count of outcomes is not that of its merchants")
        waiting = {merchant_id: (count, root) for merchant_id, count, root in merchants}
        try:
            async for merchant_id, tree in _trees(sealed_leaves(self._connection, seal.day)):
                if waiting.pop(merchant_id, None) != (tree.count, tree.root):
                    return Difference(seal.day, "the leaves kept do not make its root", merchant_id)
        except struct.error:
            return Difference(seal.day, "the leaves kept are no leaves")
        for merchant_id in waiting:
            return Difference(seal.day, "its leaves are gone", merchant_id)
        return None

    async def in_ledger(self, day: date) -> Difference | None:
        """The first outcome in which the ledger differs from the leaves of a day."""
        now, then = leaves_in_ledger(self._connection, day), sealed_leaves(self._connection, day)
        while True:
            have, sealed = await anext(now, None), await anext(then, None)
            if have != sealed:
                return await self._told(day, have, sealed)
            if have is None:
                return None
            self.outcomes += 1

    async def _told(self, day: date, have: Leaf | None, sealed: Leaf | None) -> Difference:
        if have and sealed and have[:2] == sealed[:2]:
            what = "it was changed" if have.hash != sealed.hash else "it names another terminal"
            return Difference(day, what, *have[:2])
        if sealed is not None:
            decided_at = await self._connection.fetchval(
                "SELECT decided_at FROM outcome WHERE merchant_id = $1 AND request_id = $2", *sealed[:2]
            )
            if decided_at is None:
                return Difference(day, "it was removed", *sealed[:2])
            if not day_start(day) <= decided_at < day_end(day):
                return Difference(day, f"it was moved to {decided_at}", *sealed[:2])
        if have is not None and not await self._is_sealed(day, have):
            return Difference(day, "it was added", *have[:2])
        subject = sealed or have
        return Difference(day, "it was moved to another time of the day", *(subject[:2] if subject else ()))

    async def _is_sealed(self, day: date, wanted: Leaf) -> bool:
        async for leaf in sealed_leaves(self._connection, day):
            if leaf[:2] == wanted[:2]:
                return True
        return False


async def _trees(leaves: AsyncIterator[Leaf]) -> AsyncIterator[tuple[int, Tree]]:
    """The tree of each merchant, one after another."""
    merchant_id, tree = None, Tree()
    async for leaf in leaves:
        if merchant_id is not None and leaf.merchant_id != merchant_id:
            yield merchant_id, tree
            tree = Tree()
        merchant_id = leaf.merchant_id
        tree.add(leaf.hash)
    if merchant_id is not None:
        yield merchant_id, tree
