"""How long calls wait before this process looks at them, and how many are sent away because of it.

gRPC reads calls from its connections faster than a busy process fetches them, one at a time, and tells
nobody how many lie there. So the door knocks at itself: a knock goes the way of every call, and its wait
is that of all who came with it.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import grpc
import structlog

from gateway.rpc import metrics

_log = structlog.get_logger(__name__)

KNOCK: Final = "/tillgate.Door/Knock"
"""Nobody serves it: to be looked for is all that a knock is for."""
PAUSE_S: Final = 0.1
CLOSER_S: Final = 0.05
"""Between knocks when the wait nears the limit: each costs half a purchase."""
BUSY_CALLS: Final = 5
"""Fewer in a pause wait for nobody, and nobody need knock."""
HICCUP_S: Final = 0.1
"""A wait that is over sooner sends nobody away: a burst, or a moment without a processor."""


class DoorWait(grpc.GenericRpcHandler):
    """The wait at the door of one process, as its knocks find it; `clock` tells seconds."""

    def __init__(self, limit: timedelta, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit_s = limit.total_seconds()
        self._clock = clock
        self._under_way: deque[float] = deque()
        self._last_s = 0.0
        self._slow_since = math.inf
        self._owed = 0.0
        self._looked_at = 0
        metrics.DOOR_WAIT.set_function(self.wait_s)

    def wait_s(self) -> float:
        """How long those who are looked at now have waited, as far as is known.

        That of the last knock that was heard, or longer if one is under way for longer: a process that
        falls behind knows it at once.
        """
        return max(self._last_s, self._clock() - self._under_way[0]) if self._under_way else self._last_s

    def turns_away(self) -> bool:
        """Whether the call that is looked at now should come later.

        If the wait lies beyond the limit and stays there, it is a growing share of them, at twice the limit
        all: the wait then settles between the two, while the ledger always has something to do.
        """
        self._looked_at += 1
        excess = self.wait_s() / self._limit_s - 1
        if excess <= 0:
            self._slow_since, self._owed = math.inf, 0.0
            return False
        now = self._clock()
        self._slow_since = min(self._slow_since, now)
        if now - self._slow_since < HICCUP_S:
            return False
        self._owed += min(excess, 1.0)
        if self._owed < 1:
            return False
        self._owed -= 1
        return True

    @asynccontextmanager
    async def knocking(self, address: str) -> AsyncIterator[None]:
        """Knock at a port of this door's server until the context ends."""
        task = asyncio.create_task(self._knock_on(address), name="knocking")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _knock_on(self, address: str) -> None:
        async with grpc.aio.insecure_channel(address) as channel, asyncio.TaskGroup() as knocks:
            knock: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(KNOCK)
            while True:
                if self.is_busy():
                    # The next one does not wait for it: in a flood it takes long, which has to be seen.
                    knocks.create_task(self._knock(knock))
                await asyncio.sleep(self.pause_s())

    async def _knock(self, knock: "grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]") -> None:
        sent = self.knocked()
        try:
            await knock(b"")
        except grpc.aio.AioRpcError:
            self.came_back(sent)
        except Exception:
            # It never came to the door, and the next one may: without knocks the wait would stay as it was.
            _log.exception("a knock failed")
            self.lost(sent)

    def pause_s(self) -> float:
        """How long until the next knock."""
        return CLOSER_S if self.wait_s() > self._limit_s / 2 else PAUSE_S

    def is_busy(self) -> bool:
        """Whether many calls were looked at since this was asked before; if not, nobody waits."""
        looked_at, self._looked_at = self._looked_at, 0
        if looked_at < BUSY_CALLS and not self._under_way:
            self._last_s = 0.0
        return looked_at >= BUSY_CALLS

    def knocked(self) -> float:
        """A knock has set out now; the time, by which it is known."""
        self._under_way.append(now := self._clock())
        return now

    def heard(self) -> None:
        """The knock that set out first has reached the process."""
        if self._under_way:
            self._last_s = self._clock() - self._under_way.popleft()

    def came_back(self, sent: float) -> None:
        """The knock's call has ended: unheard, if gRPC itself sent it away.

        Then more calls lie there than this process can fetch.
        """
        if sent in self._under_way:
            self._under_way.remove(sent)
            self._last_s = max(self._clock() - sent, 2 * self._limit_s)

    def lost(self, sent: float) -> None:
        """The knock could not set out; it says nothing of the wait."""
        if sent in self._under_way:
            self._under_way.remove(sent)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> None:
        """What gRPC asks about every call that it has fetched."""
        if handler_call_details.method == KNOCK:
            self.heard()
