"""tillgate claims check: what keeps a claim from being filed, and what is worth a look."""

from pathlib import Path

import asyncpg
import click
import msgspec
from rich.table import Table

from gateway.cli.people_support import actor, by_option, with_people
from gateway.cli.progress import progress_bar
from gateway.cli.support import FAILED, console
from gateway.runtime.settings import Settings
from gateway.spreadsheets import SpreadsheetWriter
from settlement.checks.checking import check_claim
from settlement.checks.confirming import FileChecker, confirm_sample
from settlement.checks.findings import Finding
from settlement.checks.sampling import draw_sample
from settlement.errors import SettlementError
from settlement.ledger_reader.receipts_asked import asked_receipts
from settlement.ledger_reader.receipts_prices import class_prices_beside

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("check")
@click.argument("claim_id", metavar="CLAIM", type=int)
@click.option("--answers", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="CSV of a checker's answers about sampled receipts: fn;fd;answer;told.")  # fmt: skip
@click.option("--ask", type=_FILE, help="Write the sampled receipts that lack confirmation, as CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@by_option
def check_command(claim_id: int, answers: Path | None, ask: Path | None, as_json: bool, by: str) -> None:
    """Check CLAIM before it is filed. With a finding that blocks, the exit code is 1."""

    async def work(connection: asyncpg.Connection, _: Settings) -> list[Finding]:
        if answers:
            await confirm_sample(connection, claim_id, FileChecker(answers), by=actor(by))
        if ask:
            await _write_asked(connection, claim_id, ask)
        with progress_bar() as progress:
            total = await connection.fetchval("SELECT line_count FROM claim WHERE id = $1", claim_id)
            task = progress.add_task("checking", total=total, told="")
            medians = await class_prices_beside(connection, claim_id)
            found = await check_claim(
                connection, claim_id, medians, lambda n: progress.update(task, completed=n)
            )
            progress.update(task, completed=total)
        return found

    try:
        found = with_people(work)
    except SettlementError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        _show(found)
    if any(one.blocks for one in found):
        raise click.exceptions.Exit(FAILED)


async def _write_asked(connection: asyncpg.Connection, claim_id: int, path: Path) -> None:
    missing = [line.n for line in await draw_sample(connection, claim_id) if not line.is_confirmed]
    asked = await asked_receipts(connection, claim_id, missing)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = SpreadsheetWriter(out, has_mark=True)
        writer.row(("fn", "fd", "fp", "kind", "time", "kopecks"))
        for one in asked:
            cells = one.drive_number, one.document_number, one.fiscal_sign, one.kind
            writer.row((*cells, one.issued_at.isoformat(), one.total_kopecks))


def _show(found: list[Finding]) -> None:
    if not found:
        click.echo("nothing to say of this claim")
        return
    table = Table("", "check", "finding", "находка")
    for one in found:
        table.add_row("blocks" if one.blocks else "", one.code, one.en, one.ru)
    console().print(table)
