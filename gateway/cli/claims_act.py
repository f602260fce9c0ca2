"""tillgate claims act: the act of reconciliation with a merchant."""

import os
from datetime import date, datetime
from pathlib import Path

import asyncpg
import click

from gateway.cli.claims_support import with_claims
from gateway.cli.registry_support import DAY
from gateway.runtime.settings import Settings
from settlement.documents.act import act_of, act_pdf, act_xlsx
from settlement.documents.act_reading import movements_of
from settlement.documents.forms import RECONCILIATION, form_at
from settlement.ledger_reader.documents import parties_of

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("act")
@click.argument("merchant_id", metavar="MERCHANT", type=int)
@click.option("--from", "first_day", required=True, type=DAY, help="The first day of the period.")
@click.option("--until", "last_day", required=True, type=DAY, help="Its last day.")
@click.option("--agreement", "agreement_id", type=int, help="Of this agreement alone.")
@click.option(
    "--to", "folder", required=True, type=FOLDER, help="Where to; files of a run before are replaced."
)
def act_command(
    merchant_id: int, first_day: date, last_day: date, agreement_id: int | None, folder: Path
) -> None:
    """The act of reconciliation (акт сверки) of a period: claims, payments, demands; PDF and XLSX."""

    async def work(connection: asyncpg.Connection, _: Settings) -> dict[str, bytes]:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            participant, agreement_number = await parties_of(connection, merchant_id, agreement_id)
            movements = await movements_of(connection, merchant_id, agreement_id)
            act = act_of(participant, agreement_number, first_day, last_day, 0, movements)
            now: datetime = await connection.fetchval("SELECT tillgate_now()")
            form = await form_at(connection, RECONCILIATION, now)
            return {"pdf": act_pdf(form, act, now), "xlsx": act_xlsx(act, now)}

    printed = with_claims(work)
    os.makedirs(folder, mode=0o750, exist_ok=True)
    of = f"{merchant_id}" if agreement_id is None else f"{merchant_id}-{agreement_id}"
    for ending, content in printed.items():
        path = folder / f"act-{of}-{first_day}-{last_day}.{ending}"
        path.write_bytes(content)
        click.echo(path)
