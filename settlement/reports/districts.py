"""Which administrative okrug of Moscow an address lies in, by its text: for sums, never for a decision.

An okrug is known if the address names it (ЦАО, «Северный административный округ»), or names a district as the
address register does («вн.тер.г. муниципальный округ Хамовники», «район Сокол»), or one of the city's towns
(«г. Зеленоград»). A street alone names none: the same names stand in several okrugs.
"""

import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Final

UNKNOWN: Final = "не определён"
"""The district of an address that names none."""

_DATA: Final = tomllib.loads(files(__package__).joinpath("districts.toml").read_text(encoding="utf-8"))

OKRUGS: Final[dict[str, str]] = _DATA["okrugs"]
"""Full names by abbreviation, in the usual order."""


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace("ё", "е").split())


def _any_of(names: list[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


_DISTRICTS: Final = {_folded(name): okrug for okrug, names in _DATA["districts"].items() for name in names}
_TOWNS: Final = {_folded(name): okrug for name, okrug in _DATA["towns"].items()}
_BY_ABBREVIATION: Final = {_folded(code): code for code in OKRUGS}
_BY_NAME: Final = {_folded(name): code for code, name in OKRUGS.items()}

_ABBREVIATION: Final = re.compile(rf"\b({_any_of(list(_BY_ABBREVIATION))})\b")
_OKRUG: Final = re.compile(rf"\b({_any_of(list(_BY_NAME))})\s+(?:адм\w*\.?|ао)(?:\s*(?:округ|окр\.?))?")
# The kind of thing before or after the name, as people and the address register write it.
_KIND: Final = r"(?:муниципальный округ|м\.?\s?о\.?|район|р-н)"
_BEFORE: Final = re.compile(rf"\b{_KIND}\s+({_any_of(list(_DISTRICTS))})(?=\s*(?:,|;|$))")
_AFTER: Final = re.compile(rf"(?:^|[,;])\s*({_any_of(list(_DISTRICTS))})\s+{_KIND}(?=\s*(?:,|;|$))")
_TOWN: Final = re.compile(rf"\b(?:г\.?|гор\.?|город)\s*({_any_of(list(_TOWNS))})(?=\s*(?:,|;|$))")


@lru_cache(65_536)
def district_of(address: str) -> str:
    """The abbreviation of the okrug that an address names, or UNKNOWN."""
    text = _folded(address)
    for pattern, known in (
        (_ABBREVIATION, _BY_ABBREVIATION),
        (_OKRUG, _BY_NAME),
        (_BEFORE, _DISTRICTS),
        (_AFTER, _DISTRICTS),
        (_TOWN, _TOWNS),
    ):
        if found := pattern.search(text):
            return known[found[1]]
    return UNKNOWN
