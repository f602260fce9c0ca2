"""Retention: old months leave the tables, go to files that are read back, and still count."""

import gzip
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from gateway.domain.commands import ByPurchaseId, Capture, Refund, Void
from gateway.ledger.archive import Retiring, archived, due_partitions, retire
from gateway.ledger.exporting import ExportError, check_export, export_archive
from gateway.ledger.partitions import ensure_partitions, partition_name
from gateway.ledger.verify import Report, verify
from gateway.record.reading import Filter, entries
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from tests.cli_kit import CommandLine
from tests.ledger_kit import LISTS, Kit, authorize, line, must, new_request_id, origin

NOW = datetime.now(UTC)
SIX_YEARS = timedelta(days=6 * 366)
MONTHS = {partition_name(table, NOW) for table in ("purchase", "entry")}


async def sell(kit: Kit) -> bytes:
    """A captured purchase with a refund, and a voided one: nothing stays held."""
    committer = await kit.committer()
    card = await kit.card(committer, 500_00)
    bought = must(await committer.submit(authorize(card, line(1, 30_00)))).purchase
    assert bought
    by_id = ByPurchaseId(bought.id)
    must(await committer.submit(Capture(new_request_id(), origin(), by_id)))
    must(await committer.submit(Refund(new_request_id(), origin(), by_id)))
    held = must(await committer.submit(authorize(card, line(1, 20_00)))).purchase
    assert held
    must(await committer.submit(Void(new_request_id(), origin(), ByPurchaseId(held.id))))
    return card


async def verified(connection: asyncpg.Connection) -> Report:
    """What the reader finds in the ledger, archived or not."""
    await connection.execute("SET SESSION AUTHORIZATION tillgate_reader")
    try:
        return await verify(connection, lists=LISTS)
    finally:
        await connection.execute("RESET SESSION AUTHORIZATION")


async def test_a_month_is_due_when_it_ended_so_many_years_ago(
    kit: Kit, connection: asyncpg.Connection
) -> None:
    """Not a day before: the month of the first sale of all, and none after it."""
    first = NOW.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    month_end = (first + timedelta(days=32)).replace(day=1)
    five_years_on = month_end.replace(year=month_end.year + 5)
    await kit.shift_clock(five_years_on - timedelta(minutes=1) - datetime.now(UTC))
    assert [] == await due_partitions(connection, 5)
    await kit.shift_clock(five_years_on + timedelta(minutes=1) - datetime.now(UTC))
    assert {due.name for due in await due_partitions(connection, 5)} == MONTHS
    assert [] == await due_partitions(connection, 6)


async def test_retired_months_still_count(kit: Kit, connection: asyncpg.Connection) -> None:
    """The ledger is verified over all entries that ever were; and nothing of it is lost."""
    await sell(kit)
    before = await verified(connection)
    assert before.is_clean, before.findings
    await kit.shift_clock(SIX_YEARS)
    retiring = await retire(connection, 5)
    assert set(retiring.retired) >= MONTHS
    assert () == retiring.waiting
    assert 0 == await connection.fetchval("SELECT count(*) FROM entry")
    after = await verified(connection)
    assert after.is_clean, after.findings
    assert before.counted == after.counted
    assert Retiring((), ()) == await retire(connection, 5)
    noted = await entries(connection, Filter(action="ledger.partition_retired"), 100)
    assert set(retiring.retired) == {entry.subject_id for entry in noted}


async def test_the_ledger_works_on_after_months_were_retired(
    kit: Kit, connection: asyncpg.Connection
) -> None:
    """New purchases go to new months, on certificates whose issue is in the archive."""
    await sell(kit)
    await kit.shift_clock(SIX_YEARS)
    await retire(connection, 5)
    await ensure_partitions(connection)
    committer = await kit.committer()
    now = await connection.fetchval("SELECT tillgate_now()")
    holder = "later"
    await kit.open_account(holder, b"later")
    first_day = now.date()
    issued = await kit.issue(committer, holder, first_day=first_day, last_day=first_day + timedelta(days=30))
    assert issued.is_approved, issued.reason
    assert must(await committer.submit(authorize(b"later", line(1, 10_00)))).is_approved
    report = await verified(connection)
    assert report.is_clean, report.findings


async def test_what_is_changed_in_the_archive_is_found(kit: Kit, connection: asyncpg.Connection) -> None:
    """An archived entry is as good as any."""
    await sell(kit)
    await kit.shift_clock(SIX_YEARS)
    await retire(connection, 5)
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(
            f"UPDATE archive.{partition_name('entry', NOW)} SET amount_kopecks = amount_kopecks + 1"
            " WHERE kind = 'REFUND'"
        )
    report = await verified(connection)
    assert "certificate.balance" in {finding.check for finding in report.findings}


async def test_a_month_with_a_hold_that_is_alive_waits(kit: Kit, connection: asyncpg.Connection) -> None:
    """Its release would not find it."""
    committer = await kit.committer()
    card = await kit.card(committer, 500_00)
    must(await committer.submit(authorize(card, line(1, 30_00))))
    await kit.shift_clock(SIX_YEARS)
    retiring = await retire(connection, 5)
    assert {(partition_name("purchase", NOW), "holds of it are alive")} == set(retiring.waiting)
    assert 1 == await connection.fetchval("SELECT count(*) FROM purchase")


async def test_a_month_waits_for_whoever_reads(kit: Kit, connection: asyncpg.Connection) -> None:
    """Tills would wait behind the move: it gives up soon, and the next time does it."""
    await sell(kit)
    await kit.shift_clock(SIX_YEARS)
    async with kit.connect() as reading, reading.transaction():
        await reading.fetchval("SELECT count(*) FROM entry")
        retiring = await retire(connection, 5)
    assert {"readers hold the table"} == {why for name, why in retiring.waiting if name.startswith("entry")}
    assert partition_name("entry", NOW) in (await retire(connection, 5)).retired


