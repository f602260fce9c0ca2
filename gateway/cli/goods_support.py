"""What the commands of tillgate goods share: who works, what is confirmed, errors told as answers."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

import asyncpg
import click

from gateway.cli.support import with_connection, with_settings
from gateway.domain.judging import Evidence
from gateway.goods.cases.errors import CaseError
from gateway.goods.cases.rules import Confirmation, Rule
from gateway.goods.cases.subjects import Subject, SubjectKind
from gateway.runtime.published import read_editions
from gateway.runtime.settings import Settings

Result = TypeVar("Result")
Command = TypeVar("Command", bound=Callable[..., object])

_KINDS: Final = {SubjectKind.GTIN: "GTIN", SubjectKind.IN_STORE: "code", SubjectKind.NAME: "name"}


def with_goods(work: Callable[[asyncpg.Connection, Settings], Awaitable[Result]]) -> Result:
    """Do a piece of work as the role that decides; what the rules refuse ends with exit code 1."""

    def connected(settings: Settings) -> Result:
        return with_connection(settings.database_migrator_url, lambda connection: work(connection, settings))

    try:
        return with_settings(connected)
    except CaseError as error:
        raise click.ClickException(str(error)) from error


def confirm_options(command: Command) -> Command:
    """What every confirmation needs."""
    for option in (
        click.option("--act", required=True, help="By which act or protocol."),
        click.option("--okpd2", required=True, help="What the goods are."),
    ):
        command = option(command)
    return command


def confirmed(
    confirm: Callable[[asyncpg.Connection, int, Confirmation], Awaitable[Rule]],
    number: int,
    okpd2: str,
    act: str,
    by: str,
) -> None:
    """Confirm a case or a submission by its number, under the prohibited list in force; says the rule."""

    async def work(connection: asyncpg.Connection, settings: Settings) -> Rule:
        now = await connection.fetchval("SELECT tillgate_now()")
        prohibited = (await read_editions(settings)).at(now).edition.prohibited
        said = Confirmation(okpd2, act, by, prohibited, lead_of(settings))
        return await confirm(connection, number, said)

    rule = with_goods(work)
    click.echo(
        f"rule {rule.id}: {shown_subject(rule.subject)} is {rule.okpd2} from {rule.since.isoformat()} on"
    )


def lead_of(settings: Settings) -> timedelta:
    """How long before something holds every node must have heard of it."""
    return timedelta(seconds=settings.reference_lead_s)


def ended(end: Callable[..., Awaitable[object]], number: int, by: str) -> None:
    """End a range of time by its number."""
    with_goods(lambda connection, settings: end(connection, number, by=by, lead=lead_of(settings)))


def shown_subject(subject: Subject) -> str:
    """What goods are known by, with the merchant of a code of its own."""
    owner = f" of merchant {subject.merchant_id}" if subject.merchant_id else ""
    return f"{_KINDS[subject.kind]}{owner} {subject.key or '(no letter or digit)'}"


def shown_evidence(one: Evidence) -> str:
    """A source's word in one line."""
    parts = [
        one.source,
        one.okpd2,
        one.version,
        f"denied {one.denied_ppm / 10_000:.2f} %" if one.denied_ppm else "",
    ]
    return " ".join(filter(None, parts))
