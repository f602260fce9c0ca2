"""What the sources say of a line, and the verdict on it: deny wins, else the most trusted source speaks.

Everything that lines are judged by from one instant to the next is an `Edition`; a basket is judged by one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache, partial
from typing import Final, Protocol

from msgspec import Struct

from gateway.domain.basket import Line
from gateway.domain.category import ClassMap, GoodsClass, ListBook, ProhibitedList, prefixes_longest_first
from gateway.domain.reasons import LineReason

NOT_GOODS_SUBJECTS: Final = frozenset({*range(3, 12), *range(14, 28)})
"""Tag 1212: work, services, bets, lotteries, rights, payments, deposits, levies and cash: no goods.

Wider than the 3 to 8 and 11 of design section 6: 10 (payment) is how gift cards and top-ups are
sold, and 14 to 27 name no goods either. 12 and 13 (composite, other) may be goods.
"""

EXCISE_SUBJECTS: Final = frozenset({2, 30, 31})
"""Tag 1212: excise goods; never a reason to allow, a trusted source must clear them."""

VERDICTS_REMEMBERED: Final = 65_536


class Source(StrEnum):
    """Who says what goods are, the most trusted first (design section 6)."""

    MARKING = "marking"
    """The marking code on the package: its GTIN in the catalogue, or what the code itself is for."""
    CATALOGUE = "catalogue"
    """The GTIN catalogue, with the department's own confirmed GTINs before it."""
    IN_STORE = "in_store"
    """The merchant's own code, as the department confirmed it."""
    DECLARED = "declared"
    """The ОКПД2 that the till declares."""
    CONFIRMED_NAME = "confirmed_name"
    """An item's name whose goods the department confirmed."""
    NAME = "name"
    """The classifier's guess from the item's name: it may refuse or queue, and never overrules to allow."""


TRUSTED: Final = frozenset({Source.MARKING, Source.CATALOGUE, Source.IN_STORE})
"""Sources that the till cannot change by what it writes; only they clear excise goods."""

MILLION: Final = 1_000_000


class Evidence(Struct, frozen=True, gc=False, omit_defaults=True):
    """One source's word on what a line is.

    `version` names what the source was read from: a catalogue's version, a rule, a classifier. Of a
    classifier's guess `denied_ppm` is the calibrated probability, in millionths, that the goods are denied.
    """

    source: str
    okpd2: str
    version: str = ""
    denied_ppm: int = 0


class NamePolicy(Struct, frozen=True, gc=False):
    """From which probability of denied goods, in millionths, a guess from a name counts, and for what.

    Below `doubt_ppm` a name passes quietly; from there on it passes and is queued, from `suspect_ppm` on it
    is refused and queued, from `deny_ppm` on it is refused. `overrule_ppm` is what it needs to refuse goods
    that a trusted source allows. A name whose likeliest code is denied never passes by itself.
    """

    doubt_ppm: int
    suspect_ppm: int
    deny_ppm: int
    overrule_ppm: int


NAMES_UNHEARD: Final = NamePolicy(MILLION + 1, MILLION + 1, MILLION + 1, MILLION + 1)
"""Of an edition without a classifier: no guess is heard, neither to refuse nor to allow."""


class Review(StrEnum):
    """Why a person should look at the goods of a line."""

    NONE = ""
    UNKNOWN = "unknown"
    """No source names them."""
    CONTRADICTION = "contradiction"
    """Sources disagree."""
    DOUBT = "doubt"
    """The name alone speaks, and not clearly."""


class Verdict(Struct, frozen=True, gc=False, omit_defaults=True):
    """The decision of one line against the lists, before any certificate is looked at.

    `okpd2` is the code that decided ("" if no source names the goods); `list_version` that of the prohibited
    list.
    """

    reason: LineReason
    rule_id: str
    list_version: str
    source: str
    okpd2: str
    review: Review = Review.NONE


class Judged(Struct, frozen=True, gc=False):
    """A line's evidence, the most trusted first, and the verdict that it leads to."""

    evidence: tuple[Evidence, ...]
    verdict: Verdict


@dataclass(frozen=True)
class Edition:
    """The rules that hold together from one instant to the next."""

    prohibited: ProhibitedList
    class_map: ClassMap
    names: NamePolicy = NAMES_UNHEARD
    verdict_of: Callable[[tuple[Evidence, ...], int], Verdict] = field(init=False, repr=False, compare=False)
    """`judge` by this edition, remembered: shops sell the same kinds of goods all day."""

    def __post_init__(self) -> None:
        remembered = lru_cache(VERDICTS_REMEMBERED)(partial(judge, edition=self))
        object.__setattr__(self, "verdict_of", remembered)


class GoodsUnavailableError(Exception):
    """What goods are judged by at an instant cannot be read here; the message says what is to be done.

    Nothing is judged by fewer sources than are in force.
    """


class Goods(Protocol):
    """Every rule and every source in force at one instant."""

    @property
    def classes_of(self) -> Callable[[str], frozenset[GoodsClass]]:
        """The goods classes of an ОКПД2 code."""

    def judge(self, lines: Sequence[Line], merchant_id: int) -> Sequence[Judged]:
        """What each line of a merchant's basket is, and whether points may pay it."""


def editions_of(lists: ListBook) -> dict[str, Edition]:
    """The editions of a book by the version of their prohibited list, none with a classifier."""
    return {rules.version: Edition(rules, lists.class_map) for rules in lists.prohibited}


