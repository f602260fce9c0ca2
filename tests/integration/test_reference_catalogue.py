"""The catalogue: ranges of versions, what a file changes, and that a failed import changes nothing."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.goods.reference.catalogue_lines import CatalogueItem, copy_version, item_changes, items_of
from gateway.goods.reference.downloads import changes_between, rows_of
from gateway.goods.reference.drafts import Counts, discard
from gateway.goods.reference.errors import ListCode, ListError
from gateway.goods.reference.kinds import Kind
from gateway.runtime.database import driver_connection, make_engine
from tests.reference_kit import BEER, FIRST, MILK, SECOND, SOAP, WATER, Desk, gtin


async def publish_next(desk: Desk, version: str, hours: int) -> None:
    """Publish a draft that holds after those before it."""
    await desk.publish(
        Kind.CATALOGUE, version, effective_from=await desk.now() + timedelta(hours=hours, minutes=1)
    )


async def changed(desk: Desk, old: str, new: str) -> dict[str, str | None]:
    """The difference of two versions."""
    found = changes_between(desk.connection, Kind.CATALOGUE, old, new)
    return {entry.key: entry.line async for entry in found}


async def test_an_item_is_kept_once_for_all_versions_in_which_it_is_the_same(stocked: Desk) -> None:
    """Milk stays, beer has another name, water goes, soap comes."""
    done = await stocked.catalogue(SECOND, "second")
    assert Counts(rows=3, added=1, changed=1, removed=1, unchanged=1) == done.counts
    rows = await stocked.connection.fetch(
        "SELECT name, since, until FROM catalogue_item ORDER BY gtin, since"
    )
    assert [
        ("Молоко", 1, None),
        ("Пиво", 1, 2),
        ("Пиво светлое", 2, None),
        ("Вода", 1, 2),
        ("Мыло", 2, None),
    ] == [tuple(row) for row in rows]
    assert {f"0{code}" for code in (MILK, BEER, SOAP)} == (
        await stocked.lines(Kind.CATALOGUE, "second")
    ).keys()
    assert f"0{BEER}\t11.05.10\tПиво" == (await stocked.lines(Kind.CATALOGUE, "first"))[f"0{BEER}"]


async def test_a_catalogue_comes_in_although_its_table_was_analysed_while_empty(desk: Desk) -> None:
    """The planner expects one row then; joining all with all would take many minutes."""
    await desk.connection.execute("ANALYZE catalogue_item")
    await desk.connection.execute("SET statement_timeout = '60s'")
    done = await desk.catalogue([(gtin(n), f"item {n}", "10.51") for n in range(120_000)])
    assert 120_000 == done.counts.rows


async def test_an_addition_leaves_what_the_file_does_not_name(stocked: Desk) -> None:
    """What it does name is replaced, with all its codes."""
    done = await stocked.catalogue(SECOND[1:], "second", is_addition=True)
    assert Counts(rows=4, added=1, changed=1, removed=0, unchanged=2) == done.counts
    names = {(line or "").split("\t")[2] for line in (await stocked.lines(Kind.CATALOGUE, "second")).values()}
    assert {"Молоко", "Пиво светлое", "Вода", "Мыло"} == names


async def test_the_difference_tells_new_lines_and_gone_keys_both_ways(stocked: Desk) -> None:
    """What went and came back in between is none."""
    await stocked.catalogue(SECOND, "second")
    await publish_next(stocked, "second", 2)
    await stocked.catalogue(FIRST[:2], "third")
    await publish_next(stocked, "third", 3)
    there = await changed(stocked, "first", "second")
    assert {f"0{BEER}", f"0{WATER}", f"0{SOAP}"} == there.keys()
    assert (None, f"0{SOAP}\t20.41.31\tМыло") == (there[f"0{WATER}"], there[f"0{SOAP}"])
    assert {f"0{WATER}": f"0{WATER}\t11.07.11\tВода"} == await changed(stocked, "third", "first")
    assert {f"0{WATER}": None} == await changed(stocked, "first", "third")
    assert {} == await changed(stocked, "second", "second")


_NAMES = ["Молоко", 'Сыр "Пошехонский"', "Хлеб \\ батон", "\\.", "Вода; 1,5 л", "O'Key", "﻿Чай"]
_CONTENTS = st.dictionaries(
    st.integers(1, 6),
    st.tuples(st.sampled_from(_NAMES), st.sampled_from(["", "10.51", "11.05.10"])),
    min_size=1,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=st.lists(_CONTENTS, min_size=3, max_size=4))
async def test_a_difference_applied_to_the_old_version_is_the_new_one(
    desk: Desk, contents: Sequence[dict[int, tuple[str, str]]]
) -> None:
    """Between any two of several versions, older to newer and back, whatever names hold."""
    names = []
    for content in contents:
        done = await desk.catalogue([(gtin(n), *fields) for n, fields in content.items()])
        if done.is_new:
            hours = len(await desk.connection.fetch("SELECT FROM reference_version")) + 2
            await publish_next(desk, done.version, hours)
        names.append(done.version)
    fulls = {name: await desk.lines(Kind.CATALOGUE, name) for name in names}
    for old, new in [*pairwise(names), *pairwise(reversed(names)), (names[0], names[-1])]:
        applied = {**fulls[old], **await changed(desk, old, new)}
        assert fulls[new] == {key: line for key, line in applied.items() if line is not None}


async def test_a_copied_version_is_byte_for_byte_the_lines(stocked: Desk) -> None:
    """Backslashes and quotes as they are; the two ways of reading agree."""
    rows = [(gtin(10 + n), name, "10.51") for n, name in enumerate(_NAMES)]
    await stocked.catalogue(rows, "second")
    number = (await stocked.version(Kind.CATALOGUE, "second")).number
    blocks: list[bytes] = []
    await copy_version(stocked.connection, number, blocks.append)
    items = [item async for item in items_of(stocked.connection, number)]
    assert b"".join(blocks).decode() == "".join(f"{item.line}\n" for item in items)


async def test_items_and_changes_come_typed_too(stocked: Desk) -> None:
    """For whoever builds something of them and has no use for lines."""
    await stocked.catalogue([*FIRST[:2], (MILK, "Молоко", "11.05.10")], "second")
    milk = CatalogueItem(f"0{MILK}", ("10.51.11", "11.05.10"), "Молоко")
    assert milk in [item async for item in items_of(stocked.connection, 2)]
    found = [(c.gtin14, c.item) async for c in item_changes(stocked.connection, 1, 2)]
    assert [(f"0{MILK}", milk), (f"0{WATER}", None)] == found


async def test_a_discarded_draft_leaves_the_ranges_as_they_were(stocked: Desk) -> None:
    """Also for the next draft, which has a number of its own."""
    items = (await stocked.dump())["catalogue_item"]
    await stocked.catalogue(SECOND, "second")
    assert items != (await stocked.dump())["catalogue_item"]
    await discard(stocked.connection, Kind.CATALOGUE, "second", by="operator-1")
    assert items == (await stocked.dump())["catalogue_item"]
    await stocked.catalogue(SECOND, "third")
    assert 3 == len(await stocked.lines(Kind.CATALOGUE, "third"))
    with pytest.raises(ListError) as refused:
        await stocked.lines(Kind.CATALOGUE, "second")
    assert ListCode.DISCARDED is refused.value.code


async def test_a_catalogue_holds_after_those_it_is_made_of(stocked: Desk) -> None:
    """Before them it would be replaced by one that lacks its changes."""
    await stocked.catalogue(SECOND, "second")
    with pytest.raises(ListError) as refused:
        await stocked.publish(
            Kind.CATALOGUE, "second", effective_from=await stocked.now() + timedelta(minutes=5)
        )
    assert ListCode.EFFECTIVE_BEFORE_LAST is refused.value.code


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE catalogue_item SET name = 'Другое' WHERE since = 1",
        "UPDATE catalogue_item SET okpd2 = '{}' WHERE since = 1",
        "UPDATE catalogue_item SET until = 2 WHERE since = 1 AND until IS NULL",
        "UPDATE catalogue_item SET until = NULL WHERE until = 2",
        "UPDATE catalogue_item SET since = 4 WHERE until IS NULL",
        "DELETE FROM catalogue_item WHERE since = 2",
        "INSERT INTO catalogue_item VALUES (1, 2, NULL, '{}', 'Новое')",
        "TRUNCATE catalogue_item",
    ],
)
async def test_a_published_catalogue_cannot_be_changed_by_its_owner(stocked: Desk, change: str) -> None:
    """The database looks at what a statement did as a whole."""
    await stocked.catalogue(SECOND, "second")
    await publish_next(stocked, "second", 2)
    await stocked.catalogue(FIRST, "third")
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await stocked.connection.execute(change)


async def test_the_serving_role_reads_the_catalogue_and_changes_nothing(
    stocked: Desk, database_url: str
) -> None:
    """Publishing belongs to the owner of the tables."""
    url = database_url.replace("postgres@", "tillgate_gateway@")
    assert url != database_url
    engine = make_engine(url, pool_size=1)
    async with driver_connection(engine) as connection:
        assert 3 == len([entry async for entry in rows_of(connection, Kind.CATALOGUE, "first")])
    for table in (
        "reference_version",
        "reference_file",
        "catalogue_item",
        "goods_epoch",
        "catalogue_staging",
    ):
        rights = "INSERT, UPDATE, DELETE, TRUNCATE"
        assert not await stocked.connection.fetchval(
            "SELECT has_table_privilege('tillgate_gateway', $1, $2) OR"
            " has_table_privilege('tillgate_reader', $1, $2)", table, rights,
        ), table  # fmt: skip
    await engine.dispose()
