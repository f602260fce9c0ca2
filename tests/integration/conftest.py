"""What integration tests stand on: a desk of lists, the command line, the gateway, and the people's door."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from gateway.goods.reference.kinds import Kind
from gateway.people.roles import Role
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.cli_kit import CommandLine, command_line
from tests.four_eyes_kit import SigningDesk, signing_desk
from tests.ledger_kit import Kit, kit_on
from tests.payouts_kit import Treasury, treasury_on
from tests.people_kit import Browser, Member, Office, door_of, office_on
from tests.reference_kit import FIRST, Desk, desk_on
from tests.review_desk import Review, under_review
from tests.review_kit import Archive, archive_on
from tests.sdk_support.real import RealGateway, real_gateway


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk at an empty database."""
    async with desk_on(database_url, tmp_path) as made:
        yield made


@pytest.fixture
async def stocked(desk: Desk) -> Desk:
    """The same with a published catalogue."""
    await desk.catalogue(FIRST, "first")
    await desk.publish(Kind.CATALOGUE, "first")
    return desk


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Where commands keep their keys; a module whose tests may share them has one of its own."""
    return tmp_path / "data"


@pytest.fixture
def tillgate(
    postgres: EmbeddedPostgres, database_name: str, redis_url: str, data_dir: Path
) -> Iterator[CommandLine]:
    """The command line on a database of this test's own."""
    with command_line(postgres, database_name, redis_url, data_dir) as made:
        yield made


@pytest.fixture
def signing(tillgate: CommandLine) -> SigningDesk:
    """An operator and an approver, at a command line that wants both."""
    return signing_desk(tillgate)


@pytest.fixture
async def gateway(
    postgres: EmbeddedPostgres, database_name: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[RealGateway]:
    """The real gateway on a database of this test's own."""
    async with real_gateway(tmp_path, postgres, database_name, redis_url) as running:
        yield running


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    """An office."""
    async with office_on(database_url) as made:
        yield made


@pytest.fixture
async def address(office: Office) -> AsyncIterator[str]:
    """Where its door is."""
    async with door_of(office) as opened:
        yield opened


@pytest.fixture
async def browser(address: str) -> AsyncIterator[Browser]:
    """A browser at it."""
    made = Browser(address)
    yield made
    await made.close()


@pytest.fixture
async def approver(office: Office) -> Member:
    """Who decides."""
    return await office.member("approver", Role.APPROVER)


@pytest.fixture
async def operator(office: Office) -> Member:
    """Who proposes."""
    return await office.member("operator", Role.OPERATOR)


@pytest.fixture
async def archive(database_url: str) -> AsyncIterator[Archive]:
    """Claims of one merchant."""
    async with archive_on(database_url) as made:
        yield made


@pytest.fixture
def own_redis() -> Iterator[EmbeddedValkey]:
    """A Valkey that may be hurt."""
    with EmbeddedValkey() as server:
        yield server


@pytest.fixture
async def kit(database_url: str) -> AsyncIterator[Kit]:
    """A ledger of this test's own; a module whose ledger is another one has its own fixture."""
    async with kit_on(database_url) as made:
        yield made


@pytest.fixture
async def treasury(database_url: str) -> AsyncIterator[Treasury]:
    """A desk of payouts."""
    async with treasury_on(database_url) as made:
        yield made


@pytest.fixture
async def review(archive: Archive, tmp_path: Path) -> Review:
    """Three sales under review."""
    return await under_review(archive, tmp_path)


@pytest.fixture
async def connection(kit: Kit) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the ledger, as its owner."""
    async with kit.connect() as made:
        yield made
