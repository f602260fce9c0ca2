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
from gateway.domain.category import ClassMap, GoodsClass, ProhibitedList
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

    Below `doubt_ppm` a name passes quietly; from there on it passes and is queued, from `suspect_ppm` on it is
    refused and queued, from `deny_ppm` on it is refused. `overrule_ppm` is what it needs to refuse goods that a
    trusted source allows.
    """

    doubt_ppm: int
    suspect_ppm: int
    deny_ppm: int
    overrule_ppm: int


NAMES_UNHEARD: Final = NamePolicy(MILLION + 1, MILLION + 1, MILLION + 1, MILLION + 1)
"""Of an edition without a classifier."""


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


class Goods(Protocol):
    """Every rule and every source in force at one instant."""

    @property
    def classes_of(self) -> Callable[[str], frozenset[GoodsClass]]:
        """The goods classes of an ОКПД2 code."""

    def judge(self, lines: Sequence[Line], merchant_id: int) -> Sequence[Judged]:
        """What each line of a merchant's basket is, and whether points may pay it."""


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
    firm = [item for item in evidence if item.source != Source.NAME]
    specific = [item for item in firm if not prohibited.is_too_coarse(item.okpd2)]
    guess = next((item for item in evidence if item.source == Source.NAME), None)
    denied_ppm = guess.denied_ppm if guess is not None else 0
    review = _review(specific, denied_ppm, edition)
    for item in firm:
        rule = prohibited.rule_for(item.okpd2)
        if rule is not None and rule.is_denied:
            return Verdict(LineReason.PROHIBITED, rule.rule_id, version, item.source, item.okpd2, review)
    if guess is not None and denied_ppm >= _limit_ppm(specific, edition.names):
        is_sure = specific or denied_ppm >= edition.names.deny_ppm
        reason = LineReason.PROHIBITED if is_sure else LineReason.GOODS_SUSPECTED
        return Verdict(reason, _rule_id(guess, prohibited), version, guess.source, guess.okpd2, review)
    if payment_subject in EXCISE_SUBJECTS and not any(item.source in TRUSTED for item in specific):
        return Verdict(
            LineReason.EXCISE_UNCLEARED, f"subject-{payment_subject}", version, "payment_subject", "", review
        )
    if not specific and guess is not None and not prohibited.is_too_coarse(guess.okpd2):
        specific = [guess]
    if not specific:
        rule_id, source = ("too-coarse", evidence[0].source) if evidence else ("unknown", "none")
        return Verdict(LineReason.GOODS_UNKNOWN, rule_id, version, source, "", Review.UNKNOWN)
    trusted = specific[0]
    return Verdict(
        LineReason.ALLOWED, _rule_id(trusted, prohibited), version, trusted.source, trusted.okpd2, review
    )


def _rule_id(item: Evidence, prohibited: ProhibitedList) -> str:
    rule = prohibited.rule_for(item.okpd2)
    return rule.rule_id if rule else "not-listed"


def _limit_ppm(specific: Sequence[Evidence], names: NamePolicy) -> int:
    """From which probability a name refuses: the more trusted what stands against it, the more it takes."""
    if any(item.source in TRUSTED for item in specific):
        return names.overrule_ppm
    return names.deny_ppm if specific else names.suspect_ppm


def _review(specific: Sequence[Evidence], denied_ppm: int, edition: Edition) -> Review:
    """Whether somebody should look: sources disagree on the verdict or the class, or a lone name is unclear."""
    names = edition.names
    if not specific:
        return Review.DOUBT if names.doubt_ppm <= denied_ppm < names.deny_ppm else Review.NONE
    verdicts = {_is_denied(item.okpd2, edition.prohibited) for item in specific}
    if denied_ppm >= names.deny_ppm:
        verdicts.add(True)
    classes = [edition.class_map.classes_of(item.okpd2) for item in specific]
    if len(verdicts) > 1 or (verdicts == {False} and not frozenset.intersection(*classes)):
        return Review.CONTRADICTION
    return Review.NONE


def _is_denied(okpd2: str, prohibited: ProhibitedList) -> bool:
    rule = prohibited.rule_for(okpd2)
    return rule is not None and rule.is_denied
