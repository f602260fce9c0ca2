"""tillgate lists: what goods are and what points buy, from a file to a publication."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import click
from rich.table import Table

from gateway.cli.lists_export import export_command
from gateway.cli.lists_import import import_command
from gateway.cli.lists_publish import publish_command
from gateway.cli.lists_support import KIND, notice_rules, shown_moment, with_lists
from gateway.cli.people_support import signed
from gateway.cli.support import console
from gateway.goods.loader import read_list_files
from gateway.goods.reference.drafts import discard
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.taking_over import TAKEN_OVER, take_over
from gateway.goods.reference.versions import ReferenceVersion, standing, versions_of
from gateway.runtime.settings import Settings

SHORT_SHA256 = 12


@click.group("lists")
def lists_group() -> None:
    """Lists that decisions go by: import, look, publish. docs/lists.md tells the whole way."""


lists_group.add_command(import_command)
lists_group.add_command(export_command)
lists_group.add_command(publish_command)


@lists_group.command("show")
@click.argument("kind", type=KIND, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def show_command(kind: Kind | None, as_json: bool) -> None:
    """Every version, and which of them is in force now."""

    async def read(connection: asyncpg.Connection, _: Settings) -> tuple[datetime, list[ReferenceVersion]]:
        return await connection.fetchval("SELECT tillgate_now()"), await versions_of(connection, kind)

    now, versions = with_lists(read, reads_only=True)
    shown = [(one, standing(one, [v for v in versions if v.kind is one.kind], now)) for one in versions]
    if as_json:
        found = [{**_as_json(one), "standing": standing_} for one, standing_ in shown]
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    table = Table("kind", "version", "state", "in force from", "act", "rows", "sha256", title="Lists")
    for one, standing_ in shown:
        table.add_row(
            one.kind,
            one.version,
            standing_,
            shown_moment(one.effective_from) if one.effective_from else "",
            one.act or "",
            f"{one.entry_count:,}",
            one.content_sha256[:SHORT_SHA256],
        )
    console().print(table)


def _as_json(one: ReferenceVersion) -> dict[str, Any]:
    fields = {name: getattr(one, name) for name in one.__struct_fields__}
    fields["approvals"] = [{"by": who.by, "at": who.at.isoformat()} for who in one.approvals]
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in fields.items()}


@lists_group.command("discard")
@click.argument("kind", type=KIND)
@click.argument("version")
@signed()
def discard_command(kind: Kind, version: str, by: str) -> None:
    """Give up the draft VERSION of KIND."""
    with_lists(lambda connection, _: discard(connection, kind, version, by=by))
    click.echo(f"{kind} {version} is discarded")


@lists_group.command("take-over")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--kind", "kinds", multiple=True, type=click.Choice(TAKEN_OVER), help="These kinds alone.")
@click.option("--address", help="Where the lists were made known.  [default: the folder's name]")
@signed()
def take_over_command(folder: Path, kinds: Sequence[str], address: str | None, by: str) -> None:
    """Take over the list files of FOLDER as they were in force before, for kinds that have no version yet."""
    told = address or f"list files {folder.resolve().name}"

    async def work(connection: asyncpg.Connection, settings: Settings) -> list[ReferenceVersion]:
        files = read_list_files(folder)
        wanted: Iterable[Kind] = map(Kind, kinds or TAKEN_OVER)
        rules = notice_rules(settings)
        return await take_over(connection, files, address=told, by=by, rules=rules, kinds=wanted)

    for one in with_lists(work):
        begins = shown_moment(one.effective_from) if one.effective_from else ""
        click.echo(f"{one.kind} {one.version}: {one.entry_count:,} rows, in force from {begins}")
