"""Every source's word on a line, in order of trust (design section 6), and the verdict that follows.

A new source joins here, and nowhere else.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from msgspec import Struct

from gateway.domain.basket import Line
from gateway.domain.category import GoodsClass, ListBook
from gateway.domain.judging import Edition, Evidence, Judged, Source, editions_of
from gateway.goods.identity.in_store import NO_TEMPLATES, InStoreItem, InStoreTemplates, read_in_store
from gateway.goods.identity.item import ItemIdentity, identify
from gateway.goods.identity.marking import MarkingForm, read_marking_code
from gateway.goods.memory import Memory, Tally
from gateway.goods.names.folding import fold
from gateway.goods.names.opinions import NameTrace, Opinion

LINES_REMEMBERED: Final = 32_768
"""A chain sells some 30,000 goods; with half as many remembered one line in seven is new (ADR 0014)."""

COLD_AT_ONCE: Final = 16
"""So many new lines take the classifier some 2 ms, which is all that an event loop has in one piece."""

AHEAD_MAX: Final = 1_024
"""So many baskets that were judged ahead may wait; those that nobody decides in the end are forgotten."""

_LABEL_BEGINS: Final = "2"
_LABEL_DIGITS: Final = 13

_MARKED: Final = {MarkingForm.TOBACCO_PACK: "12.00.11", MarkingForm.ALCOHOL_STAMP: "11.01"}
"""What a marking code tells by its form alone, whatever its number."""


class Catalogue(Protocol):
    """GTINs that somebody catalogued."""

    @property
    def version(self) -> str:
        """Its name in evidence."""

    def codes_of(self, gtin: str) -> tuple[str, ...]:
        """The distinct ОКПД2 codes of 14 digits; empty if the catalogue does not know what they are."""


class Namer(Protocol):
    """A classifier of names with the lists that it was trained for (`gateway.goods.names.opinions`)."""

    version: str

    def opinions(self, names: Sequence[str]) -> Sequence[Opinion | None]:
        """What each name is most likely of; None if it tells nothing."""

    def trace(self, name: str) -> NameTrace:
        """What makes it think so of one name."""


class Confirmed(Struct, frozen=True, gc=False):
    """What the department confirmed, each with the rule that says so: (ОКПД2, rule id).

    By GTIN, by folded name, and by merchant and the merchant's own code.
    """

    gtins: Mapping[str, tuple[str, str]] = {}
    names: Mapping[str, tuple[str, str]] = {}
    in_store: Mapping[tuple[int, str], tuple[str, str]] = {}
    templates: Mapping[int, InStoreTemplates] = {}


NOTHING_CONFIRMED: Final = Confirmed()

_Key = tuple[str, str, str, int] | tuple[str, str, str, int, int, str, str, str]


class _Ahead(Struct, frozen=True, gc=False):
    """A basket that was judged ahead. It holds its lines, so that their `id` stays theirs."""

    lines: Sequence[Line]
    merchant_id: int
    judged: list[Judged]


@dataclass(frozen=True)
class GoodsAt:
    """All sources and rules in force from one instant to the next; judges lines, and remembers them."""

    edition: Edition
    catalogue: Catalogue | None = None
    namer: Namer | None = None
    confirmed: Confirmed = NOTHING_CONFIRMED
    tally: Tally = field(default_factory=Tally, repr=False, compare=False)
    """Lines asked for, and those of them that were not remembered."""
    _memory: Memory[_Key, Judged] = field(init=False, repr=False, compare=False)
    _ahead: dict[int, _Ahead] = field(init=False, repr=False, compare=False, default_factory=dict)
    _with_own_goods: frozenset[int] = field(init=False, repr=False, compare=False)
    """Merchants to whom a number of their own means something; to all others it means the same: nothing."""

    def __post_init__(self) -> None:
        own = {merchant_id for merchant_id, _ in self.confirmed.in_store} | self.confirmed.templates.keys()
        object.__setattr__(self, "_with_own_goods", frozenset(own))
        object.__setattr__(self, "_memory", Memory(LINES_REMEMBERED, self.tally))

    @property
    def classes_of(self) -> Callable[[str], frozenset[GoodsClass]]:
        """The goods classes of an ОКПД2 code."""
        return self.edition.class_map.classes_of

    def judge(self, lines: Sequence[Line], merchant_id: int) -> list[Judged]:
        """Judge lines of one merchant; names not seen lately go through the classifier in one call."""
        if self._is_ahead(lines, merchant_id):
            return self._ahead.pop(id(lines)).judged
        keys = self._keys(lines, merchant_id)
        found = self._memory.get_all(keys)
        fresh = [
            (key, line, merchant_id)
            for key, line, judged in zip(keys, lines, found, strict=True)
            if judged is None
        ]
        made = self._judge_fresh(fresh)
        return [judged if judged is not None else next(made) for judged in found]

    def trace(self, line: Line, judged: Judged) -> NameTrace | None:
        """What the classifier saw in the name of a line that was judged; None if it was not asked."""
        was_asked = any(item.source == Source.NAME for item in judged.evidence)
        return self.namer.trace(line.item_name) if self.namer is not None and was_asked else None

    def judge_ahead(self, baskets: Iterable[tuple[Sequence[Line], int]]) -> Iterator[None]:
        """Judge many baskets, each with its merchant; lines not seen lately COLD_AT_ONCE in a step.

        Whoever takes the steps may let others work between them. After the last one `judge` has the answers
        for these very baskets at hand, once; what is at hand already costs nothing.
        """
        asked: list[tuple[Sequence[Line], int, list[_Key], list[Judged | None]]] = []
        cold: dict[_Key, tuple[_Key, Line, int]] = {}
        for lines, merchant_id in baskets:
            if self._is_ahead(lines, merchant_id):
                continue
            keys = self._keys(lines, merchant_id)
            found = self._memory.get_all(keys)
            asked.append((lines, merchant_id, keys, found))
            if None in found:
                for key, line, one in zip(keys, lines, found, strict=True):
                    if one is None:
                        cold[key] = key, line, merchant_id
        made: dict[_Key, Judged] = {}
        fresh = list(cold.values())
        for begin in range(0, len(fresh), COLD_AT_ONCE):
            step = fresh[begin : begin + COLD_AT_ONCE]
            made.update(zip([key for key, _, _ in step], self._judge_fresh(step), strict=True))
            yield
        if len(self._ahead) > AHEAD_MAX:
            self._ahead.clear()
        for lines, merchant_id, keys, found in asked:
            judged = [one if one is not None else made[key] for key, one in zip(keys, found, strict=True)]
            self._ahead[id(lines)] = _Ahead(lines, merchant_id, judged)

    def _is_ahead(self, lines: Sequence[Line], merchant_id: int) -> bool:
        ahead = self._ahead.get(id(lines))
        return ahead is not None and ahead.lines is lines and ahead.merchant_id == merchant_id

    def _keys(self, lines: Sequence[Line], merchant_id: int) -> list[_Key]:
        own_id = merchant_id if merchant_id in self._with_own_goods else 0
        templates = self.confirmed.templates.get(merchant_id, NO_TEMPLATES)
        return [_key(line, own_id, templates) for line in lines]

    def _judge_fresh(self, fresh: Sequence[tuple[_Key, Line, int]]) -> Iterator[Judged]:
        opinions = self._opinions([line.item_name for _, line, _ in fresh])
        for (key, line, merchant_id), opinion in zip(fresh, opinions, strict=True):
            evidence = tuple(self._evidence(line, merchant_id, opinion))
            judged = Judged(evidence, self.edition.verdict_of(evidence, line.payment_subject))
            self._memory.put(key, judged)
            yield judged

    def _opinions(self, names: Sequence[str]) -> Sequence[Opinion | None]:
        return self.namer.opinions(names) if self.namer is not None else [None] * len(names)

    def _evidence(self, line: Line, merchant_id: int, opinion: Opinion | None) -> Iterator[Evidence]:
        identity = identify(line, self.confirmed.templates.get(merchant_id, NO_TEMPLATES))
        yield from self._by_codes(identity)
        yield from self._in_store(identity, merchant_id)
        if line.okpd2:
            yield Evidence(Source.DECLARED, line.okpd2)
        if rule := self.confirmed.names and self.confirmed.names.get(fold(line.item_name)):
            yield Evidence(Source.CONFIRMED_NAME, *rule)
        elif opinion is not None and self.namer is not None:
            yield Evidence(Source.NAME, opinion.okpd2, self.namer.version, opinion.denied_ppm)

    def _by_codes(self, identity: ItemIdentity) -> Iterator[Evidence]:
        marked = ""
        if identity.marking is not None:
            if code := _MARKED.get(identity.marking.form):
                yield Evidence(Source.MARKING, code)
            marked = identity.marking.gtin
        for gtin in identity.gtins:
            source = Source.MARKING if gtin == marked else Source.CATALOGUE
            if rule := self.confirmed.gtins.get(gtin):
                yield Evidence(source, *rule)
            elif self.catalogue is not None:
                for code in self.catalogue.codes_of(gtin):
                    yield Evidence(source, code, self.catalogue.version)

    def _in_store(self, identity: ItemIdentity, merchant_id: int) -> Iterator[Evidence]:
        plu = identity.in_store.plu if identity.in_store is not None else ""
        for code in dict.fromkeys((plu, identity.item_code)):
            if code and (rule := self.confirmed.in_store.get((merchant_id, code))):
                yield Evidence(Source.IN_STORE, *rule)


def goods_by(lists: ListBook) -> Callable[[datetime], GoodsAt]:
    """What judges lines at an instant by the lists alone: what the till declares, and no other source.

    It raises LookupError of an instant before the first list.
    """
    goods = {version: GoodsAt(edition) for version, edition in editions_of(lists).items()}
    return lambda instant: goods[lists.prohibited_at(instant).version]


def _key(line: Line, own_id: int, templates: InStoreTemplates) -> _Key:
    """All of a line that its verdict depends on; `own_id` is the merchant if it has its own numbers, else 0.

    Serials of marking codes and weights in labels of the scales differ from item to item and tell nothing: a
    code counts as it is read. By its look alone it must not count: one that merely begins like another may be
    of another form, and refused.
    """
    gtin = line.gtin
    if gtin and gtin[0] == _LABEL_BEGINS and len(gtin) == _LABEL_DIGITS:
        label = read_in_store(gtin, templates)
        gtin = f"plu {label.plu}" if isinstance(label, InStoreItem) else ""
    if not line.marking_code and not own_id:
        return line.item_name, gtin, line.okpd2, line.payment_subject
    form = marked = ""
    if line.marking_code:
        marking = read_marking_code(line.marking_code)
        form, marked = marking.form.value, marking.gtin
    item_code = line.item_code if own_id else ""
    return line.item_name, gtin, line.okpd2, line.payment_subject, own_id, form, marked, item_code
