"""What decided baskets add to the cases, and to the figure of misdeclaration; nothing of a database here."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec import Struct, field

from gateway.domain.judging import TRUSTED, Edition, Evidence, Review, Source, tells
from gateway.domain.policy import moscow_date
from gateway.domain.purchase import JudgedBasket, PurchaseLine
from gateway.goods.cases.subjects import RULE_PREFIX, SPOKEN_BY, Subject, subject_of
from gateway.goods.identity.in_store import InStoreTemplates

EXAMPLES_KEPT: Final = 5
"""Of each case, the latest."""

TemplatesOf = Callable[[int, datetime], InStoreTemplates]
"""The templates of a merchant's own codes at an instant."""

CaseKey = tuple[Subject, Review]


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "OPEN"
    CONFIRMED = "CONFIRMED"
    """A rule says what the goods are."""
    DISMISSED = "DISMISSED"
    """There is nothing to decide; further lines are counted in it and open no other."""


class Example(Struct, frozen=True):
    """A line that led to a case, with the purchase that it is in and the word of every source."""

    purchase_id: UUID
    request_id: UUID
    merchant_id: int
    decided_at: datetime
    line_number: int
    item_name: str
    okpd2: str
    amount_kopecks: int
    reason: str
    evidence: tuple[Evidence, ...]


class Seen(Struct, frozen=True):
    """One line that a person should look at. `has_rule`: a rule on just these goods spoke already."""

    key: CaseKey
    example: Example
    has_rule: bool


class KnownCase(Struct, frozen=True):
    """The latest case of a key, as it stands. Lines decided before `takes_until` are of it once confirmed."""

    id: int
    state: CaseState
    takes_until: datetime | None
    examples: tuple[Example, ...]


class Count(Struct):
    """What lines add to one case; `by_merchant` holds lines and kopecks."""

    first_seen: datetime
    last_seen: datetime
    line_count: int = 0
    amount_kopecks: int = 0
    by_merchant: dict[int, tuple[int, int]] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)

    def add(self, example: Example) -> None:
        """One more line."""
        self.first_seen = min(self.first_seen, example.decided_at)
        self.last_seen = max(self.last_seen, example.decided_at)
        self.line_count += 1
        self.amount_kopecks += example.amount_kopecks
        lines, kopecks = self.by_merchant.get(example.merchant_id, (0, 0))
        self.by_merchant[example.merchant_id] = lines + 1, kopecks + example.amount_kopecks
        self.examples = [*self.examples, example][-EXAMPLES_KEPT:]


class Additions(Struct, frozen=True):
    """What a batch of lines adds: to cases that there are, by id, and to new ones."""

    known: dict[int, Count]
    new: dict[CaseKey, Count]


class Declared(Struct):
    """Lines of one merchant and day on which the till declared an ОКПД2.

    `checked_count` are those of which a trusted source says what they are too; of these the declared code
    of `differing_count` leads to another verdict or another class of goods than each code of that source.
    """

    declared_count: int = 0
    checked_count: int = 0
    differing_count: int = 0
    differing_kopecks: int = 0


def seen_lines(baskets: Iterable[JudgedBasket], templates_of: TemplatesOf) -> Iterator[Seen]:
    """The lines that were judged with a review, in the order of the baskets."""
    for basket in baskets:
        merchant_id = basket.merchant_id
        for item in basket.lines:
            if item.verdict.review:
                subject = subject_of(item.line, merchant_id, templates_of(merchant_id, basket.decided_at))
                has_rule = any(
                    one.source in SPOKEN_BY[subject.kind] and one.version.startswith(RULE_PREFIX)
                    for one in item.evidence
                )
                yield Seen((subject, item.verdict.review), _example(basket, item), has_rule)


def _example(basket: JudgedBasket, item: PurchaseLine) -> Example:
    return Example(
        basket.id,
        basket.request_id,
        basket.merchant_id,
        basket.decided_at,
        item.line.line_number,
        item.line.item_name,
        item.line.okpd2,
        item.line.amount_kopecks,
        item.reason.name,
        item.evidence,
    )


def additions(seen: Iterable[Seen], known: Mapping[CaseKey, KnownCase]) -> Additions:
    """Sort lines into cases; `known` holds the latest case of each key that has one.

    A line on which a rule spoke is no question any more: what still disagrees there is the merchant's
    declaration, which has a figure of its own.
    """
    to_known: dict[int, Count] = {}
    to_new: dict[CaseKey, Count] = {}
    for line in seen:
        at = line.example.decided_at
        case = known.get(line.key)
        if case is not None and _takes(case, at):
            to_known.setdefault(case.id, Count(at, at, examples=list(case.examples))).add(line.example)
        elif not line.has_rule:
            to_new.setdefault(line.key, Count(at, at)).add(line.example)
    return Additions(to_known, to_new)


def _takes(case: KnownCase, decided_at: datetime) -> bool:
    return case.takes_until is None or decided_at < case.takes_until


def declared_lines(
    baskets: Iterable[JudgedBasket], edition_at: Callable[[datetime], Edition]
) -> dict[tuple[int, date], Declared]:
    """What tills declared, by merchant and day in Moscow."""
    found: dict[tuple[int, date], Declared] = {}
    for basket in baskets:
        for item in basket.lines:
            if not item.line.okpd2:
                continue
            counted = found.setdefault((basket.merchant_id, moscow_date(basket.decided_at)), Declared())
            counted.declared_count += 1
            differs = misdeclares(item, edition_at(basket.decided_at))
            if differs is not None:
                counted.checked_count += 1
                counted.differing_count += differs
                counted.differing_kopecks += item.line.amount_kopecks * differs
    return found


def misdeclares(item: PurchaseLine, edition: Edition) -> bool | None:
    """Whether a line's declared code means other goods than a trusted source says; None if nobody can tell.

    Two codes mean other goods if `judge` calls them a contradiction. Where the source itself has several
    codes, the till is right if it declares any of them.
    """
    prohibited = edition.prohibited
    trusted = [one for one in item.evidence if one.source in TRUSTED and tells(one.okpd2, prohibited)]
    if not trusted or not tells(item.line.okpd2, prohibited):
        return None
    declared = Evidence(Source.DECLARED, item.line.okpd2)
    return all(
        edition.verdict_of((Evidence(one.source, one.okpd2), declared), 0).review is Review.CONTRADICTION
        for one in trusted
    )
