"""tillgate ledger retire: months beyond the retention time go to the archive and to files."""

import sys
from pathlib import Path

import asyncpg
import click

from gateway.cli.support import FAILED, with_connection, with_settings
from gateway.ledger.archive import Retiring, due_partitions, retire
from gateway.ledger.exporting import ExportError, export_archive
from gateway.runtime.settings import Settings


@click.command("retire")
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The directory of exports; those of earlier times are read again.",
)
@click.option("--dry-run", is_flag=True, help="Only name the months that are due.")
def retire_command(folder: Path, dry_run: bool) -> None:
    """Detach months of purchases and entries that are older than TILLGATE_RETENTION_YEARS, and export them.

    They go on as tables of the schema `archive`, which `tillgate ledger verify` reads too; nothing is ever
    dropped. Exit code 1 if a month has to wait, or an export is not what its manifest says.
    """
    if dry_run:
        due = with_settings(
            lambda settings: with_connection(
                settings.database_migrator_url,
                lambda connection: due_partitions(connection, settings.retention_years),
            )
        )
        click.echo(f"due: {', '.join(partition.name for partition in due) or 'none'}")
        return

    def work(settings: Settings) -> tuple[Retiring, list[str], list[str]]:
        async def all_of_it(connection: asyncpg.Connection) -> tuple[Retiring, list[str], list[str]]:
            retiring = await retire(connection, settings.retention_years)
            return retiring, *await export_archive(connection, folder)

        return with_connection(settings.database_migrator_url, all_of_it)

    try:
        retiring, written, there = with_settings(work)
    except ExportError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"retired: {', '.join(retiring.retired) or 'none'}")
    click.echo(f"exported: {', '.join(written) or 'none'}; read again: {len(there):,}")
    for name, why in retiring.waiting:
        click.echo(f"later: {name}: {why}")
    if retiring.waiting:
        sys.exit(FAILED)
