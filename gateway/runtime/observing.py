"""What the committer's work looks like from outside: metrics, and the live feed on the bus."""

from functools import lru_cache

from prometheus_client import Counter, Histogram

from gateway.domain.commands import CloseShift, Command
from gateway.domain.outcome import Outcome
from gateway.goods.memory import Tally
from gateway.ledger.canonical import kind_of
from gateway.runtime.bus import FEED, Bus

OUTCOMES = Counter("tillgate_outcomes_total", "Outcomes by command and reason", ["kind", "reason"])
BATCH_SIZE = Histogram(
    "tillgate_batch_size", "Commands decided by one statement", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256)
)
BATCH_SECONDS = Histogram(
    "tillgate_batch_seconds",
    "Reading, deciding and writing of one batch",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
LINES = Counter(
    "tillgate_goods_lines_total",
    "Basket lines judged, by whether one like it was known",
    ["known"],
)
LOST = Counter("tillgate_batch_lost_total", "Members that lost their account to another writer")

# Kinds and reasons are closed sets, and finding a child costs more than counting on it.
_outcomes_by = lru_cache(maxsize=None)(OUTCOMES.labels)
_known_lines, _new_lines = LINES.labels("yes"), LINES.labels("no")


class LedgerObserver:
    """Counts batches and outcomes and tells the live feed. Never waits.

    What `lines` counts of the process's lines is told with each batch.
    """

    def __init__(self, bus: Bus, lines: Tally) -> None:
        self._bus = bus
        self._lines = lines
        self._told = Tally()

    def batch_done(self, size: int, lost: int, seconds: float) -> None:
        """Count one written round."""
        BATCH_SIZE.observe(size)
        BATCH_SECONDS.observe(seconds)
        LOST.inc(lost)
        self._tell_lines()

    def _tell_lines(self) -> None:
        lines, told = self._lines, self._told
        new = lines.missed - told.missed
        # Lines judged ahead count as new before anybody asks for them, and some are never asked for.
        known = max(lines.asked - told.asked - new, 0)
        self._told = Tally(told.asked + known + new, lines.missed)
        _known_lines.inc(known)
        _new_lines.inc(new)

    def decided(self, command: Command | CloseShift, outcome: Outcome) -> None:
        """Count one outcome and put a line on the live feed: no card, no goods, no person."""
        kind = kind_of(command)
        reason = outcome.reason.name if outcome.reason else "APPROVED"
        _outcomes_by(kind, reason).inc()
        points = outcome.purchase.approved_kopecks if outcome.purchase and outcome.is_approved else 0
        self._bus.publish(FEED, f"{kind} {reason} {points}")
