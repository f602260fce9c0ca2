"""A month of captured purchases of many merchants: rows of real sales, multiplied, each with its receipt."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

import asyncpg
from msgspec import Struct
from rich.progress import track

from gateway.domain.policy import MOSCOW
from gateway.ledger import schema
from gateway.ledger.partitions import ensure_partitions
from gateway.registry.requisites import with_inn_check_digits
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.settings import Settings
from loadtests.bench.cloning import UUID7_SQL, clone_sql

Result = TypeVar("Result")

LARGEST_SHARE: Final = 0.2
"""Of all purchases: one chain sells as much, as one did in the city's pilot; the rest sell alike."""

STEP: Final = 50_000

_MERCHANTS = """
WITH made AS (
  INSERT INTO merchant (inn, name)
  SELECT inn, 'ООО Сверка-' || n FROM unnest($1::text[]) WITH ORDINALITY AS w (inn, n) RETURNING id, inn
), agreed AS (
  INSERT INTO agreement (merchant_id, number, in_force, signed_on)
  SELECT id, 'СВ-' || inn, daterange('2022-03-01', NULL), '2022-02-20' FROM made
  RETURNING id, merchant_id, in_force
), covered AS (
  INSERT INTO agreement_program (agreement_id, program_code, merchant_id, in_force)
  SELECT a.id, p.program_code, a.merchant_id, a.in_force FROM agreed a
  CROSS JOIN (SELECT DISTINCT program_code FROM agreement_program) p
), profiled AS (
  INSERT INTO merchant_profile (merchant_id, kind, full_name, kpp, ogrn, legal_address, postal_address,
    signatory, contact, registered_on, is_taken_over)
  SELECT id, 'ENTITY', 'ООО Сверка', '770101001', '1027700132195', 'Москва, Примерная ул., д. 1',
    'Москва, Примерная ул., д. 1', '{}', '{}', '2022-02-20', true FROM made
), shops AS (
  INSERT INTO outlet (merchant_id, name, address)
  SELECT id, 'Магазин', 'Москва, Примерная ул., д. ' || id FROM made RETURNING id, merchant_id
), tills AS (
  INSERT INTO terminal (outlet_id, name) SELECT id, 'Касса' FROM shops RETURNING id, outlet_id
), fiscal AS (
  INSERT INTO terminal_fiscal (terminal_id, kkt_number, drive_number, days)
  SELECT id, lpad(id::text, 16, '0'), lpad(id::text, 16, '0'), daterange('2022-03-01', NULL) FROM tills
)
SELECT count(*) FROM tills"""

_PLACES = """
CREATE TABLE bench_place AS
SELECT row_number() OVER (ORDER BY m.id) - 1 AS n, m.id AS merchant_id, m.inn, a.id AS agreement_id,
  o.id AS outlet_id, t.id AS terminal_id, f.drive_number, f.kkt_number
FROM merchant m JOIN agreement a ON a.merchant_id = m.id JOIN outlet o ON o.merchant_id = m.id
JOIN terminal t ON t.outlet_id = o.id JOIN terminal_fiscal f ON f.terminal_id = t.id
WHERE m.name LIKE 'ООО Сверка-%'"""

# Baskets of three lines and more are five on average, as the bench is to have.
_SAMPLES = """
CREATE TABLE bench_sample AS
SELECT row_number() OVER () - 1 AS n, id AS purchase_id, json_array_length(lines) AS lines,
  (SELECT sum((line->'line'->>'amount_kopecks')::bigint) FROM json_array_elements(lines) AS line)
    - rounding_kopecks AS total_kopecks
FROM purchase WHERE state = 'CAPTURED' AND json_array_length(lines) >= 3 LIMIT 500"""

_ACCOUNTS = """
CREATE TABLE bench_account AS
SELECT row_number() OVER () - 1 AS n, account_id, id AS certificate_id FROM certificate
WHERE issue_ref LIKE 'bench-%'"""

_COUNTS = """
SELECT (SELECT count(*) FROM bench_place) AS places, (SELECT count(*) FROM bench_sample) AS samples,
  (SELECT count(*) FROM bench_account) AS accounts"""

# The instants rise, as those of a ledger do; shop, account and sample are chosen at random.
_NEW = """
CREATE TEMP TABLE bench_new ON COMMIT DROP AS
SELECT bench_uuid7(w.at) AS id, gen_random_uuid() AS request_id, w.at, w.number, a.account_id,
  a.certificate_id, s.purchase_id AS like_id, s.lines, s.total_kopecks, p.*
FROM (SELECT $1::timestamptz + ($2::timestamptz - $1::timestamptz) * i / $3 AS at, $4 + i AS number,
        CASE WHEN random() < $5 THEN 0 ELSE floor(random() * $6)::bigint END AS place_n,
        floor(random() * $7)::bigint AS sample_n, floor(random() * $8)::bigint AS account_n
      FROM generate_series(0, $3 - 1) AS i) w
JOIN bench_place p ON p.n = w.place_n JOIN bench_sample s ON s.n = w.sample_n
JOIN bench_account a ON a.n = w.account_n ORDER BY w.at"""

