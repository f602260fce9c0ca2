"""Exports of archived months: a compressed CSV file each, and a manifest that tells what has to be in it.

    DIR/entry_2021_01.csv.gz           the rows in the order of their keys, with a line of column names
    DIR/entry_2021_01.manifest.json    rows, columns, SHA-256 of the file and of the CSV in it

A manifest is written when its file was read back and holds what the database sent. Nothing is overwritten.
"""

import csv
import gzip
import io
import json
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final

import asyncpg
import msgspec
from msgspec import Struct

from gateway.ledger.archive import SCHEMA, Partition, archived

_KEYS: Final = {"purchase": "id", "entry": "operation_id, n"}
_READ_BYTES: Final = 1 << 20


class ExportError(Exception):
    """A file does not hold what it should; the text names it and says how."""


class Manifest(Struct, frozen=True):
    """What a file has to hold; instants are the first of the month and the first after it, UTC."""

    table: str
    month_begins: str
    month_ends: str
    columns: list[str]
    rows: int
    content_sha256: str
    file: str
    file_sha256: str


async def export_archive(connection: asyncpg.Connection, folder: Path) -> tuple[list[str], list[str]]:
    """Export every archived month that the folder lacks, and read the others again.

    Returns the names of what was written and of what was there. Raises ExportError, and OSError.
    """
    os.makedirs(folder, mode=0o700, exist_ok=True)
    written, there = [], []
    for partition in await archived(connection):
        if _manifest_path(folder, partition.name).exists():
            check_export(folder, partition.name)
            there.append(partition.name)
        else:
            await _export(connection, partition, folder)
            written.append(partition.name)
    return written, there


def check_export(folder: Path, name: str) -> Manifest:
    """Read an export again, whole; raises ExportError if it is not what its manifest says."""
    try:
        manifest = msgspec.json.decode(_manifest_path(folder, name).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise ExportError(f"the manifest of {name} cannot be read: {error}") from error
    path = folder / f"{name}.csv.gz"
    found = _read_back(path)
    wanted = (manifest.file_sha256, manifest.content_sha256, manifest.rows, manifest.columns)
    if found != wanted:
        raise ExportError(f"{path} is not what its manifest says: {found[2]:,} rows, SHA-256 {found[0]}")
    return manifest


async def _export(connection: asyncpg.Connection, partition: Partition, folder: Path) -> None:
    name, path = partition.name, folder / f"{partition.name}.csv.gz"
    content = sha256()
    with _unfinished(path) as file:
        # No name and no time in the file: the same rows make the same bytes.
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:

            async def take(chunk: bytes) -> None:
                content.update(chunk)
                packed.write(chunk)

            await connection.copy_from_query(
                f"SELECT * FROM {SCHEMA}.{name} ORDER BY {_KEYS[partition.table]}",
                output=take, format="csv", header=True,
            )  # fmt: skip
        sent = content.hexdigest()
        rows: int = await connection.fetchval(f"SELECT count(*) FROM {SCHEMA}.{name}")
    file_sha256, content_sha256, rows_read, columns = _read_back(path)
    if (content_sha256, rows_read) != (sent, rows):
        path.unlink()
        raise ExportError(f"{path} was read back as something else: {rows_read:,} rows of {rows:,}")
    manifest = Manifest(
        partition.table, partition.month.isoformat(), partition.end.isoformat(), columns, rows,
        content_sha256, path.name, file_sha256,
    )  # fmt: skip
    with _unfinished(_manifest_path(folder, name)) as file:
        file.write(json.dumps(msgspec.to_builtins(manifest), indent=1).encode() + b"\n")


class _Hashing(io.RawIOBase):
    """A file that is hashed as it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.sha256 = sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._file.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self.sha256.update(chunk)
        return len(chunk)


def _read_back(path: Path) -> tuple[str, str, int, list[str]]:
    """SHA-256 of the file and of its CSV, how many rows it has, and its columns; raises ExportError."""
    try:
        with path.open("rb") as file:
            outer = _Hashing(file)
            with gzip.GzipFile(fileobj=io.BufferedReader(outer, _READ_BYTES)) as unpacked:
                inner = _Hashing(unpacked)  # type: ignore[arg-type]
                text = io.TextIOWrapper(io.BufferedReader(inner, _READ_BYTES), "utf-8", newline="")
                lines = csv.reader(text)
                columns = next(lines, [])
                rows = sum(1 for _ in lines)
            while outer.read(_READ_BYTES):
                pass
            return outer.sha256.hexdigest(), inner.sha256.hexdigest(), rows, columns
    except (OSError, EOFError, ValueError, csv.Error, zlib.error) as error:
        raise ExportError(f"{path} cannot be read back: {error}") from error


@contextmanager
def _unfinished(path: Path) -> Iterator[BinaryIO]:
    """A file that gets its name when all of it is on disk; what broke off before is written anew."""
    partial = path.with_name(f"{path.name}.unfinished")
    with partial.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        yield file
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _manifest_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.manifest.json"
