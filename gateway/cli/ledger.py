"""tillgate ledger, tillgate database: whether the books are right, and the database that they are in."""

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

import asyncpg
import click
from rich.console import Console
from rich.table import Table

from gateway.cli.certificates import certificates_group
from gateway.cli.ledger_retire import retire_command
from gateway.cli.missing import missing_command
from gateway.cli.support import FAILED, console, keys_option, public_keys, with_connection, with_settings
from gateway.ledger.partitions import MONTHS_AHEAD, ensure_partitions, missing_partitions
from gateway.ledger.verify import Report, verify
from gateway.runtime.database import migrate
from gateway.runtime.database_check import check_database
from gateway.runtime.published import read_known_lists
from gateway.runtime.settings import Settings

__all__ = ["certificates_group", "database_group", "ledger_group"]


@click.group("ledger")
def ledger_group() -> None:
    """Whether the books are right."""


@ledger_group.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@keys_option()
def verify_command(as_json: bool, keys_file: Path | None) -> None:
    """Recompute everything in one snapshot, beside live load. Exit code 1 if anything is wrong."""
    keys = public_keys(keys_file) if keys_file else None

    def verified(settings: Settings) -> Report:
        lists = asyncio.run(read_known_lists(settings))
        return with_connection(
            settings.database_reader_url, lambda connection: verify(connection, keys=keys, lists=lists)
        )

    report = with_settings(verified)
    if as_json:
        click.echo(json.dumps(_as_json(report), ensure_ascii=False, indent=1))
    else:
        _print(report, console())
    if not report.is_clean:
        sys.exit(FAILED)


ledger_group.add_command(missing_command)
ledger_group.add_command(retire_command)


def _as_json(report: Report) -> dict[str, object]:
    return {"clean": report.is_clean, **asdict(report)}


def _print(report: Report, out: Console) -> None:
    counted = Table("looked at", "rows", title="Ledger")
    for name, count in report.counted.items():
        counted.add_row(name, f"{count:,}")
    out.print(counted)
    if report.is_clean:
        out.print("clean: every balance, purchase and outcome agrees with the entries")
        return
    found = Table("check", "where", "what", title=f"{report.total:,} discrepancies")
    for finding in report.findings:
        found.add_row(finding.check, finding.subject, finding.detail)
    out.print(found)
    if len(report.findings) < report.total:
        out.print(f"{len(report.findings):,} of them are named: the first of each check")


@click.group("database")
def database_group() -> None:
    """The database: its schema, its partitions, its health."""


@database_group.command("migrate")
def migrate_command() -> None:
    """Bring the database to the newest schema, with the partitions of the months to come."""
    with_settings(lambda settings: migrate(settings.database_migrator_url))
    click.echo("the schema is the newest")


@database_group.command("partitions")
@click.option(
    "--months", default=MONTHS_AHEAD, show_default=True, type=click.IntRange(1, 36), help="How far ahead."
)
def partitions_command(months: int) -> None:
    """Make the month partitions that are missing. Exit code 1 if this month or the next still lacks one."""

    async def make(connection: asyncpg.Connection) -> tuple[list[str], list[str]]:
        made = await ensure_partitions(connection, months_ahead=months)
        return made, await missing_partitions(connection)

    made, missing = with_settings(lambda settings: with_connection(settings.database_migrator_url, make))
    click.echo(f"made: {', '.join(made) or 'none, all were there'}")
    if missing:
        click.echo(f"still missing, since readers hold the table: {', '.join(missing)}")
        sys.exit(FAILED)


@database_group.command("check")
def check_command() -> None:
    """Check version, schema, partitions, durability, rights and clock. Exit code 1 if one is not right."""

    def check(settings: Settings) -> bool:
        answers = with_connection(settings.database_migrator_url, check_database)
        table = Table("", "check", "found", title="Database")
        for answer in answers:
            table.add_row("ok" if answer.is_right else "WRONG", answer.name, answer.found)
        console().print(table)
        return all(answer.is_right for answer in answers)

    if not with_settings(check):
        sys.exit(FAILED)
