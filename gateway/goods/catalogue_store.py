"""A catalogue as decisions look it up: a file of sorted GTINs that all workers of a machine map into memory.

Ten bytes an item: five million take 50 MB of the page cache once, and next to nothing of a worker's own
memory. Look-ups are a binary search over numbers.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

FORMAT: Final = 1

_CARD: Final = "catalogue.json"
_GTINS: Final = "gtins.npy"
_CODES: Final = "codes.npy"


class CatalogueStoreError(ValueError):
    """A folder holds no catalogue that can be looked up; the message says why."""


class _Card(Struct, frozen=True):
    format: int
    version: str
    items: int
    codes: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class StoredCatalogue:
    """GTINs and what they are. Shapes: `gtins` (items) sorted, `places` (items) into `codes`."""

    version: str
    gtins: NDArray[np.uint64]
    places: NDArray[np.uint16]
    codes: tuple[tuple[str, ...], ...]

    def codes_of(self, gtin: str) -> tuple[str, ...]:
        """The distinct ОКПД2 codes of 14 digits; empty if the catalogue does not know what they are."""
        number = int(gtin)
        place = int(self.gtins.searchsorted(np.uint64(number)))
        if place == len(self.gtins) or self.gtins[place] != number:
            return ()
        return self.codes[self.places[place]]

    def __len__(self) -> int:
        return len(self.gtins)


class CatalogueBuilder:
    """Collects the items of a catalogue, ten bytes each; an item given twice has the codes of both."""

    def __init__(self) -> None:
        self._gtins = bytearray()
        self._places = bytearray()
        self._place_of: dict[tuple[str, ...], int] = {}

    def add(self, items: Iterable[tuple[str, str]]) -> None:
        """Take items of (GTIN of 14 digits, ОКПД2 code or ""). Those without a code are left out."""
        coded = [(int(gtin), self._place((okpd2,))) for gtin, okpd2 in items if okpd2]
        self._gtins += np.array([gtin for gtin, _ in coded], dtype=np.uint64).tobytes()
        self._places += np.array([place for _, place in coded], dtype=np.uint16).tobytes()

    def _place(self, codes: tuple[str, ...]) -> int:
        place = self._place_of.setdefault(codes, len(self._place_of))
        if place > np.iinfo(np.uint16).max:
            raise CatalogueStoreError(f"more than {place} different codes and sets of codes")
        return place

    def build(self, version: str) -> StoredCatalogue:
        """Everything taken so far, as a catalogue."""
        gtins = np.frombuffer(self._gtins, dtype=np.uint64)
        places = np.frombuffer(self._places, dtype=np.uint16)
        order = np.lexsort((places, gtins))
        gtins, places = gtins[order], places[order]
        is_new = np.ones(len(gtins), dtype=np.bool_)
        is_new[1:] = (gtins[1:] != gtins[:-1]) | (places[1:] != places[:-1])
        gtins, places = gtins[is_new], places[is_new]
        is_first = np.ones(len(gtins), dtype=np.bool_)
        is_first[1:] = gtins[1:] != gtins[:-1]
        firsts = np.flatnonzero(is_first)
        ends = np.append(firsts[1:], len(gtins))
        code_of = list(self._place_of)
        for first, end in zip(firsts[ends - firsts > 1], ends[ends - firsts > 1], strict=True):
            codes = sorted(code for place in places[first:end] for code in code_of[place])
            places[first] = self._place(tuple(codes))
        return StoredCatalogue(version, gtins[firsts], places[firsts], tuple(self._place_of))


def write_catalogue(catalogue: StoredCatalogue, folder: Path) -> None:
    """Store a catalogue as a folder; the card is written last, so that no folder is half a catalogue."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / _GTINS, catalogue.gtins)
    np.save(folder / _CODES, catalogue.places)
    card = _Card(FORMAT, catalogue.version, len(catalogue), catalogue.codes)
    draft = folder / f"{_CARD}.draft"
    draft.write_bytes(msgspec.json.encode(card))
    os.replace(draft, folder / _CARD)


def open_catalogue(folder: Path) -> StoredCatalogue:
    """Map a stored catalogue into memory; raises CatalogueStoreError."""
    try:
        card = msgspec.json.decode((folder / _CARD).read_bytes(), type=_Card)
        gtins = np.load(folder / _GTINS, mmap_mode="r")
        places = np.load(folder / _CODES, mmap_mode="r")
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise CatalogueStoreError(f"{folder}: holds no catalogue that can be read: {error}") from error
    if card.format != FORMAT or not card.items == len(gtins) == len(places):
        raise CatalogueStoreError(f"{folder}: is of another format, or incomplete: remove it")
    return StoredCatalogue(card.version, gtins, places, card.codes)
