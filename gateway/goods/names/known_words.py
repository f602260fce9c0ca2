"""Which words a classifier has learned from, as bits of hashes: a name of new words is from elsewhere."""

from collections.abc import Iterable
from typing import Final, Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

BITS: Final = 20


class KnownWords:
    """Bits by the words' hashes, shape (2^20 / 8); a new word is taken for a known one once in twenty."""

    def __init__(self, bits: NDArray[np.uint8]) -> None:
        self.bits = bits
        self._bytes = bits.tobytes()

    @classmethod
    def of(cls, folded: Iterable[str]) -> Self:
        """The words of folded names."""
        bits = np.zeros(1 << (BITS - 3), dtype=np.uint8)
        for place in {_place(word) for name in folded for word in _words(name)}:
            bits[place >> 3] |= 1 << (place & 7)
        return cls(bits)

    def part_new(self, folded: str) -> float:
        """Which part of a folded name's words was in no name learned from, 0 to 1; 0 of no words."""
        words = _words(folded)
        if not words:
            return 0.0
        return sum([not self._has(_place(word)) for word in words]) / len(words)

    def _has(self, place: int) -> bool:
        return bool(self._bytes[place >> 3] >> (place & 7) & 1)


def _words(folded: str) -> list[str]:
    """Words of two letters and more: numbers and units tell nothing of where a name comes from."""
    return [word for word in folded.split() if len(word) > 1 and not word[0].isdigit()]


def _place(word: str) -> int:
    return crc32(word.encode()) & ((1 << BITS) - 1)
