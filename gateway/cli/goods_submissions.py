"""tillgate goods submissions, accept, refuse, rules, end-rule, templates, set-template, end-template."""

import asyncpg
import click
import msgspec
from rich.markup import escape
from rich.table import Table

from gateway.cli.goods_support import confirm_options, confirmed, ended, lead_of, shown_subject, with_goods
from gateway.cli.lists_support import shown_moment
from gateway.cli.people_support import signed
from gateway.cli.support import console
from gateway.goods.cases.rules import RULE_RANGES, rules_of
from gateway.goods.cases.settling import accept_submission, refuse_submission
from gateway.goods.cases.submissions import SubmissionState, list_submissions
from gateway.goods.cases.templates import (
    TEMPLATE_RANGES,
    DatedTemplate,
    read_templates,
    set_template,
    template_of,
)
from gateway.goods.identity.in_store import VariablePart
from gateway.runtime.settings import Settings


@click.command("submissions")
@click.option("--state", type=click.Choice([*SubmissionState, "ALL"], case_sensitive=False),
              default=SubmissionState.SUBMITTED, show_default=True, help="What became of them.")  # fmt: skip
@click.option("--merchant", "merchant_id", type=int, help="Of this merchant.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="How many.")
@click.option("--after", "after_id", default=0, help="Those that came after this one.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def submissions_command(
    state: str, merchant_id: int | None, limit: int, after_id: int, as_json: bool
) -> None:
    """Goods that merchants submitted ahead, the oldest first."""
    found = with_goods(
        lambda connection, _: list_submissions(
            connection,
            merchant_id=merchant_id,
            state=None if state == "ALL" else SubmissionState(state),
            after_id=after_id,
            limit=limit,
        )
    )
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    table = Table("submission", "merchant", "state", "goods", "name", "declared", "confirmed", "since",
                  "refusal",                   title="Submitted goods")  # fmt: skip
    for one in found:
        table.add_row(
            str(one.id),
            str(one.merchant_id),
            one.state,
            escape(f"{one.item.kind} {one.item.key}"),
            escape(one.item.name),
            one.item.okpd2,
            one.confirmed_okpd2,
            shown_moment(one.submitted_at),
            escape(one.because),
        )
    console().print(table)


@click.command("accept")
@click.argument("submission_id", metavar="ID", type=int)
@confirm_options
@signed(required=True)
def accept_command(submission_id: int, okpd2: str, act: str, by: str) -> None:
    """Confirm what submitted goods are, for every merchant that waits for the same."""
    confirmed(accept_submission, submission_id, okpd2, act, by)


@click.command("refuse")
@click.argument("submission_id", metavar="ID", type=int)
@signed(required=True)
@click.option("--because", required=True, help="What the merchant reads.")
def refuse_command(submission_id: int, by: str, because: str) -> None:
    """Refuse submitted goods."""
    with_goods(lambda connection, _: refuse_submission(connection, submission_id, by=by, because=because))
    click.echo(f"submission {submission_id} is refused")


@click.command("rules")
@click.option("--key", help="On this GTIN of 14 digits, merchant's own code or folded name.")
def rules_command(key: str | None) -> None:
    """What is confirmed, and was, and from when to when."""
    table = Table("rule", "goods", "ОКПД2", "since", "until", "by", "act", title="Confirmed goods")
    for one in with_goods(lambda connection, _: rules_of(connection, key)):
        until = shown_moment(one.until) if one.until else ""
        table.add_row(
            str(one.id),
            escape(shown_subject(one.subject)),
            one.okpd2,
            shown_moment(one.since),
            until,
            one.made_by,
            escape(one.act),
        )
    console().print(table)


@click.command("end-rule")
@click.argument("rule_id", metavar="ID", type=int)
@signed(required=True)
def end_rule_command(rule_id: int, by: str) -> None:
    """End a rule without another one: its goods are a question again."""
    ended(RULE_RANGES.end_by_id, rule_id, by)
    click.echo(f"rule {rule_id} ends")


@click.command("templates")
def templates_command() -> None:
    """How merchants build their own codes, and did."""
    table = Table("template", "merchant", "pattern", "V is", "decimals", "since", "until", "by",
                  title="Templates of merchants' own codes")  # fmt: skip
    for one in with_goods(lambda connection, _: read_templates(connection)):
        template = one.template
        table.add_row(
            str(one.id),
            str(one.merchant_id),
            template.pattern,
            template.variable.value if template.variable else "",
            str(template.decimals),
            shown_moment(one.since),
            shown_moment(one.until) if one.until else "",
            one.made_by,
        )
    console().print(table)


@click.command("set-template")
@click.argument("merchant_id", metavar="MERCHANT", type=int)
@click.argument("pattern")
@click.option("--variable", type=click.Choice([part.value for part in VariablePart]), help="What V tells.")
@click.option("--decimals", default=0, show_default=True, type=click.IntRange(0, 3), help="Of V.")
@signed(required=True)
def set_template_command(
    merchant_id: int, pattern: str, variable: str | None, decimals: int, by: str
) -> None:
    """Say how MERCHANT builds its codes: 2PPPPPPVVVVVC is 2, six digits of a number, weight, check digit."""

    async def work(connection: asyncpg.Connection, settings: Settings) -> DatedTemplate:
        template = template_of(pattern, VariablePart(variable) if variable else None, decimals)
        return await set_template(connection, merchant_id, template, by=by, lead=lead_of(settings))

    made = with_goods(work)
    click.echo(f"template {made.id} holds from {made.since.isoformat()} on")


@click.command("end-template")
@click.argument("template_id", metavar="ID", type=int)
@signed(required=True)
def end_template_command(template_id: int, by: str) -> None:
    """End a template without another one."""
    ended(TEMPLATE_RANGES.end_by_id, template_id, by)
    click.echo(f"template {template_id} ends")
