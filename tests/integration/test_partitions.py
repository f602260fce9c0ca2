"""Month partitions: there before they are needed, found by the id alone, and alarming when they are not."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from gateway.domain.commands import ByPurchaseId, Capture
from gateway.ledger.ids import lowest_uuid7, uuid7
from gateway.ledger.partitions import (
    MONTHS_AHEAD,
    ensure_partitions,
    missing_partitions,
    month_after,
    partition_name,
    stray_rows,
)
from tests.ledger_kit import Kit, authorize, line, must, new_request_id, origin


async def next_months(connection: asyncpg.Connection, table: str) -> list[str]:
    """Names of a table's partitions that should be there now."""
    now = await connection.fetchval("SELECT tillgate_now()")
    return [partition_name(table, month_after(now, ahead)) for ahead in range(MONTHS_AHEAD + 1)]


async def test_partitions_stand_three_months_ahead_and_are_made_once(connection: asyncpg.Connection) -> None:
    """A migrated database has them; asking again makes none."""
    for table in ("purchase", "entry"):
        for name in await next_months(connection, table):
            assert await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name), name
    assert [] == await missing_partitions(connection)
    assert [] == await ensure_partitions(connection)


async def test_the_missing_next_month_is_named_and_made(kit: Kit, connection: asyncpg.Connection) -> None:
    """Four months on, this month and the next are missing until somebody makes them."""
    await kit.shift_clock(timedelta(days=31 * (MONTHS_AHEAD + 1)))
    now = await connection.fetchval("SELECT tillgate_now()")
    expected = sorted(
        partition_name(table, month_after(now, ahead)) for table in ("purchase", "entry") for ahead in (0, 1)
    )
    assert expected == await missing_partitions(connection)
    made = await ensure_partitions(connection)
    assert set(expected) <= set(made)
    assert [] == await missing_partitions(connection)


async def test_rows_of_no_month_are_counted_as_strays(kit: Kit, connection: asyncpg.Connection) -> None:
    """With no partition for the month nothing fails, but the DEFAULT partition says so."""
    committer = await kit.committer()
    await kit.open_account("holder", b"card")
    assert {"purchase": 0, "entry": 0} == await stray_rows(connection)
    late = timedelta(days=31 * (MONTHS_AHEAD + 2))
    await kit.shift_clock(late)
    issued = await kit.issue(committer, "holder", last_day=(datetime.now(UTC) + 2 * late).date())
    assert issued.is_approved
    assert {"purchase": 0, "entry": 1} == await stray_rows(connection)


def test_a_month_begins_at_its_first_millisecond_in_utc() -> None:
    """Ids of the last millisecond of a month sort below the bound, those of the first not."""
    bound = lowest_uuid7(datetime(2026, 12, 1, tzinfo=UTC))
    assert uuid7(datetime(2026, 11, 30, 23, 59, 59, 999_000, tzinfo=UTC)) < bound
    assert bound <= uuid7(datetime(2026, 12, 1, tzinfo=UTC))
    assert datetime(2027, 1, 1, tzinfo=UTC) == month_after(datetime(2026, 12, 31, 23, tzinfo=UTC))
    assert datetime(2025, 12, 1, tzinfo=UTC) == month_after(datetime(2026, 1, 5, tzinfo=UTC), -1)


def nodes(plan: Any) -> Iterator[dict[str, Any]]:
    """Every node of a plan."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


async def explain(connection: asyncpg.Connection, sql: str, *arguments: Any) -> list[dict[str, Any]]:
    """The nodes of a statement's plan that were executed."""
    [row] = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments)
    return [node for node in nodes(row[0][0]["Plan"]) if node["Actual Loops"]]


LOOKUPS = {
    "SELECT FROM purchase WHERE id = $1": "purchase",
    "SELECT FROM purchase WHERE id = ANY (ARRAY[$1::uuid])": "purchase",
    "SELECT FROM entry WHERE operation_id = $1": "entry",
    "SELECT FROM unnest(ARRAY[$1::uuid]) i CROSS JOIN LATERAL"
    " (SELECT FROM purchase WHERE id = i OFFSET 0) p": "purchase",
}


@pytest.mark.parametrize("statement", LOOKUPS)
async def test_a_lookup_by_id_reads_the_partition_of_its_month_alone(
    connection: asyncpg.Connection, statement: str
) -> None:
    """The id tells the month: no other partition's primary key is touched."""
    now: datetime = await connection.fetchval("SELECT tillgate_now()")
    await connection.execute("SET enable_seqscan = off")
    executed = await explain(connection, statement, uuid7(now))
    keys = {node["Index Name"] for node in executed if "Index Name" in node}
    assert {f"{partition_name(LOOKUPS[statement], now)}_pkey"} == keys


async def test_an_update_of_a_purchase_touches_its_partition_alone(
    kit: Kit, connection: asyncpg.Connection
) -> None:
    """The array of ids in the write statement is what prunes; a join alone would not."""
    committer = await kit.committer()
    token = await kit.card(committer, 500_00)
    purchase = must(await committer.submit(authorize(token, line(1, 100_00)))).purchase
    assert purchase
    statement = (
        "UPDATE purchase t SET closed_at = NULL FROM unnest($1::uuid[]) AS w(id)"
        " WHERE t.id = w.id AND t.id = ANY ($1::uuid[])"
    )
    executed = await explain(connection, statement, [purchase.id])
    own = partition_name("purchase", purchase.authorized_at)
    assert {own, "purchase"} == {node["Relation Name"] for node in executed if "Relation Name" in node}


async def test_new_partitions_never_make_tills_wait_behind_a_report(
    kit: Kit, connection: asyncpg.Connection
) -> None:
    """A long reader holds its lock: the partition is left for later, and purchases go on meanwhile."""
    committer = await kit.committer()
    token = await kit.card(committer, 500_00)
    name = (await next_months(connection, "purchase"))[-1]
    await connection.execute(f"DROP TABLE {name}")
    async with kit.connect() as report, report.transaction():
        await report.fetchval("SELECT count(*) FROM purchase")
        making = asyncio.create_task(ensure_partitions(connection))
        for _ in range(5):
            assert must(await committer.submit(authorize(token, line(1, 10_00)))).is_approved
        assert [] == await making
    assert [name] == await ensure_partitions(connection)


async def test_a_capture_in_the_next_month_finds_the_purchase_of_the_last(kit: Kit) -> None:
    """Entries go to the month of their operation, the purchase stays in its own."""
    committer = await kit.committer()
    token = await kit.card(committer, 500_00)
    async with kit.connect() as connection:
        now: datetime = await connection.fetchval("SELECT tillgate_now()")
        await kit.shift_clock(month_after(now) - now - timedelta(minutes=10))
        held = must(await committer.submit(authorize(token, line(1, 100_00)))).purchase
        assert held
        await kit.shift_clock(month_after(now) - now + timedelta(minutes=10))
        taken = must(await committer.submit(Capture(new_request_id(), origin(), ByPurchaseId(held.id))))
        assert taken.is_approved
        rows = await connection.fetch(
            "SELECT tableoid::regclass::text FROM entry WHERE purchase_id = $1 ORDER BY operation_id", held.id
        )
        place = await connection.fetchval(
            "SELECT tableoid::regclass::text FROM purchase WHERE id = $1", held.id
        )
    assert [partition_name("entry", now), partition_name("entry", month_after(now))] == [r[0] for r in rows]
    assert partition_name("purchase", now) == place
    assert isinstance(held.id, UUID)