def judge(evidence: tuple[Evidence, ...], payment_subject: int, edition: Edition) -> Verdict:
    """Judge one line by every source's word.

    A code above denied goods names nothing: dropping digits must not turn vodka into "beverages".
    `payment_subject` is tag 1212 of the fiscal receipt (0 = not told). What the till says does not clear
    excise goods: a trusted source must (design section 6).
    """
    prohibited = edition.prohibited
    version = prohibited.version
    if payment_subject in NOT_GOODS_SUBJECTS:
        return Verdict(LineReason.NOT_GOODS, f"subject-{payment_subject}", version, "payment_subject", "")
    heard = edition.names != NAMES_UNHEARD
    guess = next((item for item in evidence if item.source == Source.NAME), None) if heard else None
    firm = [item for item in evidence if item.source != Source.NAME]
    telling = [item for item in firm if tells(item.okpd2, prohibited)]
    review = _review(firm, telling, guess, edition)
    for item in telling:
        if is_denied(item.okpd2, prohibited):
            return Verdict(
                LineReason.PROHIBITED,
                _rule_id(item, prohibited),
                version,
                item.source,
                item.okpd2,
                review,
            )
    if guess is not None and _refuses(guess, telling, edition):
        is_sure = telling or guess.denied_ppm >= edition.names.deny_ppm
        reason = LineReason.PROHIBITED if is_sure else LineReason.GOODS_SUSPECTED
        rule_id = _rule_id(guess, prohibited) if is_denied(guess.okpd2, prohibited) else "suspected"
        return Verdict(reason, rule_id, version, guess.source, guess.okpd2, review)
    if payment_subject in EXCISE_SUBJECTS and not any(item.source in TRUSTED for item in telling):
        return Verdict(
            LineReason.EXCISE_UNCLEARED, f"subject-{payment_subject}", version, "payment_subject", "", review
        )
    if not telling and guess is not None and _names(guess, firm, prohibited):
        telling = [guess]
    if not telling:
        vague = firm or ([guess] if guess is not None else [])
        rule_id, source = ("too-coarse", vague[0].source) if vague else ("unknown", "none")
        return Verdict(LineReason.GOODS_UNKNOWN, rule_id, version, source, "", Review.UNKNOWN)
    trusted = telling[0]
    return Verdict(
        LineReason.ALLOWED, _rule_id(trusted, prohibited), version, trusted.source, trusted.okpd2, review
    )


def is_denied(okpd2: str, prohibited: ProhibitedList) -> bool:
    """Whether the list denies goods under a code: the rule of the longest prefix decides."""
    rule = prohibited.rule_for(okpd2)
    return rule is not None and rule.is_denied


def tells(okpd2: str, prohibited: ProhibitedList) -> bool:
    """Whether a code says if goods are denied: one that is denied as a whole does, however coarse it is."""
    return is_denied(okpd2, prohibited) or not prohibited.is_too_coarse(okpd2)


def _rule_id(item: Evidence, prohibited: ProhibitedList) -> str:
    rule = prohibited.rule_for(item.okpd2)
    return rule.rule_id if rule else "not-listed"


def _refuses(guess: Evidence, telling: Sequence[Evidence], edition: Edition) -> bool:
    """Whether a name refuses goods that no other source denies: the more trusted what stands against it, the
    more it takes.
    """
    names = edition.names
    if any(item.source in TRUSTED for item in telling):
        return guess.denied_ppm >= names.overrule_ppm
    if telling:
        return guess.denied_ppm >= names.deny_ppm
    return guess.denied_ppm >= names.suspect_ppm or is_denied(guess.okpd2, edition.prohibited)


def _names(guess: Evidence, firm: Sequence[Evidence], prohibited: ProhibitedList) -> bool:
    """Whether a guess may say what goods are that no firm source tells: it may make a vague word exact, and
    never speak against it.
    """
    is_exact = not prohibited.is_too_coarse(guess.okpd2)
    return is_exact and all(_is_within(guess.okpd2, item.okpd2) for item in firm)


def _is_within(okpd2: str, vague: str) -> bool:
    """Whether a code lies under another, or is the same; a code of no level says nothing, so all do."""
    levels = prefixes_longest_first(vague)
    return not levels or levels[0] in prefixes_longest_first(okpd2)


def _review(
    firm: Sequence[Evidence], telling: Sequence[Evidence], guess: Evidence | None, edition: Edition
) -> Review:
    """Whether somebody should look: sources disagree on verdict or class, or a lone name is unclear."""
    names, prohibited = edition.names, edition.prohibited
    denied_ppm = guess.denied_ppm if guess is not None else 0
    if not telling:
        if guess is None or denied_ppm >= names.deny_ppm:
            return Review.NONE
        is_doubtful = denied_ppm >= names.doubt_ppm or is_denied(guess.okpd2, prohibited)
        return Review.DOUBT if is_doubtful else Review.NONE
    verdicts = {is_denied(item.okpd2, prohibited) for item in telling}
    if guess is not None and denied_ppm >= names.deny_ppm:
        verdicts.add(True)
    if len(verdicts) > 1:
        return Review.CONTRADICTION
    if verdicts == {True}:
        return Review.NONE
    classes = [edition.class_map.classes_of(item.okpd2) for item in telling]
    vague = [item for item in firm if prohibited.is_too_coarse(item.okpd2)]
    is_one = frozenset.intersection(*classes) and all(
        _is_within(telling[0].okpd2, item.okpd2) for item in vague
    )
    return Review.NONE if is_one else Review.CONTRADICTION
