"""Servers of the crash tests: durable ones that may be killed, apart from those of all other tests."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from gateway.runtime.database import migrate
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.crash.harness import Town, found_town
from tests.crash.processes import GatewayProcess

MODES = {"one process": 1, "workers": 2}
"""Every mode in which a gateway ships, by how many processes serve tills."""


def is_soak() -> bool:
    """Whether there is time for everything: the Hypothesis profile "soak"."""
    return settings.get_current_profile_name() == "soak"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Kill each mode of the gateway; what is done to its database alone is seen in one, but in a soak."""
    if "workers" in metafunc.fixturenames:
        modes = MODES if is_soak() or "gateway" in metafunc.fixturenames else {"one process": 1}
        metafunc.parametrize("workers", list(modes.values()), ids=list(modes), scope="session")


@pytest.fixture(scope="session")
def rounds() -> int:
    """How often a test kills; in a soak many times more."""
    return 60 if is_soak() else 3


@pytest.fixture(scope="session")
def durable_postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL with fsync and full page writes, as in production."""
    with EmbeddedPostgres(durable=True) as server:
        server.execute("CREATE DATABASE template_tillgate")
        migrate(server.url("template_tillgate"))
        yield server
        # Nothing in it is wanted any more, least of all a last checkpoint.
        server.start()
        server.kill_immediate()


@pytest.fixture(scope="session")
def found(durable_postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> Callable[[Path], Awaitable[Town]]:
    """Founds one more town, with a database of its own; its keys go below a folder."""
    numbers = itertools.count(1)

    async def make(folder: Path) -> Town:
        durable_postgres.start()
        name = f"town_{next(numbers)}"
        durable_postgres.execute(f"CREATE DATABASE {name} TEMPLATE template_tillgate")
        return await found_town(durable_postgres, name, valkey.url, folder / "data")

    return make


@pytest.fixture
async def town(found: Callable[[Path], Awaitable[Town]], tmp_path: Path) -> Town:
    """A town of this test's own."""
    return await found(tmp_path)


@pytest.fixture
async def gateway(town: Town, tmp_path: Path, workers: int) -> AsyncIterator[GatewayProcess]:
    """A running gateway of the town."""
    with GatewayProcess(town.settings, tmp_path / "gateway.log", workers=workers) as process:
        yield await process.start_ready()
