"""What a rehearsal found: how the lines of stored baskets would be decided under a draft."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gateway.domain.reasons import LineReason


class Change(StrEnum):
    """What a draft does to a line."""

    REFUSED = "refused"
    """Points may pay something of it now, and nothing under the draft."""
    ALLOWED = "allowed"
    """Nothing now, something under the draft."""
    LOWERED = "lowered"
    """Less than now, since a price ceiling or the program's policy on unknown goods is another."""
    RAISED = "raised"


class Sums(Struct, frozen=True):
    """How much a change concerns: lines, the baskets, outlets and merchants that have any, and money.

    `kopecks` is the difference of what points may pay at most, never negative.
    """

    lines: int = 0
    baskets: int = 0
    outlets: int = 0
    merchants: int = 0
    kopecks: int = 0


class Decided(Struct, frozen=True):
    """How a line is decided: `reason` with the program considered, and who decided by what."""

    reason: LineReason
    source: str
    okpd2: str
    rule_id: str


class AffectedGoods(Struct, frozen=True):
    """Goods of one GTIN, or of one name, whose lines change alike. `name` is one of the names they have."""

    change: Change
    name: str
    gtin: str
    before: Decided
    after: Decided
    lines: int
    kopecks: int


class AffectedOutlet(Struct, frozen=True):
    """What newly refused and newly allowed lines an outlet has."""

    outlet_id: int
    merchant_id: int
    refused_lines: int
    refused_kopecks: int
    allowed_lines: int
    allowed_kopecks: int


class Rehearsal(Struct, frozen=True):
    """What a draft would have done to the baskets decided from `since` until `until`.

    `in_force` is the version that it was held against, "" if there is none. `payable_kopecks` is what points
    might have paid at most of all lines, as it is and under the draft; `queued` how many lines would go to a
    person, likewise. `goods` and `outlets` are the most affected by money, of as many as `goods_count` and
    `outlets_count` say; goods that were forgotten and came again count again.
    """

    kind: str
    version: str
    in_force: str
    since: datetime
    until: datetime
    baskets: int
    lines: int
    payable_kopecks: tuple[int, int]
    queued: tuple[int, int]
    sums: dict[Change, Sums]
    goods: tuple[AffectedGoods, ...]
    goods_count: int
    outlets: tuple[AffectedOutlet, ...]
    outlets_count: int

    @property
    def changed_lines(self) -> int:
        """Lines that anything at all changes for."""
        return sum(sums.lines for sums in self.sums.values())
