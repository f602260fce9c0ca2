"""Card accounts with points by the hundred thousand: the ledger itself credits one, the rest are its like."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg

from gateway.domain.commands import Act, Issue
from gateway.goods.loader import load_list_book
from gateway.ledger import schema
from gateway.ledger.issuing.store import ensure_accounts, ensure_cards
from gateway.ledger.reading import DEPARTMENT_ID
from gateway.registry.cards import CardTokenKeys, card_token
from gateway.registry.fixtures import Fixture, make_fixture
from gateway.registry.signing import public_key_set
from gateway.runtime.bootstrap import start_ledger
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.keys import GatewayKeys, authority, load_keys
from gateway.runtime.settings import Settings
from loadtests.bench.baskets import Cards, card_number
from loadtests.bench.cloning import UUID7_SQL, clone_sql

NOMINAL_KOPECKS = 500_000_00
"""More than any basket: the bench's purchases are approved, and in full."""

CARDS_AT_ONCE = 100_000


async def make_accounts(settings: Settings, count: int) -> tuple[Fixture, Cards]:
    """One merchant with one till and a concentrator, and so many cards with a food certificate each."""
    keys = load_keys(settings)
    engine = make_engine(settings.database_migrator_url, pool_size=2)
    try:
        fixture = await make_fixture(
            engine,
            settings.data_dir / "fixtures",
            authority=authority(settings),
            program_codes={code for code, _ in load_list_book(settings.lists_dir).programs},
            outcome_keys=public_key_set([keys.signer]),
            merchants=1,
            outlets=1,
            terminals=1,
        )
        async with driver_connection(engine) as connection:
            await ensure_accounts(connection, ["bench-sample"])
        await _issue_sample(settings, keys)
        async with driver_connection(engine) as connection:
            cards = await _multiply(connection, count, keys.card_tokens)
    finally:
        await engine.dispose()
    return fixture, cards


async def _issue_sample(settings: Settings, keys: GatewayKeys) -> None:
    programs = load_list_book(settings.lists_dir).programs.values()
    program = next(p for p in programs if p.goods_class == "food" and p.allows_own_money)
    today = datetime.now(UTC).date()
    parts = await start_ledger(settings, keys)
    await parts.committer.submit(
        Issue(
            request_id=uuid4(),
            issue_ref="bench-sample",
            holder_ref="bench-sample",
            program_code=program.code,
            program_version=program.version,
            nominal_kopecks=NOMINAL_KOPECKS,
            first_day=today - timedelta(days=1),
            last_day=today + timedelta(days=365),
            act=Act("Комиссия", "1", date(2026, 1, 1)),
            names_own_nominal=True,
        )
    )
    await parts.stop()


async def _multiply(connection: asyncpg.Connection, count: int, keys: CardTokenKeys) -> Cards:
    await connection.execute(UUID7_SQL)
    sample = await connection.fetchval("SELECT max(id) FROM card_account")
    await connection.execute(
        "INSERT INTO card_account (holder_ref, last_decided_at) SELECT 'bench-' || n, s.last_decided_at"
        " FROM generate_series(1, $1::bigint) n, card_account s WHERE s.id = $2 ORDER BY n",
        count,
        sample,
    )
    first, last = await connection.fetchrow("SELECT min(id), max(id) FROM card_account WHERE id > $1", sample)
    if last - first + 1 != count:
        raise RuntimeError(f"the accounts {first} to {last} are not {count} in a row")
    certificate = clone_sql(
        schema.certificate,
        f"certificate s, card_account a WHERE s.account_id = {sample} AND a.id > {sample} ORDER BY a.id",
        {"id": "bench_uuid7(a.last_decided_at)", "account_id": "a.id", "issue_ref": "a.holder_ref"},
    )
    issued = f"certificate c WHERE s.account_id = {sample} AND c.account_id > {sample} ORDER BY c.account_id"
    entry = clone_sql(
        schema.entry,
        f"entry s, {issued}",
        {"operation_id": "c.id", "certificate_id": "c.id", "account_id": "c.account_id"},
    )
    outcome = clone_sql(
        schema.outcome,
        f"outcome s, {issued}",
        {"request_id": "gen_random_uuid()", "operation_id": "c.id", "account_id": "c.account_id"},
    )
    for sql in (certificate, entry, outcome):
        await connection.execute(sql)
    if not await connection.fetchval("SELECT count(*) FROM outcome WHERE merchant_id = $1", DEPARTMENT_ID):
        raise RuntimeError("no outcome was cloned")
    for start in range(first, last + 1, CARDS_AT_ONCE):
        ids = range(start, min(start + CARDS_AT_ONCE, last + 1))
        await ensure_cards(connection, {card_token(card_number(i), "", keys): i for i in ids}, keys.key_id)
    await connection.execute("VACUUM ANALYZE")
    return Cards(first, count)


def make_accounts_in(settings: Settings, count: int) -> tuple[Path, Path, int, Cards]:
    """Folders of the till and of the concentrator, the till's terminal id, and the cards. Blocks."""
    fixture, cards = asyncio.run(make_accounts(settings, count))
    till = fixture.terminals[0]
    return till.folder, fixture.concentrator.folder, till.terminal_ids[0], cards
