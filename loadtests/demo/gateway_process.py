"""`tillgate serve` as a process of its own."""

import asyncio
import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

from loadtests.demo.world import DemoError, World, tillgate

_START_TIMEOUT_S: Final = 60.0
_STOP_TIMEOUT_S: Final = 40.0
_POLL_INTERVAL_S: Final = 0.05
_WATCH_INTERVAL_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class GatewayProcess:
    """The running gateway of a world."""

    world: World
    process: subprocess.Popen[bytes]

    def wait_until_ready(self) -> None:
        """Wait until it says that it may be given work; raises DemoError if it does not come to that."""
        settings = self.world.settings
        url = f"http://{settings.http_host}:{settings.http_port}/readyz"
        deadline_s = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline_s and self.process.poll() is None:
            if _is_ready(url):
                return
            time.sleep(_POLL_INTERVAL_S)
        raise DemoError(f"the gateway did not become ready; its log ends with:\n{self.world.end_of_log()}")

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Raises DemoError out of the context if the gateway dies: nobody would answer the tills."""
        day = asyncio.current_task()

        async def watch() -> None:
            while self.process.poll() is None:  # noqa: ASYNC110 - a process has no event to wait for
                await asyncio.sleep(_WATCH_INTERVAL_S)
            if day is not None:
                day.cancel()

        watching = asyncio.create_task(watch())
        try:
            yield
        except asyncio.CancelledError:
            if self.process.poll() is None:
                raise
            raise DemoError(f"the gateway died; its log ends with:\n{self.world.end_of_log()}") from None
        finally:
            watching.cancel()


@contextmanager
def running_gateway(world: World) -> Iterator[GatewayProcess]:
    """Start the gateway, which then gets ready by itself, and stop it in order at the end."""
    with world.gateway_log.open("wb") as log:
        process = subprocess.Popen(
            tillgate("serve"),
            env=world.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C is the demo's to handle: the tills go first.
            start_new_session=True,
        )
    try:
        yield GatewayProcess(world, process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as response:  # noqa: S310 - our own loopback address
            return bool(json.load(response)["ready"])
    except OSError:
        return False
