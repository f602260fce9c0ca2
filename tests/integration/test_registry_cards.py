"""Cards: bound once, stopped at once, and what the gateway's role may do with them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.registry import admin, schema
from gateway.registry.reading import read_snapshot
from gateway.runtime.database import make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from tests import registry_changes
from tests.registry_kit import Shop, epoch_of, shop_on

ONE, OTHER = b"\1" * 32, b"\2" * 32


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    """The smallest registry."""
    async with shop_on(database_url) as made:
        yield made


async def cards(engine: AsyncEngine) -> dict[bytes, tuple[int, str | None, bool]]:
    """Account, key name and whether stopped, by token."""
    columns = schema.card.c
    statement = select(columns.token, columns.account_id, columns.token_key_id, columns.stopped_at)
    async with engine.connect() as connection:
        rows = (await connection.execute(statement)).all()
    return {row.token: (row.account_id, row.token_key_id, row.stopped_at is not None) for row in rows}


async def test_cards_are_bound_to_accounts(shop: Shop) -> None:
    """A re-issued card is one more token of the same account; binding again changes nothing."""
    await admin.bind_cards(shop.engine, "card-1", [(ONE, 7)])
    await admin.bind_cards(shop.engine, "card-2", [(ONE, 7), (OTHER, 7)])
    assert {ONE: (7, "card-1", False), OTHER: (7, "card-2", False)} == await cards(shop.engine)


@pytest.mark.parametrize("bindings", [[(OTHER, 9), (ONE, 8)], [(OTHER, 9), (OTHER, 8)]])
async def test_a_card_never_changes_its_account(shop: Shop, bindings: list[tuple[bytes, int]]) -> None:
    """Otherwise whoever binds a card would take the points of another holder; nothing of it is kept."""
    await admin.bind_cards(shop.engine, "card-1", [(ONE, 7)])
    with pytest.raises(admin.CardBoundError):
        await admin.bind_cards(shop.engine, "card-1", bindings)
    assert {ONE: (7, "card-1", False)} == await cards(shop.engine)


async def test_no_cards_are_bound_without_complaint(shop: Shop) -> None:
    """The last batch of a file may be empty."""
    await admin.bind_cards(shop.engine, "card-1", [])
    assert {} == await cards(shop.engine)


async def test_many_cards_are_bound_in_one_statement(shop: Shop) -> None:
    """More cards than a statement may have parameters."""
    many = [(n.to_bytes(32, "big"), n) for n in range(1, 40_001)]
    await admin.bind_cards(shop.engine, "card-1", many)
    async with shop.engine.connect() as connection:
        count = (await connection.execute(select(func.count()).select_from(schema.card))).scalar_one()
    assert 40_000 == count


async def test_cards_that_are_bound_twice_at_once_in_other_orders_are_bound(shop: Shop) -> None:
    """Each waits for the other, and neither for ever: the database would break one of them off."""
    many = [(n.to_bytes(32, "big"), n) for n in range(1, 20_001)]
    await asyncio.gather(
        *(admin.bind_cards(shop.engine, "card-1", pairs) for pairs in (many, many[::-1], many, many[::-1]))
    )
    assert 20_000 == len(await cards(shop.engine))


async def test_new_cards_are_no_news_to_the_registry(shop: Shop) -> None:
    """A million cards must not make every node read the registry a million times."""
    before = await read_snapshot(shop.engine)
    await admin.bind_cards(shop.engine, "card-1", [(ONE, 7), (OTHER, 8)])
    assert before == await read_snapshot(shop.engine)


async def test_a_stopped_card_stays_stopped_from_its_first_instant(shop: Shop) -> None:
    """A stop is announced with a new epoch; a second one changes nothing of it."""
    await admin.bind_cards(shop.engine, "card-1", [(ONE, 7), (OTHER, 8)])
    before = await epoch_of(shop.engine)
    assert before < await registry_changes.stop_card(shop.engine, ONE, "смерть держателя")
    assert {ONE: (7, "card-1", True), OTHER: (8, "card-1", False)} == await cards(shop.engine)
    stopped = select(schema.card.c.stopped_at, schema.card.c.stop_reason).where(schema.card.c.token == ONE)
    async with shop.engine.connect() as connection:
        first = (await connection.execute(stopped)).one()
    await registry_changes.stop_card(shop.engine, ONE, "утеря")
    async with shop.engine.connect() as connection:
        assert first == (await connection.execute(stopped)).one()
    assert "смерть держателя" == first.stop_reason


@pytest.fixture
async def gateway(shop: Shop, postgres: EmbeddedPostgres, database_name: str) -> AsyncIterator[AsyncEngine]:
    """An engine of the role that serves purchases."""
    engine = make_engine(postgres.url(database_name, "tillgate_gateway"))
    yield engine
    await engine.dispose()


async def test_the_gateway_may_bind_and_stop_cards(gateway: AsyncEngine) -> None:
    """Its role writes cards, and the epoch is counted up for it."""
    before = await epoch_of(gateway)
    await admin.bind_cards(gateway, "card-1", [(ONE, 7)])
    assert before < await registry_changes.stop_card(gateway, ONE, "утеря")


OTHER_TABLES = [table for table in schema.metadata.sorted_tables if table is not schema.card]


@pytest.mark.parametrize("table", OTHER_TABLES, ids=str)
async def test_the_gateway_reads_the_registry_and_cannot_change_it(
    gateway: AsyncEngine, table: Table
) -> None:
    """A worker that is broken into cannot enrol a till, revive a key, or hide a change."""
    async with gateway.connect() as connection:
        await connection.execute(select(table))
    last = list(table.c)[-1]
    writes = insert(table).from_select([last.name], select(last)), update(table).values({last.name: last})
    for statement in (*writes, delete(table)):
        async with gateway.connect() as connection:
            with pytest.raises(ProgrammingError, match="permission denied"):
                await connection.execute(statement)


async def test_nobody_but_the_owner_deletes_cards(gateway: AsyncEngine) -> None:
    """A card that is gone is a card that can be bound anew."""
    async with gateway.connect() as connection:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await connection.execute(delete(schema.card))


async def test_the_reader_reads_cards_and_writes_none(
    shop: Shop, postgres: EmbeddedPostgres, database_name: str
) -> None:
    """Reports need them; nothing that only reads may stop one."""
    await admin.bind_cards(shop.engine, "card-1", [(ONE, 7)])
    engine = make_engine(postgres.url(database_name, "tillgate_reader"))
    assert {ONE: (7, "card-1", False)} == await cards(engine)
    with pytest.raises(ProgrammingError, match="permission denied"):
        await registry_changes.stop_card(engine, ONE, "утеря")
    await engine.dispose()
