"""The hash trees of a day seal (SHA-256, in the shape of RFC 6962): grown leaf by leaf in logarithmic memory.

What is hashed begins with a byte that says what it is, so that no node passes for a leaf, nor an outcome for
a merchant:

    outcome    00 ‖ request id (16) ‖ length of the signed payload (8) ‖ signed payload ‖ signature
    node       01 ‖ left ‖ right
    merchant   02 ‖ merchant id (8) ‖ count of its outcomes (8) ‖ root of its outcomes
    nothing    03, the root of a day without outcomes

Numbers are big-endian and signed. `docs/seals.md` tells the same to merchants.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final
from uuid import UUID

NOTHING: Final = sha256(b"\x03").digest()


def outcome_leaf(request_id: UUID, signed_payload: bytes, signature: bytes) -> bytes:
    """The leaf of an outcome."""
    length = len(signed_payload).to_bytes(8, "big")
    return sha256(b"\x00" + request_id.bytes + length + signed_payload + signature).digest()


def merchant_leaf(merchant_id: int, count: int, root: bytes) -> bytes:
    """The leaf of a merchant in the tree of a day."""
    numbers = merchant_id.to_bytes(8, "big", signed=True) + count.to_bytes(8, "big", signed=True)
    return sha256(b"\x02" + numbers + root).digest()


def node(left: bytes, right: bytes) -> bytes:
    """What stands above two hashes."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that takes its leaves in their order and keeps only what is not yet paired."""

    __slots__ = ("_peaks", "count")

    def __init__(self) -> None:
        self.count = 0
        self._peaks: list[bytes] = []
        """Roots of full subtrees, the largest first: one for each bit of the count that is set."""

    def add(self, leaf: bytes) -> None:
        """Take the next leaf."""
        paired = self.count
        while paired & 1:
            leaf = node(self._peaks.pop(), leaf)
            paired >>= 1
        self._peaks.append(leaf)
        self.count += 1

    @property
    def root(self) -> bytes:
        """The root of what was taken so far."""
        if not self._peaks:
            return NOTHING
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node(peak, root)
        return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root of leaves that are all there."""
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root


def path_to(leaves: Sequence[bytes], position: int) -> list[bytes]:
    """The hashes beside the way from a leaf to the root, the nearest first (RFC 6962, 2.1.1)."""
    if len(leaves) == 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if position < half:
        return [*path_to(leaves[:half], position), root_of(leaves[half:])]
    return [*path_to(leaves[half:], position - half), root_of(leaves[:half])]
