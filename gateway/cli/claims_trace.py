"""tillgate claims trace: from a kopeck of a claim back to its receipt, certificate and act."""

import asyncpg
import click
import msgspec

from gateway.cli.claims_support import with_claims
from gateway.runtime.settings import Settings
from settlement.claims.reading import read_claim
from settlement.documents.tracing import Trace, trace


@click.command("trace")
@click.argument("claim_id", metavar="CLAIM", type=int)
@click.argument("n", metavar="LINE", type=click.IntRange(1))
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, with goods and evidence.")
def trace_command(claim_id: int, n: int, as_json: bool) -> None:
    """What stands behind a line: purchase, receipts, entries, certificates and the acts that gave them."""

    async def work(connection: asyncpg.Connection, _: Settings) -> Trace:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await trace(connection, await read_claim(connection, claim_id), n)

    found = with_claims(work)
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    line, purchase = found.line, found.purchase
    click.echo(
        f"line {line.n}: {line.kind} {line.amount_kopecks} kopecks, {line.program_code}, {line.treatment}"
    )
    click.echo(f"operation {line.operation_id}, sold on {line.sale_date}")
    click.echo(f"purchase {line.purchase_id}: {purchase['state']}, list {purchase['list_version']}")
    for one in found.outcomes:
        click.echo(f"answer {one['request_id']}: {one['kind']}, signed by {one['key_id']}")
    for one in found.receipts:
        number = f"{one['fiscal_drive_number']}-{one['fiscal_document_number']}"
        sign = f"sign {one['fiscal_sign']}, {one['total_kopecks']} kopecks"
        mark = " *" if line.receipt == (one["fiscal_drive_number"], one["fiscal_document_number"]) else ""
        click.echo(f"receipt {number}{mark}: {one['kind']}, {sign}")
    for one in found.entries:
        moved = f"{one['source']} -> {one['target']} {one['amount_kopecks']} kopecks"
        click.echo(f"entry {one['n']}: {moved}, certificate {one['certificate_id']}")
    for one in found.certificates:
        act = f"{one['act_body']}, № {one['act_number']} of {one['act_date']}"
        click.echo(f"certificate {one['id']}: {one['program_code']} {one['nominal_kopecks']} kopecks; {act}")
