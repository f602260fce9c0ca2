"""tillgate goods: how the department works on cases, from the list to the rule."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.goods.cases.templates import DatedTemplate, TemplateBook, read_templates
from gateway.goods.identity.in_store import NO_TEMPLATES, WEIGHT_AFTER_2
from gateway.runtime.embedded import EmbeddedPostgres
from tests.cases_kit import BREAD, GTIN_BEER, GTIN_UNKNOWN, MILK, desk_on, item
from tests.cli_kit import CommandLine, command_line

LABEL = "2101234012505"
"""A label of the scales: 2, the goods' number, 1250 grams, a check digit."""

SAID = ("--act", "Протокол 5", "--by", "operator-1")


@pytest.fixture
def tillgate(
    postgres: EmbeddedPostgres, database_name: str, redis_url: str, tmp_path: Path
) -> Iterator[CommandLine]:
    """The command line on a database in which two merchants sold unknown goods a while ago."""
    with command_line(postgres, database_name, redis_url, tmp_path / "data") as made:
        asyncio.run(sell(postgres.url(database_name)))
        yield made


async def sell(database_url: str) -> None:
    """Three baskets; afterwards the clock is two minutes ahead, so that nothing is too young to count."""
    async with desk_on(database_url) as desk:
        await desk.buy(item(1, 10_00, gtin=GTIN_UNKNOWN, item_name="[b]Сырок"), item(2, 5_00, item_code="7"))
        await desk.buy(item(1, 20_00, gtin=GTIN_UNKNOWN), terminal_id=21)
        await desk.buy(item(1, 30_00, BREAD, gtin=GTIN_BEER), terminal_id=21)
        await desk.kit.shift_clock(timedelta(minutes=2))


async def templates(database_url: str) -> Sequence[DatedTemplate]:
    """Every template."""
    async with desk_on(database_url) as desk, desk.kit.connect() as connection:
        return await read_templates(connection)


def test_cases_are_collected_looked_at_and_settled(tillgate: CommandLine) -> None:
    """By the command that a timer or a person runs; what is settled is not listed any more."""
    assert "3 baskets counted\n" == tillgate("goods", "collect").stdout
    assert "0 baskets counted\n" == tillgate("goods", "collect").stdout
    cases = tillgate.json("goods", "cases", "--json")
    assert [(GTIN_BEER, "contradiction"), (GTIN_UNKNOWN, "unknown"), ("7", "unknown")] == [
        (one["subject"]["key"], one["review"]) for one in cases
    ]
    number = cases[1]["id"]
    table = tillgate("goods", "cases", "--kind", "unknown", "--merchant", "2").stdout
    assert all(word in table for word in (GTIN_UNKNOWN, "30.00", "ТОВАР"))
    assert "code of merchant" not in table
    whole = tillgate("goods", "case", number).stdout
    assert all(word in whole for word in ("2 lines, 30.00 rubles", "[b]Сырок", "GOODS_UNKNOWN"))
    confirmed = tillgate("goods", "confirm", number, "--okpd2", MILK, *SAID)
    assert f"GTIN {GTIN_UNKNOWN} is {MILK} from " in confirmed.stdout
    again = tillgate("goods", "confirm", number, "--okpd2", MILK, *SAID)
    assert (1, True) == (again.exit_code, "CASE_SETTLED" in again.stderr and "operator-1" in again.stderr)
    dismissed = tillgate("goods", "dismiss", cases[2]["id"], "--by", "operator-1", "--because", "нет")
    assert 0 == dismissed.exit_code
    assert [cases[0]["id"]] == [one["id"] for one in tillgate.json("goods", "cases", "--json")]
    assert 3 == len(tillgate.json("goods", "cases", "--state", "all", "--json"))
    assert "Протокол 5" in tillgate("goods", "case", number).stdout
    assert GTIN_UNKNOWN in tillgate("goods", "rules", "--key", GTIN_UNKNOWN).stdout


