"""The commands of documents: files below a folder, forms as versions, the act, the bundle, the trace."""

import asyncio
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from gateway.domain.policy import moscow_date
from settlement.claims.model import Claim
from tests.claims_kit import month_from, town_on
from tests.cli_kit import CommandLine


async def _filed(database_url: str, **terms: Any) -> Claim:
    async with town_on(database_url, **terms) as town:
        await town.refund(await town.sell(100_00), 2)
        month = town.month
        await town.on(month_from(month, 1))
        return await town.file(await town.build(month))


_STATEMENT = (
    """
    INSERT INTO merchant_account (merchant_id, bic, account, reason, proposed_by)
    SELECT merchant_id, '044525225', '40702810000000000001', '', 'first' FROM claim WHERE id = {claim}""",
    """
    INSERT INTO payout (dated, payer, transfer_count, sum_kopecks, sha256, made_by)
    VALUES ('{day}', '{{}}', 1, {kopecks}, sha256('x'), 'first')""",
    """
    INSERT INTO transfer (end_to_end_id, payout_id, claim_id, order_number, dated, amount_kopecks,
      account_id, payee, kbk, personal_account, obligation_number, purpose_code, purpose)
    SELECT 'TG1', p.id, {claim}, '7', '{day}', {kopecks}, a.id, '{{}}', '', '', '', '', 'x'
    FROM payout p, merchant_account a""",
    """
    INSERT INTO statement (sha256, format, account, first_day, last_day, entry_count, imported_by)
    VALUES (sha256('x'), '1C', '1', '{day}', '{day}', 1, 'first')""",
    """
    INSERT INTO statement_entry (statement_id, n, key, direction, booked_on, amount_kopecks, order_number,
      end_to_end_id, counterparty_account, counterparty_name, purpose, effect, problem, transfer_id)
    SELECT s.id, 1, sha256('x'), 'DEBIT', '{day}', {kopecks}, '7', 'TG1', '', '', '', 'EXECUTED', '', t.id
    FROM statement s, transfer t""",
)
"""A payment as an imported statement leaves it."""


async def _paid(database_url: str, claim_id: int, kopecks: int) -> date:
    """The day on which a claim was approved and paid in part."""
    async with town_on(database_url, is_new=False) as town:
        await town.decide(claim_id)
        await town.pay(claim_id, kopecks)
        day = moscow_date(town.now)
        for statement in _STATEMENT:
            await town.connection.execute(statement.format(claim=claim_id, kopecks=kopecks, day=day))
        return day


@pytest.fixture
def claim(database_url: str) -> Claim:
    """A filed claim of one sale and a part of it that was refunded."""
    return asyncio.run(_filed(database_url))


def test_documents_are_written_and_say_their_control_sum(
    claim: Claim, tillgate: CommandLine, tmp_path: Path
) -> None:
    """Four files, named by numbers alone; a second run replaces them by the same."""
    said = tillgate("claims", "documents", claim.id, "--to", tmp_path / "out")
    stem = f"claim-{claim.id}-0"
    paths = [
        tmp_path / "out" / f"{stem}{end}" for end in (".pdf", "-register.xlsx", "-register.csv", ".json")
    ]
    assert [str(path) for path in paths] == said.stdout.splitlines()[:4]
    before = [path.read_bytes() for path in paths]
    told = json.loads(before[3])
    assert f"control sum {told['control_sum']}" == said.stdout.splitlines()[4]
    assert (80_00, 2) == (told["claim"]["net_kopecks"], told["claim"]["line_count"])
    tillgate("claims", "documents", claim.id, "--to", tmp_path / "out")
    assert before == [path.read_bytes() for path in paths]
    assert sorted(path.name for path in paths) == sorted(path.name for path in (tmp_path / "out").iterdir())


