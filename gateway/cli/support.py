"""What the groups of the command line share: settings, servers, a connection or a committer to work with."""

import asyncio
import base64
import binascii
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

import asyncpg
import click
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.logging import configure_logging
from gateway.runtime.servers import with_servers
from gateway.runtime.settings import Settings, load_settings

Result = TypeVar("Result")

FAILED = 1
"""Exit code of a command that worked and found something wrong, or whose command was declined."""


def console() -> Console:
    """Where tables go; wide enough not to break their lines where nobody looks at a screen."""
    return Console(width=None if sys.stdout.isatty() else 200)


def shown_rubles(kopecks: int) -> str:
    """An amount that is not negative, as people read money."""
    return f"{kopecks // 100:,}.{kopecks % 100:02}"


def with_settings(work: Callable[[Settings], Result]) -> Result:
    """Do a piece of work with complete settings, starting embedded servers if there are no others."""
    settings = load_settings(os.environ)
    configure_logging(settings.log_level, json_lines=settings.log_json)
    with with_servers(settings) as complete:
        try:
            return work(complete)
        except (SQLAlchemyError, OSError, asyncpg.PostgresError) as error:
            raise click.ClickException(f"the database refused: {error}") from error


Command = TypeVar("Command", bound=Callable[..., object])


def keys_option(*, required: bool = False) -> Callable[[Command], Command]:
    """`--keys FILE`, for commands that verify signatures."""
    return click.option(
        "--keys",
        "keys_file",
        required=required,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="The JSON set of public keys that tills verify by: every signature is verified too.",
    )


def public_keys(file: Path) -> Mapping[str, bytes]:
    """The Ed25519 public keys of such a file by key id; raises click.BadParameter."""
    try:
        named = json.loads(file.read_bytes())["keys"]
        return {key["key_id"]: base64.b64decode(key["public_key_base64"], validate=True) for key in named}
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise click.BadParameter(f"{file} is no set of public keys") from None


def with_connection(url: str, work: Callable[[asyncpg.Connection], Awaitable[Result]]) -> Result:
    """Do a piece of work on one connection."""

    async def connected() -> Result:
        engine = make_engine(url, pool_size=1)
        try:
            async with driver_connection(engine) as connection:
                return await work(connection)
        finally:
            await engine.dispose()

    return asyncio.run(connected())


def in_transaction(url: str, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
    """Do a piece of work in one transaction on a connection of its own."""

    async def connected() -> Result:
        engine = make_engine(url, pool_size=1)
        try:
            async with engine.begin() as connection:
                return await work(connection)
        finally:
            await engine.dispose()

    return asyncio.run(connected())
