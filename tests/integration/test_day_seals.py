"""Day seals: nothing enters a sealed day, and whatever is changed in one is named."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
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
from gateway.ledger.seals.verifying import Anchor, Difference, Verified, verify_seals
from gateway.ledger.waiting import Limits
from gateway.registry.signing import OutcomeSigner
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from tests.cli_kit import CommandLine
from tests.ledger_kit import Kit, NoObserver, NoRegistry, authorize, kit_on, line, must, seal

TODAY = moscow_date(datetime.now(UTC))


@pytest.fixture
async def kit(database_url: str) -> AsyncIterator[Kit]:
    """A ledger of this test's own."""
    async with kit_on(database_url) as made:
        yield made


@pytest.fixture
async def connection(kit: Kit) -> AsyncIterator[asyncpg.Connection]:
    """A connection to it, as the owner."""
    async with kit.connect() as made:
        yield made


@pytest.fixture
def signer(tmp_path: Path) -> OutcomeSigner:
    """A key of outcomes."""
    return OutcomeSigner.create(tmp_path / "key.pem")


async def sell(kit: Kit, *terminals: int) -> None:
    """A hold at each of these terminals, and a decline that belongs to no account."""
    committer = await kit.committer()
    card = await kit.card(committer, 500_00)
    for terminal_id in terminals:
        must(await committer.submit(authorize(card, line(1, 10_00), terminal_id=terminal_id)))
    must(await committer.submit(authorize(b"nobody", line(1, 10_00))))


async def at(kit: Kit, instant: datetime) -> None:
    """Let it be this instant for the database."""
    await kit.shift_clock(instant - datetime.now(UTC))


async def sealed(kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner) -> list[MadeSeal]:
    """Today and tomorrow, sealed the day after."""
    await at(kit, day_end(TODAY) + timedelta(days=1, hours=1))
    return await seal_due_days(connection, signer)


async def verified(connection: asyncpg.Connection, signer: OutcomeSigner, **how: Any) -> Verified:
    """What verification finds, as the reader does it."""
    await connection.execute("SET SESSION AUTHORIZATION tillgate_reader")
    try:
        return await verify_seals(connection, {signer.key_id: signer.public_key}, **how)
    finally:
        await connection.execute("RESET SESSION AUTHORIZATION")


async def days(connection: asyncpg.Connection) -> list[date]:
    """Which days are sealed."""
    return [row["day"] for row in await connection.fetch("SELECT day FROM day_seal ORDER BY day")]


async def tamper(connection: asyncpg.Connection, statement: str) -> None:
    """Change the database as one who owns the server and turns its triggers off."""
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(statement)


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


VICTIM = "merchant_id = 1 AND terminal_id = 12"
LATER = "make_interval(days => 1)"
TAMPERED = {
    "an answer changed": (
        f"UPDATE outcome SET signed_payload = signed_payload || 'x' WHERE {VICTIM}",
        "it was changed",
    ),
    "a signature changed": (
        f"UPDATE outcome SET signature = 'another' WHERE {VICTIM}",
        "it was changed",
    ),
    "an outcome removed": (f"DELETE FROM outcome WHERE {VICTIM}", "it was removed"),
    "an outcome given another terminal": (
        f"UPDATE outcome SET terminal_id = 13 WHERE {VICTIM}",
        "it names another terminal",
    ),
    "an outcome moved to another day": (
        f"UPDATE outcome SET decided_at = decided_at + {LATER} WHERE {VICTIM}",
        "it was moved to ",
    ),
    "an outcome moved within its day": (
        f"UPDATE outcome SET decided_at = (SELECT max(decided_at) FROM outcome) + interval '1 ms'"
        f" WHERE {VICTIM}",
        "it was moved to another time of the day",
    ),
}


@pytest.mark.parametrize("case", TAMPERED)
async def test_a_changed_outcome_is_named_with_its_merchant(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner, case: str
) -> None:
    """Beside those of other tills and merchants, which are not."""
    await sell(kit, 11, 12, 21)
    await sealed(kit, connection, signer)
    request_id = await connection.fetchval(f"SELECT request_id FROM outcome WHERE {VICTIM}")
    statement, what = TAMPERED[case]
    await tamper(connection, statement)
    differences = (await verified(connection, signer)).differences
    assert (TODAY, 1, request_id) == (
        differences[0].day,
        differences[0].merchant_id,
        differences[0].request_id,
    )
    assert differences[0].what.startswith(what)


@pytest.mark.parametrize("merchant_id", [1, 2, 9])
@pytest.mark.parametrize("moment", ["min", "max"])
async def test_an_added_outcome_is_named(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner, merchant_id: int, moment: str
) -> None:
    """Before, after, or of a merchant that had none on the day."""
    await sell(kit, 11, 12, 21)
    await sealed(kit, connection, signer)
    added = uuid4()
    await tamper(
        connection,
        f"INSERT INTO outcome SELECT {merchant_id}, '{added}', kind, terminal_id, concentrator_id,"
        " account_id, purchase_id, operation_id, canonical, reason, signed_payload, signature, key_id,"
        f" (SELECT {moment}(decided_at) FROM outcome) FROM outcome WHERE {VICTIM}",
    )
    (difference,) = (await verified(connection, signer)).differences
    assert Difference(TODAY, "it was added", merchant_id, added) == difference


