"""A version of the catalogue as the database keeps it, of which GTINs are fetched before they are judged."""

from collections.abc import Iterable
from typing import Final

import asyncpg

CODES_REMEMBERED: Final = 200_000
"""GTINs whose codes are kept in memory: some 40 MB."""

_CODES: Final = """
SELECT gtin, okpd2 FROM catalogue_item
WHERE gtin = ANY($1) AND since <= $2 AND (until IS NULL OR until > $2)"""


class FetchedCatalogue:
    """The catalogue that was the `number`-th, under its `version`."""

    def __init__(self, version: str, number: int) -> None:
        self.version = version
        self._number = number
        self._codes: dict[str, tuple[str, ...]] = {}

    async def fetch(self, connection: asyncpg.Connection, gtins: Iterable[str]) -> None:
        """Make GTINs of 14 digits known, all of which `codes_of` is then asked before the next fetch."""
        wanted = dict.fromkeys(gtins)
        if len(self._codes) + len(wanted) > CODES_REMEMBERED:
            self._codes.clear()
        missing = [gtin for gtin in wanted if gtin not in self._codes]
        if not missing:
            return
        self._codes.update(dict.fromkeys(missing, ()))
        for number, codes in await connection.fetch(_CODES, [int(gtin) for gtin in missing], self._number):
            self._codes[f"{number:014}"] = tuple(codes)

    def codes_of(self, gtin: str) -> tuple[str, ...]:
        """The distinct ОКПД2 codes; empty if it does not know them. Raises KeyError if not fetched."""
        return self._codes[gtin]
