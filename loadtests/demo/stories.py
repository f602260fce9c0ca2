"""The table of what happens at the tills, and who meets with it."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import cycle
from random import Random
from typing import Final

from loadtests.demo import everyday, mishaps, refused
from loadtests.demo.baskets import DemoBasket
from loadtests.demo.everyday import Buyer
from loadtests.demo.holders import EVERYDAY, Holder, Kind
from loadtests.demo.till import Till
from merchant_sdk import Basket

Tell = Callable[[DemoBasket, int], Basket]
"""Makes of a basket what the till of a number sends."""

Play = Callable[[Till, Buyer], Awaitable[None]]

_SHARED_HOLDERS: Final = 40
_SHARED_VISITS: Final = 0.05


class When(Enum):
    """At which tills, and when: early is what needs time afterwards, a cable is a line that breaks."""

    ANY = (False, False)
    EARLY = (True, False)
    ON_CABLE = (False, True)
    EARLY_ON_CABLE = (True, True)

    def __init__(self, is_early: bool, needs_cable: bool) -> None:
        self.is_early = is_early
        self.needs_cable = needs_cable


@dataclass(frozen=True, slots=True)
class Story:
    """One thing that can happen to a buyer.

    `per_mille` of all buyers meet with it, `least` of them at least.
    """

    title: str
    play: Play
    per_mille: int
    least: int = 1
    kinds: tuple[Kind, ...] = EVERYDAY
    when: When = When.ANY

    def times(self, buyers: int) -> int:
        """How often it happens among so many buyers."""
        return max(self.least, buyers * self.per_mille // 1000)


SALE: Final = Story("sold in one command", everyday.sale, 0, 0)
PURCHASE: Final = Story("held, then captured", everyday.purchase, 350)
SUSPENDED: Final = Story("merchant suspended: no new sale", everyday.sale, 0, 0)
"""Comes on top of the others, to the tills of the merchant that is suspended."""

_VISITS_AFTER_SUSPENSION: Final = 2
_FOOD: Final = (Kind.FOOD,)
_SMALL: Final = (Kind.SMALL,)

STORIES: Final = (
    SALE,
    PURCHASE,
    Story("quoted first", everyday.quoted, 80),
    Story("captured by line, something left out", everyday.left_out, 40),
    Story("hold voided", everyday.changed_mind, 25),
    Story("sale voided before its receipt", everyday.undone_sale, 15),
    Story("replaced by a larger basket", everyday.one_more_thing, 25),
    Story("returned as a whole", everyday.returned, 30),
    Story("returned in parts", everyday.returned_in_parts, 25),
    Story("returned by weight, in three parts", everyday.weighed_back, 15, 4),
    Story("returned at another till", everyday.returned_elsewhere, 15),
    Story("receipt attached later", everyday.receipt_later, 15),
    Story("sent twice, paid once", everyday.sent_twice, 15),
    Story("call given up, sent again", mishaps.hung_up, 10),
    Story("call given up, then looked up", mishaps.hung_up_and_asked, 10),
    Story("voided before it arrived", mishaps.void_before_arrival, 8),
    Story("answers lost: authorize, capture", mishaps.lost_authorization, 12, 2, when=When.ON_CABLE),
    Story("answers lost: sale, refund", mishaps.lost_sale, 10, 2, when=When.ON_CABLE),
    Story("requests lost: authorize, void", mishaps.lost_request, 8, 2, when=When.ON_CABLE),
    Story("line dead, sale found", mishaps.silent_briefly, 0, 2, _FOOD, When.EARLY_ON_CABLE),
    Story("line dead longer, sale undone", mishaps.silent_longer, 0, 2, _FOOD, When.EARLY_ON_CABLE),
    Story("line dead too long, resolved later", mishaps.silent_too_long, 0, 1, _FOOD, When.EARLY_ON_CABLE),
    Story("late capture with its receipt", refused.captured_late, 12, 3, _FOOD, When.EARLY),
    Story("late capture without a receipt", refused.captured_without_receipt, 4, 1, _FOOD, When.EARLY),
    Story("late capture, receipt of another day", refused.captured_with_another_day, 2, 1, _FOOD, When.EARLY),
    Story("late capture, points spent meanwhile", refused.captured_too_late, 3, 1, _SMALL, When.EARLY),
    Story("hold left open at the shift's end", refused.left_open, 3, 1, (Kind.OTHER,)),
    Story("durable goods with a one-shot certificate", refused.one_shot, 8, 3, (Kind.ONE_SHOT,)),
    Story("food set: own money forbidden", refused.own_money_forbidden, 8, 1, (Kind.FOOD_SET,)),
    Story("card unknown", refused.unknown_card, 3),
    Story("card stopped", refused.stopped_card, 4, 1, (Kind.STOPPED,)),
    Story("card stopped between hold and capture", refused.stopped_meanwhile, 2, 1, _SMALL),
    Story("certificate not yet valid", refused.not_yet_valid, 4, 1, (Kind.NOT_YET,)),
    Story("program not held", refused.program_not_held, 4, 1, _FOOD),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One buyer at one till, when he comes after the opening, and what happens."""

    story: Story
    buyer: Buyer
    comes_at_s: float


