"""tillgate goods explain: the cashier's sentence and the auditor's trace, as of any instant."""

from asyncio import to_thread
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.judging import Source
from gateway.goods.loader import SHIPPED
from gateway.goods.reference.kinds import Kind
from tests.cli_kit import CommandLine
from tests.goods_kit import BREAD_CODE, VODKA_CODE, names_folder
from tests.reference_kit import BEER, FIRST, MILK, Desk

OKPD2 = "11.05.10\tПиво, кроме отходов пивоварения\n10.71.11\tХлеб ржаной\n11.01.10\tВодка\n"


async def stock_up(desk: Desk) -> None:
    """A catalogue, the table of codes and a classifier, all in force since an hour."""
    now = await desk.now()
    await desk.at(now - timedelta(hours=2))
    await desk.catalogue(FIRST, "first")
    await desk.publish(Kind.CATALOGUE, "first")
    await desk.draft(Kind.OKPD2, desk.file("okpd2.tsv", OKPD2), "okpd2-1")
    await desk.publish(Kind.OKPD2, "okpd2-1")
    await desk.draft(Kind.NAMES, names_folder(desk.folder / "names"), "names-1")
    await desk.publish(Kind.NAMES, "names-1")
    await desk.at(now)


async def test_a_cashier_reads_a_sentence_and_an_auditor_every_source(
    desk: Desk, tillgate: CommandLine
) -> None:
    """The GTIN of beer under a name of milk, with a code of milk: each source, its rule and version."""
    await stock_up(desk)
    asked = ("goods", "explain", "--name", "Молоко", "--gtin", BEER, "--okpd2", "10.51.11")
    found = await to_thread(tillgate.json, *asked, "--json")
    assert ("PROHIBITED", Source.CATALOGUE, "alcohol-beer") == (
        found["reason"],
        found["source"],
        found["rule_id"],
    )
    assert "Запрещено к покупке по сертификату: Пиво и пивные напитки" == found["cashier_ru"]
    assert "Prohibited for certificates: ОКПД2 11.05" == found["cashier_en"]
    assert [
        (Source.CATALOGUE, "11.05.10", "first", True),
        (Source.DECLARED, "10.51.11", "", False),
        (Source.NAME, BREAD_CODE, "names-1", False),
    ] == [(step["source"], step["okpd2"], step["version"], step["is_denied"]) for step in found["steps"]]
    assert "contradiction" == found["review"]
    assert "Пиво, кроме отходов пивоварения" == found["okpd2_titles"]["11.05.10"]
    shown = (await to_thread(tillgate, *asked)).stdout
    for told in ("Запрещено к покупке", "► │ каталог GTIN", "Хлеб ржаной", "противоречат", "перечень: "):
        assert told in shown, shown


async def test_a_name_alone_tells_which_words_spoke(desk: Desk, tillgate: CommandLine) -> None:
    """The words that the lexicon knows, the likeliest codes, and from where on a guess counts."""
    await stock_up(desk)
    asked = ("goods", "explain", "--name", "ВОДКА особая 0,5л")
    found = await to_thread(tillgate.json, *asked, "--json")
    assert ("PROHIBITED", Source.NAME) == (found["reason"], found["source"])
    assert ["водка"] == [words for words, _ in found["name"]["words"]]
    assert VODKA_CODE == found["name"]["guesses"][0]["okpd2"]
    english = (await to_thread(tillgate, *asked, "--english")).stdout
    for told in ("Prohibited for certificates", "«водка» vodka denied", f"looks like: {VODKA_CODE} Водка"):
        assert told in english, english
    assert "«водка» vodka запрещено" in "\n".join(found["trace_ru"])


async def test_an_answer_is_as_of_an_instant(desk: Desk, tillgate: CommandLine) -> None:
    """Before the catalogue was in force it says nothing; before the first list there is no answer at all."""
    await stock_up(desk)
    asked = ("goods", "explain", "--gtin", MILK)
    assert "ALLOWED" == (await to_thread(tillgate.json, *asked, "--json"))["reason"]
    before = (await desk.now() - timedelta(hours=3)).isoformat()
    assert "GOODS_UNKNOWN" == (await to_thread(tillgate.json, *asked, "--json", "--at", before))["reason"]
    refused = await to_thread(tillgate, *asked, "--at", "1999-01-01")
    assert (1, True) == (refused.exit_code, "no prohibited list is in force" in refused.stderr)


def test_without_anything_published_the_shipped_lists_answer(tillgate: CommandLine, tmp_path: Path) -> None:
    """And a classifier that is only a folder yet can be asked all the same."""
    assert SHIPPED.is_dir()
    asked = ("goods", "explain", "--name", "водка", "--json")
    assert "GOODS_UNKNOWN" == tillgate.json(*asked)["reason"]
    classifier = names_folder(tmp_path / "names")
    assert "PROHIBITED" == tillgate.json(*asked, "--classifier", classifier)["reason"]
    assert 2 == tillgate(*asked, "--classifier", classifier / "lexicon").exit_code


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "say something of the line"),
        (("--gtin", "4600000000016"), "no GTIN"),
        (("--okpd2", "11.5.1.1"), "no ОКПД2 code"),
        (("--item-code", "A-7"), "--merchant"),
    ],
)
def test_what_cannot_be_asked_is_told(tillgate: CommandLine, arguments: tuple[str, ...], told: str) -> None:
    """A wrong check digit is no question; a shop's own code needs its shop."""
    found = tillgate("goods", "explain", *arguments)
    assert (2, True) == (found.exit_code, told in found.stderr), found.stderr
