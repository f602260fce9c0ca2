"""`verify` finds nothing in a clean ledger, alone or beside live load, and needs only to read."""

import asyncio

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.ledger.answers import SealedAnswer
from gateway.ledger.schema import metadata
from gateway.ledger.verify import verify
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from tests.ledger_kit import Kit, authorize, line, seal
from tests.ledger_load import Load, loaded

APPEND_ONLY = ("entry", "outcome", "refund", "receipt", "closed_shift", "review_case")


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_ledger_after_random_load_is_clean(kit: Kit, seed: int) -> None:
    """Every command there is, many at once, over days of money time: not one discrepancy."""
    await loaded(kit, seed)
    async with kit.connect() as connection:
        report = await verify(connection)
    assert () == report.findings
    assert report.is_clean
    assert 100 < report.counted["purchase"]
    assert report.counted["purchase"] < report.counted["entry"]


async def test_verifying_beside_live_load_raises_no_false_alarm(kit: Kit) -> None:
    """One snapshot: what commits meanwhile is wholly in it or wholly not."""
    load = Load(kit, (await kit.committer(), await kit.committer()), seed=7)
    await load.open(12)
    running = asyncio.create_task(load.run(60))
    reports = []
    async with kit.connect() as connection:
        while not running.done():
            reports.append(await verify(connection))
    await running
    assert [] == [finding for report in reports for finding in report.findings]
    assert len({report.counted["outcome"] for report in reports}) > 1


async def test_the_reader_role_is_enough_to_verify(
    kit: Kit, postgres: EmbeddedPostgres, database_name: str
) -> None:
    """An auditor needs no right to change anything."""
    await loaded(kit, 4, rounds=5)
    engine = make_engine(postgres.url(database_name, "tillgate_reader"), pool_size=1)
    async with driver_connection(engine) as connection:
        assert (await verify(connection)).is_clean
    await engine.dispose()


async def test_signatures_are_verified_with_the_keys_given(kit: Kit) -> None:
    """A signature by another key, a changed payload and an unknown key are each told."""
    key = Ed25519PrivateKey.generate()
    committer = await kit.committer()

    def sign(*asked: object) -> SealedAnswer:
        answer = seal(*asked)  # type: ignore[arg-type]
        return SealedAnswer(answer.signed_payload, key.sign(answer.signed_payload), "key-1")

    committer.seal = sign
    token = await kit.card(committer, 500_00)
    await committer.submit(authorize(token, line(1, 100_00)))
    public = key.public_key().public_bytes_raw()
    async with kit.connect() as connection:
        clean = await verify(connection, keys={"key-1": public})
        assert ((), 2) == (clean.findings, clean.counted["signature"])
        assert 2 == (await verify(connection, keys={"key-2": public})).total
        await connection.execute(
            "UPDATE outcome SET signed_payload = signed_payload || '!' WHERE kind = 'AUTHORIZE'"
        )
        forged = await verify(connection, keys={"key-1": public})
    assert [("outcome.signature", 1)] == [(finding.check, forged.total) for finding in forged.findings]


@pytest.mark.parametrize("action", ["UPDATE {} SET account_id = account_id", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_gateway_role_cannot_change_what_is_append_only(
    kit: Kit, postgres: EmbeddedPostgres, database_name: str, action: str
) -> None:
    """No right to update, delete or truncate, neither the table nor one of its partitions."""
    async with kit.connect() as owner:
        rows = await owner.fetch(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'entry'::regclass"
        )
    engine = make_engine(postgres.url(database_name, "tillgate_gateway"), pool_size=1)
    async with driver_connection(engine) as connection:
        for name in ("entry", "outcome", "refund", "receipt", "review_case", *(row[0] for row in rows)):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(action.format(name))
    await engine.dispose()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE purchase SET lines = lines",
        "UPDATE purchase SET approved_kopecks = approved_kopecks",
        "UPDATE certificate SET nominal_kopecks = nominal_kopecks",
        "UPDATE certificate SET account_id = account_id",
        "UPDATE card_account SET holder_ref = holder_ref",
    ],
)
async def test_the_gateway_role_cannot_change_what_was_decided_once(
    kit: Kit, postgres: EmbeddedPostgres, database_name: str, change: str
) -> None:
    """A basket, a nominal and an owner stay, though other columns of their rows change."""
    engine = make_engine(postgres.url(database_name, "tillgate_gateway"), pool_size=1)
    async with driver_connection(engine) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(change)
    await engine.dispose()


async def test_the_gateway_role_deletes_nothing_and_truncates_nothing(kit: Kit) -> None:
    """Of no table of the ledger; and what it may not update it may still add to."""
    async with kit.connect() as connection:
        for table in metadata.tables:
            rights = await connection.fetchrow(
                "SELECT has_table_privilege('tillgate_gateway', $1, 'INSERT') AS may_insert,"
                " has_any_column_privilege('tillgate_gateway', $1, 'UPDATE') AS may_update,"
                " has_table_privilege('tillgate_gateway', $1, 'DELETE') AS may_delete,"
                " has_table_privilege('tillgate_gateway', $1, 'TRUNCATE') AS may_truncate,"
                " has_table_privilege('tillgate_reader', $1, 'INSERT, UPDATE, DELETE, TRUNCATE') AS reader",
                table,
            )
            assert (True, table not in APPEND_ONLY, False, False, False) == tuple(rights), table
