"""Who comes to which till when, and with what: the same from the same seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from loadtests.demo.baskets import load_baskets
from loadtests.demo.everyday import Buyer
from loadtests.demo.holders import Holder, make_holders
from loadtests.demo.shopping import basket_of
from loadtests.load.order import Order
from loadtests.load.stories import ON_A_BREAKING_LINE, STORIES, Story
from loadtests.load.volume import arrivals, shares_by_hour
from merchant_sdk import Basket

_FOOD: Final = ("01.", "03.", "10.", "11.07")
"""ОКПД2 of food and soft drinks: it is a food-help day, and who comes to a till has some of it."""

BREAKING_SHARE: Final = 0.5
"""What part of the buyers at a till with a breaking line meet with it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One buyer at one till, when he comes after the opening, and what happens."""

    story: Story
    buyer: Buyer
    comes_at_s: float


def holders_of(order: Order) -> list[Holder]:
    """All who have certificates."""
    return make_holders(order.volume.holders, Random(order.seed), order.today)


def visits_of(order: Order, holders: Sequence[Holder]) -> dict[int, list[Visit]]:
    """The buyers of each till in order of coming, by terminal."""
    rng = Random(order.seed)
    sources = list(load_baskets())
    baskets = [basket for basket in map(basket_of, sources) if _has_food(basket)]
    weights = [story.per_mille for story in STORIES]
    visits: dict[int, list[Visit]] = {place.terminal_id: [] for place in order.places}
    for comes_at_s in arrivals(order.volume, shares_by_hour(sources), rng):
        terminal_id = rng.choice(order.places).terminal_id
        story = rng.choices(STORIES, weights)[0]
        if terminal_id in order.breaking_lines and rng.random() < BREAKING_SHARE:
            story = rng.choice(ON_A_BREAKING_LINE)
        buyer = Buyer(rng.choice(holders), rng.choice(baskets))
        visits[terminal_id].append(Visit(story, buyer, comes_at_s))
    return visits


def _has_food(basket: Basket) -> bool:
    return any(line.okpd2.startswith(_FOOD) for line in basket.lines)
