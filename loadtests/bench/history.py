"""Two years of purchases in the real tables: real rows, multiplied, month by month in the order of time."""

import asyncio
from datetime import datetime

import asyncpg
from rich.progress import track

from gateway.ledger import schema
from gateway.ledger.partitions import ensure_partitions, month_after
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.settings import Settings
from loadtests.bench.cloning import UUID7_SQL, clone_sql

MONTHS = 24

_SAMPLES = """
CREATE TEMP TABLE bench_sample AS
SELECT row_number() OVER () - 1 AS n, id AS purchase_id FROM purchase WHERE state = 'CAPTURED' LIMIT 500"""

_ACCOUNTS = """
CREATE TEMP TABLE bench_account AS
SELECT row_number() OVER () - 1 AS n, account_id, id AS certificate_id FROM certificate
WHERE issue_ref LIKE 'bench-%'"""

# The instants rise, as those of a ledger do; account and sample are chosen at random.
_MONTH = """
CREATE TEMP TABLE bench_new ON COMMIT DROP AS
SELECT bench_uuid7(w.at) AS id, gen_random_uuid() AS request_id, w.at, a.account_id, a.certificate_id,
       s.purchase_id AS like_id
FROM (SELECT $1::timestamptz + ($2::timestamptz - $1::timestamptz) * i / $3 AS at,
             floor(random() * $4)::bigint AS account_n, floor(random() * $5)::bigint AS sample_n
      FROM generate_series(0, $3 - 1) AS i) w
JOIN bench_account a ON a.n = w.account_n JOIN bench_sample s ON s.n = w.sample_n ORDER BY w.at"""

_OF_PURCHASE = {"account_id": "b.account_id"}
_CLONES = (
    clone_sql(
        schema.purchase,
        "bench_new b JOIN purchase s ON s.id = b.like_id ORDER BY b.at",
        {
            **_OF_PURCHASE, "id": "b.id", "request_id": "b.request_id", "authorized_at": "b.at",
            "hold_expires_at": "b.at + (s.hold_expires_at - s.authorized_at)", "sale_date": "b.at::date",
        },
    ),
    clone_sql(
        schema.entry,
        "bench_new b JOIN entry s ON s.operation_id = b.like_id ORDER BY b.at, s.n",
        {
            **_OF_PURCHASE, "operation_id": "b.id", "purchase_id": "b.id",
            "certificate_id": "b.certificate_id", "decided_at": "b.at",
            "sale_date": "CASE WHEN s.sale_date IS NOT NULL THEN b.at::date END",
        },
    ),
    clone_sql(
        schema.outcome,
        "bench_new b JOIN outcome s ON s.operation_id = b.like_id ORDER BY b.at",
        {
            **_OF_PURCHASE, "request_id": "b.request_id", "purchase_id": "b.id", "operation_id": "b.id",
            "decided_at": "b.at",
        },
    ),
)  # fmt: skip


def fill_history(settings: Settings, purchases: int) -> dict[str, int]:
    """Add so many purchases over the months before this one; returns the rows of each partition. Blocks."""
    return asyncio.run(_fill(settings, purchases))


async def _fill(settings: Settings, purchases: int) -> dict[str, int]:
    engine = make_engine(settings.database_migrator_url, pool_size=1)
    try:
        async with driver_connection(engine) as connection:
            now: datetime = await connection.fetchval("SELECT tillgate_now()")
            months = [month_after(now, n - MONTHS) for n in range(MONTHS)]
            await ensure_partitions(connection, first=months[0])
            for sql in (UUID7_SQL, _SAMPLES, _ACCOUNTS):
                await connection.execute(sql)
            counts = [
                await connection.fetchval(f"SELECT count(*) FROM {name}")  # noqa: S608 two constants
                for name in ("bench_account", "bench_sample")
            ]
            for month in track(months, "history"):
                await _month(connection, month, purchases // MONTHS, counts)
            await connection.execute("VACUUM ANALYZE")
            rows = await connection.fetch(
                "SELECT tableoid::regclass::text AS name, count(*) AS rows FROM purchase GROUP BY 1"
            )
            return {row["name"]: row["rows"] for row in rows}
    finally:
        await engine.dispose()


async def _month(connection: asyncpg.Connection, month: datetime, count: int, counts: list[int]) -> None:
    async with connection.transaction():
        await connection.execute(_MONTH, month, month_after(month), count, *counts)
        for sql in _CLONES:
            await connection.execute(sql)
