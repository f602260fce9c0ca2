"""tillgate goods rehearse: what a draft would have done to the baskets that a town bought."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.domain.reasons import LineReason
from gateway.goods.loader import SHIPPED as SHIPPED_FOLDER
from gateway.goods.reference.kinds import Kind, State
from tests.cli_kit import CommandLine
from tests.goods_kit import VODKA_WORD, names_folder
from tests.reference_kit import BEER, FIRST, MILK, Desk, gtin, prohibited_text
from tests.town_kit import BASKET, Town, item, town_on

DENIED = ("11.01", "11.02", "11.03", "11.04", "11.05", "12")
ENERGY = gtin(77)


@pytest.fixture
async def town(database_url: str, desk: Desk, tillgate: CommandLine) -> AsyncIterator[Town]:
    """A town at a database of this test's own, whose catalogue knows an energy drink."""
    async with town_on(database_url, desk, tillgate, (*FIRST, (ENERGY, "Энергетик", "11.07.19.120"))) as made:
        yield made


async def rehearsed(town: Town, kind: Kind, version: str, *options: object) -> Any:
    """The figures of a rehearsal, which marks the draft."""
    found = await town.ask("rehearse", kind, version, "--json", *options)
    assert 0 == found.exit_code, found.output
    return json.loads(found.stdout)


def drink(number: int = 1, kopecks: int = 80_00) -> Any:
    """An energy drink by its GTIN."""
    return item(number, kopecks, "Энергетик Буря 0,5", gtin=ENERGY)


async def test_a_draft_that_denies_energy_drinks_is_told_by_lines_shops_and_rubles(town: Town) -> None:
    """Two shops sold three cans in all; milk, bread and beer are as before, and beer was refused already."""
    await town.buy(BASKET[0], BASKET[1], replace(drink(3), line_number=3))
    await town.buy(drink(1, 80_00), drink(2, 75_00))
    await town.buy(drink(1, 90_00), BASKET[3], terminal_id=21)
    await town.desk.prohibited("strict", *DENIED, "11.07.19.120")
    found = await rehearsed(town, Kind.PROHIBITED, "strict")
    assert (3, 7) == (found["baskets"], found["lines"])
    assert {"lines": 4, "baskets": 3, "outlets": 2, "merchants": 2, "kopecks": 325_00} == found["sums"][
        "refused"
    ]
    assert 0 == found["sums"]["allowed"]["lines"]
    assert 325_00 == found["payable_kopecks"][0] - found["payable_kopecks"][1]
    [goods] = found["goods"]
    assert (ENERGY, 4, 325_00) == (goods["gtin"], goods["lines"], goods["kopecks"])
    assert ("catalogue", "not-listed", "rule-11-07-19-120") == (
        goods["before"]["source"],
        goods["before"]["rule_id"],
        goods["after"]["rule_id"],
    )
    assert [(100, 3, 235_00), (200, 1, 90_00)] == [
        (one["outlet_id"], one["refused_lines"], one["refused_kopecks"]) for one in found["outlets"]
    ]
    marked = await town.desk.version(Kind.PROHIBITED, "strict")
    assert State.REHEARSED is marked.state
    assert marked.rehearsal is not None
    assert (4, 4, False) == (
        marked.rehearsal["weeks"],
        marked.rehearsal["sums"]["refused"]["lines"],
        "goods" in marked.rehearsal,
    )


async def test_a_draft_that_forgets_beer_would_let_some_certificates_pay_for_it(town: Town) -> None:
    """A basket of beer alone was declined, and is rehearsed all the same; food help never pays for beer."""
    others = await town.kit.card(town.committer, 5_000_00, program_code="other")
    await town.buy(item(1, 120_00, "Напиток", gtin=BEER), card=others)
    await town.buy(*BASKET)
    await town.desk.prohibited("mild", "12")
    found = await rehearsed(town, Kind.PROHIBITED, "mild")
    assert {"lines": 1, "baskets": 1, "outlets": 1, "merchants": 1, "kopecks": 120_00} == found["sums"][
        "allowed"
    ]
    [goods] = found["goods"]
    assert (LineReason.PROHIBITED, LineReason.ALLOWED) == (
        goods["before"]["reason"],
        goods["after"]["reason"],
    )


async def test_only_baskets_of_the_weeks_asked_for_are_looked_at(town: Town) -> None:
    """One bought eight days ago is none of the last week's."""
    await town.buy(drink())
    await town.pass_time(timedelta(days=8))
    await town.buy(BASKET[3])
    await town.desk.prohibited("strict", *DENIED, "11.07.19.120")
    assert (1, 0) == counts(await rehearsed(town, Kind.PROHIBITED, "strict", "--weeks", 1))
    assert (2, 1) == counts(await rehearsed(town, Kind.PROHIBITED, "strict", "--weeks", 2))


