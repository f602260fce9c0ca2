"""tillgate claims list, show, verify, carry-over."""

import sys
from datetime import date

import asyncpg
import click
from rich.markup import escape
from rich.table import Table

from gateway.cli.claims_support import MONTH, shown_sum, with_claims
from gateway.cli.registry_support import json_option, print_json
from gateway.cli.support import FAILED, console
from gateway.runtime.settings import Settings
from settlement.claims.identity import CarryOver, Identity, carry_over, identities, identity_of
from settlement.claims.model import Claim, ClaimLine
from settlement.claims.reading import claim_lines, claims_of, read_claim
from settlement.claims.states import ClaimState
from settlement.ledger_reader.claims_registry import read_agreement
from settlement.signing.keeping import signature_state

_PLACES = (
    "captured", "refunded", "unclaimed", "unmatched", "carried", "under_review", "approved", "paid",
    "refused", "not_netted",
)  # fmt: skip


@click.command("list")
@click.option("--agreement", "agreement_id", type=int, help="Of this agreement.")
@click.option("--merchant", "merchant_id", type=int, help="Of this merchant.")
@click.option("--period", "first_day", type=MONTH, help="Of the period that begins then.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(ClaimState, case_sensitive=False),
    help="Of this state; again for more.",
)
@click.option("--before", "before_id", type=int, help="Only claims with a lower number: the next page.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="At most.")
@json_option
def list_command(
    agreement_id: int | None,
    merchant_id: int | None,
    first_day: date | None,
    states: tuple[ClaimState, ...],
    before_id: int | None,
    limit: int,
    as_json: bool,
) -> None:
    """Claims, the newest first."""

    async def work(connection: asyncpg.Connection, _: Settings) -> list[Claim]:
        return await claims_of(
            connection,
            agreement_id=agreement_id,
            merchant_id=merchant_id,
            first_day=first_day,
            states=states or None,
            before_id=before_id,
            limit=limit,
        )

    found = with_claims(work)
    if as_json:
        print_json(found)
        return
    table = Table("claim", "merchant", "agreement", "from", "to", "corr.", "state", "lines", "to be paid",
                  "approved", "paid", title="Claims")  # fmt: skip
    for one in found:
        table.add_row(
            str(one.id), escape(one.participant.name), escape(one.agreement_number), str(one.first_day),
            str(one.last_day), str(one.correction_number), one.state.value, str(one.line_count),
            shown_sum(one.net_kopecks),
            "" if one.approved_kopecks is None else shown_sum(one.approved_kopecks),
            shown_sum(one.paid_kopecks),
        )  # fmt: skip
    console().print(table)


@click.command("show")
@click.argument("claim_id", metavar="CLAIM", type=int)
@click.option("--lines", "shows_lines", is_flag=True, help="With every line.")
@json_option
def show_command(claim_id: int, shows_lines: bool, as_json: bool) -> None:
    """One claim with its signature and its subtotals by outlet and program."""

    async def work(connection: asyncpg.Connection, _: Settings) -> tuple[Claim, list[ClaimLine], str]:
        lines = []
        if shows_lines:
            lines = [line async for page in claim_lines(connection, claim_id) for line in page]
        return await read_claim(connection, claim_id), lines, await signature_state(connection, claim_id)

    claim, lines, signature = with_claims(work)
    if as_json:
        print_json({"claim": claim, "lines": lines} if shows_lines else claim)
        return
    who = claim.participant
    click.echo(f"claim {claim.id}, correction {claim.correction_number}: {claim.state.value}")
    click.echo(signature or "not signed")
    click.echo(f"{who.full_name}, INN {who.inn}; agreement {claim.agreement_number}")
    click.echo(f"{claim.first_day} – {claim.last_day}, {claim.line_count} lines")
    for name in ("sale", "returned", "net", "carried", "over_limit", "unmatched", "paid"):
        click.echo(f"{name.replace('_', ' '):>12} {shown_sum(getattr(claim, f'{name}_kopecks')):>18}")
    table = Table("outlet", "address", "program", "lines", "sold", "given back", "net", title="By outlet")
    for part in claim.subtotals:
        table.add_row(
            escape(part.outlet_name), escape(part.outlet_address), part.program_code, str(part.line_count),
            shown_sum(part.sale_kopecks), shown_sum(part.returned_kopecks), shown_sum(part.net_kopecks),
        )  # fmt: skip
    console().print(table)
    if shows_lines:
        _print_lines(lines)


def _print_lines(lines: list[ClaimLine]) -> None:
    table = Table("n", "sold", "kind", "program", "purchase", "sum", "treatment", "receipt", "mismatches",
                  "verdict", title="Lines")  # fmt: skip
    for line in lines:
        table.add_row(
            str(line.n), str(line.sale_date), line.kind.value, line.program_code, str(line.purchase_id),
            shown_sum(line.amount_kopecks), line.treatment.value,
            "{} {}".format(*line.receipt) if line.receipt else "", ", ".join(line.mismatches),
            line.verdict.value if line.verdict else "",
        )  # fmt: skip
    console().print(table)


@click.command("verify")
@click.argument("agreement_id", metavar="[AGREEMENT]", type=int, required=False)
@json_option
def verify_command(agreement_id: int | None, as_json: bool) -> None:
    """Recount where every captured kopeck is; exit code 1 if one is missing or stands twice."""

    async def work(connection: asyncpg.Connection, _: Settings) -> list[tuple[str, Identity]]:
        if agreement_id is not None:
            of = await read_agreement(connection, agreement_id)
            return [(of.number, await identity_of(connection, agreement_id))]
        return [(of.number, found) async for of, found in identities(connection)]

    found = with_claims(work, reads_only=True)
    wrong = [(number, one) for number, one in found if not one.holds]
    if as_json:
        print_json([one for _, one in found])
    else:
        table = Table("agreement", *(name.replace("_", " ") for name in _PLACES), "missing", title="Claims")
        for number, one in found:
            if one.captured_kopecks or not one.holds:
                sums = (shown_sum(getattr(one, f"{name}_kopecks")) for name in _PLACES)
                table.add_row(escape(number), *sums, shown_sum(one.difference_kopecks))
        console().print(table)
        for number, one in wrong:
            for line in one.unlike:
                click.echo(
                    f"agreement {number}: line {line.n} of claim {line.claim_id} says {line.amount_kopecks}"
                    f" kopecks, the ledger {line.booked_kopecks}"
                )
        click.echo(f"{len(found)} agreements, {len(wrong)} wrong")
    if wrong:
        sys.exit(FAILED)


@click.command("carry-over")
@click.argument("year", type=click.IntRange(2000, 2999))
@json_option
def carry_over_command(year: int, as_json: bool) -> None:
    """What was sold until the end of a budget year and stands in no filed claim."""

    async def work(connection: asyncpg.Connection, _: Settings) -> list[CarryOver]:
        return [one async for one in carry_over(connection, year)]

    found = with_claims(work, reads_only=True)
    if as_json:
        print_json(found)
        return
    table = Table(
        "agreement", "year of sale", "where", "lines", "sum", title=f"Carried over the end of {year}"
    )
    for one in found:
        table.add_row(
            escape(one.number), str(one.year), one.place, str(one.line_count), shown_sum(one.amount_kopecks)
        )
    console().print(table)
