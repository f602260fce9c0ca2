"""The gateway as an operator runs it: a process of its own, started, killed and asked over HTTP."""

import asyncio
import inspect
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

PATIENCE_S = 40.0
"""How long a condition may take on a busy machine before a test gives up; nothing is judged by it."""

_TILLGATE = Path(sys.executable).with_name("tillgate")
_POLL_INTERVAL_S = 0.01
# Below the range from which the system takes ports for outgoing connections: a client that knocks on the port
# of a gateway that was just killed could otherwise be given that very port, and keep it.
_PORTS = range(15_000, 30_000)


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


def free_port() -> int:
    """A port of the loopback on which nobody listens."""
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class GatewayProcess:
    """`tillgate serve` with given settings; leaving the context kills what still runs."""

    def __init__(self, settings: Mapping[str, str], log_path: Path) -> None:
        self.grpc_port, self.http_port = free_port(), free_port()
        ports = {"TILLGATE_GRPC_PORT": str(self.grpc_port), "TILLGATE_HTTP_PORT": str(self.http_port)}
        # What the tests' own environment sets must not reach the gateway.
        self._environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **ports, **settings}
        self._log_path = log_path
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """host:port of the tills' door."""
        return f"127.0.0.1:{self.grpc_port}"

    @property
    def log(self) -> str:
        """All that the process and its predecessors have written."""
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Start the program, and return at once."""
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [str(_TILLGATE), "serve"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    async def start_ready(self) -> Self:
        """Start the program, and return when it says that it may be given work."""
        self.start()
        await eventually(self.is_ready, "the gateway is ready")
        return self

    def send_signal(self, number: signal.Signals) -> None:
        """Tell the process something."""
        self._running.send_signal(number)

    def kill(self) -> None:
        """SIGKILL: it has no chance to finish anything."""
        self._running.kill()
        self._running.wait()

    async def exit_code(self) -> int:
        """Wait for the end of the process."""
        process = self._running
        await eventually(lambda: process.poll() is not None, "the gateway ends")
        return int(process.returncode)

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

    async def is_ready(self) -> bool:
        """Whether /readyz is green; fails if the process has ended instead."""
        if self._running.poll() is not None:
            raise AssertionError(f"the gateway ended with {self._running.returncode}:\n{self.log[-4000:]}")
        status, _ = await self.get("/readyz")
        return status == 200

    async def metric(self, name: str) -> float:
        """The sum of a metric over its labels; 0 while it has none."""
        _, text = await self.get("/metrics")
        lines = [line.split(" ") for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(line[-1]) for line in lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()
        if error is not None and self._log_path.exists():
            error.add_note(f"the log of the gateway ends with:\n{self.log[-4000:]}")

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise AssertionError("the gateway was never started")
        return self._process
