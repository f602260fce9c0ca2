"""Redis: news that may be lost. Nothing waits for it, nothing that must fail closed lives in it.

One channel so far: the live feed of outcomes, for `tillgate watch`. Messages go through a bounded queue
and one background task; whatever Redis does, a money command never awaits it (truth 11).
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

from prometheus_client import Counter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.runtime.tasks import end

FEED = "tillgate:feed"

SENT = Counter("tillgate_bus_sent_total", "News handed to Redis")
DROPPED = Counter("tillgate_bus_dropped_total", "News given up because Redis was slow, full or away")

_QUEUE_MAX = 1_000
_PAUSE_S = 1.0
_TIMEOUT_S = 2.0
_GATHER_S = 0.25
"""News are for people: what comes within a blink travels together."""


class Bus:
    """Publishes and listens to news. Every failure is counted and forgotten."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, health_check_interval=10
        )
        self._news: deque[tuple[str, str]] = deque()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def publish(self, channel: str, message: str) -> None:
        """Queue a message, one line, and return at once; the oldest gives way if the queue is full."""
        if len(self._news) >= _QUEUE_MAX:
            self._news.popleft()
            DROPPED.inc()
        self._news.append((channel, message))
        self._wake.set()

    def start(self) -> None:
        """Begin to send what is queued."""
        self._tasks = [asyncio.create_task(self._send(), name="bus-send")]

    async def stop(self) -> None:
        """Stop; what is still queued is lost, as news may be."""
        await end(self._tasks)
        with contextlib.suppress(RedisError, OSError):
            await self._redis.aclose()

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._news:
                news = list(self._news)
                self._news.clear()
                try:
                    for channel in {channel for channel, _ in news}:
                        # All that waits goes as one message: a round trip costs more than a line.
                        await self._redis.publish(channel, "\n".join([m for c, m in news if c == channel]))
                    SENT.inc(len(news))
                    await asyncio.sleep(_GATHER_S)
                except (RedisError, OSError, TimeoutError):
                    DROPPED.inc(len(news))
                    await asyncio.sleep(_PAUSE_S)

    async def listen(self, channel: str) -> AsyncIterator[str]:
        """Messages of one channel, each a line, as they come; raises redis and connection errors."""
        async with self._redis.pubsub() as pubsub:
            await pubsub.subscribe(channel)
            while True:
                message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=_TIMEOUT_S)
                if message is not None:
                    for line in message["data"].decode().splitlines():
                        yield line
