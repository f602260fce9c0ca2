"""Who comes shopping: made-up holders with their cards and certificates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from random import Random
from typing import Final

from loadtests.cards import made_up_number
from merchant_sdk import Card, CardEntryMode


class Kind(StrEnum):
    """What a holder has, and so what can happen to him at a till."""

    FOOD = "food"
    FAMILY = "food and children's goods"
    HOUSEHOLD = "food and other goods"
    WARDROBE = "food, clothes, footwear"
    TWICE = "two food certificates"
    ONE_SHOT = "durable goods, once"
    FOOD_SET = "a food set, own money forbidden"
    OTHER = "other goods alone"
    SMALL = "one small food certificate"
    NOT_YET = "valid from next month"
    STOPPED = "card on the stop list"


EVERYDAY: Final[tuple[Kind, ...]] = (Kind.FOOD, Kind.FAMILY, Kind.HOUSEHOLD, Kind.WARDROBE, Kind.TWICE)
_EVERYDAY_WEIGHTS: Final = (40, 25, 20, 8, 7)
_SPECIAL_SHARE: Final = 0.02
_NOMINALS: Final = {
    "food": (50_000, 200_000, 300_000),
    "food_set": (50_000, 200_000, 300_000),
    "children": (300_000,),
    "other": (150_000,),
    "clothes": (400_000,),
    "footwear": (300_000,),
    "durable": (1_050_000, 1_090_000, 1_250_000),
}
_VERSIONS: Final = {"food": 2}
_PROGRAMS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.FOOD: ("food",),
    Kind.FAMILY: ("food", "children"),
    Kind.HOUSEHOLD: ("food", "other"),
    Kind.WARDROBE: ("food", "clothes", "footwear"),
    Kind.TWICE: ("food", "food"),
    Kind.ONE_SHOT: ("durable", "food"),
    Kind.FOOD_SET: ("food_set",),
    Kind.OTHER: ("other",),
    Kind.SMALL: ("food",),
    Kind.NOT_YET: ("food",),
    Kind.STOPPED: ("food",),
}

_ACT: Final = "ПРИМЕР-1"
_ACT_OF_OWN_NOMINAL: Final = "ПРИМЕР-1-ИНД"

_CARD_DIGITS: Final = 19

UNKNOWN_CARD: Final = Card(made_up_number(0, _CARD_DIGITS), entry_mode=CardEntryMode.KEYED)
"""A card that nobody has."""


@dataclass(frozen=True, slots=True)
class Credit:
    """One certificate as the department credits it."""

    issue_ref: str
    program_code: str
    program_version: int
    nominal_kopecks: int
    first_day: date
    last_day: date
    act_number: str = _ACT
    names_own_nominal: bool = False


@dataclass(frozen=True, slots=True)
class Holder:
    """A holder: an opaque reference, a card with a made-up number, certificates."""

    holder_ref: str
    kind: Kind
    card: Card
    credits: tuple[Credit, ...]

    @property
    def nominal_kopecks(self) -> int:
        """All that was credited."""
        return sum(credit.nominal_kopecks for credit in self.credits)


def make_holders(count: int, rng: Random, today: date) -> list[Holder]:
    """So many holders; of each special kind two in a hundred, at least four."""
    special = [kind for kind in Kind if kind not in EVERYDAY]
    kinds = [kind for kind in special for _ in range(max(4, int(count * _SPECIAL_SHARE)))]
    kinds += rng.choices(EVERYDAY, _EVERYDAY_WEIGHTS, k=max(count - len(kinds), 0))
    return [_holder(number, kind, rng, today) for number, kind in enumerate(kinds, start=1)]


def _holder(number: int, kind: Kind, rng: Random, today: date) -> Holder:
    card = Card(
        made_up_number(number, _CARD_DIGITS),
        series=f"{number % 97:02}",
        entry_mode=rng.choice(_WAYS_TO_READ_A_CARD),
    )
    codes = _PROGRAMS[kind]
    credited = tuple(_credit(number, n, code, kind, rng, today) for n, code in enumerate(codes, start=1))
    return Holder(f"H-{number:07}", kind, card, credited)


_WAYS_TO_READ_A_CARD: Final = (CardEntryMode.CHIP, CardEntryMode.CONTACTLESS, CardEntryMode.MAGNETIC_STRIPE)


def _credit(number: int, n: int, code: str, kind: Kind, rng: Random, today: date) -> Credit:
    first_day = today + timedelta(days=30) if kind is Kind.NOT_YET else today.replace(day=1)
    nominal = _NOMINALS[code][0] if kind is Kind.SMALL else rng.choice(_NOMINALS[code])
    # Every hundredth decision sets a sum of its own and says so.
    own = number % 100 == 0 and kind in EVERYDAY
    return Credit(
        issue_ref=f"DEMO-{number:07}-{n}",
        program_code=code,
        program_version=_VERSIONS.get(code, 1),
        nominal_kopecks=nominal + 12_345 if own else nominal,
        first_day=first_day,
        last_day=first_day + timedelta(days=rng.choice((60, 90, 120)) + n),
        act_number=_ACT_OF_OWN_NOMINAL if own else _ACT,
        names_own_nominal=own,
    )


def bad_credits(today: date) -> Sequence[Credit]:
    """Rows that must be refused, each by its own reason, while all others are credited."""
    last_day = today + timedelta(days=60)
    return (
        Credit("DEMO-BAD-1", "food", 2, 77_777, today, last_day),
        Credit("DEMO-BAD-2", "holidays", 1, 50_000, today, last_day),
        Credit("DEMO-BAD-3", "food", 2, 50_000, last_day, today),
    )
