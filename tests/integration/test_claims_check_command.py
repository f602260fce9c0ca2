"""`tillgate claims check` and its neighbours: the same findings for people and machines."""

import asyncio
import csv
from pathlib import Path
from typing import Any

import pytest

from gateway.runtime.embedded import EmbeddedPostgres
from tests.cli_kit import CommandLine, command_line
from tests.matching_kit import draft_claim, shop_on


@pytest.fixture
def claim_id(database_url: str) -> int:
    """A claim of three sales, one of them without a receipt; two must be confirmed."""

    async def make() -> int:
        async with shop_on(database_url) as shop:
            await shop.terms(sample_lines_min=2)
            for _ in range(2):
                await shop.sell(100_00, receipts=[shop.receipt(100_00)])
            await shop.sell(50_00)
            await shop.in_tax_file(shop.receipt(50_00))
            return await draft_claim(shop)

    return asyncio.run(make())


@pytest.fixture
def tillgate(
    claim_id: int, postgres: EmbeddedPostgres, database_name: str, redis_url: str, tmp_path: Path
) -> Any:
    """The command line."""
    with command_line(postgres, database_name, redis_url, tmp_path / "data") as tillgate:
        yield tillgate


def test_a_claim_is_checked_asked_about_and_confirmed(
    tillgate: CommandLine, claim_id: int, tmp_path: Path
) -> None:
    """Exit code 1 as long as something blocks; the file that asks tells what a checker needs."""
    asked, answers = tmp_path / "asked.csv", tmp_path / "answers.csv"
    done = tillgate("claims", "check", claim_id, "--ask", asked, "--by", "first")
    assert done.exit_code == 1
    assert "SAMPLE_UNCONFIRMED" in done.stdout
    with asked.open(encoding="utf-8-sig", newline="") as file:
        rows = [*csv.DictReader(file, delimiter=";")]
    assert [{"5"}, {"SALE"}, {"10000"}] == [{row[name] for row in rows} for name in ("fp", "kind", "kopecks")]
    answers.write_text("fn;fd;answer;told\n" + "".join(f"{r['fn']};{r['fd']};confirmed;\n" for r in rows))
    found = tillgate.json("claims", "check", claim_id, "--answers", answers, "--json", "--by", "first")
    assert [("UNMATCHED", False, 50_00)] == [
        (one["code"], one["blocks"], one["figures"]["kopecks"]) for one in found
    ]
    assert tillgate("claims", "check", claim_id).exit_code == 0


def test_an_unknown_claim_ends_with_its_name(tillgate: CommandLine) -> None:
    """In one line."""
    done = tillgate("claims", "check", 99)
    assert done.exit_code == 1
    assert "CLAIM_UNKNOWN" in done.stderr


def test_candidates_are_listed(tillgate: CommandLine, tmp_path: Path) -> None:
    """As a table, as JSON, as CSV."""
    today = tillgate.sql("SELECT (tillgate_now() AT TIME ZONE 'Europe/Moscow')::date")
    days = ("--from", today, "--to", today)
    command = ("claims", "receipts", "candidates", 1)
    (one,) = tillgate.json(*command, *days, "--json")
    assert (50_00, 1) == (one["total_kopecks"], one["rivals"])
    table = tillgate(*command, *days, "--csv", tmp_path / "candidates.csv").stdout
    assert one["purchase_id"] in table
    assert one["purchase_id"] in (tmp_path / "candidates.csv").read_text(encoding="utf-8-sig")
    assert "no receipt fits" in tillgate("claims", "receipts", "candidates", 2, *days).stdout
    assert "MERCHANT_UNKNOWN" in tillgate("claims", "receipts", "candidates", 99, *days).stderr
