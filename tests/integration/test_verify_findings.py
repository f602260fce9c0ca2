"""`verify` finds what was tampered with: every corruption of a ledger that has one of everything.

Each case changes a copy of the ledger as its owner, around the rules and the constraints, and names
the check that must find it. Others may find it too.
"""

import asyncio
import re
from collections.abc import Callable, Iterator

import pytest

from gateway.ledger.verify import CHECKS, FINDINGS_MAX, verify
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from tests.ledger_kit import kit_on
from tests.ledger_scene import Scene
from tests.ledger_tampering import CASES


@pytest.fixture(scope="module")
def scene(postgres: EmbeddedPostgres, make_database: Callable[[], str]) -> str:
    """The name of a database with one of everything."""
    name = make_database()

    async def play() -> None:
        async with kit_on(postgres.url(name)) as kit:
            await Scene(kit, await kit.committer()).play()

    asyncio.run(play())
    return name


@pytest.fixture
def corrupted(postgres: EmbeddedPostgres, scene: str) -> Iterator[str]:
    """A copy of it to tamper with."""
    postgres.execute(f"CREATE DATABASE tampered TEMPLATE {scene} STRATEGY file_copy")
    yield "tampered"
    postgres.execute("DROP DATABASE tampered WITH (FORCE)")


@pytest.mark.parametrize("case", CASES)
async def test_tampering_is_found(postgres: EmbeddedPostgres, corrupted: str, case: str) -> None:
    """Each corruption is found by the check that is there for it."""
    check, sql = CASES[case]
    postgres.execute(f"SET session_replication_role = replica; {sql}", corrupted)
    engine = make_engine(postgres.url(corrupted), pool_size=1)
    async with driver_connection(engine) as connection:
        report = await verify(connection)
    await engine.dispose()
    assert check in {finding.check for finding in report.findings}
    assert not report.is_clean


async def test_the_scene_itself_is_clean(postgres: EmbeddedPostgres, corrupted: str) -> None:
    """What is found above comes from the tampering alone."""
    engine = make_engine(postgres.url(corrupted), pool_size=1)
    async with driver_connection(engine) as connection:
        report = await verify(connection)
    await engine.dispose()
    assert () == report.findings
    assert all(report.counted.values())


def test_every_check_has_its_tampering() -> None:
    """No check stands here unproved."""
    checks = set(re.findall(r"'([a-z]+\.[a-z_]+)'", " ".join(CHECKS.values())))
    assert set() == checks - {check for check, _ in CASES.values()}


async def test_findings_are_bounded_and_counted(postgres: EmbeddedPostgres, corrupted: str) -> None:
    """A ledger full of errors does not fill the memory: the first are named, all are counted."""
    postgres.execute(
        "INSERT INTO card (token, account_id) SELECT sha256(n::text::bytea), 1000 + n"  # noqa: S608
        f" FROM generate_series(1, {FINDINGS_MAX + 50}) n",
        corrupted,
    )
    engine = make_engine(postgres.url(corrupted), pool_size=1)
    async with driver_connection(engine) as connection:
        report = await verify(connection)
    await engine.dispose()
    assert FINDINGS_MAX == len(report.findings)
    assert FINDINGS_MAX + 50 == report.total
