"""What a line is and whether points may pay it: prohibited list, goods classes, programs.

Rules are data (`gateway/goods/lists`), never code. Codes are ОКПД2, matched on dot-segmented
prefixes, the longest prefix wins: water (11.07) passes while beer (11.05) does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

from gateway.domain.reasons import LineReason


class GoodsClass(StrEnum):
    """Classes of decree 213-ПП, point 3.3.2, for which nominal values are published."""

    FOOD = "food"
    CHILDREN = "children"
    DURABLE = "durable"
    CLOTHES = "clothes"
    FOOTWEAR = "footwear"
    OTHER = "other"


_NOT_OTHER: Final = frozenset({GoodsClass.FOOD, GoodsClass.CHILDREN, GoodsClass.DURABLE})

NOT_GOODS_SUBJECTS: Final = frozenset({3, 4, 5, 6, 7, 8, 11})
"""Tag 1212: work, services, bets, lotteries and the like; never paid by points."""

EXCISE_SUBJECTS: Final = frozenset({2, 30, 31})
"""Tag 1212: excise goods; never a reason to allow, a second source must clear them."""


@lru_cache(maxsize=65_536)
def prefixes_longest_first(code: str) -> tuple[str, ...]:
    """All dot-segmented prefixes of a code: 11.07.11.110 → itself, 11.07.11, 11.07, 11.

    Inside a segment the classification also has levels (10.5 under 10, 10.51 under 10.5):
    every digit of the second and third segment opens one. "11.0" is no node of the table,
    and no list may name it, so it never matches.
    """
    found = []
    while code:
        found.append(code)
        code = code[:-1].rstrip(".")
        if len(code) == 1:
            break
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One source's word on what a line is, in order of trust (design section 6).

    `source` names where the code comes from: "declared" is the till's own ОКПД2.
    """

    source: str
    okpd2: str


@dataclass(frozen=True, slots=True)
class PrefixRule:
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

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_prefix", {rule.okpd2: rule for rule in self.rules})

    def rule_for(self, okpd2: str) -> PrefixRule | None:
        """The rule of the longest matching prefix, or None if no rule speaks of the code."""
        for prefix in prefixes_longest_first(okpd2):
            if rule := self._by_prefix.get(prefix):
                return rule
        return None


@dataclass(frozen=True)
class ClassMap:
    """Which goods classes an ОКПД2 code belongs to; longest prefix wins."""

    version: str
    by_prefix: Mapping[str, frozenset[GoodsClass]]

    def classes_of(self, okpd2: str) -> frozenset[GoodsClass]:
        """Classes of a code. Other = neither food nor children's nor durable goods."""
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


@dataclass(frozen=True, slots=True)
class PriceCeiling:
    """Points pay at most `unit_kopecks` a unit of goods under `okpd2`; the rest is own money."""

    okpd2: str
    unit_kopecks: int


@dataclass(frozen=True)
class Program:
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
        """The unit ceiling of the longest matching prefix, or None."""
        by_prefix = {ceiling.okpd2: ceiling.unit_kopecks for ceiling in self.ceilings}
        for prefix in prefixes_longest_first(okpd2) if by_prefix else ():
            if prefix in by_prefix:
                return by_prefix[prefix]
        return None


@dataclass(frozen=True, slots=True)
class PublishedNominal:
    """The nominal of a certificate of one goods class in force from a day (decree 3.3.2)."""

    goods_class: GoodsClass
    nominal_kopecks: int
    effective_from: date


@dataclass(frozen=True)
class ListBook:
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision of one line against the lists, before any certificate is looked at.

    `okpd2` is the code that decided ("" if no source names the goods).
    """

    reason: LineReason
    rule_id: str
    list_version: str
    source: str
    okpd2: str

    @property
    def is_refused(self) -> bool:
        """True if no certificate whatever may pay this line."""
        return self.reason in (LineReason.PROHIBITED, LineReason.NOT_GOODS, LineReason.EXCISE_UNCLEARED)


def judge(evidence: tuple[Evidence, ...], payment_subject: int, prohibited: ProhibitedList) -> Verdict:
    """Judge one line by every source's word: deny wins, else the most trusted source speaks.

    `payment_subject` is tag 1212 of the fiscal receipt (0 = not told). The till's declared
    code does not clear excise goods: a second source must (design section 6).
    """
    version = prohibited.version
    if payment_subject in NOT_GOODS_SUBJECTS:
        return Verdict(LineReason.NOT_GOODS, f"subject-{payment_subject}", version, "payment_subject", "")
    for item in evidence:
        rule = prohibited.rule_for(item.okpd2)
        if rule is not None and rule.is_denied:
            return Verdict(LineReason.PROHIBITED, rule.rule_id, version, item.source, item.okpd2)
    if payment_subject in EXCISE_SUBJECTS and all(item.source == "declared" for item in evidence):
        return Verdict(
            LineReason.EXCISE_UNCLEARED, f"subject-{payment_subject}", version, "payment_subject", ""
        )
    if not evidence:
        return Verdict(LineReason.GOODS_UNKNOWN, "unknown", version, "none", "")
    trusted = evidence[0]
    rule = prohibited.rule_for(trusted.okpd2)
    return Verdict(
        LineReason.ALLOWED, rule.rule_id if rule else "not-listed", version, trusted.source, trusted.okpd2
    )
