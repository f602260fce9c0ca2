"""The shelf of sealed documents: in the database, in parts, so that every node can give them out."""

import os
from collections.abc import Mapping
from enum import StrEnum
from hashlib import file_digest, sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import asyncpg
from msgspec import Struct

from settlement.claims.model import Claim
from settlement.documents.control import control_sum
from settlement.documents.errors import DocumentCode
from settlement.documents.making import DIRECTORY_MODE, MadeDocuments
from settlement.errors import SettlementError

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

_FILES: Final = "SELECT document, file_name, sha256 FROM claim_file WHERE claim_id = $1"

_PARTS: Final = "SELECT content FROM claim_file_part WHERE claim_id = $1 AND document = $2 AND n = $3"


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


async def take_from_shelf(connection: asyncpg.Connection, claim: Claim, folder: Path) -> MadeDocuments | None:
    """Copy the sealed documents of a claim into a folder, together; None if there are none.

    Raises SettlementError FILE_BROKEN if one is not what was sealed; then nothing is written.
    """
    rows = await connection.fetch(_FILES, claim.id)
    if not rows:
        return None
    os.makedirs(folder, mode=DIRECTORY_MODE, exist_ok=True)
    with TemporaryDirectory(prefix=f".claim-{claim.id}-", dir=folder) as work:
        taken = {}
        for row in rows:
            document, name = Document(row["document"]), row["file_name"]
            if await _copy(connection, claim.id, document, Path(work) / name) != row["sha256"]:
                raise SettlementError(DocumentCode.FILE_BROKEN, claim=claim.id, name=name)
            taken[document] = folder / name
        for path in taken.values():
            os.replace(Path(work) / path.name, path)
    return MadeDocuments(
        control_sum(claim),
        register_xlsx=taken[Document.REGISTER_XLSX],
        register_csv=taken[Document.REGISTER_CSV],
        claim_json=taken[Document.JSON],
        claim_pdf=taken[Document.CLAIM_PDF],
    )


async def _copy(connection: asyncpg.Connection, claim_id: int, document: Document, path: Path) -> bytes:
    """Write a document part by part; its SHA-256."""
    digest, n = sha256(), 0
    with path.open("wb") as file:
        while content := await connection.fetchval(_PARTS, claim_id, document, n):
            digest.update(content)
            file.write(content)
            n += 1
    return digest.digest()


async def part_of(
    connection: asyncpg.Connection, claim_id: int, document: Document, offset: int
) -> Part | None:
    """The part that begins at an offset, a multiple of PART_BYTES; None if the document is not there."""
    row = await connection.fetchrow(_READ, claim_id, document, offset // PART_BYTES)
    if row is None:
        return None
    return Part(row["file_name"], row["total_bytes"], row["sha256"], row["content"] or b"")
