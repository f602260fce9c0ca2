"""Servers of the crash tests: durable ones that may be killed, apart from those of all other tests."""

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from gateway.runtime.database import migrate
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.crash.harness import Town, found_town
from tests.crash.processes import GatewayProcess


@pytest.fixture(scope="session")
def rounds() -> int:
    """How often a test kills; under the Hypothesis profile "soak" many times more."""
    return 60 if settings.get_current_profile_name() == "soak" else 4


@pytest.fixture(scope="session")
def durable_postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL with fsync and full page writes, as in production."""
    with EmbeddedPostgres(durable=True) as server:
        server.execute("CREATE DATABASE template_tillgate")
        migrate(server.url("template_tillgate"))
        yield server


@pytest.fixture(scope="session")
def make_durable_database(durable_postgres: EmbeddedPostgres) -> Callable[[], str]:
    """Makes one more migrated, empty database and returns its name."""
    numbers = itertools.count(1)

    def make() -> str:
        name = f"town_{next(numbers)}"
        durable_postgres.execute(f"CREATE DATABASE {name} TEMPLATE template_tillgate")
        return name

    return make


@pytest.fixture
async def town(
    durable_postgres: EmbeddedPostgres,
    make_durable_database: Callable[[], str],
    valkey: EmbeddedValkey,
    tmp_path: Path,
) -> Town:
    """A town with a database of its own."""
    durable_postgres.start()
    return await found_town(durable_postgres, make_durable_database(), valkey.url, tmp_path / "data")


@pytest.fixture
async def gateway(town: Town, tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    """A running gateway of the town."""
    with GatewayProcess(town.settings, tmp_path / "gateway.log") as process:
        yield await process.start_ready()
