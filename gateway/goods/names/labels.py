"""Which codes a classifier learns to tell apart: the finest that have names enough."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.domain.category import ClassMap, GoodsClass, ListBook, ProhibitedList, prefixes_longest_first

NAMES_MIN: Final = 5
LABELS_MAX: Final = 1_000
"""A label costs time in every decision; finer ones would tell nothing that the lists ask for."""
_LEVELS: Final = 7
"""The most codes that stand one above the other, a subcategory below its category included."""


@dataclass(frozen=True)
class Lists:
    """The lists that give a label its meaning: denied or not, and of which classes.

    `programs` are the classes that the newest version of each program may pay, by its code.
    """

    prohibited: ProhibitedList
    class_map: ClassMap
    programs: Mapping[str, frozenset[GoodsClass]] = field(default_factory=dict, compare=False)

    @classmethod
    def at(cls, book: ListBook, instant: datetime) -> "Lists":
        """Those in force at an instant; raises LookupError before the first prohibited list."""
        # In the order of their versions, so that the newest one stays.
        programs = {
            code: book.programs[code, version].allowed_classes for code, version in sorted(book.programs)
        }
        return cls(book.prohibited_at(instant), book.class_map, programs)

    def is_denied(self, code: str) -> bool:
        """Whether goods under the code are denied."""
        rule = self.prohibited.rule_for(code)
        return rule is not None and rule.is_denied

    def meaning_of(self, code: str) -> tuple[bool, frozenset[GoodsClass]]:
        """What a label must not change: whether goods are denied, and their classes."""
        return self.is_denied(code), self.class_map.classes_of(code)


def labels_of(names_of: Mapping[str, int], lists: Lists) -> dict[str, str]:
    """The label of every code, "" for one that can't be learned, from the number of names of each code.

    A code with few names joins the one above it, if that means the same to the lists.
    """
    names_min = max(NAMES_MIN, sum(names_of.values()) // (4 * LABELS_MAX))
    label_of = {code: code for code in names_of}
    for level in range(_LEVELS, 1, -1):
        counts = _counts(label_of, names_of)
        for code, label in label_of.items():
            if counts[label] < names_min and len(prefixes_longest_first(label)) == level:
                label_of[code] = _above(label, lists)
    counts = _counts(label_of, names_of)
    return {code: label if counts[label] >= NAMES_MIN else "" for code, label in label_of.items()}


def _counts(label_of: Mapping[str, str], names_of: Mapping[str, int]) -> Counter[str]:
    counts = Counter[str]()
    for code, label in label_of.items():
        counts[label] += names_of[code]
    return counts


def _above(label: str, lists: Lists) -> str:
    for above in prefixes_longest_first(label)[1:2]:
        if lists.meaning_of(above) == lists.meaning_of(label) and not lists.prohibited.is_too_coarse(above):
            return above
    return label