async def test_the_archive_is_only_read(
    kit: Kit, connection: asyncpg.Connection, postgres: EmbeddedPostgres, database_name: str
) -> None:
    """Not even the owner changes it, and the gateway does not see it."""
    await sell(kit)
    await kit.shift_clock(SIX_YEARS)
    await retire(connection, 5)
    for name in (f"archive.{name}" for name in MONTHS):
        for statement in (
            f"UPDATE {name} SET account_id = 0",
            f"DELETE FROM {name}",
            f"TRUNCATE {name}",
            f"INSERT INTO {name} SELECT * FROM {name}",
        ):
            with pytest.raises(asyncpg.IntegrityConstraintViolationError):
                await connection.execute(statement)
    engine = make_engine(postgres.url(database_name, "tillgate_gateway"), pool_size=0)
    async with driver_connection(engine) as gateway:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await gateway.fetch(f"SELECT * FROM archive.{partition_name('entry', NOW)}")
    await engine.dispose()


async def test_exports_hold_every_row_and_are_read_back(
    kit: Kit, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    """With a manifest each; what is there is read again and not written anew."""
    await sell(kit)
    await kit.shift_clock(SIX_YEARS)
    retired = (await retire(connection, 5)).retired
    written, there = await export_archive(connection, tmp_path)
    assert (sorted(retired), []) == (sorted(written), there)
    name = partition_name("entry", NOW)
    manifest = json.loads((tmp_path / f"{name}.manifest.json").read_text())
    count = await connection.fetchval(f"SELECT count(*) FROM archive.{name}")
    text = gzip.decompress((tmp_path / f"{name}.csv.gz").read_bytes()).decode()
    assert count == manifest["rows"] == len(text.splitlines()) - 1 > 0
    columns = text.splitlines()[0].split(",")
    assert columns == manifest["columns"]
    async with connection.transaction():
        await connection.execute(f"CREATE TEMP TABLE again (LIKE archive.{name}) ON COMMIT DROP")
        with gzip.open(tmp_path / f"{name}.csv.gz") as file:
            await connection.copy_to_table("again", source=file, format="csv", header=True)
        differing = (
            f"(TABLE archive.{name} EXCEPT TABLE again) UNION ALL (TABLE again EXCEPT TABLE archive.{name})"
        )
        assert [] == await connection.fetch(differing)
    assert ([], sorted(retired)) == await export_archive(connection, tmp_path)


@pytest.mark.parametrize("harm", ["cut", "changed", "other rows", "gone", "no manifest"])
async def test_a_file_that_is_not_what_its_manifest_says_is_named(
    kit: Kit, connection: asyncpg.Connection, tmp_path: Path, harm: str
) -> None:
    """A disk forgets quietly."""
    await sell(kit)
    await kit.shift_clock(SIX_YEARS)
    await retire(connection, 5)
    await export_archive(connection, tmp_path)
    name = partition_name("entry", NOW)
    file, manifest = tmp_path / f"{name}.csv.gz", tmp_path / f"{name}.manifest.json"
    content = file.read_bytes()
    match harm:
        case "cut":
            file.write_bytes(content[:-20])
        case "changed":
            file.write_bytes(content[:60] + bytes([content[60] ^ 1]) + content[61:])
        case "other rows":
            file.write_bytes(gzip.compress(gzip.decompress(content).rpartition(b"\n")[0]))
        case "gone":
            file.unlink()
        case _:
            manifest.write_text("{}")
    with pytest.raises(ExportError, match=name):
        check_export(tmp_path, name)
    with pytest.raises(ExportError, match=name):
        await export_archive(connection, tmp_path)


async def test_an_export_that_broke_off_is_made_anew(
    kit: Kit, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    """A file without a manifest is no export."""
    await sell(kit)
    await kit.shift_clock(SIX_YEARS)
    await retire(connection, 5)
    name = partition_name("entry", NOW)
    (tmp_path / f"{name}.csv.gz").write_bytes(b"half")
    (tmp_path / f"{name}.csv.gz.unfinished").write_bytes(b"half")
    await export_archive(connection, tmp_path)
    assert 0 < check_export(tmp_path, name).rows
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".unfinished")]
    assert {partition.name for partition in await archived(connection)} >= MONTHS


def test_months_are_retired_by_command(tillgate: CommandLine, tmp_path: Path) -> None:
    """First named, then moved and written, then found in order; verify reads on."""
    folder = tmp_path / "exports"
    assert "due: none" in tillgate("ledger", "retire", "--to", folder, "--dry-run").stdout
    tillgate.sql(
        "CREATE OR REPLACE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
        " 'SELECT clock_timestamp() + interval ''2200 days'''"
    )
    name = partition_name("entry", NOW)
    assert name in tillgate("ledger", "retire", "--to", folder, "--dry-run").stdout
    assert not folder.exists()
    done = tillgate("ledger", "retire", "--to", folder)
    assert 0 == done.exit_code, done.output
    assert f"{name}.csv.gz" in {path.name for path in folder.iterdir()}
    again = tillgate("ledger", "retire", "--to", folder)
    assert "retired: none\nexported: none" in again.stdout
    assert 0 == tillgate("ledger", "verify").exit_code
    (folder / f"{name}.csv.gz").write_bytes(b"")
    assert 1 == tillgate("ledger", "retire", "--to", folder).exit_code
