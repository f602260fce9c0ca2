"""tillgate demand: what people buy by certificates, week by week, without telling who."""

from datetime import timedelta
from pathlib import Path

import asyncpg
import click

from gateway.cli.people_support import actor, by_option
from gateway.cli.report_support import with_reports, write_file
from gateway.runtime.settings import Settings
from settlement.reports.demand import monday_of, name_of, publish_week, stored_week
from settlement.reports.demand_files import demand_files


@click.command("demand")
@click.option("--week", required=True, help="An ISO week, as 2026-W47.")
@click.option(
    "--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where."
)
@by_option
def demand_command(week: str, folder: Path, by: str) -> None:
    """Publish a week's demand as HTML, XLSX and CSV.

    The first run counts and stores the tables, every later one writes the same again: a week is published
    once. Figures of few buyers are hidden (docs/demand.md).
    """

    async def work(connection: asyncpg.Connection, settings: Settings) -> dict[str, bytes]:
        first_day = monday_of(week)
        made = await publish_week(
            connection,
            first_day,
            by=actor(by),
            accounts_min=settings.demand_accounts_min,
            wait_days=settings.demand_wait_days,
        )
        before = await stored_week(connection, first_day - timedelta(days=7))
        return demand_files(made, before, name_of(first_day))

    for name, data in with_reports(work, reads_only=False).items():
        write_file(folder / name, data)
