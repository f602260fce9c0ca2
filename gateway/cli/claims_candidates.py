"""tillgate claims receipts candidates: receipts that a merchant may attach to purchases that have none."""

from datetime import datetime
from pathlib import Path

import asyncpg
import click
import msgspec
from rich.table import Table

from gateway.cli.claims_support import with_claims
from gateway.cli.support import console, shown_rubles
from gateway.domain.policy import MOSCOW
from gateway.runtime.settings import Settings
from gateway.spreadsheets import SpreadsheetWriter
from settlement.ledger_reader.receipts_candidates import Candidate, candidates

_DAY = click.DateTime(["%Y-%m-%d"])
_TIME = "%d.%m.%Y %H:%M:%S"


@click.command("candidates")
@click.argument("merchant_id", metavar="MERCHANT", type=int)
@click.option("--from", "first_day", type=_DAY, required=True, help="First day of sale.")
@click.option("--to", "last_day", type=_DAY, required=True, help="Last day of sale.")
@click.option("--csv", "csv_file", type=click.Path(dir_okay=False, path_type=Path), help="Write them there.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def candidates_command(
    merchant_id: int, first_day: datetime, last_day: datetime, csv_file: Path | None, as_json: bool
) -> None:
    """List imported receipts that may be those of MERCHANT's purchases without one. Nothing is attached.

    The merchant attaches a receipt by AttachReceipt, which answers for it.
    """

    async def work(connection: asyncpg.Connection, _: Settings) -> list[Candidate]:
        return await candidates(connection, merchant_id, first_day.date(), last_day.date())

    found = with_claims(work)
    if csv_file:
        with csv_file.open("w", encoding="utf-8", newline="") as out:
            writer = SpreadsheetWriter(out, has_mark=True)
            writer.row(Candidate.__struct_fields__)
            writer.rows(msgspec.structs.astuple(one) for one in found)
    if as_json:
        click.echo(msgspec.json.encode(found))
    elif found:
        table = Table("purchase", "captured", "rubles", "ФН", "ФД", "receipt's time", "pairs")
        for one in found:
            table.add_row(
                str(one.purchase_id), f"{one.captured_at.astimezone(MOSCOW):{_TIME}}",
                shown_rubles(one.total_kopecks), one.drive_number, str(one.document_number),
                f"{one.issued_at.astimezone(MOSCOW):{_TIME}}", str(one.rivals),
            )  # fmt: skip
        console().print(table)
    else:
        click.echo("no receipt fits a purchase without one")