def counts(found: Any) -> tuple[int, int]:
    """Baskets, and newly refused lines."""
    return found["baskets"], found["sums"]["refused"]["lines"]


async def test_a_draft_of_the_catalogue_and_of_a_classifier_are_rehearsed_as_sources(town: Town) -> None:
    """What the till calls milk is beer in the new catalogue; another classifier takes vodka for bread."""
    await town.buy(item(1, 90_00, "Молоко", gtin=MILK), item(2, 10_00, VODKA_WORD, okpd2="10.51.11"))
    await town.desk.catalogue([(MILK, "Пиво", "11.05.10")], "beery", is_addition=True)
    found = await rehearsed(town, Kind.CATALOGUE, "beery")
    assert ("first", 1, 90_00) == (
        found["in_force"],
        found["sums"]["refused"]["lines"],
        found["sums"]["refused"]["kopecks"],
    )
    doubting = names_folder(town.desk.folder / "doubting", weight=-20)
    await town.desk.draft(Kind.NAMES, doubting, "names-2")
    found = await rehearsed(town, Kind.NAMES, "names-2")
    assert ("names-1", 1, 0) == (
        found["in_force"],
        found["sums"]["allowed"]["lines"],
        found["sums"]["refused"]["lines"],
    )


async def test_classes_and_programs_change_what_a_certificate_may_pay(town: Town) -> None:
    """Bread that is no food any more; a program that no longer pays for what nobody knows."""
    await town.buy(BASKET[3], item(2, 30_00, "Нечто", okpd2="10.51"))
    text = (SHIPPED_FOLDER / "classes.toml").read_text(encoding="utf-8")
    without = town.desk.file("classes.toml", text.replace("[classes]", '[classes]\n"10.71" = ["durable"]'))
    await town.desk.draft(Kind.CLASSES, without, "no-bread")
    found = await rehearsed(town, Kind.CLASSES, "no-bread")
    assert ("Хлеб", 5) == (found["goods"][0]["name"], found["goods"][0]["after"]["reason"])
    await town.desk.draft(Kind.PROGRAMS, program_files(town), "no-bread")
    found = await rehearsed(town, Kind.PROGRAMS, "no-bread")
    assert 2 == found["sums"]["refused"]["lines"]


def program_files(town: Town) -> Path:
    """The shipped programs and one more version of food, for children's goods alone."""
    for path in (*SHIPPED_FOLDER.glob("programs/*.toml"), SHIPPED_FOLDER / "nominals.toml"):
        town.desk.file(f"lists/{path.relative_to(SHIPPED_FOLDER)}", path.read_text(encoding="utf-8"))
    text = (SHIPPED_FOLDER / "programs" / "food-2.toml").read_text(encoding="utf-8")
    changed = text.replace("version = 2", "version = 3").replace('= ["food"]', '= ["children"]')
    town.desk.file("lists/programs/food-3.toml", changed)
    return town.desk.folder / "lists"


async def test_people_read_a_table_and_a_page_that_needs_nothing_else(town: Town, tmp_path: Path) -> None:
    """Names of goods are text, whatever a till puts into them."""
    await town.buy(replace(drink(), item_name="<script>alert(1)</script>"), *BASKET[1:2])
    await town.desk.prohibited("strict", *DENIED, "11.07.19.120")
    page = tmp_path / "page.html"
    shown = await town.ask("rehearse", "prohibited", "strict", "--html", page, "--by", "operator-1")
    assert 0 == shown.exit_code, shown.output
    for told in (
        "Репетиция: перечень запрещённых товаров, черновик strict",
        "станет нельзя",
        ENERGY,
        "80,00",
    ):
        assert told in shown.stdout, shown.stdout
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "merchant 1, shop, street" in text
    for foreign in ("http:", "https:", "src=", "@import", "url("):
        assert foreign not in text


async def test_a_version_that_is_no_draft_is_not_rehearsed(town: Town) -> None:
    """One that is published, and one that there is not."""
    for version, told in (("first", "ALREADY_PUBLISHED"), ("none", "UNKNOWN_VERSION")):
        found = await town.ask("rehearse", "catalogue", version)
        assert (1, True) == (found.exit_code, told in found.stderr), found.output


async def test_a_rehearsed_draft_may_be_published(town: Town) -> None:
    """An empty rehearsal is one: nothing was bought, nothing would change."""
    await town.desk.draft(Kind.OKPD2, town.desk.file("okpd2.tsv", "10.51.11\tМолоко\n"), "names-of-codes")
    assert (0, 0) == counts(await rehearsed(town, Kind.OKPD2, "names-of-codes"))
    await town.desk.draft(
        Kind.PROHIBITED, town.desk.file("strict.toml", prohibited_text("strict", *DENIED)), "strict"
    )
    found = await town.ask("rehearse", "prohibited", "strict")
    assert (0, True) == (found.exit_code, "0" in found.stdout)
