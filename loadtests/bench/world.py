"""What a bench runs on: servers, a gateway and an echo in processes of their own, cards with points."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from gateway.domain.commands import Act, Issue
from gateway.goods.loader import load_list_book
from gateway.ledger.issuing.store import ensure_accounts, ensure_cards
from gateway.registry.cards import card_token
from gateway.registry.fixtures import make_fixture
from gateway.registry.signing import public_key_set
from gateway.runtime.bootstrap import start_ledger
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.keys import authority, load_keys
from gateway.runtime.servers import with_servers
from gateway.runtime.settings import Settings, load_settings

START_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class World:
    """Addresses, the client's identity, cards with points, and the processes to be measured."""

    gateway_port: int
    echo_port: int
    client_dir: Path
    cards: tuple[str, ...]
    gateway: "subprocess.Popen[bytes]"
    echo: "subprocess.Popen[bytes]"


@contextmanager
def make_world(data_dir: Path, accounts: int, answer_bytes: int) -> Iterator[World]:
    """Start everything on loopback and stop it again, whatever happens."""
    ports = {"TILLGATE_GRPC_PORT": _free_port(), "TILLGATE_HTTP_PORT": _free_port()}
    variables = {
        "TILLGATE_DATA_DIR": str(data_dir),
        "TILLGATE_LOG_LEVEL": "info",
        "TILLGATE_LOG_JSON": "true",
    }
    variables |= {name: str(port) for name, port in ports.items()}
    with ExitStack() as stack:
        settings = stack.enter_context(with_servers(load_settings(variables)))
        client_dir, cards = asyncio.run(_fill(settings, accounts))
        log = stack.enter_context((data_dir / "gateway.log").open("wb"))
        gateway = _spawn(stack, [sys.executable, "-m", "gateway.cli", "serve"], variables, log.fileno())
        echo_port = _free_port()
        server_dir = settings.keys_dir / "server"
        _wait_ready(f"http://127.0.0.1:{ports['TILLGATE_HTTP_PORT']}/readyz", gateway)
        arguments = [str(server_dir), str(echo_port), str(answer_bytes)]
        echo = _spawn(
            stack, [sys.executable, "-m", "loadtests.bench.echo", *arguments], {}, subprocess.DEVNULL
        )
        yield World(
            gateway_port=ports["TILLGATE_GRPC_PORT"],
            echo_port=echo_port,
            client_dir=client_dir,
            cards=cards,
            gateway=gateway,
            echo=echo,
        )


async def _fill(settings: Settings, accounts: int) -> tuple[Path, tuple[str, ...]]:
    """One merchant with one till, and so many cards with a food certificate of 100,000 rubles each."""
    keys = load_keys(settings)
    lists = load_list_book(settings.lists_dir)
    migrator = make_engine(settings.database_migrator_url, pool_size=2)
    fixture = await make_fixture(
        migrator,
        settings.data_dir / "fixtures",
        authority=authority(settings),
        program_codes={code for code, _ in lists.programs},
        outcome_keys=public_key_set([keys.signer]),
        merchants=1,
        outlets=1,
        terminals=1,
    )
    program = next(p for p in lists.programs.values() if p.goods_class == "food" and p.allows_own_money)
    numbers = tuple(f"{2_200_000_000_000_000 + n}" for n in range(accounts))
    holders = [f"bench-{number}" for number in numbers]
    async with driver_connection(migrator) as connection:
        ids = await ensure_accounts(connection, holders)
        cards = {
            card_token(number, "", keys.card_tokens): ids[holder]
            for number, holder in zip(numbers, holders, strict=True)
        }
        await ensure_cards(connection, cards, keys.card_tokens.key_id)
    await migrator.dispose()
    parts = await start_ledger(settings.model_copy(update={"queue_limit": accounts}), keys, batch_limit=512)
    today = datetime.now(UTC).date()
    act = Act("Комиссия", "1", date(2026, 1, 1))
    await asyncio.gather(
        *(
            parts.committer.submit(
                Issue(
                    request_id=uuid4(),
                    issue_ref=f"bench-{holder}",
                    holder_ref=holder,
                    program_code=program.code,
                    program_version=program.version,
                    nominal_kopecks=100_000_00,
                    first_day=today - timedelta(days=1),
                    last_day=today + timedelta(days=365),
                    act=act,
                    names_own_nominal=True,
                )
            )
            for holder in holders
        )
    )
    await parts.stop()
    return fixture.terminals[0].folder, numbers


def _spawn(
    stack: ExitStack, command: list[str], variables: dict[str, str], output: int
) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(command, env={**os.environ, **variables}, stdout=output, stderr=output)

    def end() -> None:
        process.send_signal(signal.SIGTERM)
        process.wait(30)

    stack.callback(end)
    return process


def _wait_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Poll readiness; raises RuntimeError if the process ends or does not become ready in time."""
    deadline = datetime.now(UTC) + timedelta(seconds=START_TIMEOUT_S)
    while datetime.now(UTC) < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1) as response:  # noqa: S310 a loopback address
                if response.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError("the gateway did not become ready; see gateway.log in the bench's data directory")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
