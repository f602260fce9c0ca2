"""Several workers behind one port: their parent starts them, watches them, and speaks for all of them.

The parent serves no till, and holds no key and no connection to the database. What it must not do is die of
something that a worker brings with it.
"""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import aiohttp
import structlog
from prometheus_client import REGISTRY, Counter
from prometheus_client.exposition import generate_latest

from gateway.runtime.environment import environment_of
from gateway.runtime.errors import StartError
from gateway.runtime.ports import reserved_port
from gateway.runtime.settings import Settings
from gateway.runtime.settings_source import variable
from gateway.runtime.tasks import end
from gateway.runtime.worker_process import WorkerProcess
from gateway.web.app import WebDoor, make_app
from gateway.web.merging import merged_expositions
from gateway.web.readiness import CHECK_TIMEOUT_S, NotReadyError, Readiness

log = structlog.get_logger(__name__)

RESTARTS: Final = Counter("tillgate_worker_restarts_total", "Workers that ended by themselves", ["number"])

_PAUSE_FIRST_S: Final = 0.1
_PAUSE_MAX_S: Final = 10.0
_STEADY_S: Final = 30.0
"""A worker that has run so long is started again without a pause worth the name."""
_BEYOND_DRAINING_S: Final = 10.0


@dataclass(eq=False)
class _Slot:
    """The place of one worker; who is in it changes."""

    number: int
    worker: WorkerProcess | None = None
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def check_ready(self) -> None:
        if self.worker is None:
            raise NotReadyError("it is being started")
        await self.worker.check_ready()


class Supervisor:
    """Keeps `settings.workers` workers running; `environment` is what they are started with."""

    def __init__(self, settings: Settings, environment: Mapping[str, str], folder: Path) -> None:
        self._settings = settings
        self._environment = environment
        self._folder = folder
        self._starts = count()
        self._slots = [_Slot(number) for number in range(settings.workers)]
        self._alive: set[WorkerProcess] = set()
        self._keepers: list[asyncio.Task[None]] = []
        # A worker's own checks have their time first.
        checks = {f"worker {slot.number}": slot.check_ready for slot in self._slots}
        self._readiness = Readiness(checks, timeout_s=2 * CHECK_TIMEOUT_S)
        self._web = WebDoor(make_app(self._readiness, self._exposition))

    async def start(self) -> None:
        """Start the first worker, and then the others, which come up while it already serves.

        Raises StartError if a port is taken, or if the first worker, which has said why, cannot be started.
        """
        try:
            await self._web.listen(self._settings.http_host, self._settings.http_port)
        except OSError as error:
            raise StartError(f"{variable('http_port')}: {error}") from error
        self._slots[0].worker = await self._started(0)
        self._keepers = [
            asyncio.create_task(self._keep(slot), name=f"keep-{slot.number}") for slot in self._slots
        ]

    async def restart_in_turn(self) -> None:
        """Put a new worker in each place, one after the other; each old one drains beside its successor.

        A new worker that cannot be started ends it: those that run go on.
        """
        for slot in self._slots:
            async with slot.changing:
                try:
                    successor = await self._started(slot.number)
                except StartError as error:
                    log.error("workers are not replaced any further", worker=slot.number, error=str(error))
                    return
                old, slot.worker = slot.worker, successor
            if old is not None:
                await self._stop(old)
            log.info("a worker was replaced", worker=slot.number, pid=successor.pid)

    async def stop(self) -> None:
        """Turn readiness red, let all workers drain, and stop answering for them."""
        self._readiness.start_draining()
        await end(self._keepers)
        await asyncio.gather(*map(self._stop, self._alive))
        await self._web.stop()

    async def _keep(self, slot: _Slot) -> None:
        """Have a worker in a place for ever; whatever ends by itself is started again, ever more slowly."""
        pause_s = _PAUSE_FIRST_S
        clock = asyncio.get_running_loop().time
        while True:
            if (worker := slot.worker) is not None:
                since_s = clock()
                await worker.until_ended()
                if slot.worker is not worker:
                    continue
                slot.worker = None
                self._alive.discard(worker)
                RESTARTS.labels(slot.number).inc()
                log.error("a worker has ended", worker=slot.number, pid=worker.pid, how=worker.ending)
                pause_s = _PAUSE_FIRST_S if clock() - since_s > _STEADY_S else pause_s
                await asyncio.sleep(pause_s)
            async with slot.changing:
                if slot.worker is None:
                    await self._try_start(slot)
            if slot.worker is None:
                await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _PAUSE_MAX_S)

    async def _try_start(self, slot: _Slot) -> None:
        try:
            slot.worker = await self._started(slot.number)
        except StartError as error:
            log.error("a worker cannot be started", worker=slot.number, error=str(error))

    async def _started(self, number: int) -> WorkerProcess:
        """A new worker whose doors are open. Raises StartError if it ended instead."""
        # Old and new live side by side for a while, so each has a socket of its own.
        socket = self._folder / f"{next(self._starts)}.sock"
        worker = await WorkerProcess.start(number, socket, self._environment)
        self._alive.add(worker)
        try:
            await worker.until_open()
        except StartError:
            self._alive.discard(worker)
            raise
        return worker

    async def _stop(self, worker: WorkerProcess) -> None:
        # Calls first, then what is queued: each has that long.
        within_s = self._settings.drain_notice_s + 2 * self._settings.drain_timeout_s + _BEYOND_DRAINING_S
        if not await worker.stop(within_s):
            log.error("a worker did not end, and was killed", pid=worker.pid)
        self._alive.discard(worker)

    async def _exposition(self) -> bytes:
        """The metrics of all workers that answer, and of this process."""
        asked = [slot for slot in self._slots if slot.worker is not None]
        answers = await asyncio.gather(*map(self._page, asked))
        pages = {str(slot.number): page for slot, page in zip(asked, answers, strict=True) if page}
        return merged_expositions(pages | {"parent": generate_latest(REGISTRY).decode()}).encode()

    async def _page(self, slot: _Slot) -> str:
        """The metrics of one worker; none of one that does not answer, which readiness tells by name."""
        if slot.worker is None:
            return ""
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                return await slot.worker.metrics()
        except (aiohttp.ClientError, OSError):
            return ""


async def supervise(settings: Settings) -> None:
    """Run workers until SIGTERM or SIGINT, then let them drain; SIGHUP puts new ones in their places.

    `settings` has all its URLs (see `with_servers`). Raises StartError.
    """
    stopping, renewing = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, renewing.set)
    with ExitStack() as stack:
        shared = {"grpc_port": settings.grpc_host, "json_port": settings.json_host}
        ports = {
            name: stack.enter_context(reserved_port(host, getattr(settings, name), name))
            for name, host in shared.items()
        }
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="tillgate-")))
        environment = environment_of(settings, **ports, workers=1)
        supervisor = Supervisor(settings, environment, folder)
        working = asyncio.create_task(_work(supervisor, renewing), name="workers")
        asked = asyncio.create_task(stopping.wait(), name="stop")
        try:
            await asyncio.wait((working, asked), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                await working
        finally:
            await end((working, asked))
            await supervisor.stop()


async def _work(supervisor: Supervisor, renewing: asyncio.Event) -> None:
    await supervisor.start()
    while True:
        await renewing.wait()
        renewing.clear()
        await supervisor.restart_in_turn()
