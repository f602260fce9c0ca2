"""What the commands of merchants, agreements, outlets, terminals and bic share."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import msgspec
from rich.markup import escape
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.cli.lists_support import shown_moment
from gateway.cli.support import console, in_transaction, shown_rubles, with_settings
from gateway.registry.application_form import Application
from gateway.registry.bic.errors import BicFileError
from gateway.registry.checking import ChecksFailedError, Finding
from gateway.registry.enrolment_errors import EnrolmentError
from gateway.registry.history import Step
from gateway.runtime.settings import Settings
from gateway.workdays import is_estimated

Result = TypeVar("Result")
Command = TypeVar("Command", bound=Callable[..., object])

FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


class Day(click.ParamType[date]):
    """A calendar day of Moscow."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read ISO 8601."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail("should be like 2026-12-01", param, ctx)


DAY: Final = Day()

json_option: Final = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
reason_option: Final = click.option("--reason", required=True, help="Why; it stays in the history.")
approver_option: Final = click.option(
    "--approved-by", required=True, help="Who approves it: a second person (four eyes)."
)

optional_approver_option: Final = click.option(
    "--approved-by",
    help="Who approves it: a second person (four eyes). In production a proposal is made instead.",
)


def with_registry(
    work: Callable[[AsyncConnection, Settings], Awaitable[Result]], *, reads_only: bool = False
) -> Result:
    """Do a piece of work in one transaction, as the registry's owner or as the one that only reads.

    What the rules refuse ends with exit code 1, and nothing is changed; failed checks one on a line.
    """

    def connected(settings: Settings) -> Result:
        url = settings.database_reader_url if reads_only else settings.database_migrator_url
        return in_transaction(url, lambda connection: work(connection, settings))

    try:
        return with_settings(connected)
    except ChecksFailedError as error:
        print_findings(error.findings, is_error=True)
        raise click.ClickException(f"{error.code.name}: nothing is changed") from error
    except (EnrolmentError, BicFileError) as error:
        raise click.ClickException(str(error)) from error


def read_application(file: Path) -> Application:
    """An application from a JSON file; a file that is none ends with exit code 2."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Application)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{file}: {error}", param_hint="FILE") from error


def print_findings(findings: tuple[Finding, ...], *, is_error: bool = False) -> None:
    """Each failed check on a line of its own."""
    for one in findings:
        click.echo(f"{one.field}: {one.code}: {one.en} / {one.ru}", err=is_error)


def print_json(value: Any) -> None:
    """A value as one line of JSON."""
    click.echo(msgspec.json.encode(value))


def print_history(steps: list[Step]) -> None:
    """Steps as a table, the earliest first."""
    table = Table("when", "step", "from", "to", "by", "approved by", "reason", title="History")
    for one in steps:
        table.add_row(
            shown_moment(one.made_at), one.step, one.from_state, one.to_state, escape(one.made_by),
            escape(one.approved_by), escape(one.reason),
        )  # fmt: skip
    console().print(table)


def shown_day(day: date | None) -> str:
    """A day as people in Moscow read it; "" for none."""
    return f"{day:%d.%m.%Y}" if day else ""


def shown_term(day: date | None) -> str:
    """The last day of a term, and whether the year's days off are known."""
    is_known = day is None or not is_estimated(day.year)
    return shown_day(day) if is_known else f"{shown_day(day)} (estimated)"


def shown_since(moment: datetime | None) -> str:
    """An instant as people in Moscow read it; "" for none."""
    return shown_moment(moment) if moment else ""


def shown_ceiling(kopecks: int | None) -> str:
    """Rubles of a ceiling; "" for none."""
    return shown_rubles(kopecks) if kopecks is not None else ""
