"""The gateway as a process of its own, waited for and asked over HTTP beside other work of the event loop."""

import asyncio
import inspect
import re
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any, Self

import aiohttp

from loadtests.serving import Serving
from tests.transports import TRANSPORTS

PATIENCE_S = 40.0
"""How long a condition may take on a busy machine before a test gives up; nothing is judged by it."""

_POLL_INTERVAL_S = 0.01


async def eventually(
    condition: Callable[[], Any | Awaitable[Any]], what: str = "", within_s: float = PATIENCE_S
) -> None:
    """Return once the condition holds; fails with `what` was waited for if it does not in time."""
    deadline_s = time.monotonic() + within_s
    while True:
        result = condition()
        if inspect.isawaitable(result):
            result = await result
        if result:
            return
        if time.monotonic() > deadline_s:
            raise AssertionError(f"not within {within_s:g} s: {what or inspect.getsource(condition).strip()}")
        await asyncio.sleep(_POLL_INTERVAL_S)


class GatewayProcess(Serving):
    """`tillgate serve` with given settings, for tests with an event loop."""

    @property
    def address(self) -> str:
        """host:port of the tills' door."""
        return f"127.0.0.1:{self.grpc_port}"

    @property
    def doors(self) -> list[str]:
        """Addresses of all ways in."""
        return [self.door(transport) for transport in TRANSPORTS]

    def door(self, transport: str) -> str:
        """The address of one of the ways in: single calls, a stream, or JSON."""
        return f"{transport}://127.0.0.1:{self.json_port if transport == 'json' else self.grpc_port}"

    async def start_ready(self) -> Self:
        """Start the program, and return when it says that it may be given work."""
        self.start()
        await eventually(self.says_ready, "the gateway is ready")
        return self

    def send_signal(self, number: signal.Signals) -> None:
        """Tell the process something."""
        self.process.send_signal(number)

    async def exit_code(self) -> int:
        """Wait for the end of the process."""
        process = self.process
        await eventually(lambda: process.poll() is not None, "the gateway ends")
        return int(process.returncode)

    async def in_flight(self) -> dict[str, int]:
        """How many calls each worker, by its number, has begun and not answered; "" without workers."""
        _, page = await self.get("/metrics")
        found = re.findall(r'^tillgate_rpc_in_flight(?:\{worker="(\d+)"\})? (\d+)', page, re.MULTILINE)
        return {number: int(count) for number, count in found}

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page for operators; status 0 if nobody answers."""
        try:
            timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
            async with aiohttp.request(
                "GET", f"http://127.0.0.1:{self.http_port}{path}", timeout=timeout
            ) as response:
                return response.status, await response.text()
        except (aiohttp.ClientError, OSError):
            return 0, ""

    async def says_ready(self) -> bool:
        """Whether /readyz is green; fails if the process has ended instead."""
        if self.process.poll() is not None:
            raise AssertionError(f"the gateway ended with {self.process.returncode}:\n{self.log[-4000:]}")
        status, _ = await self.get("/readyz")
        return status == 200

    async def metric(self, name: str) -> float:
        """The sum of a metric over its labels; 0 while it has none."""
        _, text = await self.get("/metrics")
        lines = [line.split(" ") for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(line[-1]) for line in lines)
