"""The shelf of sealed documents: in the database, in parts, so that every node can give them out."""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import file_digest
from pathlib import Path
from typing import Final

import asyncpg
from msgspec import Struct

PART_BYTES: Final = 1_048_576

_FILE: Final = """
INSERT INTO claim_file (claim_id, document, file_name, total_bytes, sha256) VALUES ($1, $2, $3, $4, $5)"""

_PART: Final = "INSERT INTO claim_file_part (claim_id, document, n, content) VALUES ($1, $2, $3, $4)"

_CLEAR: Final = """
WITH parts AS (DELETE FROM claim_file_part WHERE claim_id = $1) DELETE FROM claim_file WHERE claim_id = $1"""

_READ: Final = """
SELECT f.file_name, f.total_bytes, f.sha256, p.content FROM claim_file f
LEFT JOIN claim_file_part p ON p.claim_id = f.claim_id AND p.document = f.document AND p.n = $3
WHERE f.claim_id = $1 AND f.document = $2"""


class Document(StrEnum):
    """A document of a claim that is kept; the names are those of the wire."""

    CLAIM_PDF = "CLAIM_PDF"
    REGISTER_XLSX = "REGISTER_XLSX"
    REGISTER_CSV = "REGISTER_CSV"
    JSON = "JSON"


class Part(Struct, frozen=True):
    """A part of a document; `content` is empty beyond its end. The SHA-256 is of the whole."""

    file_name: str
    total_bytes: int
    sha256: bytes
    content: bytes


async def put_on_shelf(
    connection: asyncpg.Connection, claim_id: int, files: Mapping[Document, Path]
) -> dict[str, bytes]:
    """Keep the documents of a claim in place of those before; returns SHA-256 by file name.

    In the caller's transaction, which also seals these digests. Memory stays that of a part.
    """
    await connection.execute(_CLEAR, claim_id)
    digests = {}
    for document, path in files.items():
        with path.open("rb") as file:
            digests[path.name] = digest = file_digest(file, "sha256").digest()
        size = path.stat().st_size
        await connection.execute(_FILE, claim_id, document, path.name, size, digest)
        with path.open("rb") as file:
            n = 0
            while content := file.read(PART_BYTES):
                await connection.execute(_PART, claim_id, document, n, content)
                n += 1
    return digests


async def part_of(
    connection: asyncpg.Connection, claim_id: int, document: Document, offset: int
) -> Part | None:
    """The part that begins at an offset, a multiple of PART_BYTES; None if the document is not there."""
    row = await connection.fetchrow(_READ, claim_id, document, offset // PART_BYTES)
    if row is None:
        return None
    return Part(row["file_name"], row["total_bytes"], row["sha256"], row["content"] or b"")
