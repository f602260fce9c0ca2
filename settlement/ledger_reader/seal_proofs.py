"""Proofs that an outcome is in the seal of its day: a merchant's leaves of a day, and the way to its root."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import asyncpg

from gateway.ledger.seals.leaves import Leaf
from gateway.ledger.seals.merkle import NOTHING, merchant_leaf, node, outcome_leaf
from gateway.ledger.seals.reading import DaySeal, MerchantPart, leaves_page, merchants_of, part_of, seal_of
from gateway.ledger.seals.statement import read_statement

__all__ = [
    "DayProofs",
    "merchant_leaf",
    "outcome_leaf",
    "proofs_of",
    "read_statement",
    "root_from",
]


class Levels:
    """A tree of leaves that are all there, kept by levels: each way is found without hashing again."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.count = len(leaves)
        self._levels = [list(leaves)]
        while len(below := self._levels[-1]) > 1:
            above = [node(below[n], below[n + 1]) for n in range(0, len(below) - 1, 2)]
            self._levels.append(above + below[len(below) & ~1 :])

    @property
    def root(self) -> bytes:
        """The root."""
        return self._levels[-1][0] if self.count else NOTHING

    def path(self, position: int) -> list[bytes]:
        """The hashes beside the way from a leaf to the root, the nearest first."""
        beside = []
        for level in self._levels[:-1]:
            if position ^ 1 < len(level):
                beside.append(level[position ^ 1])
            position >>= 1
        return beside


def root_from(leaf: bytes, position: int, count: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a leaf, its place among so many and its way lead to; None if they fit no tree."""
    if not 0 <= position < count:
        return None
    left, last, found = list(path), count - 1, leaf
    while last:
        if position ^ 1 <= last:
            if not left:
                return None
            beside = left.pop(0)
            found = node(beside, found) if position & 1 else node(found, beside)
        position, last = position >> 1, last >> 1
    return None if left else found


class DayProofs:
    """A sealed day of one merchant: its seal, its part, and the way of each of its outcomes."""

    def __init__(self, seal: DaySeal, part: MerchantPart, leaves: Sequence[Leaf]) -> None:
        self.seal = seal
        self.part = part
        self._levels = Levels([leaf.hash for leaf in leaves])
        self._positions = {leaf.request_id: n for n, leaf in enumerate(leaves)}

    def of(self, request_id: UUID) -> tuple[int, list[bytes]] | None:
        """The place of an outcome among the merchant's of that day, and its way; None if it is not there."""
        position = self._positions.get(request_id)
        return None if position is None else (position, self._levels.path(position))


async def proofs_of(connection: asyncpg.Connection, day: date, merchant_id: int) -> DayProofs | None:
    """A merchant's sealed day, None if it is not sealed or had no outcome of the merchant."""
    seal = await seal_of(connection, day)
    part = part_of(await merchants_of(connection, day), merchant_id) if seal else None
    if seal is None or part is None:
        return None
    leaves: list[Leaf] = []
    page, has_more = 0, True
    while has_more:
        found, has_more = await leaves_page(connection, day, merchant_id, page)
        leaves += found
        page += 1
    return DayProofs(seal, part, leaves)
