"""Which lists hold from which instant: everything published, as one sequence of editions.

A kind of list goes by the shipped files until the first version of it that is published here comes into
force; after that by what is published alone.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from gateway.domain.category import ClassMap, ListBook, Program, ProhibitedList, PublishedNominal
from gateway.domain.judging import Edition
from gateway.goods.reference.reading import Dated, ProgramBook, ReferenceSnapshot, StoredVersion

NOTHING_PUBLISHED = ReferenceSnapshot(0, (), (), (), (), (), ())
"""What a database without a single publication says, but for its epoch."""


class GoodsEdition(Struct, frozen=True):
    """Everything that holds from one instant until the next edition begins.

    `edition` has no thresholds for names: those are in the file of the classifier `names`. Of `lists` all
    hold at once: `prohibited` is the one list of `edition`.
    """

    effective_from: datetime
    edition: Edition
    lists: ListBook
    catalogue: StoredVersion | None = None
    names: StoredVersion | None = None


@dataclass(frozen=True)
class Editions:
    """The editions as of `epoch`, in the order in which they come into force; the first has the first list.

    `is_shipped` says that nothing at all is published, so that the shipped files decide alone.
    """

    epoch: int
    sequence: tuple[GoodsEdition, ...] = field(repr=False)
    is_shipped: bool
    _begins: tuple[datetime, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_begins", tuple(one.effective_from for one in self.sequence))

    def place_at(self, instant: datetime) -> int:
        """The place in `sequence` of what is in force at an instant; raises LookupError before the first."""
        place = bisect_right(self._begins, instant) - 1
        if place < 0:
            raise LookupError(f"no prohibited list is in force at {instant.isoformat()}")
        return place

    def at(self, instant: datetime) -> GoodsEdition:
        """What is in force at an instant; raises LookupError before the first prohibited list."""
        return self.sequence[self.place_at(instant)]

    def lists_at(self, instant: datetime) -> ListBook:
        """Programs, nominals and the list in force at an instant; before the first list its programs."""
        if instant < self._begins[0]:
            return replace(self.sequence[0].lists, prohibited=())
        return self.at(instant).lists


class _Versioned(Protocol):
    @property
    def effective_from(self) -> datetime: ...


Version = TypeVar("Version", bound=_Versioned)


def editions_from(published: ReferenceSnapshot, shipped: ListBook) -> Editions:
    """The editions of what is published, with the shipped lists where a kind has nothing in force yet."""
    prohibited = _succeeding(shipped.prohibited, published.prohibited)
    kinds: tuple[Sequence[_Versioned], ...] = (
        prohibited,
        published.classes,
        published.programs,
        published.catalogue,
        published.names,
    )
    begins = sorted({one.effective_from for versions in kinds for one in versions})
    sequence: list[GoodsEdition] = []
    made: dict[tuple[str, datetime, int], Edition] = {}
    for instant in begins:
        rules = _in_force(prohibited, instant)
        if rules is None:
            continue
        classes = _content_in_force(published.classes, instant, shipped.class_map)
        key = (rules.version, rules.effective_from, id(classes))
        # The same rules on both sides of a boundary stay one edition, with the verdicts that it remembers.
        edition = made.setdefault(key, Edition(rules, classes))
        sequence.append(
            GoodsEdition(
                instant,
                edition,
                _lists(rules, classes, _in_force(published.programs, instant), shipped),
                _in_force(published.catalogue, instant),
                _in_force(published.names, instant),
            )
        )
    return Editions(published.epoch, tuple(sequence), _is_empty(published))


def _succeeding(
    shipped: Sequence[ProhibitedList], published: Sequence[ProhibitedList]
) -> tuple[ProhibitedList, ...]:
    """Published lists after the shipped ones that began before the first of them."""
    first = min((one.effective_from for one in published), default=None)
    before = [one for one in shipped if first is None or one.effective_from < first]
    return (*before, *published)


def _in_force(versions: Sequence[Version], instant: datetime) -> Version | None:
    begun = [one for one in versions if one.effective_from <= instant]
    return max(begun, key=lambda one: one.effective_from, default=None)


def _content_in_force(versions: Sequence[Dated[ClassMap]], instant: datetime, shipped: ClassMap) -> ClassMap:
    found = _in_force(versions, instant)
    return shipped if found is None else found.content


def _lists(
    rules: ProhibitedList, classes: ClassMap, programs: Dated[ProgramBook] | None, shipped: ListBook
) -> ListBook:
    lists = replace(shipped, prohibited=(rules,), class_map=classes)
    if programs is None:
        return lists
    # Certificates may be out under a shipped program: it stays known, as every published one does.
    known: Mapping[tuple[str, int], Program] = {**shipped.programs, **programs.content.programs}
    nominals: tuple[PublishedNominal, ...] = programs.content.nominals
    return replace(lists, programs=known, nominals=nominals)


def _is_empty(published: ReferenceSnapshot) -> bool:
    kinds = (
        published.prohibited,
        published.classes,
        published.programs,
        published.catalogue,
        published.names,
    )
    return not any(kinds)


def known_lists(published: ReferenceSnapshot, shipped: ListBook) -> ListBook:
    """Every version of the prohibited list by which lines may have been judged; else what is shipped.

    Of a version that is both shipped and published it is the published one.
    """
    known = {one.version: one for one in (*shipped.prohibited, *published.prohibited)}
    return replace(shipped, prohibited=tuple(known.values()))
