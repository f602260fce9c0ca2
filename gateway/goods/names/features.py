"""Hashed features of folded names: parts of words, whole words and pairs of words, for many names at once.

The same arrays feed training and decisions, so that both see a name alike. Everything is numpy over the
concatenated names: a basket costs some tens of array operations, however many lines it has.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

BITS: Final = 17
COLUMNS: Final = 1 << BITS
"""Features are hashed into this many columns; collisions are rare beside what a name has in all."""

NGRAMS: Final = (2, 5)
"""Characters of the shortest and the longest part of a word; a word's ends count as a character each."""

_LENGTHS: Final = np.arange(NGRAMS[0], NGRAMS[1] + 1)
_SPACE: Final = 32
_END: Final = 10
_SHIFT: Final = np.uint64(64 - BITS)
_MULTIPLIER: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
_OTHER: Final = np.uint64(0xD6E8_FEB8_6659_FD93)
_MIXER: Final = np.uint64(0xBF58_476D_1CE4_E5B9)

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]
Chosen = NDArray[np.bool_]


def features(folded: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns of every name's features, and where each name's begin: `columns[starts[i]:starts[i + 1]]`.

    A feature that a name has twice stands there twice.
    """
    text = "".join([f" {name} \n" for name in folded])
    letters = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    starts = np.zeros(len(folded) + 1, dtype=np.int64)
    if not folded:
        return np.zeros(0, dtype=np.int64), starts
    # A row for each character, a column for each kind of feature that may begin there, so that those which
    # do begin come out in the order of the names.
    hashes = np.empty((len(letters), len(_LENGTHS) + 2), dtype=np.uint64)
    is_one = np.zeros(hashes.shape, dtype=np.bool_)
    spaces, ends = np.flatnonzero(letters == _SPACE), np.flatnonzero(letters == _END)
    next_space = np.repeat(spaces[1:], np.diff(spaces))
    _parts(letters, ends, next_space, hashes, is_one)
    _words(letters, spaces, next_space, hashes[:, -2:], is_one[:, -2:])
    np.cumsum(is_one.sum(axis=1), out=(until := np.empty(len(letters), dtype=np.int64)))
    starts[1:] = until[ends]
    return (_mix(hashes[is_one]) >> _SHIFT).astype(np.int64), starts


def _mix(hashes: Hashes) -> Hashes:
    """Spread what a product left in the upper bits over all of them."""
    mixed = hashes ^ (hashes >> np.uint64(29))
    mixed *= _MIXER
    mixed ^= mixed >> np.uint64(32)
    mixed *= _MULTIPLIER
    return mixed


def _parts(
    letters: Hashes, ends: Places, next_space: Places, hashes: Hashes, is_one: NDArray[np.bool_]
) -> None:
    """Parts of words, a column for each length: windows with a space only at their ends."""
    # From each character a window may reach as far as the next space; from a name's last space, nowhere.
    reach = np.zeros(len(letters), dtype=np.int64)
    reach[: len(next_space)] = next_space - np.arange(-1, len(next_space) - 1)
    reach[ends] = reach[ends - 1] = 0
    np.greater_equal(reach[:, None], _LENGTHS, out=is_one[:, : len(_LENGTHS)])
    last = letters * _OTHER
    rolling = letters * _MULTIPLIER
    for column, length in enumerate(_LENGTHS.tolist()):
        rolling = rolling[:-1] * _MULTIPLIER + last[length - 1 :]
        hashes[: len(rolling), column] = rolling + np.uint64(length)


def _words(
    letters: Hashes, spaces: Places, next_space: Places, hashes: Hashes, is_one: NDArray[np.bool_]
) -> None:
    """Words in the first column, pairs of neighbouring words in the second."""
    begins = spaces + 1
    begins = begins[letters[begins] > _SPACE]
    if not len(begins):
        return
    stops = next_space[begins]
    lengths = stops - begins
    before = np.cumsum(lengths) - lengths
    within = np.arange(before[-1] + lengths[-1]) - np.repeat(before, lengths)
    place = within + np.repeat(begins, lengths)
    of_letters = _mix(letters[place] * _MULTIPLIER + (within + 1).astype(np.uint64) * _OTHER)
    words = np.add.reduceat(of_letters, before)
    hashes[begins, 0] = words + np.uint64(101)
    is_one[begins, 0] = True
    paired = np.flatnonzero(begins[1:] == stops[:-1] + 1)
    hashes[begins[paired], 1] = words[paired] * np.uint64(3) + words[paired + 1] * _OTHER
    is_one[begins[paired], 1] = True
