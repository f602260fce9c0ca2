"""Lists that lines are judged by: the prohibited list, goods classes, programs.

Rules are data (`gateway/goods/lists`), never code. Codes are ОКПД2, matched on dot-segmented
prefixes, the longest prefix wins: water (11.07) passes while beer (11.05) does not.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct


class GoodsClass(StrEnum):
    """Classes of decree 213-ПП, point 3.3.2, for which nominal values are published."""

    FOOD = "food"
    CHILDREN = "children"
    DURABLE = "durable"
    CLOTHES = "clothes"
    FOOTWEAR = "footwear"
    OTHER = "other"


_NOT_OTHER: Final = frozenset({GoodsClass.FOOD, GoodsClass.CHILDREN, GoodsClass.DURABLE})

OKPD2_FORM: Final = re.compile(r"[0-9]{2}(\.[0-9]{1,2}(\.[0-9]{1,2}(\.[0-9]{3})?)?)?")
"""A code of one of the classification's levels: 2, 3, 4, 5, 6 or 9 digits, for `fullmatch`."""

CODES_REMEMBERED: Final = 65_536
"""More than the classification has."""

_LEVELS: Final = (12, 8, 7, 5, 4, 2)
"""Characters of a code of each level, dots included, the finest first."""


@lru_cache(CODES_REMEMBERED)
def prefixes_longest_first(code: str) -> tuple[str, ...]:
    """All codes of the classification that a code belongs to: 11.01.10.111 → itself, 11.01.10.110, 11.01.10,
    11.01.1, 11.01, 11.

    A code of nine digits that does not end in 0 is a subcategory of the category that does. The subclass 0 is
    left out: a class has one only if it has no other ("11.0" covers what "11" covers), so it says nothing,
    and as a prefix it is the usual typing error for 11.05 or 11.07.
    """
    found = [code[:length] for length in _LEVELS if length <= len(code)]
    if len(code) == _LEVELS[0] and code[-1] != "0":
        found.insert(1, code[:-1] + "0")
    return tuple(prefix for prefix in found if not is_undivided_subclass(prefix))


def _codes_above(codes: Iterable[str]) -> frozenset[str]:
    return frozenset(above for code in codes for above in prefixes_longest_first(code)[1:])


def is_undivided_subclass(code: str) -> bool:
    """True for "11.0" and the like, which no list may name: it means the class, or a group typed in half."""
    return len(code) == 4 and code.endswith(".0")


class PrefixRule(Struct, frozen=True, gc=False):
    """One rule of the prohibited list: goods under `okpd2` are denied, or allowed again."""

    rule_id: str
    okpd2: str
    is_denied: bool
    title_ru: str


@dataclass(frozen=True)
class ProhibitedList:
    """A published version of the list of decree point 3.3.3, in force from `effective_from`."""

    version: str
    effective_from: datetime
    act: str
    rules: tuple[PrefixRule, ...]
    _by_prefix: Mapping[str, PrefixRule] = field(init=False, repr=False, compare=False)
    _above_denied: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_prefix", {rule.okpd2: rule for rule in self.rules})
        denied = (rule.okpd2 for rule in self.rules if rule.is_denied)
        object.__setattr__(self, "_above_denied", _codes_above(denied))

    def rule_for(self, okpd2: str) -> PrefixRule | None:
        """The rule of the longest matching prefix, or None if no rule speaks of the code."""
        for prefix in prefixes_longest_first(okpd2):
            if rule := self._by_prefix.get(prefix):
                return rule
        return None

    def is_too_coarse(self, okpd2: str) -> bool:
        """True if denied goods lie below the code: "11" may be water, but it may be vodka as well."""
        prefixes = prefixes_longest_first(okpd2)
        return not prefixes or prefixes[0] in self._above_denied


