"""tillgate goods prepare: the files of this node, made from what is published."""

import asyncio

import click
from rich.progress import TaskID

from gateway.cli.progress import progress_bar
from gateway.cli.support import with_settings
from gateway.goods.node_files import NodeFile
from gateway.goods.preparing import Prepared
from gateway.goods.reference.errors import ListError
from gateway.runtime.goods_files import prepare_files
from gateway.runtime.settings import Settings


@click.command("prepare")
def prepare_command() -> None:
    """Make the catalogue's and the classifier's files of this node, if any are missing or damaged.

    A running gateway does it by itself; ahead of its start it saves the wait.
    """
    try:
        prepared = with_settings(lambda settings: asyncio.run(_shown(settings)))
    except ListError as error:
        raise click.ClickException(str(error)) from error
    for what, names in (("made", prepared.made), ("removed", prepared.removed), ("there", prepared.kept)):
        for name in names:
            click.echo(f"{what}: {name}")


async def _shown(settings: Settings) -> Prepared:
    with progress_bar() as bar:
        tasks: dict[str, TaskID] = {}

        def progress(file: NodeFile, count: int) -> None:
            if file.name not in tasks:
                tasks[file.name] = bar.add_task(file.name, total=file.version.entry_count, told="")
            bar.update(tasks[file.name], completed=count, told=f"{count:,}")

        return await prepare_files(settings, progress)
