"""tillgate claims build, file."""

from collections import Counter
from datetime import date

import asyncpg
import click

from gateway.cli.claims_sealing import sealed
from gateway.cli.claims_support import MONTH, in_shares, shown_sum, with_claims
from gateway.cli.people_support import actor, by_option, owners_connection, signed
from gateway.cli.progress import progress_bar
from gateway.cli.registry_support import json_option, print_json
from gateway.domain.settlement_terms import Period
from gateway.runtime.settings import Settings
from settlement.claims.building import Built, build, build_all
from settlement.claims.filing import file
from settlement.claims.model import Claim


@click.command("build")
@click.argument("agreement_id", metavar="[AGREEMENT]", type=int, required=False)
@click.option("--period", "first_day", required=True, type=MONTH, help="Its month, like 2026-12.")
@click.option("--quarter", is_flag=True, help="Of all agreements: those that claim by quarters.")
@click.option(
    "--jobs", default=2, show_default=True, type=click.IntRange(1, 16), help="Of all: so many at once."
)
@json_option
@by_option
def build_command(
    agreement_id: int | None, first_day: date, quarter: bool, jobs: int, as_json: bool, by: str
) -> None:
    """Draw up the drafts of a period, of one agreement or of all.

    A draft is built anew each time; one that would come out the same stays. A run that was broken off is
    simply started again.
    """

    async def one(connection: asyncpg.Connection, _: Settings) -> Claim:
        return await build(connection, agreement_id or 0, first_day, by=actor(by))

    async def every(_: asyncpg.Connection, settings: Settings) -> Counter[Built]:
        period = Period.QUARTER if quarter else Period.MONTH
        counted: Counter[Built] = Counter()
        lines = 0
        with progress_bar() as bar:
            task = bar.add_task(f"{first_day:%Y-%m}", total=None, told="")
            totals = dict.fromkeys(range(jobs), 0)

            async def share(k: int) -> None:
                nonlocal lines
                async with owners_connection(settings) as connection:
                    built = build_all(connection, first_day, by=actor(by), period=period, part=(k, jobs))
                    async for step in built:
                        counted[step.outcome] += 1
                        lines += step.line_count
                        totals[k] = step.total
                        bar.update(task, advance=1, total=sum(totals.values()), told=f"{lines:,} lines")

            await in_shares(jobs, share)
        return counted

    if agreement_id is not None:
        claim = with_claims(one)
        if as_json:
            print_json(claim)
        else:
            _tell(claim)
        return
    counted = with_claims(every)
    if as_json:
        print_json({outcome.value.lower(): counted[outcome] for outcome in Built})
        return
    click.echo(
        f"{counted[Built.NEW]} drafts made, {counted[Built.SAME]} as they were;"
        f" {counted[Built.EMPTY]} agreements have nothing to claim, {counted[Built.FILED]} have filed already"
    )


@click.command("file")
@click.argument("claim_id", metavar="CLAIM", type=int)
@json_option
@signed()
def file_command(claim_id: int, as_json: bool, by: str) -> None:
    """File a draft: from now on its lines stand in no other claim.

    Its documents are made and sealed at once, for the merchant to sign.
    """

    async def work(connection: asyncpg.Connection, settings: Settings) -> Claim:
        filed = await file(connection, claim_id, by=actor(by))
        await sealed(connection, settings, claim_id, actor(by))
        return filed

    claim = with_claims(work)
    if as_json:
        print_json(claim)
    else:
        _tell(claim)


def _tell(claim: Claim) -> None:
    correction = f", correction {claim.correction_number}" if claim.correction_number else ""
    click.echo(
        f"claim {claim.id} of agreement {claim.agreement_number},"
        f" {claim.first_day} – {claim.last_day}{correction}: {claim.state.value},"
        f" {claim.line_count} lines, {shown_sum(claim.net_kopecks)} to be paid"
    )
    click.echo(
        f"sold {shown_sum(claim.sale_kopecks)}, given back {shown_sum(claim.returned_kopecks)};"
        f" carried {shown_sum(claim.carried_kopecks)}, over the limit {shown_sum(claim.over_limit_kopecks)},"
        f" unmatched {shown_sum(claim.unmatched_kopecks)}"
    )
    click.echo(f"sha256 of its lines: {claim.lines_sha256.hex()}")