@dataclass(frozen=True)
class ClassMap:
    """Which goods classes an ОКПД2 code belongs to; longest prefix wins."""

    version: str
    by_prefix: Mapping[str, frozenset[GoodsClass]]
    classes_of: Callable[[str], frozenset[GoodsClass]] = field(init=False, repr=False, compare=False)
    """Classes of a code, remembered. Other = neither food nor children's nor durable goods."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes_of", lru_cache(CODES_REMEMBERED)(self._look_up))

    def _look_up(self, okpd2: str) -> frozenset[GoodsClass]:
        if not okpd2:
            return frozenset()
        named: frozenset[GoodsClass] = frozenset()
        for prefix in prefixes_longest_first(okpd2):
            if prefix in self.by_prefix:
                named = self.by_prefix[prefix]
                break
        return named if named & _NOT_OTHER else named | {GoodsClass.OTHER}


class UnknownGoodsPolicy(StrEnum):
    """What a program does with a line that no source can name."""

    REFUSE = "refuse"
    ALLOW_UP_TO = "allow_up_to"


class PriceCeiling(Struct, frozen=True, gc=False):
    """Points pay at most `unit_kopecks` a unit of goods under `okpd2`; the rest is own money."""

    okpd2: str
    unit_kopecks: int


class Program(Struct, frozen=True):
    """One version of a kind of help (вид помощи): which goods its points may buy, and how."""

    code: str
    version: int
    name_ru: str
    name_en: str
    goods_class: GoodsClass
    allowed_classes: frozenset[GoodsClass]
    is_one_shot: bool = False
    rest_lapses_at_capture: bool = True
    allows_own_money: bool = True
    ceilings: tuple[PriceCeiling, ...] = ()
    hold_ttl_s: int | None = None
    unknown_goods: UnknownGoodsPolicy = UnknownGoodsPolicy.REFUSE
    unknown_goods_up_to_kopecks: int = 0

    def unit_ceiling_kopecks(self, okpd2: str) -> int | None:
        """The unit ceiling of the longest matching prefix, or None.

        A code too coarse to tell which of several ceilings holds gets the lowest of them: leaving digits
        out must not lift a ceiling.
        """
        return _unit_ceiling_kopecks(self.ceilings, okpd2) if self.ceilings else None


@lru_cache(CODES_REMEMBERED)
def _unit_ceiling_kopecks(ceilings: tuple[PriceCeiling, ...], okpd2: str) -> int | None:
    prefixes = prefixes_longest_first(okpd2)
    if not prefixes:
        return None
    by_prefix = {ceiling.okpd2: ceiling.unit_kopecks for ceiling in ceilings}
    own = [by_prefix[prefix] for prefix in prefixes if prefix in by_prefix][:1]
    below = [unit for code, unit in by_prefix.items() if prefixes[0] in prefixes_longest_first(code)[1:]]
    return min(own + below, default=None)


class PublishedNominal(Struct, frozen=True, gc=False):
    """The nominal of a certificate of one goods class in force from a day (decree 3.3.2)."""

    goods_class: GoodsClass
    nominal_kopecks: int
    effective_from: date


class ListBook(Struct, frozen=True):
    """Every version of every list that decisions go by; the gateway's snapshot of goods policy."""

    prohibited: tuple[ProhibitedList, ...]
    class_map: ClassMap
    programs: Mapping[tuple[str, int], Program]
    nominals: tuple[PublishedNominal, ...]

    def prohibited_at(self, instant: datetime) -> ProhibitedList:
        """The prohibited list in force at an instant; raises LookupError before the first one."""
        in_force = [version for version in self.prohibited if version.effective_from <= instant]
        if not in_force:
            raise LookupError(f"no prohibited list is in force at {instant.isoformat()}")
        return max(in_force, key=lambda version: version.effective_from)

    def nominals_on(self, goods_class: GoodsClass, day: date) -> frozenset[int]:
        """Published nominal values of a class on a day, in kopecks: those of the latest date."""
        dated = [n for n in self.nominals if n.goods_class is goods_class and n.effective_from <= day]
        latest = max((n.effective_from for n in dated), default=None)
        return frozenset(n.nominal_kopecks for n in dated if n.effective_from == latest)
