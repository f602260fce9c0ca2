"""tillgate goods replay: an old decision repeats from its own versions, or is told what is another."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from gateway.domain.purchase import Purchase, PurchaseState
from gateway.goods.cases.rules import Confirmation, make_rule
from gateway.goods.cases.subjects import Subject, SubjectKind
from gateway.goods.reference.kinds import Kind
from gateway.runtime.embedded import EmbeddedPostgres
from tests.cli_kit import CommandLine
from tests.goods_kit import VODKA_WORD, book_on, prepared
from tests.reference_kit import SECOND, Desk
from tests.town_kit import BASKET, SHIPPED, Town, item, town_on


@pytest.fixture
async def town(database_url: str, desk: Desk, tillgate: CommandLine) -> AsyncIterator[Town]:
    """A town at a database of this test's own."""
    async with town_on(database_url, desk, tillgate) as made:
        yield made


async def confirm(town: Town, key: str, okpd2: str) -> None:
    """The department confirms what goods of a folded name are."""
    said = Confirmation(okpd2, "Протокол 5", "operator-1", SHIPPED.prohibited[-1], timedelta(seconds=5))
    connection = town.desk.connection
    async with connection.transaction():
        await make_rule(connection, Subject(SubjectKind.NAME, 0, key), said)
    await town.hear()


def tamper(town: Town, purchase: Purchase, lines: str) -> None:
    """Write other lines into the books, as only their owner could."""
    town.tillgate.sql(f"UPDATE purchase SET lines = ({lines})::json WHERE id = '{purchase.id}'")  # noqa: S608


async def test_an_old_decision_is_the_same_before_and_after_everything_has_changed(town: Town) -> None:
    """A new list, a new catalogue, a new classifier and a confirmed name hold forward only."""
    first = await town.buy(*BASKET)
    declined = await town.buy(item(1, 10_00, VODKA_WORD))
    assert (PurchaseState.AUTHORIZED, PurchaseState.DECLINED) == (first.state, declined.state)
    for purchase in (first, declined):
        found = await town.ask("replay", purchase.id)
        assert (0, True) == (found.exit_code, "решение то же" in found.stdout), found.output
    await town.desk.prohibited("new", "10.51", "11", "12")
    await town.desk.publish(Kind.PROHIBITED, "new")
    await town.desk.catalogue(SECOND, "second")
    await town.desk.publish(Kind.CATALOGUE, "second")
    await town.pass_time(timedelta(hours=2))
    await confirm(town, "энергетик буря 0.5", "11.07.19")
    for purchase in (first, declined):
        found = await town.ask("replay", purchase.id, "--json")
        assert (0, True) == (found.exit_code, json.loads(found.stdout)["same"]), found.output


async def test_what_a_gateway_decided_by_its_files_repeats_from_the_database(
    town: Town, postgres: EmbeddedPostgres, database_name: str, tmp_path: Path
) -> None:
    """The catalogue as a mapped file and as rows, the classifier as a node opens it and as a command does."""
    async with book_on(postgres, database_name, tmp_path / "node") as book:
        await prepared(book, town.desk.connection)
        town.book = book
        purchase = await town.buy(*BASKET)
        goods, beer = book.goods_at(purchase.authorized_at), purchase.lines[1].line
        trace = goods.trace(beer, goods.judge([beer], purchase.merchant_id)[0])
        assert trace is not None
        assert [VODKA_WORD] == [words for words, _ in trace.words]
    assert {"catalogue", "declared", "name"} == {one.verdict.source for one in purchase.lines}
    found = await town.ask("replay", purchase.id)
    assert 0 == found.exit_code, found.output


async def test_a_confirmed_name_repeats_where_it_held(town: Town) -> None:
    """Bought before and after the rule: each by what held at its own instant."""
    before = await town.buy(item(1, 10_00, "Буря"))
    await confirm(town, "буря", "11.07.19")
    after = await town.buy(item(1, 10_00, "Буря"))
    assert ["name", "confirmed_name"] == [one.lines[0].verdict.source for one in (before, after)]
    for purchase in (before, after):
        found = await town.ask("replay", purchase.id)
        assert 0 == found.exit_code, found.output


async def test_a_tampered_line_is_told(town: Town) -> None:
    """Beer made milk in the books: the line is named, both decisions, and that no version explains it."""
    purchase = await town.buy(*BASKET)
    tamper(
        town,
        purchase,
        "replace(replace(lines::text, '11.05.10', '10.51.11'), '\"reason\":2', '\"reason\":1')",
    )
    found = await town.ask("replay", purchase.id, "--json")
    told = json.loads(found.stdout)
    assert (1, False, [2]) == (
        found.exit_code,
        told["same"],
        [one["line_number"] for one in told["differences"]],
    )
    shown = (await town.ask("replay", purchase.id)).stdout
    for text in (
        "решение ДРУГОЕ",
        "повторилось позиций: 3 / 4",
        "PROHIBITED 11.05.10",
        "все версии на месте",
    ):
        assert text in shown, shown
    english = (await town.ask("replay", purchase.id, "--english")).stdout
    assert "every version is here: what is stored is not what they lead to" in english


async def test_versions_that_are_not_here_are_named(town: Town) -> None:
    """Decided by a catalogue and a list of which nothing is stored, as after too old a backup."""
    town.catalogue.version = "lost"
    purchase = await town.buy(item(1, 10_00, gtin=BASKET[0].gtin))
    tamper(town, purchase, "replace(lines::text, '2024-01-01', 'gone')")
    found = json.loads((await town.ask("replay", purchase.id, "--json")).stdout)
    assert [
        "перечень gone: здесь нет, на тот момент действует 2024-01-01",
        "каталог lost: здесь нет, на тот момент действует first",
    ] == [cause["ru"] for cause in found["causes"]]


async def test_a_purchase_that_is_none_is_told(town: Town) -> None:
    """It is not "another decision"."""
    found = await town.ask("replay", uuid4())
    assert (2, True) == (found.exit_code, "there is no purchase" in found.stderr)