def test_the_rate_of_misdeclaration_is_told_with_its_interval(tillgate: CommandLine) -> None:
    """One line of one differs, which says little: the interval says so."""
    tillgate("goods", "collect")
    [figure] = tillgate.json("goods", "misdeclared", "--json")
    assert (2, 1, 1, 30_00, 1.0) == tuple(
        figure[name]
        for name in ("merchant_id", "checked_count", "differing_count", "differing_kopecks", "rate")
    )
    assert [pytest.approx(0.2065, abs=1e-3), 1.0] == figure["interval"]
    assert "100.00%" in tillgate("goods", "misdeclared", "--merchant", "2").stdout
    assert [] == tillgate.json("goods", "misdeclared", "--merchant", "1", "--json")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("confirm", 1, "--okpd2", "11", *SAID), "OKPD2_TOO_COARSE"),
        (("confirm", 1, "--okpd2", "99.99.99.999.1", *SAID), "OKPD2_MALFORMED"),
        (("confirm", 99, "--okpd2", MILK, *SAID), "CASE_UNKNOWN"),
        (("case", 99), "CASE_UNKNOWN"),
        (("dismiss", 1, "--by", "o", "--because", " "), "UNSIGNED"),
        (("accept", 1, "--okpd2", MILK, *SAID), "SUBMISSION_UNKNOWN"),
        (("refuse", 1, "--by", "o", "--because", "x"), "SUBMISSION_UNKNOWN"),
        (("end-rule", 1, "--by", "o"), "RULE_UNKNOWN"),
        (("end-template", 1, "--by", "o"), "TEMPLATE_UNKNOWN"),
        (("set-template", 99, "2PPPPPPVVVVVC", "--variable", "weight", "--by", "o"), "MERCHANT_UNKNOWN"),
        (("set-template", 1, "4PPPPPPVVVVVC", "--variable", "weight", "--by", "o"), "TEMPLATE_MALFORMED"),
    ],
)
def test_what_the_rules_refuse_is_told_by_name(
    tillgate: CommandLine, arguments: tuple[object, ...], said: str
) -> None:
    """With exit code 1, in one line."""
    tillgate("goods", "collect")
    refused = tillgate("goods", *arguments)
    assert (1, True) == (refused.exit_code, said in refused.stderr)


def test_a_code_that_the_published_classification_lacks_is_refused(tillgate: CommandLine) -> None:
    """Once there is one; of the right form is not enough."""
    tillgate("goods", "collect")
    published = "state, act_text, address, announced_at, published_by, published_at, effective_from"
    tillgate.sql(
        "INSERT INTO reference_version (kind, version, number, body, entry_count, content_sha256,"  # noqa: S608
        f" imported_by, import_summary, {published})"
        """ SELECT 'okpd2', '2026', 1, '{"names": {"10.51.11": "Молоко"}, "sections": {}}', 1,"""
        " sha256('x'), 'o', '{}', 'PUBLISHED', 'a', 'a', t, 'o', t, t FROM (SELECT tillgate_now() AS t)"
    )
    refused = tillgate("goods", "confirm", 1, "--okpd2", "10.51.12", *SAID)
    assert (1, True) == (refused.exit_code, "OKPD2_UNKNOWN" in refused.stderr)
    assert 0 == tillgate("goods", "confirm", 1, "--okpd2", MILK, *SAID).exit_code


def test_a_merchants_template_is_set_and_ended(tillgate: CommandLine, postgres: EmbeddedPostgres) -> None:
    """It holds from soon on until it is ended; of one prefix one holds at a time."""
    weight = ("goods", "set-template", 1, WEIGHT_AFTER_2.pattern, "--variable", "weight", "--decimals", 3)
    assert 0 == tillgate(*weight, "--by", "operator-1").exit_code
    tillgate.sql(
        "CREATE OR REPLACE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE"
        " AS $$SELECT clock_timestamp() + interval '1 hour'$$"
    )
    assert 0 == tillgate(*weight, "--by", "operator-2").exit_code
    assert 0 == tillgate("goods", "end-template", 2, "--by", "operator-2").exit_code
    ended = tillgate("goods", "end-template", 1, "--by", "operator-1")
    assert (1, True) == (ended.exit_code, "TEMPLATE_ENDED" in ended.stderr)
    first, second = asyncio.run(templates(postgres.url(tillgate.database)))
    assert first.until == second.since
    book = TemplateBook([first, second])
    assert (WEIGHT_AFTER_2,) == book.of(1, first.since).templates == book.of(1, second.since).templates
    assert NO_TEMPLATES == book.of(2, first.since)
    assert WEIGHT_AFTER_2.pattern in tillgate("goods", "templates").stdout


def test_a_label_of_the_scales_is_explained_by_the_template_of_its_shop(tillgate: CommandLine) -> None:
    """Its number and weight are told; at another merchant nobody can read it."""
    weight = ("goods", "set-template", 1, WEIGHT_AFTER_2.pattern, "--variable", "weight", "--decimals", 3)
    assert 0 == tillgate(*weight, "--by", "operator-1").exit_code
    tillgate.sql(
        "CREATE OR REPLACE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE"
        " AS $$SELECT clock_timestamp() + interval '1 hour'$$"
    )
    asked = ("goods", "explain", "--gtin", LABEL, "--okpd2", MILK, "--merchant")
    own = tillgate.json(*asked, 1, "--json")
    assert {"plu": "101234", "quantity_milli": 1250, "amount_kopecks": 0} == own["in_store"]
    assert [] == own["problems"]
    assert "штрихкод магазина: товар 101234, количество 1.250" in tillgate(*asked, 1).stdout
    other = tillgate.json(*asked, 2, "--json")
    assert (None, [{"field": "gtin", "problem": "NO_TEMPLATE"}]) == (other["in_store"], other["problems"])
    assert "field gtin: NO_TEMPLATE" in tillgate(*asked, 2, "--english").stdout
