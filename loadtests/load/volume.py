"""How much happens on the day that is played, and when: from the published volume, step by step.

Published by the city for 2014: more than 340,000 people helped by certificate in a year, about 170,000,000
rubles reimbursed, 680 shops. All else here is inferred, and each inference says from what.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from random import Random
from typing import Final

from loadtests.demo.baskets import DemoBasket

SHOPS: Final = 680
TIMES: Final = 10
"""The day is played at so many times the published volume."""

RUBLES_A_YEAR: Final = 170_000_000
RUBLES_A_PURCHASE: Final = 500
"""Inferred: the published sums make 500 rubles a person a year, which was the nominal of the first food
experiment too; and played with the shipped baskets, an approved purchase takes 510 points on average. So what
was reimbursed stands for about one purchase a person."""

PURCHASES_A_YEAR: Final = RUBLES_A_YEAR // RUBLES_A_PURCHASE

HOLIDAYS_A_YEAR: Final = 4
HOLIDAY_DAYS: Final = 10
HOLIDAY_SHARE: Final = 0.5
"""Inferred: the decree lets help be credited for holidays and other dates, so certificates come in campaigns.
Half of the year's purchases are taken to fall upon four holidays, in the ten days before each."""

DAYS_A_YEAR: Final = 365

OPENS_AT_H: Final = 8
CLOSES_AT_H: Final = 22
OPEN_HOURS: Final = CLOSES_AT_H - OPENS_AT_H
_SOURCE_OFFSET: Final = timedelta(hours=-5)
"""The shipped baskets' times are UTC, their shops American: so shifted, they open and close as shops do."""


def ordinary_day() -> int:
    """Purchases of a day without a holiday, at the published volume."""
    return round(PURCHASES_A_YEAR * (1 - HOLIDAY_SHARE) / DAYS_A_YEAR)


def holiday_peak_day() -> int:
    """Purchases of a day before a holiday: what is bought on any day, and its part of the campaign."""
    campaign = PURCHASES_A_YEAR * HOLIDAY_SHARE / HOLIDAYS_A_YEAR
    return ordinary_day() + round(campaign / HOLIDAY_DAYS)


@dataclass(frozen=True, slots=True)
class Volume:
    """A day to be played; `open_s` is how long its opening hours take then."""

    purchases: int
    merchants: int
    shops_a_merchant: int
    tills_a_shop: int
    open_s: float

    @property
    def shops(self) -> int:
        """Shops of all merchants."""
        return self.merchants * self.shops_a_merchant

    @property
    def tills(self) -> int:
        """Tills of all shops."""
        return self.shops * self.tills_a_shop

    @property
    def holders(self) -> int:
        """Holders of certificates. Buyers are drawn from them: some come twice, some stay at home."""
        return self.purchases

    @property
    def compression(self) -> float:
        """How many times faster than on a real day the buyers come."""
        return OPEN_HOURS * 3600 / self.open_s

    @property
    def purchases_per_s(self) -> float:
        """The mean over the opening hours, as played."""
        return self.purchases / self.open_s

    @property
    def is_whole(self) -> bool:
        """True if it is the whole day, and not a part of it."""
        return self.purchases >= TIMES * holiday_peak_day() and self.shops >= SHOPS


def whole_day(open_s: float) -> Volume:
    """The holiday peak day at ten times the published volume, in the published number of shops."""
    return Volume(
        purchases=TIMES * holiday_peak_day(),
        merchants=10,
        shops_a_merchant=SHOPS // 10,
        tills_a_shop=2,
        open_s=open_s,
    )


def part_of_a_day(purchases: int, open_s: float) -> Volume:
    """A small part of that day, in a few shops."""
    return Volume(purchases=purchases, merchants=2, shops_a_merchant=10, tills_a_shop=2, open_s=open_s)


def shares_by_hour(baskets: Sequence[DemoBasket]) -> tuple[float, ...]:
    """What part of a day's buyers comes in each opening hour, counted on the real baskets' times of sale.

    Inferred: who has a certificate comes when other buyers come.
    """
    hours = Counter((basket.sold_at + _SOURCE_OFFSET).hour for basket in baskets)
    opened = [hours[hour] for hour in range(OPENS_AT_H, CLOSES_AT_H)]
    return tuple(number / sum(opened) for number in opened)


def arrivals(volume: Volume, shares: Sequence[float], rng: Random) -> list[float]:
    """When each buyer comes, in played seconds after the opening, in order.

    Independent of each other and of the gateway: by the shares from hour to hour, evenly within an hour.
    """
    hour_s = volume.open_s / OPEN_HOURS
    hours = rng.choices(range(OPEN_HOURS), cum_weights=list(accumulate(shares)), k=volume.purchases)
    return sorted((hour + rng.random()) * hour_s for hour in hours)


def time_of_day(played_s: float, volume: Volume) -> str:
    """The clock of the shops after so many played seconds: "14:05"."""
    minutes = OPENS_AT_H * 60 + int(min(played_s, volume.open_s) * volume.compression / 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"