_SALE_DATE = "(b.at AT TIME ZONE 'Europe/Moscow')::date"
_CLONES = (
    clone_sql(
        schema.purchase,
        "bench_new b JOIN purchase s ON s.id = b.like_id ORDER BY b.at",
        {
            "account_id": "b.account_id", "id": "b.id", "request_id": "b.request_id", "authorized_at": "b.at",
            "hold_expires_at": "b.at + (s.hold_expires_at - s.authorized_at)", "sale_date": _SALE_DATE,
            "merchant_id": "b.merchant_id", "outlet_id": "b.outlet_id", "terminal_id": "b.terminal_id",
            "shift_terminal_id": "b.terminal_id", "closed_at": "b.at",
        },
    ),
    clone_sql(
        schema.entry,
        "bench_new b JOIN entry s ON s.operation_id = b.like_id ORDER BY b.at, s.n",
        {
            "account_id": "b.account_id", "operation_id": "b.id", "purchase_id": "b.id",
            "certificate_id": "b.certificate_id", "decided_at": "b.at",
            "agreement_id": "CASE WHEN s.agreement_id IS NOT NULL THEN b.agreement_id END",
            "sale_date": f"CASE WHEN s.sale_date IS NOT NULL THEN {_SALE_DATE} END",
        },
    ),
    """
    INSERT INTO receipt (purchase_id, fiscal_drive_number, fiscal_document_number, account_id, kind,
      fiscal_sign, kkt_registration_number, seller_inn, shift_number, issued_at, total_kopecks, operation_id)
    SELECT id, drive_number, number, account_id, 'SALE', 1, kkt_number, inn, 1, at, total_kopecks, id
    FROM bench_new""",
)  # fmt: skip


class Filled(Struct, frozen=True):
    """What lies in the database in all."""

    purchases: int
    lines: int


def make_merchants(settings: Settings, merchants: int) -> None:
    """Register so many merchants, each with an agreement, a shop and a till; once, after real sales."""
    asyncio.run(_connected(settings, lambda connection: _make(connection, merchants)))


def sell(settings: Settings, month: datetime, purchases: int, before: int) -> Filled:
    """Add so many captured purchases over a month that begins at an instant; `before` were added already."""
    return asyncio.run(_connected(settings, lambda connection: _sell(connection, month, purchases, before)))


def last_month(now: datetime) -> datetime:
    """00:00 Moscow of the first day of the month before."""
    first = now.astimezone(MOSCOW).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first - timedelta(days=1)).replace(day=1)


async def _make(connection: asyncpg.Connection, merchants: int) -> None:
    inns = [with_inn_check_digits(f"0001{n:05}") for n in range(merchants)]
    await connection.fetchval(_MERCHANTS, inns)
    for sql in (UUID7_SQL, _PLACES, _SAMPLES, _ACCOUNTS):
        await connection.execute(sql)


async def _sell(connection: asyncpg.Connection, month: datetime, purchases: int, before: int) -> Filled:
    await ensure_partitions(connection, first=month)
    places, samples, accounts = await connection.fetchrow(_COUNTS)
    length = (month + timedelta(days=32)).replace(day=1) - month
    for done in track(range(0, purchases, STEP), "sold"):
        count = min(STEP, purchases - done)
        begins, ends = (month + length * at / purchases for at in (done, done + count))
        async with connection.transaction():
            chosen = (LARGEST_SHARE, places, samples, accounts)
            await connection.execute(_NEW, begins, ends, count, before + done + 1, *chosen)
            for sql in _CLONES:
                await connection.execute(sql)
    await connection.execute("VACUUM ANALYZE")
    row = await connection.fetchrow(
        "SELECT count(*), sum(json_array_length(lines)) FROM purchase p WHERE EXISTS"
        " (SELECT FROM bench_place WHERE merchant_id = p.merchant_id)"
    )
    return Filled(*row)


async def _connected(settings: Settings, work: Callable[[asyncpg.Connection], Awaitable[Result]]) -> Result:
    engine = make_engine(settings.database_migrator_url, pool_size=1)
    try:
        async with driver_connection(engine) as connection:
            return await work(connection)
    finally:
        await engine.dispose()
