"""What the database itself refuses, whoever asks; and that migration and metadata say the same."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Table, delete, false, insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from gateway.registry import schema
from gateway.registry.reading import read_snapshot
from tests.registry_kit import Shop, add, add_link, add_outlet, agree, epoch_of, shop_on

SPRING = Range(date(2022, 3, 1), date(2022, 6, 1))
SUMMER = Range(date(2022, 6, 1), date(2022, 9, 1))


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    """The smallest registry."""
    async with shop_on(database_url) as made:
        yield made


async def test_the_migrated_tables_are_those_of_the_metadata(shop: Shop) -> None:
    """Columns, types, keys and defaults; checks and exclusions are tried one by one below."""
    ours = {table.name for table in schema.metadata.sorted_tables}

    def is_ours(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
        return kind != "table" or name in ours

    def differences(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "include_object": is_ours}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, schema.metadata))

    async with shop.engine.connect() as connection:
        assert [] == await connection.run_sync(differences)


@pytest.mark.parametrize(
    "days",
    [
        SPRING,
        Range(date(2022, 5, 31), None),
        Range(date(2022, 1, 1), date(2022, 3, 2)),
        Range(date(2022, 4, 1), date(2022, 4, 2)),
    ],
    ids=str,
)
async def test_two_agreements_never_cover_one_program_on_one_day(shop: Shop, days: Range[date]) -> None:
    """A sale belongs to one agreement, found by its date; the database sees to it."""
    await agree(shop, "1", SPRING, "food", "children")
    with pytest.raises(IntegrityError, match="agreement_program_one_a_day"):
        await agree(shop, "2", days, "clothes", "food")


async def test_agreements_may_follow_each_other_and_share_days_by_program(shop: Shop) -> None:
    """One ends on the day on which the next begins; other programs and merchants do not meet it."""
    await agree(shop, "1", SPRING, "food")
    await agree(shop, "2", SUMMER, "food")
    await agree(shop, "3", SPRING, "children", "food_set", "foo")
    other = await add(shop.engine, schema.merchant, inn="0000000025", name="ООО Пример-2")
    await agree(Shop(shop.engine, other, 0, 0), "1", SPRING, "food")
    standing = (await read_snapshot(shop.engine)).standing_of(shop.terminal_id)
    assert standing is not None
    assert ["children", "foo", "food", "food", "food_set"] == sorted(
        code for agreement in standing.agreements for code in agreement.program_codes
    )


async def test_programs_follow_the_days_of_their_agreement(shop: Shop) -> None:
    """An agreement prolonged into another's days is refused; a shortened one takes its programs along."""
    first = await agree(shop, "1", SPRING, "food")
    await agree(shop, "2", SUMMER, "food")
    columns = schema.agreement.c
    longer, shorter = Range(date(2022, 3, 1), date(2022, 6, 2)), Range(date(2022, 3, 1), date(2022, 4, 1))
    with pytest.raises(IntegrityError, match="agreement_program_one_a_day"):
        async with shop.engine.begin() as connection:
            await connection.execute(
                update(schema.agreement).where(columns.id == first).values(in_force=longer)
            )
    async with shop.engine.begin() as connection:
        await connection.execute(update(schema.agreement).where(columns.id == first).values(in_force=shorter))
    standing = (await read_snapshot(shop.engine)).standing_of(shop.terminal_id)
    assert standing is not None
    days = (date(2022, 3, 31), date(2022, 4, 1))
    assert [first, None] == [standing.agreement_for("food", day) for day in days]


async def test_a_program_cannot_have_other_days_than_its_agreement(shop: Shop) -> None:
    """Merchant and days are repeated for the constraint, and cannot differ."""
    agreement_id = await agree(shop, "1", SPRING)
    row = {"agreement_id": agreement_id, "program_code": "food", "merchant_id": shop.merchant_id}
    with pytest.raises(IntegrityError, match="agreement_program_agreement_id"):
        await add_link(shop.engine, schema.agreement_program, **row, in_force=SUMMER)


@pytest.mark.parametrize("days", [Range(None, date(2022, 3, 1)), Range(empty=True)], ids=str)
async def test_an_agreement_has_a_first_day(shop: Shop, days: Range[date]) -> None:
    """In force from always, or never, is no agreement."""
    with pytest.raises(IntegrityError, match="agreement_has_first_day"):
        await agree(shop, "1", days)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"inn": "00000000"}, "merchant_inn_digits"),
        ({"inn": "00000000259"}, "merchant_inn_digits"),
        ({"inn": "000000002x"}, "merchant_inn_digits"),
        ({"inn": "0000000018"}, "merchant_inn_key"),
        ({"state": "GONE"}, "merchant_state_known"),
        ({"state": "SUSPENDED"}, "merchant_suspended_at_known"),
    ],
)
async def test_a_merchant_that_cannot_be_is_refused(
    shop: Shop, values: dict[str, str], constraint: str
) -> None:
    """A suspended one without an instant would never wind down."""
    with pytest.raises(IntegrityError, match=constraint):
        await add(shop.engine, schema.merchant, **{"inn": "0000000025", "name": "ООО Пример-2"} | values)


async def test_a_concentrator_never_speaks_for_another_merchant(shop: Shop) -> None:
    """Not even if an operator mistakes the outlet."""
    other = await add(shop.engine, schema.merchant, inn="0000000025", name="ООО Пример-2")
    outlet_id = await add_outlet(shop.engine, other, "Магазин 1")
    chain = await add(shop.engine, schema.concentrator, merchant_id=shop.merchant_id, name="Сеть")
    for merchant_id in (other, shop.merchant_id):
        link = {"concentrator_id": chain, "outlet_id": outlet_id, "merchant_id": merchant_id}
        with pytest.raises(IntegrityError, match="concentrator_outlet"):
            await add_link(shop.engine, schema.concentrator_outlet, **link)


async def test_a_key_names_one_client_and_is_a_sha256(shop: Shop) -> None:
    """Neither nobody nor two, and no other hash."""
    chain = await add(shop.engine, schema.concentrator, merchant_id=shop.merchant_id, name="Сеть")
    both = {"terminal_id": shop.terminal_id, "concentrator_id": chain}
    for owner in ({}, both):
        with pytest.raises(IntegrityError, match="client_key_names_one"):
            await add_link(shop.engine, schema.client_key, fingerprint=bytes(32), **owner)
    with pytest.raises(IntegrityError, match="client_key_fingerprint_sha256"):
        await add_link(shop.engine, schema.client_key, fingerprint=bytes(20), concentrator_id=chain)


SNAPSHOT_TABLES = [
    table
    for table in schema.metadata.sorted_tables
    if table
    not in (
        schema.card,
        schema.registry_epoch,
        *(schema.stop_list_version, schema.stop_entry, schema.stop_list_key),
    )
]


@pytest.mark.parametrize("table", SNAPSHOT_TABLES, ids=str)
async def test_every_write_counts_the_epoch_up(shop: Shop, table: Table) -> None:
    """Whoever writes, also past the admin functions: a snapshot never misses a change."""
    before, last = await epoch_of(shop.engine), list(table.c)[-1]
    async with shop.engine.begin() as connection:
        await connection.execute(insert(table).from_select([last.name], select(last).where(false())))
        await connection.execute(update(table).values({last.name: last}))
        await connection.execute(delete(table).where(false()))
    assert before + 3 == await epoch_of(shop.engine)


async def test_there_is_one_epoch(shop: Shop) -> None:
    """A second row could be read for the first."""
    with pytest.raises(IntegrityError, match="registry_epoch_single"):
        await add_link(shop.engine, schema.registry_epoch, id=2, epoch=1)
