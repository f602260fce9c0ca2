"""Day seals: when a day is sealed, what is in the seal, and who may make one."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from gateway.domain.policy import day_end, moscow_date
from gateway.ledger.committer import Committer
from gateway.ledger.seals.leaves import BY_INDEX, leaves_in_ledger
from gateway.ledger.seals.making import CLOSING, DayNotQuietError, MadeSeal, seal_due_days
from gateway.ledger.seals.merkle import outcome_leaf
from gateway.ledger.waiting import Limits
from gateway.registry.signing import OutcomeSigner
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from tests.cli_kit import CommandLine
from tests.ledger_kit import Kit, NoObserver, NoRegistry, authorize, line, must, seal
from tests.seals_kit import TODAY, VICTIM, at, days, sealed, sell, tamper, verified


@pytest.fixture(autouse=True)
async def noon(kit: Kit) -> None:
    """It is noon for the database, also if the tests run over midnight."""
    await at(kit, day_end(TODAY) - timedelta(hours=12))


@pytest.fixture
def signer(tmp_path: Path) -> OutcomeSigner:
    """A key of outcomes."""
    return OutcomeSigner.create(tmp_path / "key.pem")


async def test_a_day_is_sealed_ten_minutes_after_midnight_and_not_before(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner
) -> None:
    """In Moscow; once, with every outcome of it, of the department too."""
    await sell(kit, 11, 12, 21)
    await at(kit, day_end(TODAY) + CLOSING - timedelta(seconds=30))
    assert [] == await seal_due_days(connection, signer)
    await at(kit, day_end(TODAY) + CLOSING)
    (made,) = await seal_due_days(connection, signer)
    assert (TODAY, 3, 5) == (made.day, made.merchant_count, made.outcome_count)
    assert [] == await seal_due_days(connection, signer)
    found = await verified(connection, signer)
    assert (1, 5, ()) == (found.days, found.outcomes, found.differences)


async def test_a_day_without_outcomes_is_sealed_too(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner
) -> None:
    """Nothing having happened is worth a signature; the chain has no gaps."""
    await sell(kit, 11)
    first, second = await sealed(kit, connection, signer)
    assert (TODAY + timedelta(days=1), 0, 0) == (second.day, second.merchant_count, second.outcome_count)
    linked = await connection.fetchval("SELECT previous_hash FROM day_seal WHERE day = $1", second.day)
    assert first.hash == linked
    assert (await verified(connection, signer)).is_whole


async def test_a_ledger_without_outcomes_begins_with_yesterday(
    connection: asyncpg.Connection, signer: OutcomeSigner
) -> None:
    """And not with the beginning of time."""
    (made,) = await seal_due_days(connection, signer)
    now = await connection.fetchval("SELECT tillgate_now()")
    assert moscow_date(now - CLOSING) - timedelta(days=1) == made.day


async def test_a_write_that_has_not_ended_holds_the_seal_up_and_is_in_it_then(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner
) -> None:
    """However long its commit takes: a standby that does not answer, a node that is frozen."""
    await sell(kit, 11)
    copy = (
        "INSERT INTO outcome SELECT merchant_id, $1::uuid, kind, terminal_id, concentrator_id, account_id,"
        " purchase_id, operation_id, canonical, reason, signed_payload, signature, key_id, decided_at"
        " FROM outcome WHERE merchant_id = 1 LIMIT 1"
    )
    await at(kit, day_end(TODAY) + CLOSING)
    async with kit.connect() as slow:
        writing = slow.transaction()
        await writing.start()
        await slow.execute(copy, uuid4())
        with pytest.raises(DayNotQuietError):
            await seal_due_days(connection, signer, quiet_wait_s=0.2)
        assert [] == await days(connection)
        waiting = asyncio.create_task(seal_due_days(connection, signer))
        await asyncio.sleep(0)
        await writing.commit()
    (made,) = await waiting
    assert 4 == made.outcome_count


async def test_a_long_reading_does_not_hold_the_seal_up(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner
) -> None:
    """A report or a backup may take all night."""
    await sell(kit, 11)
    async with kit.connect() as reading, reading.transaction(isolation="repeatable_read"):
        await reading.fetchval("SELECT count(*) FROM outcome")
        await at(kit, day_end(TODAY) + CLOSING)
        assert 1 == len(await seal_due_days(connection, signer, quiet_wait_s=0.2))


async def test_a_decline_without_an_account_that_grew_old_is_decided_anew(
    kit: Kit, connection: asyncpg.Connection, postgres: EmbeddedPostgres, database_name: str
) -> None:
    """No version guards it: a process frozen over midnight would write it into the sealed day."""
    ahead = "CREATE OR REPLACE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
    calls: list[Any] = []

    def frozen(*decided: Any) -> Any:
        if not calls:
            postgres.execute(f"{ahead} 'SELECT clock_timestamp() + interval ''1 hour'''", database_name)
        calls.append(decided)
        return seal(*decided)

    await kit.shift_clock(timedelta(0))
    committer = Committer(kit.connect, kit.rules, frozen, NoRegistry(), NoObserver(), Limits())
    await committer.start()
    started = datetime.now(UTC)
    try:
        answer = await committer.submit(authorize(b"nobody", line(1, 10_00)))
    finally:
        await committer.stop()
    assert not must(answer).is_approved
    (row,) = await connection.fetch("SELECT decided_at, signed_payload FROM outcome")
    assert started + timedelta(minutes=59) < row["decided_at"]
    assert answer.sealed.signed_payload == row["signed_payload"]
    assert 2 == len(calls)


async def test_two_processes_that_seal_at_once_make_one_seal(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner
) -> None:
    """Each node tries; one has the lock, the others leave it."""
    await sell(kit, 11, 21)
    await at(kit, day_end(TODAY) + timedelta(days=3, hours=1))

    async def one() -> list[MadeSeal]:
        async with kit.connect() as own:
            return await seal_due_days(own, signer)

    made = [seal for seals in await asyncio.gather(*(one() for _ in range(5))) for seal in seals]
    assert sorted(seal.day for seal in made) == await days(connection)
    assert 4 == len(made)


async def test_the_database_hashes_as_the_gateway_says(kit: Kit, connection: asyncpg.Connection) -> None:
    """Leaves are computed where the answers are, and mean what the documents tell merchants."""
    await sell(kit, 11, 21)
    async with connection.transaction():
        await connection.execute(BY_INDEX)
        found = {leaf.request_id: leaf async for leaf in leaves_in_ledger(connection, TODAY)}
    rows = await connection.fetch("SELECT * FROM outcome")
    assert len(rows) == len(found)
    for row in rows:
        made = outcome_leaf(row["request_id"], row["signed_payload"], row["signature"])
        assert (row["merchant_id"], made) == (found[row["request_id"]][0], found[row["request_id"]].hash)


async def test_chunks_of_leaves_make_one_root(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner
) -> None:
    """A merchant of more outcomes than are held at a time."""
    await sell(kit, 12)
    await tamper(
        connection,
        "INSERT INTO outcome SELECT merchant_id, gen_random_uuid(), kind, terminal_id, concentrator_id,"
        " account_id, purchase_id, operation_id, canonical, reason, signed_payload, signature, key_id,"
        " decided_at"
        f" FROM outcome, generate_series(1, 2500) WHERE {VICTIM}",
    )
    await sealed(kit, connection, signer)
    chunks = await connection.fetch(
        "SELECT octet_length(leaves) / 56 AS count FROM day_seal_leaves WHERE merchant_id = 1 ORDER BY n"
    )
    assert [1000, 1000, 502] == [row["count"] for row in chunks]
    assert (await verified(connection, signer)).is_whole


@pytest.mark.parametrize("table", ["day_seal", "day_seal_merchant", "day_seal_leaves"])
async def test_seals_are_only_added(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner, table: str
) -> None:
    """Not even the owner changes one without turning triggers off, or adds to a sealed day."""
    await sell(kit, 11)
    await sealed(kit, connection, signer)
    for statement in (f"UPDATE {table} SET day = day", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await connection.execute(statement)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await connection.execute(f"INSERT INTO {table} SELECT * FROM {table}")


async def test_the_gateway_may_read_seals_and_make_none(
    postgres: EmbeddedPostgres, database_name: str
) -> None:
    """A till's door that was taken over cannot seal."""
    engine = make_engine(postgres.url(database_name, "tillgate_gateway"), pool_size=0)
    async with driver_connection(engine) as connection:
        for table in ("day_seal", "day_seal_merchant", "day_seal_leaves"):
            assert [] == await connection.fetch(f"SELECT * FROM {table}")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"INSERT INTO {table} SELECT * FROM {table}")
    await engine.dispose()


