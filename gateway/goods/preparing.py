"""Makes the files of a node from the database, and removes those that no edition needs any more."""

import asyncio
import shutil
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.domain.judging import GoodsUnavailableError
from gateway.goods.catalogue_store import CatalogueBuilder, write_catalogue
from gateway.goods.editions import Editions, GoodsEdition
from gateway.goods.node_files import FileKind, NodeFile, NodeFiles, files_of
from gateway.goods.reference.catalogue_lines import copy_version
from gateway.goods.reference.errors import ListCode, ListError
from gateway.goods.reference.files import fetch_names, finish_folder, unfinished_folder
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.reading import StoredVersion

KEPT: Final = timedelta(days=1)
"""How long files are kept after their edition: a process that has not looked lately may still be on it."""

Progress = Callable[[NodeFile, int], None]
"""Told how many entries of a file have been written so far."""


class Prepared(Struct, frozen=True):
    """Names of folders: what was made, what was removed, and what was there already."""

    made: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]


def needed(editions: Editions, now: datetime) -> tuple[GoodsEdition, ...]:
    """The editions that a node keeps files of: those of the last day, of now, and all to come."""
    begins = [one.effective_from for one in editions.sequence[1:]]
    ended = sum(1 for end in begins if end <= now - KEPT)
    return editions.sequence[ended:]


async def prepare(
    connection: asyncpg.Connection,
    files: NodeFiles,
    editions: Iterable[GoodsEdition],
    progress: Progress = lambda *_: None,
) -> Prepared:
    """Make what the editions need and what is missing or cannot be read, and remove all else.

    The caller holds `files.locked()`. Raises ListError CONTENT_DAMAGED if the database holds something else
    than was published, what the database raises, and OSError.
    """
    wanted = files_of(editions)
    made, kept = [], []
    for file in wanted:
        if await asyncio.to_thread(_is_good, files, file):
            kept.append(file.name)
            continue
        await asyncio.to_thread(shutil.rmtree, files.place(file), ignore_errors=True)
        await _make(connection, files.place(file), file, progress)
        made.append(file.name)
    strangers = files.strangers(wanted)
    for folder in strangers:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return Prepared(tuple(made), tuple(folder.name for folder in strangers), tuple(kept))


def _is_good(files: NodeFiles, file: NodeFile) -> bool:
    try:
        files.open(file)
    except GoodsUnavailableError:
        return False
    return True


async def _make(connection: asyncpg.Connection, place: Path, file: NodeFile, progress: Progress) -> None:
    version = file.version
    if file.kind is FileKind.NAMES:
        await fetch_names(connection, version.version, place)
    else:
        await _make_catalogue(connection, version, place, lambda count: progress(file, count))
    progress(file, version.entry_count)


async def _make_catalogue(
    connection: asyncpg.Connection, version: StoredVersion, place: Path, progress: Callable[[int], None]
) -> None:
    unfinished = unfinished_folder(place)
    try:
        builder = CatalogueBuilder()
        lines = _Lines(builder, progress)
        await copy_version(connection, version.number, lines.take)
        found = lines.sha256.hexdigest()
        if found != version.content_sha256:
            what = f"SHA-256 {found}, not {version.content_sha256}"
            raise ListError(ListCode.CONTENT_DAMAGED, kind=Kind.CATALOGUE, version=version.version, what=what)
        write_catalogue(builder.build(version.version), unfinished)
        finish_folder(unfinished, place)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


class _Lines:
    """Takes the lines of a catalogue as they come, in parts that end anywhere."""

    def __init__(self, builder: CatalogueBuilder, progress: Callable[[int], None]) -> None:
        self.sha256 = sha256()
        self._builder = builder
        self._progress = progress
        self._rest = b""
        self._count = 0

    def take(self, data: bytes) -> None:
        """The next part of the version's lines."""
        self.sha256.update(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        items = []
        for line in lines:
            gtin, codes, _ = line.decode().split("\t", 2)
            items += [(gtin, code) for code in codes.split(",")]
        self._builder.add(items)
        self._count += len(lines)
        self._progress(self._count)
