"""tillgate report: what the department sees of points, money and claims."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import asyncpg
import click
from rich.markup import escape
from rich.table import Table

from gateway.cli.report_support import with_reports, write_file
from gateway.cli.support import console
from gateway.runtime.settings import Settings
from settlement.reports.department import DepartmentReport, department_report
from settlement.reports.department_files import (
    department_csv,
    department_html,
    department_json,
    department_xlsx,
)
from settlement.reports.shown import shown_rubles

WRITERS: Final[Mapping[str, Callable[[DepartmentReport], bytes]]] = {
    "html": department_html,
    "xlsx": department_xlsx,
    "csv": department_csv,
    "json": department_json,
}


@click.group("report")
def report_group() -> None:
    """Reports for the department, of figures that are not for publication."""


@report_group.command("department")
@click.option("--year", required=True, type=click.IntRange(2020, 2100), help="The budget year.")
@click.option("--format", "kind", type=click.Choice(["table", *WRITERS]), default="table", show_default=True,
              help="As what.")  # fmt: skip
@click.option("--out", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Where it goes.")
def department_command(year: int, kind: str, out: Path | None) -> None:
    """Points by program and month, limits and forecast, claims that wait and their terms."""
    if kind == "xlsx" and out is None:
        raise click.UsageError("a workbook needs --out")

    async def work(connection: asyncpg.Connection, _: Settings) -> DepartmentReport:
        return await department_report(connection, year)

    report = with_reports(work)
    if kind == "table":
        _print(report)
    elif out is None:
        click.echo(WRITERS[kind](report), nl=False)
    else:
        write_file(out, WRITERS[kind](report))


def _print(report: DepartmentReport) -> None:
    table = Table("program", "month", "issued", "spent", "lapsed", "held", "outstanding",
                  title=f"Points of {report.year}, rubles")  # fmt: skip
    for month in report.months:
        sums = (month.issued_kopecks, month.spent_kopecks, month.lapsed_kopecks, month.held_kopecks,
                month.outstanding_kopecks)  # fmt: skip
        table.add_row(month.program_code, f"{month.month:%Y-%m}", *map(shown_rubles, sums))
    console().print(table)
    table = Table("КБК", "limit", "sold", "obligations", "paid", "forecast", title="Budget, rubles")
    for one in report.budgets:
        limit = "-" if one.limit_kopecks is None else shown_rubles(one.limit_kopecks)
        money = (one.sold_kopecks, one.obligation_kopecks, one.paid_kopecks, one.forecast_kopecks)
        table.add_row(one.kbk or "-", limit, *map(shown_rubles, money))
    console().print(table)
    table = Table("claim", "merchant", "period", "state", "net", "days", "due", title="Claims that wait")
    for claim in report.claims:
        due = f"{claim.due_on}{' MISSED' if claim.is_missed else ''}" if claim.due_on else "-"
        table.add_row(
            str(claim.claim_id), escape(claim.merchant_name), f"{claim.first_day:%Y-%m}", claim.state,
            shown_rubles(claim.net_kopecks), str(claim.age_days), due,
        )  # fmt: skip
    console().print(table)
