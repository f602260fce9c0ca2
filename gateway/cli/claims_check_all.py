"""tillgate claims check-all: every draft of a period, before anybody looks at one of them."""

from collections import Counter
from datetime import date

import asyncpg
import click
from rich.table import Table

from gateway.cli.claims_support import MONTH, in_shares, with_claims
from gateway.cli.people_support import owners_connection
from gateway.cli.progress import progress_bar
from gateway.cli.registry_support import json_option, print_json
from gateway.cli.support import FAILED, console
from gateway.runtime.settings import Settings
from settlement.checks.checking import check_claim
from settlement.ledger_reader.receipts_prices import class_prices

_DRAFTS = """
SELECT id, last_day FROM claim WHERE first_day = $1 AND state = 'DRAFT' ORDER BY line_count DESC, id"""


@click.command("check-all")
@click.option("--period", "first_day", required=True, type=MONTH, help="Its month, like 2026-12.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 16), help="So many at once.")
@json_option
def check_all_command(first_day: date, jobs: int, as_json: bool) -> None:
    """Check every draft of a period; tells how many drafts have which findings.

    `claims check CLAIM` tells a draft's findings in full. With a finding that blocks, the exit code is 1.
    """

    async def every(connection: asyncpg.Connection, settings: Settings) -> tuple[Counter[str], set[str], int]:
        waiting = await connection.fetch(_DRAFTS, first_day)
        # Once for all drafts; a quarter may begin with the month.
        medians = {day: await class_prices(connection, first_day, day) for day in {row[1] for row in waiting}}
        total, counted, blocking = len(waiting), Counter[str](), set[str]()
        with progress_bar() as bar:
            task = bar.add_task(f"{first_day:%Y-%m}", total=total, told="")

            async def share(_: int) -> None:
                async with owners_connection(settings) as mine:
                    while waiting:
                        # The largest first, so that none of them is left alone at the end.
                        claim_id, last_day = waiting.pop(0)
                        found = await check_claim(mine, claim_id, medians[last_day])
                        counted.update({one.code for one in found})
                        blocking.update(one.code for one in found if one.blocks)
                        bar.update(task, advance=1)

            await in_shares(jobs, share)
        return counted, blocking, total

    counted, blocking, total = with_claims(every)
    if as_json:
        print_json({"drafts": total, "findings": counted, "blocking": sorted(blocking)})
    else:
        table = Table("", "check", "drafts", title=f"{total} drafts of {first_day:%Y-%m}")
        for code, number in counted.most_common():
            table.add_row("blocks" if code in blocking else "", code, str(number))
        console().print(table)
    if blocking:
        raise click.exceptions.Exit(FAILED)
