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

_RADIX_MAX: Final = 1 << 16
_SPACE: Final = 32
_END: Final = 10
_SHIFT: Final = np.uint64(64 - BITS)
_MULTIPLIER: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
_OTHER: Final = np.uint64(0xD6E8_FEB8_6659_FD93)
_MIXER: Final = np.uint64(0xBF58_476D_1CE4_E5B9)

Hashes = NDArray[np.uint64]


def features(folded: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns of every name's features, and where each name's begin: `columns[starts[i]:starts[i + 1]]`.

    A feature that a name has twice stands there twice.
    """
    text = "".join([f" {name} \n" for name in folded])
    letters = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    is_end = letters == _END
    is_space = letters == _SPACE
    row = np.cumsum(is_end) - is_end
    found = [*_parts(letters, is_end, is_space), *_words(letters, is_end | is_space, row)]
    rows = row[np.concatenate([at for at, _ in found])]
    columns = (_mix(np.concatenate([hashes for _, hashes in found])) >> _SHIFT).astype(np.int64)
    # Numbers of 16 bits are sorted by radix.
    order = np.argsort(rows.astype(np.uint16) if len(folded) < _RADIX_MAX else rows, kind="stable")
    starts = np.zeros(len(folded) + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows, minlength=len(folded)), out=starts[1:])
    return columns[order], starts


def _mix(hashes: Hashes) -> Hashes:
    """Spread what a product left in the upper bits over all of them."""
    mixed = hashes ^ (hashes >> np.uint64(29))
    mixed *= _MIXER
    mixed ^= mixed >> np.uint64(32)
    mixed *= _MULTIPLIER
    return mixed


def _parts(
    letters: Hashes, is_end: NDArray[np.bool_], is_space: NDArray[np.bool_]
) -> list[tuple[NDArray[np.int64], Hashes]]:
    """Where the parts of words begin, and their hashes: windows with a space only at their ends."""
    count = len(letters)
    shortest, longest = NGRAMS
    # How many spaces and ends stand before each place: a window's own are a difference.
    spaces = np.concatenate([[0], np.cumsum(is_space)])
    ends = np.concatenate([[0], np.cumsum(is_end)])
    found = []
    hashes = letters * _MULTIPLIER
    for length in range(2, longest + 1):
        windows = count - length + 1
        if windows <= 0:
            break
        hashes = hashes[:windows] * _MULTIPLIER + letters[length - 1 :] * _OTHER
        if length < shortest:
            continue
        is_inside = (ends[length:] == ends[:windows]) & (
            spaces[length - 1 : count] == spaces[1 : windows + 1]
        )
        at = np.flatnonzero(is_inside)
        found.append((at, hashes[at] + np.uint64(length)))
    return found


def _words(
    letters: Hashes, is_between: NDArray[np.bool_], row: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], Hashes]]:
    """Where words and pairs of neighbouring words begin, and their hashes."""
    edges = np.diff(np.concatenate([[True], is_between, [True]]).astype(np.int8))
    begins, stops = np.flatnonzero(edges == -1), np.flatnonzero(edges == 1)
    if not len(begins):
        return []
    place = np.flatnonzero(~is_between)
    lengths = stops - begins
    within = (place - np.repeat(begins, lengths)).astype(np.uint64)
    of_letters = _mix(letters[place] * _MULTIPLIER + (within + np.uint64(1)) * _OTHER)
    words: Hashes = np.add.reduceat(of_letters, np.concatenate([[0], np.cumsum(lengths[:-1])]))
    found = [(begins, words + np.uint64(101))]
    paired = np.flatnonzero(row[begins[1:]] == row[begins[:-1]])
    if len(paired):
        found.append((begins[paired], words[paired] * np.uint64(3) + words[paired + 1] * _OTHER))
    return found
