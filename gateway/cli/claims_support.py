"""What the commands of claims share."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import date
from typing import Any, Final, TypeVar

import asyncpg
import click

from gateway.cli.people_support import with_people
from gateway.cli.registry_support import DAY
from gateway.cli.support import shown_rubles
from gateway.runtime.settings import Settings
from settlement.errors import SettlementError

Result = TypeVar("Result")


class Month(click.ParamType[date]):
    """The first day of a period, which a month alone names too."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read "2026-12" or "2026-12-01"."""
        is_month = isinstance(value, str) and len(value) == len("2026-12")
        return DAY.convert(f"{value}-01" if is_month else value, param, ctx)


MONTH: Final = Month()


def with_claims(
    work: Callable[[asyncpg.Connection, Settings], Awaitable[Result]], *, reads_only: bool = False
) -> Result:
    """Do a piece of work as the role that owns the tables, or as the one that only reads.

    What settlement refuses is told in one line, with exit code 1.
    """
    try:
        return with_people(work, reads_only=reads_only)
    except SettlementError as error:
        raise click.ClickException(str(error)) from error


def shown_sum(kopecks: int) -> str:
    """An amount of either sign."""
    return f"{'-' if kopecks < 0 else ''}{shown_rubles(abs(kopecks))}"


async def in_shares(jobs: int, share: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    """Do so many shares of a work at once; the first that fails ends the others, and its error is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for k in range(jobs):
                group.create_task(share(k))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
