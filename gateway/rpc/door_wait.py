"""How long calls wait before this process looks at them, and how many are sent away because of it.

gRPC reads calls from its connections faster than a busy process fetches them, one at a time, and tells
nobody how many lie there. So the door knocks at itself: a knock goes the way of every call, and its wait
is that of all who came with it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

import grpc

from gateway.rpc import metrics

KNOCK: Final = "/tillgate.Door/Knock"
"""Nobody serves it: to be looked for is all that a knock is for."""
PAUSE_S: Final = 0.1
BUSY_CALLS: Final = 10
"""Fewer in a pause wait for nobody, and nobody need knock."""


class DoorWait(grpc.GenericRpcHandler):
    """The wait at the door of one process, as its knocks find it."""

    def __init__(self, limit: timedelta) -> None:
        self._limit_s = limit.total_seconds()
        # Two, because one alone may have met a hiccup that is over.
        self._waits_s = deque((0.0, 0.0), maxlen=2)
        self._knocked_at: float | None = None
        self._owed = 0.0
        self._looked_at = 0
        metrics.DOOR_WAIT.set_function(lambda: self._waits_s[-1])

    def turns_away(self) -> bool:
        """Whether the call that is looked at now should come later.

        Beyond the limit it is a growing share of them, at twice the limit all: the wait then settles between
        the two, while the ledger always has something to do.
        """
        self._looked_at += 1
        share = self._standing_s() / self._limit_s - 1
        if share <= 0:
            self._owed = 0.0
            return False
        self._owed += min(share, 1.0)
        if self._owed < 1:
            return False
        self._owed -= 1
        return True

    @asynccontextmanager
    async def knocking(self, address: str) -> AsyncIterator[None]:
        """Knock at a port of this door's server until the context ends."""
        task = asyncio.create_task(self._knock(address), name="knocking")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _knock(self, address: str) -> None:
        loop = asyncio.get_running_loop()
        async with grpc.aio.insecure_channel(address) as channel:
            knock: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(KNOCK)
            while True:
                self.knocked(loop.time())
                if self.is_busy():
                    with suppress(grpc.aio.AioRpcError):
                        await knock(b"")
                    # Unheard it was sent away by gRPC: more calls lie there than this process can fetch.
                    self.heard(loop.time(), at_least_s=2 * self._limit_s)
                else:
                    self.heard(loop.time())
                await asyncio.sleep(PAUSE_S)

    def is_busy(self) -> bool:
        """Whether many calls were looked at since this was asked before."""
        looked_at, self._looked_at = self._looked_at, 0
        return looked_at >= BUSY_CALLS

    def knocked(self, now: float) -> None:
        """A knock is under way since `now` (loop time)."""
        self._knocked_at = now

    def heard(self, now: float, *, at_least_s: float = 0.0) -> None:
        """The knock that was under way has reached the process; nothing if it did before."""
        if self._knocked_at is not None:
            self._waits_s.append(max(now - self._knocked_at, at_least_s))
            self._knocked_at = None

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> None:
        """What gRPC asks about every call that it has fetched."""
        if handler_call_details.method == KNOCK:
            self.heard(asyncio.get_running_loop().time())

    def _standing_s(self) -> float:
        """What two knocks in a row have waited at least, one that is still under way included."""
        before, last = self._waits_s
        if self._knocked_at is None:
            return min(before, last)
        return max(min(before, last), min(last, asyncio.get_running_loop().time() - self._knocked_at))
