"""tillgate claims objections and deadlines."""

from datetime import date

import asyncpg
import click
from rich.markup import escape
from rich.table import Table

from gateway.cli.claims_operator import operator
from gateway.cli.claims_support import with_claims
from gateway.cli.people_support import by_option
from gateway.cli.registry_support import DAY, json_option, print_json, shown_day, shown_term
from gateway.cli.support import console
from gateway.domain.policy import moscow_date
from gateway.runtime.settings import Settings
from settlement.review.deadlines import TEXTS
from settlement.review.objections import Objection, answer_objection, object_to, objections_of
from settlement.review.reminders import Reminder, reminders


@click.group("objections")
def objections_group() -> None:
    """Objections of merchants to decisions on their claims, and the answers. See docs/review.md."""


@objections_group.command("add")
@click.argument("claim_id", metavar="CLAIM", type=int)
@click.option("--text", required=True, help="What the merchant has against it.")
@click.option("--line", "numbers", type=click.IntRange(1), multiple=True, help="A refused line; or more.")
@by_option
def add_command(claim_id: int, text: str, numbers: tuple[int, ...], by: str) -> None:
    """Take in an objection to refused lines or, with no --line, to the whole decision."""

    async def work(connection: asyncpg.Connection, settings: Settings) -> Objection:
        actor = await operator(settings, by)
        async with connection.transaction():
            return await object_to(connection, claim_id, text, line_numbers=numbers, by=actor)

    made = with_claims(work)
    click.echo(f"objection {made.id}: to be answered until {shown_term(made.answer_by)}")


@objections_group.command("answer")
@click.argument("objection_id", metavar="OBJECTION", type=int)
@click.option("--uphold/--dismiss", "is_upheld", required=True, help="What becomes of it.")
@click.option("--answer", required=True, help="What the merchant is told.")
@by_option
def answer_command(objection_id: int, is_upheld: bool, answer: str, by: str) -> None:
    """Answer an objection; one that is upheld before payment opens the review again."""

    async def work(connection: asyncpg.Connection, settings: Settings) -> Objection:
        actor = await operator(settings, by)
        async with connection.transaction():
            return await answer_objection(
                connection, objection_id, is_upheld=is_upheld, answer=answer, by=actor
            )

    click.echo(f"objection {objection_id} is {with_claims(work).state.value}")


@objections_group.command("list")
@click.argument("claim_id", metavar="CLAIM", type=int)
@json_option
def list_command(claim_id: int, as_json: bool) -> None:
    """Objections to the decisions on a claim."""

    async def work(connection: asyncpg.Connection, _: Settings) -> list[Objection]:
        return await objections_of(connection, claim_id)

    found = with_claims(work, reads_only=True)
    if as_json:
        print_json(found)
        return
    table = Table("id", "lines", "text", "by", "answer by", "state", "answer", title="Objections")
    for one in found:
        table.add_row(
            str(one.id), ", ".join(map(str, one.line_numbers)), escape(one.text), escape(one.made_by),
            shown_day(one.answer_by), one.state, escape(one.answer),
        )  # fmt: skip
    console().print(table)


@click.command("deadlines")
@click.option("--on", "today", type=DAY, help="As of this day of Moscow.  [default: today]")
@json_option
def deadlines_command(today: date | None, as_json: bool) -> None:
    """What is near its deadline or missed: claims, objections, demands, claims that nobody filed."""

    async def work(connection: asyncpg.Connection, _: Settings) -> list[Reminder]:
        day = today or moscow_date(await connection.fetchval("SELECT tillgate_now()"))
        return await reminders(connection, day)

    found = with_claims(work, reads_only=True)
    if as_json:
        print_json(found)
        return
    table = Table("until", "", "what", "agreement", "claim", "by what rule", title="Deadlines")
    for one in found:
        is_estimated = " (estimated)" if one.due.estimated_years else ""
        table.add_row(
            f"{shown_day(one.due.day)}{is_estimated}", "MISSED" if one.is_missed else "",
            TEXTS[one.due.duty][1], escape(one.agreement_number), str(one.claim_id or ""),
            one.due.source_en,
        )  # fmt: skip
    console().print(table)
