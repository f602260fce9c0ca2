"""What tillgate goods explain, rehearse and replay share: everything published, and what refuses told."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import asyncpg
import click

from gateway.cli.support import with_settings
from gateway.domain.judging import GoodsUnavailableError
from gateway.goods.asking.classifiers import Classifiers
from gateway.goods.asking.stock import Stock
from gateway.goods.cases.confirmed import read_confirmed
from gateway.goods.editions import editions_from
from gateway.goods.loader import load_list_book
from gateway.goods.names.model import ModelFile, ModelFileError
from gateway.goods.node_files import NodeFiles
from gateway.goods.reference.errors import ListError
from gateway.goods.reference.reading import ReferenceSnapshot, read_reference
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.settings import Settings

Result = TypeVar("Result")
Command = TypeVar("Command", bound=Callable[..., object])

LEFT_OUT = "the classifier in force, or none"


@dataclass(frozen=True)
class Desk:
    """What a question is answered from: a connection, the stock, every version, the database's time."""

    connection: asyncpg.Connection
    stock: Stock
    published: ReferenceSnapshot
    now: datetime


def classifier_option(command: Command) -> Command:
    """`--classifier FOLDER`: a trained classifier that speaks instead of the published one."""
    return click.option(
        "--classifier",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help=f"Folder of a trained classifier of names.  [default: {LEFT_OUT}]",
    )(command)


def with_desk(
    work: Callable[[Desk], Awaitable[Result]],
    *,
    classifier: Path | None = None,
    as_owner: bool = False,
) -> Result:
    """Answer a question; who `as_owner` writes the lists does it as the role that owns them.

    What is refused ends with exit code 1, a classifier that cannot be used with 2.
    """

    async def worked(settings: Settings) -> Result:
        url = settings.database_migrator_url if as_owner else settings.database_reader_url
        given = None if classifier is None else ModelFile(classifier).read()
        engine = make_engine(url, pool_size=2)
        try:
            published = await read_reference(engine)
            editions = editions_from(published, load_list_book(settings.lists_dir))
            async with driver_connection(engine) as connection:
                confirmed = await read_confirmed(connection)
                classifiers = Classifiers(NodeFiles(settings.data_dir / "classifiers"), given)
                now = await connection.fetchval("SELECT tillgate_now()")
                stock = Stock(editions, confirmed, classifiers)
                return await work(Desk(connection, stock, published, now))
        finally:
            await engine.dispose()

    try:
        return with_settings(lambda settings: asyncio.run(worked(settings)))
    except ModelFileError as error:
        raise click.BadParameter(str(error), param_hint="--classifier") from error
    except (GoodsUnavailableError, ListError, LookupError) as error:
        raise click.ClickException(str(error)) from error
