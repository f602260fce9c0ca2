"""The world of the demo: a data directory of its own, servers, example merchants, and a gateway process.

Everything is done with the commands that an operator has, each in its own process, or by the functions behind
them where these would be too many, so that the demo can show nothing that an installation does not do.
"""

import asyncio
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from sqlalchemy import select

from gateway.registry.schema import merchant, outlet, terminal
from gateway.runtime.database import make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from gateway.runtime.keys import load_keys
from gateway.runtime.servers import DATABASE, with_servers
from gateway.runtime.settings import Settings, load_settings
from loadtests.cards import CARD_BIN
from loadtests.demo.bank import PAYER_FILE, payer_toml
from loadtests.demo.place import Place

GATEWAY_LOG: Final = "gateway.log"
ENROLLMENT_LOG: Final = "enrollment.log"
REFERENCE_LEAD_S: Final = 5
"""How long before it holds a list is published: the least, since nobody likes to wait for a demo."""

_HOST: Final = "127.0.0.1"
# With what follows the prefix, or the fraction of a second would be taken for it.
_CARD: Final = re.compile(rf"{CARD_BIN}[0-9]{{4}}")

Say = Callable[[str], None]


class DemoError(RuntimeError):
    """The demo cannot go on; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How many merchants there are, outlets of each, and terminals of each outlet."""

    merchants: int
    outlets: int
    terminals: int


DEMO_SHAPE: Final = Shape(merchants=4, outlets=3, terminals=3)


@dataclass(frozen=True)
class World:
    """Where the tills are and whom they speak to."""

    settings: Settings
    environment: Mapping[str, str]
    places: tuple[Place, ...]
    say: Say

    @property
    def grpc_host(self) -> str:
        """The host of the tills' door."""
        return self.settings.grpc_host

    @property
    def grpc_port(self) -> int:
        """The port of the tills' door."""
        return self.settings.grpc_port

    @property
    def endpoint(self) -> str:
        """The tills' door."""
        return f"{self.grpc_host}:{self.grpc_port}"

    @property
    def gateway_log(self) -> Path:
        """Where the gateway's warnings and errors go."""
        return self.settings.data_dir / GATEWAY_LOG

    @property
    def outcome_keys(self) -> Path:
        """The public keys that tills verify answers by."""
        return self.places[0].folder / "outcome_keys.json"

    def end_of_log(self, name: str = GATEWAY_LOG) -> str:
        """The last lines of a log, the gateway's unless told otherwise."""
        return "\n".join(self._log_lines(name)[-20:])

    def faults_in_log(self) -> list[str]:
        """What the logs should not hold: errors, and card numbers of the demo's holders."""
        faults = []
        for name in (GATEWAY_LOG, ENROLLMENT_LOG):
            for line in self._log_lines(name):
                if '"level":"error"' in line or '"level":"critical"' in line:
                    faults.append(f"an error in {name}: {line}")
                if _CARD.search(line):
                    faults.append(f"a card number in {name}")
        return faults

    def _log_lines(self, name: str) -> list[str]:
        path = self.settings.data_dir / name
        return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []

    def command(self, *arguments: str) -> int:
        """Run a `tillgate` command before the eyes of who is watching; returns its exit code."""
        self.say(f"$ tillgate {shlex.join(arguments)}")
        return subprocess.run(tillgate(*arguments), env=self.environment, check=False).returncode


Register: TypeAlias = Callable[[World, Shape], Path]
"""Registers merchants, shops and tills of a shape; returns the folder with a folder of keys for each till."""


def register_fixtures(world: World, shape: Shape) -> Path:
    """By the command for development and tests, which needs no time for each till. Raises DemoError."""
    sizes = (f"--{name}={size}" for name, size in asdict(shape).items())
    # One line for each of the tills would be too much to read.
    command = tillgate("fixtures", "create", *sizes)
    done = subprocess.run(command, env=world.environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DemoError(f"tillgate fixtures create failed:\n{done.stderr}")
    return world.settings.data_dir / "fixtures" / "terminals"


@contextmanager
def open_world(
    directory: Path, hold_ttl_s: int, say: Say, register: Register, shape: Shape = DEMO_SHAPE
) -> Iterator[World]:
    """Fresh servers with registered merchants; everything stops with the context.

    Raises DemoError, or what a server raises that cannot start.
    """
    environment = _environment(directory, hold_ttl_s)
    settings = load_settings(environment)
    _forget_last_run(directory)
    with with_servers(settings) as complete:
        # Keys are made on first use: here, before two commands that run at once would both make them.
        load_keys(complete)
        empty = World(complete, environment, (), say)
        folder = register(empty, shape)
        yield replace(empty, places=asyncio.run(_places(complete, folder)))


def _environment(directory: Path, hold_ttl_s: int) -> dict[str, str]:
    """The variables of all commands: no setting of the surroundings leads the demo to somebody's database."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TILLGATE_")}
    grpc_port, json_port, http_port, enrollment_port = _free_ports(4)
    return kept | {
        "TILLGATE_DATA_DIR": str(directory),
        "TILLGATE_GRPC_PORT": str(grpc_port),
        "TILLGATE_JSON_PORT": str(json_port),
        "TILLGATE_HTTP_PORT": str(http_port),
        "TILLGATE_ENROLLMENT_PORT": str(enrollment_port),
        "TILLGATE_HOLD_TTL_S": str(hold_ttl_s),
        "TILLGATE_PAYER_FILE": str(directory.absolute() / PAYER_FILE),
        "TILLGATE_REFERENCE_LEAD_S": str(REFERENCE_LEAD_S),
        "TILLGATE_LOG_LEVEL": "warning",
        "TILLGATE_LOG_JSON": "true",
    }


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server((_HOST, 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]


def _forget_last_run(directory: Path) -> None:
    """Drop what the run before has left. The database cluster itself stays: making one takes seconds."""
    if (directory / "embedded").exists():
        # Whoever holds these servers is another demo that is running: starting one says so and by whom.
        with EmbeddedPostgres(directory) as postgres:
            postgres.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    for name in ("keys", "fixtures", "tills", "claims"):
        shutil.rmtree(directory / name, ignore_errors=True)
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.iterdir():
        if path.is_file():
            path.unlink()
    (directory / PAYER_FILE).write_text(payer_toml(), encoding="utf-8")


def tillgate(*arguments: str) -> list[str]:
    """The installed command of this very environment."""
    return [str(Path(sys.executable).with_name("tillgate")), *arguments]


async def _places(settings: Settings, folder: Path) -> tuple[Place, ...]:
    """Every terminal of the registry with its shop, and the folder of its keys below `folder`."""
    statement = (
        select(
            merchant.c.id.label("merchant_id"),
            merchant.c.name.label("merchant_name"),
            merchant.c.inn.label("merchant_inn"),
            outlet.c.name.label("outlet_name"),
            outlet.c.address.label("outlet_address"),
            terminal.c.id.label("terminal_id"),
            terminal.c.name.label("terminal_name"),
        )
        .join_from(terminal, outlet)
        .join(merchant)
        .order_by(terminal.c.id)
    )
    engine = make_engine(settings.database_migrator_url, pool_size=1)
    try:
        async with engine.connect() as connection:
            rows = (await connection.execute(statement)).mappings().all()
    finally:
        await engine.dispose()
    return tuple(Place(**row, folder=folder / str(row["terminal_id"])) for row in rows)
