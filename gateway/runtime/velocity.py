"""Purchases by card, terminal and merchant in sliding windows, counted in Redis, for which nobody waits.

A window is made of two fixed ones: of the one before counts the part that the sliding window still covers.
One script a batch counts all of it in one round trip. While an answer is outstanding nobody else is asked,
and after a failure nobody for a moment: a Redis that is frozen or away costs one batch the wait and no other.
What is not counted passes, and is counted as passed.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from gateway.domain.commands import Authorize
from gateway.domain.reasons import Reason
from gateway.ledger.admission import TooFrequent

log = structlog.get_logger(__name__)

COUNTED = Counter("tillgate_velocity_counted_total", "Purchases counted against limits of speed")
ASKED = Counter("tillgate_velocity_asked_total", "Questions about batches of purchases to Redis")
OWED = Gauge("tillgate_velocity_owed", "Whether Redis owes an answer to a question")
REFUSED = Counter("tillgate_velocity_refused_total", "Purchases beyond a limit of speed", ["subject"])
MISSED = Counter("tillgate_velocity_missed_total", "Purchases that passed uncounted: Redis was slow or away")

_TIMEOUT_S: Final = 2.0
_PAUSE_S: Final = 1.0

# KEYS: subjects. ARGV: of each its purchases now, its limit and its window in seconds. Returns of each how
# many of them fit; only those are counted, so that asking again and again does not keep a window full.
_SCRIPT: Final = """
local now = redis.call('TIME')
local taken = {}
for i, key in ipairs(KEYS) do
  local wanted, limit, window = tonumber(ARGV[i * 3 - 2]), tonumber(ARGV[i * 3 - 1]), tonumber(ARGV[i * 3])
  local number = math.floor(now[1] / window)
  local into = (now[1] % window + now[2] / 1000000) / window
  local current = key .. ':' .. number
  local before = tonumber(redis.call('GET', key .. ':' .. (number - 1)) or 0)
  local used = before * (1 - into) + tonumber(redis.call('GET', current) or 0)
  local fit = math.min(wanted, math.max(math.floor(limit - used), 0))
  if fit > 0 then
    redis.call('INCRBY', current, fit)
    redis.call('EXPIRE', current, window * 2)
  end
  taken[i] = fit
end
return taken
"""


@dataclass(frozen=True, slots=True)
class Window:
    """At most so many purchases within so many seconds."""

    purchases: int
    seconds: int


@dataclass(frozen=True, slots=True)
class VelocityLimits:
    """Of each subject its window; None: no limit."""

    card: Window | None = None
    terminal: Window | None = None
    merchant: Window | None = None

    def __bool__(self) -> bool:
        return any(window is not None for window in (self.card, self.terminal, self.merchant))


_REASONS: Final = {
    "card": Reason.CARD_TOO_FREQUENT,
    "terminal": Reason.TERMINAL_TOO_FREQUENT,
    "merchant": Reason.MERCHANT_TOO_FREQUENT,
}


class RedisVelocity:
    """Counts on a connection of its own."""

    def __init__(self, url: str, limits: VelocityLimits) -> None:
        # One connection, which no call is ever cancelled on: replies would get off by one.
        self._redis = Redis.from_url(
            url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, max_connections=1
        )
        self._limits = limits
        self._sha = ""
        self._asking: asyncio.Task[Mapping[UUID, TooFrequent]] | None = None
        self._not_before = 0.0

    def ask(self, purchases: Sequence[Authorize]) -> "asyncio.Future[Mapping[UUID, TooFrequent]] | None":
        """Count purchases in the background; None while Redis owes an answer or failed a moment ago."""
        loop = asyncio.get_running_loop()
        if (self._asking is not None and not self._asking.done()) or loop.time() < self._not_before:
            return None
        ASKED.inc()
        OWED.set(1)
        self._asking = loop.create_task(self._count(purchases), name="velocity")
        self._asking.add_done_callback(lambda _: OWED.set(0))
        return self._asking

    def missed(self, purchases: int) -> None:
        """So many purchases passed uncounted."""
        MISSED.inc(purchases)

    async def stop(self) -> None:
        """Let the last question end, and hang up."""
        if self._asking is not None:
            await asyncio.wait([self._asking])
        try:
            await self._redis.aclose()
        except (RedisError, OSError) as error:
            log.debug("Redis went away by itself", error=repr(error))

    async def _count(self, purchases: Sequence[Authorize]) -> Mapping[UUID, TooFrequent]:
        subjects = self._subjects(purchases)
        keys = [key for key, _, _ in subjects]
        arguments = [
            n for _, window, members in subjects for n in (len(members), window.purchases, window.seconds)
        ]
        try:
            fits = await self._run(keys, arguments)
        except (RedisError, OSError, TimeoutError) as error:
            self._not_before = asyncio.get_running_loop().time() + _PAUSE_S
            log.debug("purchases pass uncounted", error=repr(error))
            MISSED.inc(len(purchases))
            return {}
        COUNTED.inc(len(purchases))
        refused: dict[UUID, TooFrequent] = {}
        for (key, window, members), fit in zip(subjects, fits, strict=True):
            kind = key.split(":")[2]
            for purchase in members[int(fit) :]:
                REFUSED.labels(kind).inc()
                refused.setdefault(
                    purchase.request_id, TooFrequent(_REASONS[kind], min(window.seconds, 60) / 4)
                )
        return refused

    async def _run(self, keys: list[str], arguments: list[int]) -> list[int]:
        if not self._sha:
            self._sha = await self._redis.script_load(_SCRIPT)
        try:
            fits: list[int] = await self._redis.evalsha(self._sha, len(keys), *keys, *arguments)
        except NoScriptError:  # it was emptied, or another one took its place
            self._sha = await self._redis.script_load(_SCRIPT)
            fits = await self._redis.evalsha(self._sha, len(keys), *keys, *arguments)
        return fits

    def _subjects(self, purchases: Sequence[Authorize]) -> list[tuple[str, Window, list[Authorize]]]:
        """Every subject with its window and its purchases of the batch, in order of arrival."""
        found: dict[str, tuple[Window, list[Authorize]]] = {}
        limits = self._limits
        for one in purchases:
            origin = one.origin
            for kind, window, name in (
                ("card", limits.card, one.card_token.hex() if limits.card else ""),
                ("terminal", limits.terminal, origin.terminal_id),
                ("merchant", limits.merchant, origin.merchant_id),
            ):
                if window is not None:
                    found.setdefault(f"tillgate:velocity:{kind}:{name}", (window, []))[1].append(one)
        return [(key, window, members) for key, (window, members) in found.items()]
