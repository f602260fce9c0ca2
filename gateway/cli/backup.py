"""tillgate backup, archive, restore: what a lost database comes back from."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import asyncpg
import click
from sqlalchemy.exc import SQLAlchemyError

from gateway.cli.support import FAILED, with_connection, with_settings
from gateway.ledger.verify import Report, verify
from gateway.runtime.backup import Archive, BackupError
from gateway.runtime.embedded import postgres_programs
from gateway.runtime.restore import choose_base, recovered
from gateway.runtime.servers import DATABASE
from gateway.runtime.settings import Settings, load_settings
from gateway.runtime.settings_source import variable

_ARCHIVE = click.Path(file_okay=False, path_type=Path)


def _instant(_context: click.Context, _option: click.Parameter, value: str | None) -> datetime | None:
    """An instant with its offset: a restore that is three hours off loses three hours."""
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        instant = datetime.min  # noqa: DTZ901 - as good as one without an offset
    if instant.tzinfo is None:
        raise click.BadParameter(f"{value} is no instant with its offset, as in 2026-11-22T17:19:00+03:00")
    return instant


@click.command("backup")
@click.option("--to", "directory", required=True, type=_ARCHIVE, help="The directory of the backups.")
@click.option("--keep", type=click.IntRange(min=1), help="Remove all but so many of the newest.")
def backup_command(directory: Path, keep: int | None) -> None:
    """Copy the running database, and verify the copy file by file.

    Keys, certificates and settings are in no database: keep them too, and not in the same place.
    """

    def take(settings: Settings) -> None:
        archive, programs = Archive(directory), _programs(settings)
        click.echo("copying and verifying", err=True)
        with _told():
            base = archive.take_base(programs, _url(settings))
            click.echo(f"backup: {base.path}")
            for old in archive.keep_newest(programs, keep) if keep else ():
                click.echo(f"removed: {old.path}")

    with_settings(take)


@click.command("archive")
@click.option("--to", "directory", required=True, type=_ARCHIVE, help="The directory of the backups.")
def archive_command(directory: Path) -> None:
    """Keep the write-ahead log beside the backups as it is written, until SIGTERM or Ctrl-C."""

    def follow(settings: Settings) -> None:
        click.echo(f"keeping the log in {Archive(directory).wal}", err=True)
        with _told():
            Archive(directory).follow(_programs(settings), _url(settings))

    with_settings(follow)


@click.command("restore")
@click.option(
    "--from", "directory", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The directory of the backups.",
)  # fmt: skip
@click.option("--to", "target", required=True, type=_ARCHIVE, help="A new data directory for PostgreSQL.")
@click.option(
    "--until",
    metavar="INSTANT",
    callback=_instant,
    help="The instant to restore to; else all that the log has.",
)
@click.option("--database", default=DATABASE, show_default=True, help="The database of the ledger.")
def restore_command(directory: Path, target: Path, until: datetime | None, database: str) -> None:
    """Recover a backup into a new data directory and verify the ledger in it. Exit code 1 if it is wrong.

    Nothing that runs is touched, and nothing is written over.
    """
    archive, settings = Archive(directory), load_settings(os.environ)
    with _told():
        click.echo(f"recovering {choose_base(archive, until).path}", err=True)
        with recovered(archive, target, until=until, bin_dir=settings.postgres_bin_dir) as server:
            last, report = with_connection(server.url(database, "tillgate_reader"), _look)
    click.echo(f"restored: {target}")
    click.echo(f"last decision: {last.isoformat() if last else 'none'}")
    if not report.is_clean:
        click.echo(f"{report.total:,} discrepancies: `tillgate ledger verify` names them")
        sys.exit(FAILED)
    click.echo("the ledger is clean")


@contextmanager
def _told() -> Iterator[None]:
    """What went wrong in one line."""
    try:
        yield
    except (BackupError, OSError) as error:
        raise click.ClickException(str(error)) from error
    except (SQLAlchemyError, asyncpg.PostgresError) as error:
        raise click.ClickException(f"the restored database refused: {error}") from error


async def _look(connection: asyncpg.Connection) -> tuple[datetime | None, Report]:
    last: datetime | None = await connection.fetchval("SELECT max(decided_at) FROM outcome")
    return last, await verify(connection)


def _programs(settings: Settings) -> Path:
    return settings.postgres_bin_dir or postgres_programs()


def _url(settings: Settings) -> str:
    if not settings.database_backup_url:
        raise BackupError(f"{variable('database_backup_url')}: name a role with REPLICATION")
    return settings.database_backup_url
