"""What the commands of tillgate lists share: kinds, moments, who works, and errors told as answers."""

import getpass
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

import asyncpg
import click

from gateway.cli.support import with_connection, with_settings
from gateway.domain.policy import MOSCOW
from gateway.goods.importing.problems import ImportFileError
from gateway.goods.loader import ListFileError
from gateway.goods.reference.errors import ListError
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.publishing import NoticeRules
from gateway.runtime.settings import Settings

Result = TypeVar("Result")
Command = TypeVar("Command", bound=Callable[..., object])

KIND: Final = click.Choice(Kind, case_sensitive=False)


class Moment(click.ParamType[datetime]):
    """A day or an instant, Moscow time unless it names an offset."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read ISO 8601; a day is its 00:00."""
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail("should be like 2026-12-01 or 2026-12-01T09:30", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=MOSCOW)


MOMENT: Final = Moment()


def shown_moment(moment: datetime) -> str:
    """An instant as people in Moscow read it."""
    return f"{moment.astimezone(MOSCOW):%d.%m.%Y %H:%M}"


def by_option(*, required: bool = False) -> Callable[[Command], Command]:
    """`--by WHO`: who is named in the books for what is done."""
    return click.option(
        "--by",
        required=required,
        default=None if required else getpass.getuser,
        help="Who does it." if required else "Who does it.  [default: the user of the system]",
    )


def notice_rules(settings: Settings) -> NoticeRules:
    """The terms of publication that the settings name."""
    return NoticeRules(
        timedelta(seconds=settings.reference_lead_s),
        settings.list_notice_working_days,
        settings.catalogue_notice_working_days,
    )


async def _worked(
    work: Callable[[asyncpg.Connection, Settings], Awaitable[Result]],
    settings: Settings,
    connection: asyncpg.Connection,
) -> Result:
    try:
        return await work(connection, settings)
    except OSError as error:
        # One that names a file is not the database's.
        if error.filename is None:
            raise
        raise click.FileError(str(error.filename), error.strerror) from error


def with_lists(
    work: Callable[[asyncpg.Connection, Settings], Awaitable[Result]], *, reads_only: bool = False
) -> Result:
    """Do a piece of work as the role that owns the lists, or as the one that only reads.

    A file that cannot be used ends with exit code 2, what the rules refuse with 1.
    """

    def connected(settings: Settings) -> Result:
        url = settings.database_reader_url if reads_only else settings.database_migrator_url
        return with_connection(url, partial(_worked, work, settings))

    try:
        return with_settings(connected)
    except (ListFileError, ImportFileError) as error:
        raise click.BadParameter(str(error), param_hint="FILE") from error
    except ListError as error:
        raise click.ClickException(str(error)) from error
