"""What a bench runs on: PostgreSQL and Valkey, cards with points, servers in processes of their own."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.runtime.servers import with_servers
from gateway.runtime.settings import Settings, load_settings
from loadtests.bench.accounts import make_accounts_in
from loadtests.bench.baskets import Cards
from loadtests.bench.client import ClientConfig
from loadtests.bench.echo import Shape
from loadtests.bench.goods import publish_goods
from loadtests.bench.processes import child, read_stat
from loadtests.bench.sql import query
from loadtests.serving import Serving, free_port

SHIPPED = {"TILLGATE_LOG_LEVEL": "info", "TILLGATE_LOG_JSON": "true"}
"""What an operator would set; everything else is the default, fsync included."""


POLL_INTERVAL_S = 0.05
CALLERS = 64
"""Single calls in flight wherever the next one follows an answer."""
CONNECTIONS = 32
"""Tills have a connection each; so many are enough for several processes behind a port to get like shares."""
STREAMS = 8
"""Streams of a concentrator, likewise."""


@dataclass(frozen=True)
class World:
    """A prepared database with its clients' identities; `settings` has all URLs."""

    settings: Settings
    till_dir: Path
    concentrator_dir: Path
    terminal_id: int
    cards: Cards
    postmaster_pid: int

    def client(self, transport: str, port: int, cards: Cards | None = None, seed: int = 1) -> ClientConfig:
        """What a client process needs: it buys by all cards, or these."""
        is_stream = transport == "exchange"
        return ClientConfig(
            transport=transport,
            port=port,
            identity=str(self.concentrator_dir if is_stream else self.till_dir),
            terminal_id=self.terminal_id if is_stream else 0,
            connections=STREAMS if is_stream else CONNECTIONS,
            cards=cards or self.cards,
            seed=seed,
        )

    @contextmanager
    def gateway(self, name: str, workers: int, **more: str) -> Iterator[Serving]:
        """A gateway of this database on ports of its own, with more variables than are shipped."""
        variables = {"TILLGATE_DATA_DIR": str(self.settings.data_dir), **SHIPPED, **more}
        log = self.settings.data_dir / f"{name}.log"
        with Serving(variables, log, workers=workers) as serving:
            serving.start()
            serving.wait_until_ready()
            yield serving
            serving.stop()

    @contextmanager
    def plain(self) -> Iterator[tuple[int, int]]:
        """The plain implementation, which is one process: its port and its pid.

        Its settings are the gateway's, but that it may keep calls waiting at its door as long as it needs.
        """
        variables = {"TILLGATE_DATA_DIR": str(self.settings.data_dir), "TILLGATE_DOOR_WAIT_MS": "60000"}
        variables |= SHIPPED
        serving = Serving(variables, self.settings.data_dir / "plain.log")
        with (
            serving.log_path.open("wb") as log,
            child(
                [sys.executable, "-m", "loadtests.plain"], variables=serving.variables, stdout=log, stderr=log
            ) as process,
        ):
            while not serving.is_ready():
                if process.poll() is not None:
                    raise RuntimeError(f"the plain implementation did not start:\n{serving.log}")
                time.sleep(POLL_INTERVAL_S)
            yield serving.grpc_port, process.pid

    @contextmanager
    def echo(self, processes: int, shape: Shape) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The bare echo in so many processes on one port: the port and the pids."""
        port = free_port()
        identity = str(self.settings.keys_dir / "server")
        command = [sys.executable, "-m", "loadtests.bench.echo", identity, str(port), shape.to_json()]
        with ExitStack() as stack:
            started = [stack.enter_context(child(command, stdout=subprocess.PIPE)) for _ in range(processes)]
            for process in started:
                if process.stdout is None or process.stdout.readline() != b"ready\n":
                    raise RuntimeError("the echo did not start")
            yield port, tuple(process.pid for process in started)


@contextmanager
def make_world(accounts: int) -> Iterator[World]:
    """Start the servers on a fresh data directory and fill it; all of it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tillgate-bench-", dir="/var/tmp") as folder:
        data_dir = Path(folder)
        data_dir.chmod(0o755)  # PostgreSQL may run under another account
        with with_servers(load_settings({"TILLGATE_DATA_DIR": folder, **SHIPPED})) as settings:
            till_dir, concentrator_dir, terminal_id, cards = make_accounts_in(settings, accounts)
            publish_goods(settings)
            yield World(settings, till_dir, concentrator_dir, terminal_id, cards, postmaster_of(settings))


def postmaster_of(settings: Settings) -> int:
    """The process id of the server at the settings' address: the parent of all that serve it."""
    pids = query(settings.database_reader_url, "SELECT pid FROM pg_stat_activity")
    stats = (read_stat(row["pid"]) for row in pids)  # some have ended, the checkpointer has not
    return next(stat.parent_pid for stat in stats if stat is not None)