def test_seals_are_made_listed_shown_and_verified_by_command(tillgate: CommandLine) -> None:
    """The first one of an empty ledger is that of yesterday."""
    assert "sealed" in tillgate("seals", "make").stdout
    assert "no day is due" in tillgate("seals", "make").stdout
    (listed,) = tillgate.json("seals", "list", "--json")
    shown = tillgate.json("seals", "show", listed["day"], "--merchant", 1)
    assert shown["merchant"] is None
    assert listed["statement"] == shown["statement"]
    whole = tillgate("seals", "verify")
    assert 0 == whole.exit_code, whole.output
    anchor = f"{listed['day']}:{listed['hash']}"
    assert anchor in whole.stdout
    assert 0 == tillgate("seals", "verify", "--anchor", anchor).exit_code
    wrong = tillgate("seals", "verify", "--anchor", f"{listed['day']}:{'00' * 32}")
    assert 1 == wrong.exit_code
    assert "not the seal that was noted" in wrong.stdout
    assert 0 != tillgate("seals", "show", "2020-01-01").exit_code
    assert 2 == tillgate("seals", "verify", "--from", "yesterday").exit_code
    tillgate.sql("SET session_replication_role = replica; UPDATE day_seal SET key_id = 'another'")
    assert 1 == tillgate("seals", "verify").exit_code
