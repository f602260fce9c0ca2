"""What the commands of tillgate cards share: a card that is typed, a desk at the stop list, the record."""

import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, TypeVar

import asyncpg
import click

from gateway.cli.cards_files import read_card
from gateway.cli.people_support import actor
from gateway.cli.support import with_connection, with_settings
from gateway.goods.importing.problems import ImportFileError, RowProblem
from gateway.record.connections import Connection
from gateway.record.words import Action, Subject, SubjectKind
from gateway.record.writing import record
from gateway.registry.cards import CardNumberError, CardTokenKeys
from gateway.registry.stop_list.changing import ReadCard, StopListDesk
from gateway.runtime.keys import load_card_keys, load_signer, load_stop_list_keys
from gateway.runtime.settings import Settings

Result = TypeVar("Result")

PROBLEMS_SHOWN: Final = 100


def typed_card(keys: CardTokenKeys) -> ReadCard:
    """A card from the keyboard, unseen, or from standard input: the number, and the series on the next line.

    Never from an argument, which every user of the machine could read. Raises click.ClickException.
    """
    if sys.stdin.isatty():
        number = click.prompt("card number", hide_input=True)
        series = click.prompt("series", default="", show_default=False)
    else:
        number, series = (sys.stdin.readline().strip() for _ in range(2))
    try:
        return read_card(number, series, keys)
    except CardNumberError as error:
        raise click.ClickException(str(error)) from None


def with_cards(
    work: Callable[[asyncpg.Connection, Settings, CardTokenKeys], Awaitable[Result]],
) -> Result:
    """Do a piece of work as the role that owns the tables. A useless file ends with exit code 2."""

    def connected(settings: Settings) -> Result:
        keys = load_card_keys(settings)
        return with_connection(
            settings.database_migrator_url, lambda connection: work(connection, settings, keys)
        )

    try:
        return with_settings(connected)
    except ImportFileError as error:
        raise click.BadParameter(str(error), param_hint="FILE") from None


def desk_of(settings: Settings, keys: CardTokenKeys) -> StopListDesk:
    """A desk at the stop list."""
    return StopListDesk(load_stop_list_keys(settings), load_signer(settings), keys.key_id)


def show_problems(problems: Iterable[RowProblem]) -> int:
    """Tell which rows are wrong, by line, in both languages; returns how many there are."""
    count = 0
    for count, problem in enumerate(problems, 1):
        if count <= PROBLEMS_SHOWN:
            column = f", {problem.column}" if problem.column else ""
            click.echo(f"line {problem.line}{column}: {problem.ru} / {problem.en}", err=True)
    if count > PROBLEMS_SHOWN:
        click.echo(f"and {count - PROBLEMS_SHOWN} more", err=True)
    return count


async def note(
    connection: Connection, by: str, action: Action, kind: SubjectKind, subject_id: object, **details: Any
) -> None:
    """Write what somebody did to the audit log, as the last thing of the transaction that does it."""
    subject = Subject(kind, str(subject_id))
    await record(connection, actor=actor(by), action=action, subject=subject, details=details)


def shown_token(card: ReadCard) -> str:
    """By what the audit log knows a card: the first 16 hexadecimal digits of its newest token."""
    return card.tokens[0][:8].hex()