def test_a_claim_that_is_not_there_is_told(tillgate: CommandLine, tmp_path: Path) -> None:
    """In one line, and nothing is written."""
    for arguments in (("documents", 99, "--to", tmp_path / "out"), ("trace", 99, 1)):
        refused = tillgate("claims", *arguments)
        assert 1 == refused.exit_code
        assert "CLAIM_UNKNOWN" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_a_form_is_added_and_a_claim_is_printed_by_that_of_its_time(
    database_url: str, tillgate: CommandLine, tmp_path: Path
) -> None:
    """A newer version changes no document that was filed before it."""
    file = tmp_path / "form.typ"
    file.write_text("#let data = json(bytes(sys.inputs.data))\nПервая: #data.net", "utf-8")
    claim = asyncio.run(_filed(database_url, form="short"))
    refused = tillgate("claims", "documents", claim.id, "--to", tmp_path / "out")
    assert "FORM_UNKNOWN" in refused.stderr
    assert 0 == tillgate("claims", "forms", "add", "short", file).exit_code
    assert 0 == tillgate("claims", "documents", claim.id, "--to", tmp_path / "out").exit_code
    printed = (tmp_path / "out" / f"claim-{claim.id}-0.pdf").read_bytes()
    assert "FORM_SAME" in tillgate("claims", "forms", "add", "short", file).stderr
    (added,) = tillgate.json("audit", "show", "--action", "form.", "--json")
    assert ("form.added", "short/1") == (added["action"], added["subject_id"])
    assert file.read_text("utf-8") == tillgate("claims", "forms", "show", "short").stdout
    file.write_text('#import "@preview/x:1.0.0"', "utf-8")
    assert "FORM_UNSAFE" in tillgate("claims", "forms", "add", "short", file).stderr
    file.write_text("#let", "utf-8")
    assert "FORM_BROKEN" in tillgate("claims", "forms", "add", "short", file).stderr
    file.write_text("Вторая", "utf-8")
    assert "short 2 " in tillgate("claims", "forms", "add", "short", file).stdout
    tillgate("claims", "documents", claim.id, "--to", tmp_path / "out")
    assert printed == (tmp_path / "out" / f"claim-{claim.id}-0.pdf").read_bytes()
    listed = tillgate("claims", "forms", "list").stdout
    assert [1, 2] == [listed.count(name) for name in ("standard", "short")]


def test_forms_are_never_changed(tillgate: CommandLine, tmp_path: Path) -> None:
    """Not by whoever owns the tables either."""
    file = tmp_path / "form.typ"
    file.write_text("#sys.inputs.data", "utf-8")
    assert 0 == tillgate("claims", "forms", "add", "short", file).exit_code
    for statement in ("UPDATE document_form SET body = 'x'", "DELETE FROM document_form"):
        with pytest.raises(RuntimeError, match="stays as it was recorded"):
            tillgate.sql(statement)


def test_the_act_of_reconciliation_follows_the_claim_to_its_payment(
    database_url: str, claim: Claim, tillgate: CommandLine, tmp_path: Path
) -> None:
    """Approved is owed, paid is not any more; the merchant's other agreement has no part in it."""
    day = asyncio.run(_paid(database_url, claim.id, 30_00))
    period = ("--from", day.replace(day=1), "--until", day, "--to", tmp_path / "out")
    said = tillgate("claims", "act", 1, *period)
    assert 0 == said.exit_code, said.output
    (pdf, xlsx) = said.stdout.splitlines()
    assert Path(pdf).read_bytes().startswith(b"%PDF")
    rows = list(load_workbook(xlsx)["Акт сверки"].iter_rows(values_only=True))
    balances = {row[1]: row[6] for row in rows if row[1]}
    assert (0, 50) == (balances["Сальдо на начало периода"], balances["Сальдо на конец периода"])
    assert [80, 80, 30] == [row[column] for row, column in zip(rows[5:8], (3, 4, 5), strict=True)]
    assert "AGREEMENT_UNKNOWN" in tillgate("claims", "act", 1, *period, "--agreement", 8).stderr
    assert "MERCHANT_UNKNOWN" in tillgate("claims", "act", 99, *period).stderr
    backwards = ("--from", "2026-12-02", "--until", "2026-12-01", "--to", tmp_path)
    assert "PERIOD_BACKWARDS" in tillgate("claims", "act", 1, *backwards).stderr


def test_a_bundle_is_packed_and_its_stand_in_signatures_are_not_believed(
    claim: Claim, tillgate: CommandLine, tmp_path: Path
) -> None:
    """The command names each answer whose signature does not fit, with exit code 1."""
    package = tmp_path / "bundle.zip"
    packed = tillgate("audit", "bundle", claim.id, "--to", package)
    assert 0 == packed.exit_code, packed.output
    assert package.exists()
    verified = tillgate("audit", "bundle", "--verify", package)
    assert 1 == verified.exit_code
    lines = verified.stdout.splitlines()
    assert len(lines) == sum(line.startswith("outcomes.jsonl: request ") for line in lines) == 3
    assert 2 == tillgate("audit", "bundle").exit_code
    assert 2 == tillgate("audit", "bundle", claim.id, "--verify", package).exit_code
    assert "PLACE_TAKEN" in tillgate("audit", "bundle", claim.id, "--to", package).stderr


def test_a_kopeck_is_traced_to_its_act(claim: Claim, tillgate: CommandLine) -> None:
    """For people, and for programs with goods and evidence."""
    told = tillgate("claims", "trace", claim.id, 1).stdout
    assert "SALE 10000 kopecks, FOOD, INCLUDED" in told
    assert "Комиссия, № 17 of 2026-11-01" in told
    as_json = tillgate.json("claims", "trace", claim.id, 2, "--json")
    assert -20_00 == as_json["line"]["amount_kopecks"]
    assert "lines" in as_json["purchase"]
