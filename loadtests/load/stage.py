"""What happens around the tills: lines that break, and a gateway worker that is restarted.

It runs beside locust in a process of its own, and does what the tills ask for in lines of text:
`break <terminal> <loss>`, then `mend`; and `restart`.
"""

import asyncio
import os
import signal
from collections.abc import Iterable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self

from loadtests.demo.lossy import Cable, Loss
from loadtests.serving import Serving

READY: Final = b"ready\n"
LOST: Final = b"lost\n"
KEPT: Final = b"kept\n"

_RESTART_TIMEOUT_S: Final = 60.0
_POLL_INTERVAL_S: Final = 0.1


class Stage:
    """Breaking lines of some terminals to a gateway, and the hand that restarts its workers.

    `ended_pids` are the workers that were asked to end.
    """

    def __init__(self, gateway: Serving, terminal_ids: Iterable[int]) -> None:
        self._gateway = gateway
        self._cables = {n: Cable("127.0.0.1", gateway.grpc_port) for n in terminal_ids}
        self._stack = AsyncExitStack()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.ended_pids: set[int] = set()

    async def __aenter__(self) -> Self:
        for cable in self._cables.values():
            await self._stack.enter_async_context(cable)
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()

    @property
    def port(self) -> int:
        """Where the tills ask; raises LookupError before it is open."""
        if self._server is None:
            raise LookupError("the stage is not open")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def endpoints(self) -> dict[int, str]:
        """What each of the terminals is given in the place of the gateway."""
        return {terminal_id: cable.endpoint for terminal_id, cable in self._cables.items()}

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            match line.decode().split():
                case ["break", terminal_id, loss]:
                    cable = self._cables[int(terminal_id)]
                    troubles = cable.troubles
                    with cable.losing(Loss(loss)):
                        writer.write(READY)
                        await reader.readline()
                    writer.write(LOST if cable.troubles > troubles else KEPT)
                case ["restart"]:
                    writer.write(f"{await self._restart()}\n".encode())
        writer.close()

    async def _restart(self) -> str:
        """Ask one worker of several to end, and wait until another one serves in its place."""
        workers = self._gateway.worker_pids()
        if len(workers) < 2:
            return f"not restarted: {len(workers)} worker"
        self.ended_pids.add(workers[0])
        os.kill(workers[0], signal.SIGTERM)
        try:
            async with asyncio.timeout(_RESTART_TIMEOUT_S):
                # A process has no event to wait for.
                while not await asyncio.to_thread(self._is_replaced, workers):  # noqa: ASYNC110
                    await asyncio.sleep(_POLL_INTERVAL_S)
        except TimeoutError:
            return f"not restarted: worker {workers[0]} got no successor"
        successor = set(self._gateway.worker_pids()) - set(workers)
        return f"restarted: worker {workers[0]} by {successor.pop()}"

    def _is_replaced(self, workers: list[int]) -> bool:
        now = self._gateway.worker_pids()
        return workers[0] not in now and len(now) == len(workers) and self._gateway.is_ready()
