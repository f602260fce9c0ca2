"""The gateway of the demo's world, a process of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

from loadtests.demo.world import DemoError, World
from loadtests.serving import Serving, ServingError

_WATCH_INTERVAL_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class GatewayProcess:
    """The running gateway of a world."""

    world: World
    serving: Serving

    def wait_until_ready(self) -> None:
        """Wait until it says that it may be given work; raises DemoError if it does not come to that."""
        try:
            self.serving.wait_until_ready()
        except ServingError as error:
            raise DemoError(str(error)) from None

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Raises DemoError out of the context if the gateway dies: nobody would answer the tills."""
        day = asyncio.current_task()
        process = self.serving.process

        async def watch() -> None:
            while process.poll() is None:  # noqa: ASYNC110 - a process has no event to wait for
                await asyncio.sleep(_WATCH_INTERVAL_S)
            if day is not None:
                day.cancel()

        watching = asyncio.create_task(watch())
        try:
            yield
        except asyncio.CancelledError:
            if process.poll() is None:
                raise
            raise DemoError(f"the gateway died; its log ends with:\n{self.world.end_of_log()}") from None
        finally:
            watching.cancel()


@contextmanager
def running_gateway(world: World) -> Iterator[GatewayProcess]:
    """Start the gateway, which then gets ready by itself, and stop it in order at the end."""
    with Serving(world.environment, world.gateway_log) as serving:
        serving.start()
        try:
            yield GatewayProcess(world, serving)
        finally:
            serving.stop()
