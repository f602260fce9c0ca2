"""tillgate audit: the log of what persons and keys decided, whether it is whole, and reports on it."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import click
from rich.table import Table

from gateway.cli.audit_bundle import bundle_command
from gateway.cli.lists_support import MOMENT
from gateway.cli.people_support import with_people
from gateway.cli.progress import progress_bar
from gateway.cli.support import FAILED, console
from gateway.record.chain import Entry
from gateway.record.reading import Filter, entries
from gateway.record.reports import Report, ReportKind, report, shown_moment
from gateway.record.verifying import Anchor, Verified, verify_chain
from gateway.record.words import ACTIONS, SubjectKind
from gateway.runtime.settings import Settings

DETAILS_SHOWN_CHARS = 100


class AnchorType(click.ParamType[Anchor]):
    """An entry as it was noted: its number and its hash."""

    name = "NUMBER:HASH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Anchor:
        """Read what `tillgate audit verify` printed."""
        try:
            number, _, digest = str(value).partition(":")
            anchor = Anchor(int(number), bytes.fromhex(digest))
        except ValueError:
            anchor = Anchor(0, b"")
        if anchor.id < 1 or len(anchor.hash) != 32:
            self.fail("should be like 17:9f86d08…, a number and 64 hex digits", param, ctx)
        return anchor


@click.group("audit")
def audit_group() -> None:
    """What persons and keys decided. docs/audit.md tells more."""


audit_group.add_command(bundle_command)


@audit_group.command("verify")
@click.option(
    "--anchor", "anchors", multiple=True, type=AnchorType(), help="An end that was noted before, elsewhere."
)
def verify_command(anchors: tuple[Anchor, ...]) -> None:
    """Recompute the chain in one snapshot. Exit code 1 if it is broken; names the first broken entry.

    Prints the end of the chain: note it where the owner of the database can't write, and bring it as
    --anchor next time; only then does it show if the end was cut off or the chain made anew.
    """

    async def work(connection: asyncpg.Connection, _: Settings) -> Verified:
        with progress_bar() as progress:
            task = progress.add_task("audit log", total=None, told="")

            def tell(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total, told=f"{done:,} entries")

            return await verify_chain(connection, anchors, tell)

    found = with_people(work, reads_only=True)
    if not found.is_whole:
        click.echo(f"broken at entry {found.broken_id}: {found.what}")
        click.echo(f"{found.count:,} entries before it are whole")
        sys.exit(FAILED)
    click.echo(f"whole: {found.count:,} entries")
    if found.count:
        click.echo(f"the end is {found.head.id}:{found.head.hash.hex()}")


def _time_options(command: Any) -> Any:
    for option in (
        click.option("--until", type=MOMENT, help="Before this moment (Moscow)."),
        click.option("--since", type=MOMENT, help="From this moment on (Moscow)."),
    ):
        command = option(command)
    return command


@audit_group.command("show")
@_time_options
@click.option("--actor", "actor_id", help="By this login, key or part of the gateway.")
@click.option("--action", help="A dotted name or its beginning: proposal. or list.published")
@click.option(
    "--subject-kind", type=click.Choice(SubjectKind, case_sensitive=False), help="About such a thing."
)
@click.option("--subject", "subject_id", help="About the one of this id.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def show_command(
    since: datetime | None,
    until: datetime | None,
    actor_id: str | None,
    action: str | None,
    subject_kind: SubjectKind | None,
    subject_id: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """The newest entries first."""
    kind = subject_kind.value if subject_kind else None
    wanted = Filter(since, until, actor_id, action, kind, subject_id)
    found = with_people(lambda connection, _: entries(connection, wanted, limit), reads_only=True)
    if as_json:
        click.echo(json.dumps([_as_json(entry) for entry in found], ensure_ascii=False, indent=1))
        return
    table = Table("entry", "at (Moscow)", "by", "action", "on", "details", "approved by", title="Audit log")
    for entry in found:
        known = ACTIONS.get(entry.action)
        details = json.dumps(entry.details, ensure_ascii=False)
        table.add_row(
            str(entry.id),
            shown_moment(entry.at),
            entry.actor_id,
            known.en if known else entry.action,
            f"{entry.subject_kind} {entry.subject_id}",
            details if len(details) <= DETAILS_SHOWN_CHARS else details[: DETAILS_SHOWN_CHARS - 1] + "…",
            entry.approved_by or "",
        )
    console().print(table, markup=False)


def _as_json(entry: Entry) -> dict[str, Any]:
    fields = {name: getattr(entry, name) for name in entry.__struct_fields__}
    hashes = {name: fields[name].hex() for name in ("previous_hash", "hash")}
    return {**fields, **hashes, "at": entry.at.isoformat()}


@audit_group.command("report")
@click.argument("kind", type=click.Choice(ReportKind, case_sensitive=False))
@_time_options
@click.option(
    "--csv", "csv_file", type=click.Path(dir_okay=False, path_type=Path), help="Write it as CSV instead."
)
def report_command(
    kind: ReportKind, since: datetime | None, until: datetime | None, csv_file: Path | None
) -> None:
    """Corrections, overrides (urgent lists, lifted locks), account changes, or pairs of who approves whom."""
    made = with_people(lambda connection, _: report(connection, kind, since, until), reads_only=True)
    if csv_file is None:
        console().print(_table(made), markup=False)
        return
    with csv_file.open("w", encoding="utf-8", newline="") as out:
        made.write_csv(out)
    click.echo(f"{len(made.rows):,} rows in {csv_file}")


def _table(made: Report) -> Table:
    table = Table(*made.columns, title=made.title)
    for row in made.rows:
        table.add_row(*row)
    return table
