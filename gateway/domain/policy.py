"""What a decision goes by besides the account: settings, the seller's standing, time."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.domain.category import ListBook
from gateway.domain.judging import Goods

MOSCOW: Final = ZoneInfo("Europe/Moscow")


def moscow_date(instant: datetime) -> date:
    """The calendar day of an instant in Moscow."""
    return instant.astimezone(MOSCOW).date()


def day_start(day: date) -> datetime:
    """00:00 Moscow of a day, in UTC."""
    return datetime.combine(day, time(), MOSCOW).astimezone(UTC)


def day_end(day: date) -> datetime:
    """The first instant after a Moscow day: validity is half-open (design section 2.7)."""
    return day_start(day + timedelta(days=1))


class RefundOrder(StrEnum):
    """How a refund of a line that points and own money paid together is split."""

    POINTS_FIRST = "points_first"
    PROPORTIONAL = "proportional"


class RefundAfterExpiry(StrEnum):
    """What happens to points that come back after their certificate's last day."""

    LAPSE = "lapse"
    EXTEND = "extend"


class RefundScope(StrEnum):
    """From where a refund is taken."""

    MERCHANT = "merchant"
    OUTLET = "outlet"


class Policy(Struct, frozen=True, gc=False):
    """Settings that decisions depend on; defaults are those of the design, section 5."""

    hold_ttl: timedelta = timedelta(minutes=30)
    late_capture_window: timedelta = timedelta(hours=72)
    clock_tolerance: timedelta = timedelta(minutes=5)
    wind_down: timedelta = timedelta(days=30)
    refund_order: RefundOrder = RefundOrder.POINTS_FIRST
    refund_after_expiry: RefundAfterExpiry = RefundAfterExpiry.LAPSE
    refund_extend: timedelta = timedelta(days=30)
    refund_scope: RefundScope = RefundScope.MERCHANT


class Agreement(Struct, frozen=True, gc=False):
    """A subsidy agreement: which programs it covers, and on which days [from, until).

    One that is not open (its ceiling is reached, and it says that this stops sales) authorizes nothing new;
    what it authorized before belongs to it all the same.
    """

    id: int
    program_codes: frozenset[str]
    in_force_from: date
    in_force_until: date | None
    is_open: bool = True

    def covers(self, program_code: str, day: date) -> bool:
        """True if a sale of that day under that program belongs to this agreement."""
        return (
            program_code in self.program_codes
            and self.in_force_from <= day
            and (self.in_force_until is None or day < self.in_force_until)
        )


class Standing(Struct, frozen=True, gc=False):
    """What the registry says of the terminal that sent a command, and of its merchant.

    Until `guessing_until` it takes no cards, for it or its merchant asked for too many unknown ones; until
    `keyed_until` it takes none whose number was typed.
    """

    merchant_id: int
    outlet_id: int
    terminal_id: int
    suspended_at: datetime | None = None
    is_outlet_enabled: bool = True
    is_terminal_enabled: bool = True
    agreements: tuple[Agreement, ...] = ()
    guessing_until: datetime | None = None
    keyed_until: datetime | None = None

    def agreement_for(self, program_code: str, day: date) -> int | None:
        """The one agreement of (merchant, program, day), or None."""
        for agreement in self.agreements:
            if agreement.covers(program_code, day):
                return agreement.id
        return None

    def may_sell(self, program_code: str, day: date) -> bool:
        """Whether an agreement of that day lets points of a program be authorized."""
        return any(one.is_open and one.covers(program_code, day) for one in self.agreements)


class Context(Struct, frozen=True, gc=False):
    """Everything else that a decision needs, given as a value: the core reads no clock.

    `now` is the database's clock; `operation_id` a UUIDv7 of that instant; `goods` what judges lines at an
    instant (only a purchase asks it, so all else is decided also while no list is in force). `standing` is
    None for department commands. `card_stopped` tells whether a card of the account that took part is on
    the stop list.
    """

    now: datetime
    operation_id: UUID
    policy: Policy
    lists: ListBook
    goods: Callable[[datetime], Goods]
    standing: Standing | None = None
    card_stopped: bool = False

    @property
    def seller(self) -> Standing:
        """The standing of the terminal; raises LookupError for a department command."""
        if self.standing is None:
            raise LookupError("a department command has no selling terminal")
        return self.standing
