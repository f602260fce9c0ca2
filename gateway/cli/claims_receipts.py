"""tillgate claims receipts: files of the tax service and QR strings become evidence."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

import asyncpg
import click

from gateway.cli.lazy import LazyGroup
from gateway.cli.people_support import actor, by_option, with_people
from gateway.cli.progress import progress_bar
from gateway.cli.support import FAILED
from gateway.registry.requisites import is_valid_inn
from gateway.runtime.settings import Settings
from gateway.spreadsheets import SpreadsheetWriter
from settlement.errors import SettlementError
from settlement.ledger_reader.receipts_merchants import inns_of
from settlement.receipts.files import ReceiptFile
from settlement.receipts.storing import Imported, import_receipts

_TOLD_MAX: Final = 20

PLACES: Final = {
    "candidates": "gateway.cli.claims_candidates:candidates_command",
    "import": "gateway.cli.claims_receipts:import_command",
}


@click.group("receipts", cls=LazyGroup, places=PLACES)
def receipts_group() -> None:
    """Fiscal receipts as evidence of claims. See docs/receipts.md."""


@click.command("import")
@click.argument("files", metavar="FILE…", nargs=-1, required=True,
                type=click.Path(exists=True, dir_okay=False, path_type=Path))  # fmt: skip
@click.option(
    "--merchant",
    "merchant_id",
    type=int,
    help="Refuse receipts of any seller but it and its reorganised predecessors.",
)
@click.option("--problems", "problems_file", type=click.Path(dir_okay=False, path_type=Path),
              help="CSV of every row that was not taken.")  # fmt: skip
@by_option
def import_command(
    files: Sequence[Path], merchant_id: int | None, problems_file: Path | None, by: str
) -> None:
    """Store the receipts of FILEs of the tax service (JSON, JSON lines) or of QR strings, one in each line.

    The same file again changes nothing. Rows that are not taken are told by file and row, and no row spoils
    another; then the exit code is 1.
    """
    if problems_file and any(problems_file.resolve() == file.resolve() for file in files):
        raise click.BadParameter("is one of the files", param_hint="--problems")

    async def work(connection: asyncpg.Connection, _: Settings) -> Imported:
        inns = [] if merchant_id is None else await inns_of(connection, merchant_id)
        total, told = Imported(), 0
        opened = problems_file.open("w", encoding="utf-8", newline="") if problems_file else nullcontext()
        with opened as out, progress_bar() as progress:
            writer = SpreadsheetWriter(out, has_mark=True) if out else None
            if writer:
                writer.row(("file", "row", "code", "problem_ru", "problem_en"))
            for path in files:
                file = ReceiptFile(path, is_valid_inn)
                task = progress.add_task(path.name, total=file.size_bytes, told="")
                async for part, refused in import_receipts(connection, file, by=actor(by), seller_inns=inns):
                    total.stored, total.known = total.stored + part.stored, total.known + part.known
                    total.refused += part.refused
                    progress.update(task, completed=file.position_bytes, told=f"{total.stored:,} stored")
                    for row in refused:
                        problem = row.problem
                        if problem is None:
                            continue
                        if told < _TOLD_MAX:
                            progress.console.print(f"{path.name}, row {row.number}: {problem}", markup=False)
                        told += 1
                        if writer:
                            code = problem.code.name
                            writer.row((path.name, row.number, code, problem.ru, problem.en))
                progress.update(task, completed=file.size_bytes)
        return total

    try:
        done = with_people(work)
    except SettlementError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{done.stored:,} stored, {done.known:,} known already, {done.refused:,} not taken")
    if done.refused > _TOLD_MAX and problems_file is None:
        click.echo(f"the first {_TOLD_MAX} are told; --problems FILE has all")
    if done.refused:
        raise click.exceptions.Exit(FAILED)