async def test_an_outcome_added_before_the_first_seal_is_named(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner
) -> None:
    """No day vouches for it."""
    await sell(kit, 12)
    await sealed(kit, connection, signer)
    await tamper(connection, f"UPDATE outcome SET decided_at = decided_at - interval '2 days' WHERE {VICTIM}")
    first, second = (await verified(connection, signer)).differences
    assert "added before the first seal" in first.what
    assert second.what.startswith("it was moved to ")


SPOILT = {
    "the text": (
        "UPDATE day_seal SET statement = replace(statement, 'merchants 3', 'merchants 4')",
        "stored",
    ),
    "the text beyond reading": ("UPDATE day_seal SET statement = 'x'", "no statement"),
    "the signature": ("UPDATE day_seal SET signature = decode(repeat('00', 64), 'hex')", "signature"),
    "the key": ("UPDATE day_seal SET key_id = 'another'", "no such key"),
    "the root": ("UPDATE day_seal SET root = decode(repeat('00', 32), 'hex')", "stored seal"),
    "the count": ("UPDATE day_seal SET outcome_count = outcome_count + 1", "count"),
    "a merchant's root": (
        "UPDATE day_seal_merchant SET root = decode(repeat('00', 32), 'hex')",
        "roots kept",
    ),
    "a merchant": ("DELETE FROM day_seal_merchant WHERE merchant_id = 2", "roots kept"),
    "a leaf": (
        "UPDATE day_seal_leaves SET leaves = set_byte(leaves, 55, get_byte(leaves, 55) # 1)",
        "leaves kept",
    ),
    "all leaves": ("DELETE FROM day_seal_leaves WHERE merchant_id = 2", "leaves are gone"),
    "the first seal": (f"DELETE FROM day_seal WHERE day = '{TODAY}'", "missing"),
}


@pytest.mark.parametrize("case", SPOILT)
async def test_a_spoilt_seal_is_found(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner, case: str
) -> None:
    """Whatever is changed of it, also where the ledger is as it was."""
    await sell(kit, 11, 12, 21)
    await sealed(kit, connection, signer)
    assert (await verified(connection, signer)).is_whole
    statement, what = SPOILT[case]
    await connection.execute("ALTER TABLE day_seal DROP CONSTRAINT day_seal_hashes")
    await tamper(connection, statement)
    differences = (await verified(connection, signer)).differences
    assert any(what in difference.what for difference in differences), differences


async def test_a_request_id_swapped_in_the_leaves_kept_is_found(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner
) -> None:
    """It is no part of the hash's bytes there, but the ledger has another."""
    await sell(kit, 11)
    await sealed(kit, connection, signer)
    await tamper(
        connection,
        "UPDATE day_seal_leaves SET leaves = set_byte(leaves, 0, get_byte(leaves, 0) # 1)"
        " WHERE merchant_id = 1",
    )
    (difference,) = (await verified(connection, signer)).differences
    assert ("it was removed", 1) == (difference.what, difference.merchant_id)


async def test_an_end_that_was_cut_off_shows_against_an_anchor(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner
) -> None:
    """Not without one; and an anchor of another chain shows, too."""
    await sell(kit, 11)
    first, second = await sealed(kit, connection, signer)
    anchor = Anchor(second.day, second.hash)
    assert (await verified(connection, signer, anchors=[anchor])).head == anchor
    (wrong,) = (await verified(connection, signer, anchors=[Anchor(first.day, bytes(32))])).differences
    assert (first.day, "it is not the seal that was noted") == (wrong.day, wrong.what)
    await tamper(connection, f"DELETE FROM day_seal WHERE day = '{second.day}'")
    assert (await verified(connection, signer)).is_whole
    (gone,) = (await verified(connection, signer, anchors=[anchor])).differences
    assert (second.day, "it was noted, and is not there") == (gone.day, gone.what)


async def test_some_days_are_verified_alone(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner
) -> None:
    """They still have to follow the day before."""
    await sell(kit, 11)
    first, second = await sealed(kit, connection, signer)
    found = await verified(connection, signer, first=second.day)
    assert (1, 0, ()) == (found.days, found.outcomes, found.differences)
    found = await verified(connection, signer, last=first.day)
    assert (1, 3, ()) == (found.days, found.outcomes, found.differences)
    await tamper(connection, f"DELETE FROM day_seal WHERE day = '{first.day}'")
    assert not (await verified(connection, signer, first=second.day)).is_whole


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
