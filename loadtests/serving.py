"""`tillgate serve` as an operator runs it: a process of its own, started, watched, told to stop, or killed.

Tests, demo and bench all start the gateway here.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from gateway.runtime.settings import Settings, load_settings
from gateway.runtime.settings_source import PREFIX, variable

START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 60.0

_TILLGATE: Final = Path(sys.executable).with_name("tillgate")
_POLL_INTERVAL_S: Final = 0.02
_PORT_SETTINGS: Final = tuple(name for name in Settings.model_fields if name.endswith("_port"))
# Below the range from which the system takes ports for outgoing connections: a client that knocks on the port
# of a gateway that was just killed could otherwise be given that very port, and keep it.
_PORTS: Final = range(15_000, 30_000)


class ServingError(RuntimeError):
    """The gateway did not come up; the text has the end of its log."""


_given: deque[int] = deque(maxlen=1_000)


def free_port() -> int:
    """A port of the loopback on which nobody listens, and which nobody here was given lately.

    Whoever was given it may not listen there yet.
    """
    while True:
        port = random.SystemRandom().choice(_PORTS)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.append(port)
        return port


class Serving:
    """`tillgate serve` with given variables, on free ports where they name none.

    Leaving the context kills what still runs; the same object may be started again, on the same ports.
    """

    def __init__(self, variables: Mapping[str, str], log_path: Path, *, workers: int = 1) -> None:
        ports = {variable(name): str(free_port()) for name in _PORT_SETTINGS}
        self.variables = ports | {variable("workers"): str(workers)} | dict(variables)
        self.log_path = log_path
        self._process: subprocess.Popen[bytes] | None = None

    @cached_property
    def settings(self) -> Settings:
        """The settings that the variables make; raises SettingsError if they make none."""
        return load_settings(self.variables)

    @property
    def grpc_port(self) -> int:
        """The port of the tills' door."""
        return int(self.variables[variable("grpc_port")])

    @property
    def json_port(self) -> int:
        """The port of the JSON door."""
        return int(self.variables[variable("json_port")])

    @property
    def http_port(self) -> int:
        """The port of health and metrics."""
        return int(self.variables[variable("http_port")])

    @property
    def log(self) -> str:
        """All that the process and its predecessors have written."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The process that was started last, running or not."""
        if self._process is None:
            raise ServingError("the gateway was never started")
        return self._process

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self.process.pid

    def worker_pids(self) -> list[int]:
        """The processes that serve tills: the workers, or the one process that is all there is."""
        if self.variables[variable("workers")] == "1":
            return [self.pid]
        return [pid for pid in _processes() if _parent_of(pid) == self.pid and _is_worker(pid)]

    def start(self) -> None:
        """Start the program, and return at once."""
        # What is set around it must not reach the gateway, or lead it to somebody's database.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [str(_TILLGATE), "serve"],
                env=kept | self.variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for whoever started it, who stops the gateway when its tills have gone.
                start_new_session=True,
            )

    def is_ready(self) -> bool:
        """Whether /readyz is green now."""
        url = f"http://127.0.0.1:{self.http_port}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return bool(json.load(response)["ready"])
        except OSError:
            return False

    def wait_until_ready(self) -> None:
        """Return when it says that it may be given work; raises ServingError if it does not come to that."""
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline_s and self.process.poll() is None:
            if self.is_ready():
                return
            time.sleep(_POLL_INTERVAL_S)
        raise ServingError(f"the gateway did not become ready; its log ends with:\n{self.log[-4000:]}")

    def stop(self) -> int:
        """Stop it in order, and return its exit code; one that does not end in time is killed."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.wait()

    def kill(self) -> None:
        """SIGKILL to every process at once, as when the machine loses its power."""
        # Frozen, the parent starts no worker that would be overlooked.
        self.process.send_signal(signal.SIGSTOP)
        workers = self.worker_pids()
        self.process.kill()
        for pid in workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        while any(map(_is_worker, workers)):
            time.sleep(_POLL_INTERVAL_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()
        if error is not None and self.log_path.exists():
            error.add_note(f"the log of the gateway ends with:\n{self.log[-4000:]}")


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _parent_of(pid: int) -> int:
    """The parent of a process; 0 if the process is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[1])


def _is_worker(pid: int) -> bool:
    """Whether it is a worker that lives: the dead have no command line, also while they are still listed."""
    try:
        return b"serve-worker" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


@contextmanager
def serving(data_dir: Path, variables: Mapping[str, str], *, workers: int = 1) -> Iterator[Serving]:
    """A gateway that is ready, and is stopped in order at the end; its log is `data_dir`/gateway.log.

    Raises ServingError if it does not get ready.
    """
    named = {variable("data_dir"): str(data_dir), **variables}
    data_dir.mkdir(parents=True, exist_ok=True)
    with Serving(named, data_dir / "gateway.log", workers=workers) as gateway:
        gateway.start()
        gateway.wait_until_ready()
        yield gateway
        gateway.stop()


def urls_of(settings: Settings) -> dict[str, str]:
    """The variables by which a command finds servers that somebody else has started."""
    return {
        "TILLGATE_DATABASE_URL": settings.database_url,
        "TILLGATE_DATABASE_MIGRATOR_URL": settings.database_migrator_url,
        "TILLGATE_DATABASE_READER_URL": settings.database_reader_url,
        "TILLGATE_REDIS_URL": settings.redis_url,
    }
