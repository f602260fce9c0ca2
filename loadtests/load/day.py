"""The day as locust plays it: tills that open together, and buyers who come by the clock."""

import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from random import Random
from typing import Final

import gevent
from gevent.event import Event
from locust.stats import RequestStats

from loadtests.demo.holders import UNKNOWN_CARD
from loadtests.demo.money import count
from loadtests.demo.place import Place
from loadtests.load.asking import StageLine
from loadtests.load.buyers import Visit, holders_of, visits_of
from loadtests.load.evening import prove
from loadtests.load.order import Order
from loadtests.load.tally import Tally
from loadtests.load.till import Measured, Till
from loadtests.load.volume import time_of_day
from merchant_sdk import Reason, TillgateError

_TELL_EVERY_S: Final = 10.0
_SOON_S: Final = 1.0


class Day:
    """One day at all tills.

    Arrivals are open-loop: each buyer comes when the schedule says, however slow the gateway is, and waits if
    his till is still busy. Load that waits for answers before it asks again would hide every stall.
    """

    def __init__(self, order: Order, measured: Measured) -> None:
        self.order = order
        self.tally = Tally()
        self.is_over = Event()
        self._measured = measured
        self._holders = holders_of(order)
        self._visits = visits_of(order, self._holders)
        self._places = iter(order.places)
        self._tills: list[Till] = []
        self._open = Event()
        self._restarted = Event()
        self._opened_s = 0.0

    @property
    def are_all_served(self) -> bool:
        """True if every buyer has come and gone; a day that was broken off has some left."""
        return self.tally.buyers == self.order.volume.purchases

    def open_till(self) -> tuple[Till, Sequence[Visit]]:
        """The next till, connected, and its buyers; the last one opens the day."""
        place = next(self._places)
        till = self._till(place)
        try:
            balance = till.client.get_balance(UNKNOWN_CARD)
        except TillgateError:
            # A till that cannot open at a calm hour: there is no day to be played.
            self.is_over.set()
            raise
        if balance.reason is not Reason.CARD_UNKNOWN:
            till.books.wrong.append(f"an unknown card has the balance of {balance}")
        self._tills.append(till)
        if len(self._tills) == len(self.order.places):
            self._begin()
        return till, self._visits[place.terminal_id]

    def serve(self, till: Till, visits: Iterable[Visit]) -> None:
        """Serve the buyers of a till as they come; returns when the last one has gone."""
        self._open.wait()
        for visit in visits:
            early_s = self._opened_s + visit.comes_at_s - time.perf_counter()
            gevent.sleep(max(early_s, 0))
            self.tally.late_s.append(max(-early_s, 0.0))
            self._serve(till, visit)
            self.tally.buyers += 1
        if self.are_all_served:
            self.tally.selling_s = time.perf_counter() - self._opened_s
            self.is_over.set()

    def close(self) -> None:
        """The evening: compare everything, and write down what the day came to."""
        self._restarted.wait()
        _say(f"the day is over: {len(self._tills)} tills hold their own books against the gateway's")
        watching = gevent.spawn(self._watch_the_evening)
        try:
            prove(self._tills, self._holders, self.order.issued, self.tally)
        finally:
            watching.kill()
        self.tally.write(self.order.tally)

    def watch(self, stats: RequestStats) -> None:
        """Print a line about the day every few seconds until it is over."""
        while not self.is_over.wait(_TELL_EVERY_S):
            tally, total = self.tally, stats.total
            played_s = time.perf_counter() - self._opened_s if self._open.is_set() else 0.0
            _say(
                f"{time_of_day(played_s, self.order.volume)}  "
                f"{count(tally.buyers)} of {count(self.order.volume.purchases)} buyers, "
                f"{total.current_rps:.0f} calls/s, "
                f"p50 {total.get_current_response_time_percentile(0.5) or 0:.0f} ms, "
                f"p99 {total.get_current_response_time_percentile(0.99) or 0:.0f} ms, "
                f"{count(tally.mended.total())} lost answers mended, {count(tally.failed.total())} failed"
            )

    def _watch_the_evening(self) -> None:
        while True:
            gevent.sleep(_TELL_EVERY_S)
            tally = self.tally
            _say(
                f"evening  compared {count(tally.shifts_compared)} of {count(len(self._tills))} shifts, "
                f"{count(tally.cards_compared)} of {count(len(self._holders))} cards, "
                f"{count(tally.operations_compared)} operations; "
                f"{count(len(tally.disagreements))} disagreements"
            )

    def restart_a_worker(self) -> None:
        """When half of the day is over."""
        self._open.wait()
        gevent.sleep(self.order.volume.open_s / 2)
        with StageLine(self.order.stage) as stage:
            self.tally.restart = stage.restart_worker()
        self._restarted.set()
        _say(f"gateway {self.tally.restart}")

    def _begin(self) -> None:
        sound: dict[int, list[Till]] = defaultdict(list)
        for till in self._tills:
            if till.place.terminal_id not in self.order.breaking_lines:
                sound[till.place.merchant_id].append(till)
        for till in self._tills:
            # Goods come back to another till, whose line does not break at that moment.
            till.sisters = [other for other in sound[till.place.merchant_id] if other is not till]
        self._opened_s = time.perf_counter() + _SOON_S
        self._open.set()

    def _till(self, place: Place) -> Till:
        endpoint, line = self.order.endpoint, None
        if place.terminal_id in self.order.breaking_lines:
            endpoint = self.order.breaking_lines[place.terminal_id]
            line = StageLine(self.order.stage, place.terminal_id)
        rng = Random(self.order.seed + place.terminal_id)
        return Till(place, endpoint, self.tally, self._measured, rng, line)

    def _serve(self, till: Till, visit: Visit) -> None:
        self.tally.stories[visit.story.title] += 1
        try:
            visit.story.play(till, visit.buyer)
        except TillgateError:
            # Counted where it was raised; the buyer goes away, and the next one is served.
            return
        except Exception as error:
            till.books.wrong.append(f"{visit.story.title}: {error!r}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
