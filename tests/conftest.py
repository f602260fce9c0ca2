"""What all tests share: real servers, databases of their own, and Hypothesis profiles.

Each worker process of a run has one PostgreSQL and one Valkey, started when the first test asks for them:
that costs a second a worker, and no test can disturb another worker's.
"""

import itertools
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, settings
from redis import Redis

from gateway.runtime.database import migrate
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.leaks.everywhere import assert_no_number_in, assert_no_number_left, place_of_number
from tests.logs import log_as_tests

# A shared machine makes single examples slow at random; that is no failure.
settings.register_profile(
    "ci", deadline=None, max_examples=100, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("soak", settings.get_profile("ci"), max_examples=3000, stateful_step_count=100)
settings.load_profile("ci")

log_as_tests()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that passed fails if a card number stands in what it, or a gateway in it, wrote or logged."""
    report = yield
    if report.passed and (place := place_of_number(report.sections)):
        report.outcome = "failed"
        report.longrepr = f"a card number in: {place}"
    return report


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL for all tests of this worker; a test that hurts its server starts one of its own."""
    with EmbeddedPostgres(durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def valkey() -> Iterator[EmbeddedValkey]:
    """A Valkey for all tests of this worker; a test that hurts its server starts one of its own."""
    with EmbeddedValkey() as server:
        yield server


@pytest.fixture(scope="session")
def make_database(postgres: EmbeddedPostgres) -> Iterator[Callable[[], str]]:
    """Makes one more migrated, empty database and returns its name; none of them may hold a card number."""
    postgres.execute("CREATE DATABASE template_tillgate")
    migrate(postgres.url("template_tillgate"))
    numbers = itertools.count(1)
    made = []

    def make() -> str:
        made.append(name := f"test_{next(numbers)}")
        postgres.execute(f"CREATE DATABASE {name} TEMPLATE template_tillgate STRATEGY file_copy")
        return name

    yield make
    assert_no_number_left(postgres, made)


@pytest.fixture
def database_name(postgres: EmbeddedPostgres, make_database: Callable[[], str]) -> Iterator[str]:
    """The name of a migrated database that this test has to itself."""
    name = make_database()
    yield name
    try:
        assert_no_number_in(postgres, name)
    finally:
        postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, database_name: str) -> str:
    """The SQLAlchemy URL of this test's database, as its owner."""
    return postgres.url(database_name)


@pytest.fixture
def redis_url(valkey: EmbeddedValkey) -> str:
    """The URL of an emptied Valkey."""
    with closing(Redis.from_url(valkey.url)) as client:
        client.flushall()
    return valkey.url
