"""One worker as its parent sees it: a process that shares the tills' port and answers on a Unix socket."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import aiohttp
import orjson

from gateway.runtime.errors import StartError
from gateway.web.readiness import OK, NotReadyError

_KNOCK_INTERVAL_S: Final = 0.02


class WorkerProcess:
    """A fresh interpreter: nothing that runs gRPC may be forked."""

    def __init__(self, process: asyncio.subprocess.Process, operators_socket: Path) -> None:
        self._process = process
        self._socket = operators_socket

    @classmethod
    async def start(cls, number: int, operators_socket: Path, environment: Mapping[str, str]) -> Self:
        """Start a worker, and return at once. Its settings stand in `environment`, where `ps` shows none."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            # Without the working directory among the places that modules come from.
            *("-P", "-m", "gateway.cli", "serve-worker"),
            *("--number", str(number), "--operators-socket", str(operators_socket)),
            env=environment,
            # Held open for as long as this process lives; a worker whose input ends drains.
            stdin=asyncio.subprocess.PIPE,
            # Ctrl-C in a terminal is for the parent, which stops its workers in order.
            start_new_session=True,
        )
        return cls(process, operators_socket)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def until_open(self) -> None:
        """Return when its doors are open; raises StartError if it ends instead, having said why itself."""
        while self._process.returncode is None:
            try:
                await self._get("/healthz")
            except (aiohttp.ClientError, OSError):
                await asyncio.sleep(_KNOCK_INTERVAL_S)
            else:
                return
        raise StartError(f"a worker could not be started: it ended with {self.ending}")

    async def until_ended(self) -> None:
        """Return when the process has ended."""
        await self._process.wait()

    @property
    def ending(self) -> str:
        """How the process has ended."""
        code = self._process.returncode
        return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"

    async def check_ready(self) -> None:
        """Return if the worker may be given work; raises NotReadyError with what it says is wrong."""
        try:
            checks = orjson.loads(await self._get("/readyz"))["checks"]
        except (aiohttp.ClientError, OSError) as error:
            raise NotReadyError(f"it does not answer: {error}") from error
        wrong = [f"{name}: {said}" for name, said in checks.items() if said != OK]
        if wrong:
            raise NotReadyError("; ".join(wrong))

    async def metrics(self) -> str:
        """Its page of metrics. Raises aiohttp.ClientError and OSError if it does not answer."""
        return await self._get("/metrics")

    async def stop(self, within_s: float) -> bool:
        """Let it drain; False if it had to be killed because it did not end in time."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(within_s):
                await self.until_ended()
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self.until_ended()
            return False
        return True

    def _signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def _get(self, path: str) -> str:
        connector = aiohttp.UnixConnector(str(self._socket))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get(f"http://worker{path}") as answer,
        ):
            return await answer.text()
