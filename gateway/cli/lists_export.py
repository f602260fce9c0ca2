"""tillgate lists export: a version in full, or what changed since another, with the hash to check it by."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import asyncpg
import click

from gateway.cli.lists_support import KIND, with_lists
from gateway.goods.reference.catalogue_lines import copy_version
from gateway.goods.reference.downloads import changes_between, readable, rows_of
from gateway.goods.reference.errors import ListCode, ListError
from gateway.goods.reference.files import fetch_names
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.versions import ReferenceVersion
from gateway.runtime.settings import Settings


@click.command("export")
@click.argument("kind", type=KIND)
@click.argument("version")
@click.option("--since", help="What changed since this version, and no more.")
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="Where it goes.")
def export_command(kind: Kind, version: str, since: str | None, out: Path) -> None:
    """Write VERSION of KIND to a file; the classifier of names to a new folder.

    A full export is the lines of which the version's SHA-256 is made. One with --since begins with a line of
    JSON that names both versions and their SHA-256; then each line is "+" and a line, or "-" and a key.
    """
    if since and kind is Kind.NAMES:
        raise click.UsageError("the classifier of names is written whole")

    async def work(connection: asyncpg.Connection, _: Settings) -> ReferenceVersion:
        one = await readable(connection, kind, version)
        if kind is Kind.NAMES:
            await fetch_names(connection, version, out)
        elif since:
            with _written(out) as file:
                await _write_changes(connection, await readable(connection, kind, since), one, file)
        else:
            with _written(out) as file:
                await _write_full(connection, one, file)
        return one

    if kind is Kind.NAMES and out.exists():
        raise click.BadParameter(f"{out} is there already", param_hint="-o")
    one = with_lists(work, reads_only=True)
    click.echo(f"{kind} {version}: {one.entry_count:,} rows, sha256 {one.content_sha256}")


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    """A file that appears when it is whole."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            yield file
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


async def _write_full(connection: asyncpg.Connection, one: ReferenceVersion, out: BinaryIO) -> None:
    """Raises ListError CONTENT_DAMAGED if what was written has another SHA-256 than the version."""
    found = sha256()

    def write(data: bytes) -> None:
        found.update(data)
        out.write(data)

    if one.kind is Kind.CATALOGUE:
        await copy_version(connection, one.number, write)
    else:
        async for entry in rows_of(connection, one.kind, one.version):
            write(f"{entry.line}\n".encode())
    if found.hexdigest() != one.content_sha256:
        raise ListError(ListCode.CONTENT_DAMAGED, kind=one.kind, version=one.version, what="SHA-256")


async def _write_changes(
    connection: asyncpg.Connection, old: ReferenceVersion, new: ReferenceVersion, out: BinaryIO
) -> None:
    head = {
        "kind": new.kind,
        "from": old.version,
        "from_sha256": old.content_sha256,
        "to": new.version,
        "to_sha256": new.content_sha256,
    }
    out.write(f"{json.dumps(head, ensure_ascii=False)}\n".encode())
    async for entry in changes_between(connection, new.kind, old.version, new.version):
        line = f"-{entry.key}" if entry.line is None else f"+{entry.line}"
        out.write(f"{line}\n".encode())