def plan(
    baskets: Sequence[DemoBasket],
    tell: Tell,
    holders: Sequence[Holder],
    on_cable: Sequence[bool],
    is_suspended: Sequence[bool],
    open_s: float,
    rng: Random,
) -> list[list[Visit]]:
    """The buyers of each till in order, spread over `open_s` seconds.

    `on_cable` tells of each till whether its line breaks, `is_suspended` whether its merchant is suspended in
    the end; it then has a few buyers more.
    """
    stories = [story for story in STORIES for _ in range(story.times(len(baskets)))][: len(baskets)]
    stories += [SALE] * (len(baskets) - len(stories))
    rng.shuffle(stories)
    tills = cycle(range(len(on_cable)))
    with_cable = cycle([till for till, broken in enumerate(on_cable) if broken])
    shared = [holder for holder in holders if holder.kind in EVERYDAY][:_SHARED_HOLDERS]
    own = [holder for holder in holders if holder not in shared]
    pools = {kind: _Pool([h for h in own if h.kind is kind], len(on_cable)) for kind in Kind}
    days: list[list[Visit]] = [[] for _ in on_cable]
    for story, basket in zip(stories, baskets, strict=True):
        till = next(with_cable if story.when.needs_cable else tills)
        if story in (SALE, PURCHASE) and rng.random() < _SHARED_VISITS:
            holder = rng.choice(shared)
        else:
            holder = pools[rng.choice(story.kinds)].next_for(till)
        comes_at_s = 0.0 if story.when.is_early else rng.uniform(0, open_s)
        days[till].append(Visit(story, Buyer(holder, tell(basket, till)), comes_at_s))
    for till, visits in enumerate(days):
        visits.sort(key=lambda visit: visit.comes_at_s)
        for basket in rng.sample(baskets, is_suspended[till] * _VISITS_AFTER_SUSPENSION):
            buyer = Buyer(pools[Kind.FOOD].next_for(till), tell(basket, till))
            visits.append(Visit(SUSPENDED, buyer, open_s))
    return days


class _Pool:
    """Holders of one kind: those of everyday kinds belong to a till each, the others come once."""

    def __init__(self, holders: Sequence[Holder], tills: int) -> None:
        self._by_till: list[Iterator[Holder]] = []
        self._once = iter(holders)
        self._is_everyday = bool(holders) and holders[0].kind in EVERYDAY
        if self._is_everyday:
            self._by_till = [cycle(holders[till::tills] or holders[:1]) for till in range(tills)]

    def next_for(self, till: int) -> Holder:
        """The next holder who comes to a till; raises LookupError when all who come once have come."""
        holder = next(self._by_till[till] if self._is_everyday else self._once, None)
        if holder is None:
            raise LookupError("more buyers of a kind are wanted than there are holders")
        return holder
