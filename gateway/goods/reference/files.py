"""Files of a classifier in the database, cut into parts; and back into a folder, checked byte by byte."""

import asyncio
import shutil
from collections.abc import Iterator
from errno import EEXIST, ENOTEMPTY
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, cast

import asyncpg

from gateway.goods.reference.contents import Classifier, StoredFile, parsed
from gateway.goods.reference.errors import ListCode, ListError
from gateway.goods.reference.kinds import Kind
from gateway.goods.rows import Row

PART_BYTES: Final = 1 << 20

_INSERT: Final = "INSERT INTO reference_file (kind, version, path, part, data) VALUES ($1, $2, $3, $4, $5)"
_PARTS: Final = "SELECT data FROM reference_file WHERE kind = $1 AND version = $2 AND path = $3 ORDER BY part"
_BODY: Final = "SELECT body::text FROM reference_version WHERE kind = $1 AND version = $2"


async def store_files(
    connection: asyncpg.Connection, kind: Kind, version: str, content: Row, folder: Path
) -> None:
    """Write the files of a classifier beside its row, a part at a time.

    Raises ListError SOURCE_CHANGED if a file is no longer what its hash was made of, and OSError.
    """
    for file in cast(Classifier, content).files:
        found = sha256()
        for part, data in enumerate(_parts(folder / file.path)):
            found.update(data)
            await connection.execute(_INSERT, kind, version, file.path, part, data)
        if found.hexdigest() != file.sha256:
            raise ListError(ListCode.SOURCE_CHANGED, path=folder / file.path)


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while data := file.read(PART_BYTES):
            yield data


async def fetch_names(connection: asyncpg.Connection, version: str, into_folder: Path) -> None:
    """Write the files of a classifier into a new folder, which is there whole or not at all.

    A folder that is there already stays as it is: FileExistsError. Raises ListError UNKNOWN_VERSION, and
    CONTENT_DAMAGED for a file whose SHA-256 is another; OSError.
    """
    body = await connection.fetchval(_BODY, Kind.NAMES, version)
    if body is None:
        raise ListError(ListCode.UNKNOWN_VERSION, kind=Kind.NAMES, version=version)
    unfinished = await asyncio.to_thread(unfinished_folder, into_folder)
    try:
        for file in cast(Classifier, parsed(Kind.NAMES, body)).files:
            await _fetch(connection, version, file, unfinished / file.path)
        await asyncio.to_thread(finish_folder, unfinished, into_folder)
    finally:
        await asyncio.to_thread(shutil.rmtree, unfinished, ignore_errors=True)


def unfinished_folder(into_folder: Path) -> Path:
    """A folder beside, of the caller alone: the workers of a node may fetch the same version at once.

    Raises FileExistsError if there is a finished one, and OSError.
    """
    if into_folder.exists():
        raise FileExistsError(EEXIST, "is there already", str(into_folder))
    into_folder.parent.mkdir(parents=True, exist_ok=True)
    return Path(mkdtemp(prefix=f"{into_folder.name}.", suffix=".unfinished", dir=into_folder.parent))


def finish_folder(unfinished: Path, into_folder: Path) -> None:
    """Put a folder that is complete in its place; FileExistsError if somebody else was first."""
    try:
        unfinished.rename(into_folder)
    except OSError as error:
        if error.errno in (EEXIST, ENOTEMPTY):
            raise FileExistsError(EEXIST, "is there already", str(into_folder)) from None
        raise


async def _fetch(connection: asyncpg.Connection, version: str, file: StoredFile, path: Path) -> None:
    found = sha256()
    await asyncio.to_thread(_begin, path)
    async with connection.transaction():
        async for row in connection.cursor(_PARTS, Kind.NAMES, version, file.path, prefetch=4):
            found.update(row["data"])
            await asyncio.to_thread(_append, path, row["data"])
    if found.hexdigest() != file.sha256:
        raise ListError(
            ListCode.CONTENT_DAMAGED, kind=Kind.NAMES, version=version, what=f"{file.path}: SHA-256"
        )


def _begin(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)
