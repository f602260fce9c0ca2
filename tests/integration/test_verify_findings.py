"""`verify` finds what was tampered with: every corruption of a ledger that has one of everything.

Each case changes the ledger as its owner, around the rules and the constraints, in a transaction that
is rolled back, and names the check that must find it. Others may find it too.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from gateway.ledger.verify import CHECKS, FINDINGS_MAX, verify
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from tests.ledger_kit import kit_on
from tests.ledger_scene import Scene
from tests.ledger_tampering import CASES


@pytest.fixture(scope="module")
def scene(postgres: EmbeddedPostgres, make_database: Callable[[], str]) -> str:
    """The URL of a ledger with one of everything."""
    url = postgres.url(make_database())

    async def play() -> None:
        async with kit_on(url) as kit:
            await Scene(kit, await kit.committer()).play()

    asyncio.run(play())
    return url


@pytest.fixture
async def ledger(scene: str) -> AsyncIterator[asyncpg.Connection]:
    """A transaction in it to tamper in."""
    engine = make_engine(scene, pool_size=1)
    async with driver_connection(engine) as connection:
        transaction = connection.transaction(isolation="repeatable_read")
        await transaction.start()
        await connection.execute("SET LOCAL session_replication_role = replica")
        yield connection
        await transaction.rollback()
    await engine.dispose()


@pytest.mark.parametrize("case", CASES)
async def test_tampering_is_found(ledger: asyncpg.Connection, case: str) -> None:
    """Each corruption is found by the check that is there for it."""
    check, sql = CASES[case]
    await ledger.execute(sql)
    report = await verify(ledger)
    assert check in {finding.check for finding in report.findings}
    assert not report.is_clean


async def test_the_scene_itself_is_clean(ledger: asyncpg.Connection) -> None:
    """What is found above comes from the tampering alone."""
    report = await verify(ledger)
    assert () == report.findings
    assert all(report.counted.values())


def test_every_check_has_its_tampering() -> None:
    """No check stands here unproved."""
    checks = set(re.findall(r"'([a-z]+\.[a-z_]+)'", " ".join(CHECKS.values())))
    assert set() == checks - {check for check, _ in CASES.values()}


async def test_findings_are_bounded_and_counted(ledger: asyncpg.Connection) -> None:
    """A ledger full of errors does not fill the memory: the first are named, all are counted."""
    await ledger.execute(
        "INSERT INTO card (token, account_id) SELECT sha256(n::text::bytea), 1000 + n"
        " FROM generate_series(1, $1::int) n",
        FINDINGS_MAX + 50,
    )
    report = await verify(ledger)
    assert FINDINGS_MAX == len(report.findings)
    assert FINDINGS_MAX + 50 == report.total
