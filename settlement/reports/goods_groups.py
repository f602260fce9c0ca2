"""Groups of goods as people speak of them, by the ОКПД2 code that decided a line (goods_groups.toml)."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

OTHER_GOODS: Final = "Прочие товары"
UNDECIDED: Final = "Код не определён"
OTHER_KINDS: Final = "прочее"

_DATA: Final = tomllib.loads(files(__package__).joinpath("goods_groups.toml").read_text(encoding="utf-8"))
_GROUPS: Final[Mapping[str, str]] = _DATA["groups"]
_KINDS: Final[Mapping[str, str]] = _DATA["kinds"]


class GroupAndKind(NamedTuple):
    """A group of goods and the kind in it, by their Russian names."""

    group: str
    kind: str


@lru_cache(65_536)
def group_of(okpd2: str) -> GroupAndKind:
    """The group and kind of a code, the longest prefix of its characters winning; "" is UNDECIDED."""
    if not okpd2:
        return GroupAndKind(UNDECIDED, OTHER_KINDS)
    return GroupAndKind(_longest(okpd2, _GROUPS) or OTHER_GOODS, _longest(okpd2, _KINDS) or OTHER_KINDS)


def _longest(okpd2: str, names: Mapping[str, str]) -> str:
    for length in range(len(okpd2), 1, -1):
        if name := names.get(okpd2[:length]):
            return name
    return ""
