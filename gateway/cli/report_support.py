"""What commands of reports share: one snapshot to read in, and refusals told in one line."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import asyncpg
import click

from gateway.cli.people_support import with_people
from gateway.runtime.settings import Settings
from settlement.errors import SettlementError

Result = TypeVar("Result")


def with_reports(
    work: Callable[[asyncpg.Connection, Settings], Awaitable[Result]], *, reads_only: bool = True
) -> Result:
    """Do a piece of work, reading all in one snapshot; what is refused ends with exit code 1."""

    async def in_snapshot(connection: asyncpg.Connection, settings: Settings) -> Result:
        if not reads_only:
            return await work(connection, settings)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await work(connection, settings)

    try:
        return with_people(in_snapshot, reads_only=reads_only)
    except SettlementError as error:
        raise click.ClickException(str(error)) from error


def write_file(path: Path, data: bytes) -> None:
    """A file that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_bytes(data)
    unfinished.replace(path)
    click.echo(path)
