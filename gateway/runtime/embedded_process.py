"""A server program as a child process: started once, awaited until it answers, stopped in order.

It listens on a private Unix socket alone. An orderly exit of the process that started it stops it; what a
killed process left running is found and stopped by the next start. A lock keeps two processes off one
directory.
"""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar, Self

from gateway.runtime import embedded_place as place
from gateway.runtime.embedded_place import Account, EmbeddedServerError

START_TIMEOUT_S = 60.0  # crash recovery included
STOP_TIMEOUT_S = 30.0
POLL_INTERVAL_S = 0.01


class EmbeddedServer(ABC):
    """A server program run as a child process on a private Unix socket.

    `data_dir` is the gateway's data directory; the server's files go below it, or to /var/tmp where the
    account of a server started by root cannot enter it. Without one they go to a temporary directory, which
    `stop` removes; it is in memory if that is wanted and there is room.
    """

    name: str
    stop_signal: signal.Signals
    start_timeout_s = START_TIMEOUT_S
    environment: ClassVar[Mapping[str, str]] = {}

    def __init__(self, data_dir: Path | None, *, in_memory: bool = False) -> None:
        self._is_temporary = data_dir is None
        self._in_memory = in_memory
        self._data_dir = data_dir
        self._home = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._owner_pid = os.getpid()
        self._socket_dir = Path()

    @property
    def pid(self) -> int:
        """The process id of the running server; raises EmbeddedServerError if it does not run."""
        if self._process is None or self._process.poll() is not None:
            raise EmbeddedServerError(f"{self.name} does not run")
        return self._process.pid

    @property
    def directory(self) -> Path:
        """Where the server keeps its files."""
        return self._home / self.name

    def start(self) -> None:
        """Starts the server and returns when it answers; after a kill it comes back at the same address.

        Raises EmbeddedServerError if its files are in use or belong to somebody else, or if the server does
        not come up; the text then has the end of its log.
        """
        if self._process is not None and self._process.poll() is None:
            return
        if self._lock is None:
            self._home = self._make_home()
            self._lock = place.lock(self._home / f"{self.name}.lock", self.name)
            atexit.register(self._stop_at_exit)
        try:
            self._stop_leftover()
            account = place.account_for(self.directory)
            self._prepare(account)
            self._socket_dir = place.socket_directory(self.directory, account)
            self._spawn(account)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stops the server in order, ends all connections, and gives its directory back."""
        if self._process is not None:
            self._end(self.stop_signal)
        if self._lock is None:
            return
        if self._socket_dir != Path():
            shutil.rmtree(self._socket_dir, ignore_errors=True)
        if self._is_temporary:
            shutil.rmtree(self._home, ignore_errors=True)
        self._lock.close()
        self._lock = None
        atexit.unregister(self._stop_at_exit)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @abstractmethod
    def _prepare(self, account: Account) -> None:
        """Makes `directory` ready for a start."""

    @abstractmethod
    def _command(self) -> list[str]:
        """The server's command line."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Whether the started server answers."""

    @property
    @abstractmethod
    def _pid_file(self) -> Path:
        """Where the server writes its process id, first of all."""

    def _make_home(self) -> Path:
        if self._data_dir is not None:
            return place.home_for(self._data_dir)
        root = place.memory_root() if self._in_memory else place.PUBLIC_ROOT
        home = Path(tempfile.mkdtemp(prefix="tillgate-", dir=root))
        home.chmod(0o755)
        return home

    def _spawn(self, account: Account) -> None:
        log_path = self._home / f"{self.name}.log"
        with log_path.open("wb") as log:
            self._process = subprocess.Popen(
                account.command(*self._command()),
                cwd=self.directory,
                env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "TZ": "UTC", **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C in a terminal is meant for the gateway, which needs its servers to drain.
                start_new_session=True,
                umask=0o077,
            )
        process = self._process
        _wait_for(lambda: process.poll() is not None or self._is_ready(), self.start_timeout_s)
        if process.poll() is not None or not self._is_ready():
            end_of_log = log_path.read_text(errors="replace")[-2000:]
            raise EmbeddedServerError(f"{self.name} did not start; its log ends with:\n{end_of_log}")

    def _end(self, how: signal.Signals) -> None:
        """Sends a signal and waits; a server that does not follow it is killed."""
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _stop_leftover(self) -> None:
        """Stops the server that a killed process left running in this directory."""
        try:
            pid = int(self._pid_file.read_text().split()[0])
            process = Path(f"/proc/{pid}")
            is_ours = (process / "cwd").resolve() == self.directory.resolve() and pid != os.getpid()
        except (OSError, ValueError, IndexError):
            return
        if is_ours:
            for how in (self.stop_signal, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    os.kill(pid, how)
                if _wait_for(lambda: not _is_alive(process), STOP_TIMEOUT_S):
                    break

    def _stop_at_exit(self) -> None:
        if os.getpid() == self._owner_pid:  # and not a fork of it
            self.stop()


def _is_alive(process: Path) -> bool:
    """Whether /proc/PID is a process that still runs; one that is dead and not yet reaped does not."""
    try:
        return "State:\tZ" not in (process / "status").read_text()
    except OSError:
        return False


def _wait_for(condition: Callable[[], bool], timeout_s: float) -> bool:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(POLL_INTERVAL_S)
    return True
