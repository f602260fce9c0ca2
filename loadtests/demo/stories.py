"""The table of what happens at the tills, and who meets with it."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import cycle
from random import Random
from typing import Final

from loadtests.demo import everyday, mishaps, refused, shut_out
from loadtests.demo.baskets import DemoBasket
from loadtests.demo.everyday import Buyer
from loadtests.demo.fate import Fate
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
SHUT_OUT: Final[Mapping[Fate, Story]] = {
    Fate.SUSPENDED: Story("merchant suspended: no new sale", shut_out.no_sale, 0, 0),
    Fate.REVOKED: Story("till revoked: no answer", shut_out.no_answer, 0, 0),
}
"""Come on top of the others, to tills that are shut out."""

_AFTERWARDS_S: Final = (0.0, 0.3, 0.7)
"""When they come, after the instant from which nothing is served."""

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
    Story("returned for cash", everyday.cash_for_points, 5),
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
    """One buyer at one till, and what happens; he comes so long after the opening, or the shutting out."""

    story: Story
    buyer: Buyer
    comes_at_s: float


def plan(
    baskets: Sequence[DemoBasket],
    tell: Tell,
    holders: Sequence[Holder],
    on_cable: Sequence[bool],
    fates: Sequence[Fate],
    open_s: float,
    rng: Random,
) -> list[list[Visit]]:
    """The buyers of each till in order, spread over `open_s` seconds.

    `on_cable` tells of each till whether its line breaks. A till that `fates` shuts out has its buyers in the
    first half, none whose story goes on later, and a few more afterwards.
    """
    stories = [story for story in STORIES for _ in range(story.times(len(baskets)))][: len(baskets)]
    stories += [SALE] * (len(baskets) - len(stories))
    rng.shuffle(stories)
    tills = {when: cycle(_tills_of(when, on_cable, fates)) for when in When}
    shared = [holder for holder in holders if holder.kind in EVERYDAY][:_SHARED_HOLDERS]
    own = [holder for holder in holders if holder not in shared]
    pools = {kind: _Pool([h for h in own if h.kind is kind], len(on_cable)) for kind in Kind}
    days: list[list[Visit]] = [[] for _ in on_cable]
    for story, basket in zip(stories, baskets, strict=True):
        till = next(tills[story.when])
        if story in (SALE, PURCHASE) and rng.random() < _SHARED_VISITS:
            holder = rng.choice(shared)
        else:
            kinds = [kind for kind in story.kinds if pools[kind].serves(till)]
            holder = pools[rng.choice(kinds or story.kinds)].next_for(till)
        ends_s = open_s if fates[till] is Fate.NONE else open_s / 2
        comes_at_s = 0.0 if story.when.is_early else rng.uniform(0, ends_s)
        days[till].append(Visit(story, Buyer(holder, tell(basket, till)), comes_at_s))
    for till, visits in enumerate(days):
        visits.sort(key=lambda visit: visit.comes_at_s)
        if fates[till] in SHUT_OUT:
            for comes_at_s, basket in zip(
                _AFTERWARDS_S, rng.sample(baskets, len(_AFTERWARDS_S)), strict=True
            ):
                buyer = Buyer(pools[Kind.FOOD].next_for(till), tell(basket, till))
                visits.append(Visit(SHUT_OUT[fates[till]], buyer, comes_at_s))
    return days


def _tills_of(when: When, on_cable: Sequence[bool], fates: Sequence[Fate]) -> list[int]:
    """The tills at which something of this `when` may happen."""
    return [
        till
        for till, (has_cable, fate) in enumerate(zip(on_cable, fates, strict=True))
        if (has_cable or not when.needs_cable) and (fate is Fate.NONE or not when.is_early)
    ]


class _Pool:
    """Holders of one kind: those of everyday kinds belong to a till each, the others come once.

    A till's own holders buy nowhere else: what a till is told of their points holds until it sells to them.
    """

    def __init__(self, holders: Sequence[Holder], tills: int) -> None:
        self._by_till: list[Iterator[Holder]] = []
        self._once = iter(holders)
        self._is_everyday = bool(holders) and holders[0].kind in EVERYDAY
        if self._is_everyday:
            self._by_till = [cycle(holders[till::tills]) for till in range(tills)]
            self._served = min(len(holders), tills)

    def serves(self, till: int) -> bool:
        """Whether there are holders for this till: of a rare kind there are fewer than tills."""
        return not self._is_everyday or till < self._served

    def next_for(self, till: int) -> Holder:
        """The next holder who comes to a till; raises LookupError if there is none, or all have come once."""
        holder = next(self._by_till[till] if self._is_everyday else self._once, None)
        if holder is None:
            raise LookupError("more buyers of a kind are wanted than there are holders")
        return holder
