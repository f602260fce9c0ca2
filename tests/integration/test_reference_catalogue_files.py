"""Catalogue files: what is read of them, what is told, and that a failed import changes nothing."""

import asyncio
from pathlib import Path

import pytest

from gateway.goods.importing.catalogue import CatalogueFile
from gateway.goods.importing.problems import ImportFileError
from gateway.goods.reference import catalogue as catalogue_module
from gateway.goods.reference.catalogue import import_catalogue
from gateway.goods.reference.errors import ListCode, ListError
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.problems import Problems
from tests.reference_kit import BEER, FIRST, MILK, NO_CATEGORIES, SECOND, Desk, desk_on, gtin


async def test_a_gtin_with_two_categories_keeps_both_codes_and_is_told_by_row(desk: Desk) -> None:
    """Goods are denied by any of their codes, so none may be lost; the order of rows means nothing."""
    rows = [(BEER, "Квас", "11.07.19"), (MILK, "Молоко", ""), (BEER, "Пиво", "11.05.10"), (BEER, "Пиво", "")]
    path = desk.file("c.tsv", "gtin\tname\tokpd2\n" + "".join("\t".join(row) + "\n" for row in rows))
    out = desk.folder / "problems.csv"
    with out.open("w", encoding="utf-8", newline="") as file:
        done = await import_catalogue(
            desk.connection, CatalogueFile(path, NO_CATEGORIES), by="operator-1", problems=Problems(file)
        )
    assert [1] == list(done.problems.values())
    told = out.read_text(encoding="utf-8-sig").splitlines()
    assert 2 == len(told)
    assert told[1].startswith("4;okpd2;")
    assert told[1].endswith(f"0{BEER}: 11.05.10")
    lines = await desk.lines(Kind.CATALOGUE, done.version)
    assert f"0{BEER}\t11.05.10,11.07.19\tКвас" == lines[f"0{BEER}"]
    assert f"0{MILK}\t\tМолоко" == lines[f"0{MILK}"]


async def test_numbers_that_mean_nothing_outside_a_shop_are_left_out(desk: Desk) -> None:
    """A shop's own code in a catalogue would name the goods of every other shop."""
    done = await desk.catalogue([*FIRST, ("2000000000015", "Сыр весовой", "10.51.40")])
    assert 3 == done.counts.rows
    assert ["gtin: is a number of restricted circulation: it means nothing outside one shop"] == [
        *done.problems
    ]


async def test_the_same_catalogue_again_changes_nothing(stocked: Desk) -> None:
    """Published or drafted, in whatever order its rows come, and as an addition too."""
    before = await stocked.dump()
    for is_addition in (False, True):
        done = await stocked.catalogue(reversed(FIRST), is_addition=is_addition)
        assert (False, "first") == (done.is_new, done.version)
    assert before == await stocked.dump()
    await stocked.catalogue(SECOND, "second")
    drafted = await stocked.dump()
    again = await stocked.catalogue(SECOND)
    assert (False, "second") == (again.is_new, again.version)
    assert drafted == await stocked.dump()


async def test_one_draft_at_a_time(stocked: Desk) -> None:
    """Ranges of two drafts would run into each other."""
    await stocked.catalogue(SECOND, "second")
    before = await stocked.dump()
    with pytest.raises(ListError) as refused:
        await stocked.catalogue(FIRST[:1], "third")
    assert (ListCode.DRAFT_EXISTS, "second") == (refused.value.code, refused.value.details["version"])
    assert before == await stocked.dump()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("gtin\tokpd2\n4600000000015\t10.51\n", "utf-8"),
        ("gtin\tname\n" + "Молоко\t4600000000015\n", "utf-8"),
        ("gtin\tname\n" + f"{MILK}\tМолоко\n" * 3, "utf-16"),
        ("gtin\tname\n", "utf-8"),
        ("\ufeff", "utf-8"),
    ],
    ids=["no column", "columns mixed up", "utf-16", "no row", "nothing but a mark"],
)
async def test_a_file_that_is_no_catalogue_changes_nothing(stocked: Desk, text: str, encoding: str) -> None:
    """Published catalogue and open draft stay as they were."""
    await stocked.catalogue(SECOND, "second")
    before = await stocked.dump()
    path = stocked.file("bad.tsv", text, encoding)
    with pytest.raises((ImportFileError, ListError)):
        await import_catalogue(stocked.connection, CatalogueFile(path, NO_CATEGORIES), by="operator-1")
    assert before == await stocked.dump()


async def test_bytes_that_break_off_in_the_middle_of_the_file_change_nothing(
    stocked: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some blocks are staged by then; the next import begins with an empty staging table."""
    monkeypatch.setattr(catalogue_module, "BLOCK_ROWS", 10)
    before = await stocked.dump()
    rows = "".join(f"{gtin(n)}\tТовар {n}\n" for n in range(1, 40_000))
    path = stocked.file("bad.tsv", f"gtin\tname\n{rows}")
    path.write_bytes(path.read_bytes() + b"\xd0\n")
    with pytest.raises(ImportFileError, match="0xD0"):
        await import_catalogue(stocked.connection, CatalogueFile(path, NO_CATEGORIES), by="operator-1")
    assert before == await stocked.dump()
    assert 3 == (await stocked.catalogue(SECOND, "second")).counts.rows


@pytest.mark.parametrize("encoding", ["cp1251", "utf-8-sig"])
async def test_windows_1251_and_a_byte_order_mark_are_read_as_what_they_are(
    desk: Desk, encoding: str
) -> None:
    """Both come from spreadsheets; the content is the same as in plain UTF-8."""
    text = "gtin;name;okpd2\n" + "".join(";".join(row) + "\n" for row in FIRST)
    path = desk.file("catalogue.csv", text, encoding)
    done = await import_catalogue(desk.connection, CatalogueFile(path, NO_CATEGORIES), by="operator-1")
    assert ({}, f"0{MILK}\t10.51.11\tМолоко") == (
        done.problems,
        (await desk.lines(Kind.CATALOGUE, done.version))[f"0{MILK}"],
    )
    assert not (await desk.catalogue(FIRST)).is_new


async def test_a_second_import_at_the_same_time_is_refused(
    stocked: Desk, database_url: str, tmp_path: Path
) -> None:
    """They would fill one staging table."""
    path = stocked.file("c.tsv", "gtin\tname\n" + f"{MILK}\tМолоко\n")
    refused: list[ListError] = []

    async with desk_on(database_url, tmp_path) as other:
        await other.connection.execute("BEGIN; LOCK catalogue_staging")
        first = asyncio.create_task(
            import_catalogue(stocked.connection, CatalogueFile(path, NO_CATEGORIES), by="operator-1")
        )
        waiting = "SELECT count(*), pg_sleep(0.01) FROM pg_locks WHERE NOT granted"
        while not await other.connection.fetchval(waiting):
            pass
        async with desk_on(database_url, tmp_path) as third:
            with pytest.raises(ListError) as busy:
                await import_catalogue(third.connection, CatalogueFile(path, NO_CATEGORIES), by="operator-2")
            refused.append(busy.value)
        await other.connection.execute("COMMIT")
        await first
    assert [ListCode.BUSY] == [error.code for error in refused]
