"""The audit bundle of a claim: everything by which a stranger can follow each kopeck, with a manifest.

It is a folder of lines of JSON, documents and a README in Russian, or one ZIP of it. The same state of the
database makes the same bytes.
"""

import os
import zipfile
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from hashlib import file_digest, sha256
from importlib import resources
from io import BufferedWriter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from gateway.domain.policy import moscow_date
from settlement.claims.model import Claim, ClaimLine
from settlement.claims.reading import claim_lines
from settlement.documents.errors import DocumentCode
from settlement.documents.making import MadeDocuments, Progress
from settlement.errors import SettlementError
from settlement.ledger_reader import bundle as ledger
from settlement.ledger_reader.seal_proofs import DayProofs, proofs_of

FORMAT: Final = "tillgate-audit-bundle-1"
MANIFEST: Final = "manifest.json"
PURCHASES, ENTRIES, CERTIFICATES = "purchases.jsonl", "entries.jsonl", "certificates.jsonl"
RECEIPTS, REFUNDS, OUTCOMES = "receipts.jsonl", "refunds.jsonl", "outcomes.jsonl"
SEALS, KEYS, HISTORY = "seals.json", "keys.json", "history.json"
AGREEMENT, OUTLETS, README = "agreement.json", "outlets.jsonl", "README.txt"
LEDGER_FILES: Final = (PURCHASES, ENTRIES, CERTIFICATES, RECEIPTS, REFUNDS, OUTCOMES)

_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_encode = msgspec.json.Encoder(order="deterministic").encode

# Tables of other rooms that name a claim (signatures, objections, transfers) are taken as they are, but for
# its lines and its documents, which are files of the bundle.
_NAMING_A_CLAIM: Final = """
SELECT c.table_name
FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND c.column_name = 'claim_id' AND t.table_type = 'BASE TABLE'
  AND c.table_name NOT IN ('claim_line', 'claim_file_part')
ORDER BY c.table_name"""

_AUDIT: Final = """
SELECT id, at, actor_kind, actor_id, action, details, approved_by,
  encode(previous_hash, 'hex') AS previous_hash, encode(hash, 'hex') AS hash
FROM audit_entry WHERE subject_kind = 'CLAIM' AND subject_id = $1 ORDER BY id"""

DocumentsOf = Callable[[Path, bool], Awaitable[MadeDocuments]]
"""Makes the claim's documents in a folder, as filed or with the review."""


async def write_bundle(
    connection: asyncpg.Connection,
    claim: Claim,
    target: Path,
    *,
    documents_of: DocumentsOf,
    keys: Mapping[str, bytes],
    progress: Progress = lambda _: None,
) -> str:
    """Write the bundle of a claim to a new folder, or to a new file if its name ends with `.zip`.

    The caller is in a transaction that sees one state. `keys` are the Ed25519 public keys of outcomes, of 32
    bytes, by their ids. Returns the SHA-256 of the manifest in hex: noted elsewhere, it vouches for all.
    Raises SettlementError PLACE_TAKEN, and whatever making documents raises.
    """
    if _is_taken(target):
        raise SettlementError(DocumentCode.PLACE_TAKEN, place=target)
    os.makedirs(target.parent, exist_ok=True)
    with TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as temporary:
        work = Path(temporary) / "bundle"
        work.mkdir(mode=0o750)
        documents = await documents_of(work, False)
        if claim.approved_kopecks is not None:
            await documents_of(work, True)
        await _ledger(connection, claim, work, progress)
        _write(work / AGREEMENT, [await ledger.agreement(connection, claim.agreement_id)])
        _write(work / OUTLETS, await ledger.outlets(connection, claim.participant.merchant_id))
        _write(work / HISTORY, [await _history(connection, claim.id)])
        _write(work / KEYS, [_encode({name: key.hex() for name, key in keys.items()}).decode()])
        readme = resources.files("settlement.documents") / "bundle_readme.txt"
        (work / README).write_bytes(readme.read_bytes())
        manifest = _manifest(claim, documents.control_sum, work)
        (work / MANIFEST).write_bytes(manifest)
        if target.suffix.lower() == ".zip":
            packed = Path(temporary) / "bundle.zip"
            _pack(work, packed)
            work = packed
        os.rename(work, target)
    return sha256(manifest).hexdigest()


async def _ledger(connection: asyncpg.Connection, claim: Claim, folder: Path, progress: Progress) -> None:
    """Write what ledger and seals say of the claim's lines, page by page."""
    with ExitStack() as stack:
        files = {name: stack.enter_context((folder / name).open("wb")) for name in LEDGER_FILES}
        gathering = _Gathering(connection, claim, files)
        async for lines in claim_lines(connection, claim.id, 2000):
            await gathering.take(lines)
            progress(len(lines))
    _write(folder / SEALS, [_encode(gathering.seals()).decode()])


class _Gathering:
    """Follows lines to the ledger; what many lines share is written once."""

    def __init__(
        self, connection: asyncpg.Connection, claim: Claim, files: Mapping[str, BufferedWriter]
    ) -> None:
        self._connection = connection
        self._claim = claim
        self._merchant_id = claim.participant.merchant_id
        self._files = files
        self._operations: set[UUID] = set()
        self._purchases: set[UUID] = set()
        self._certificates: set[UUID] = set()
        self._requests: set[UUID] = set()
        self._days: dict[date, DayProofs | None] = {}

    async def take(self, lines: Sequence[ClaimLine]) -> None:
        """Write what stands behind these lines."""
        connection, agreement_id = self._connection, self._claim.agreement_id
        operations = {line.operation_id for line in lines} - self._operations
        purchases = {line.purchase_id for line in lines} - self._purchases
        self._operations |= operations
        self._purchases |= purchases
        used = await ledger.certificate_ids(connection, operations, agreement_id) - self._certificates
        self._certificates |= used
        self._put(PURCHASES, await ledger.purchases(connection, purchases))
        self._put(RECEIPTS, await ledger.receipts(connection, purchases))
        self._put(REFUNDS, await ledger.refunds(connection, purchases))
        self._put(ENTRIES, await ledger.entries(connection, operations, agreement_id))
        self._put(CERTIFICATES, await ledger.certificates(connection, used))
        decided = {line.decided_at for line in lines}
        for row in await ledger.outcomes(connection, self._merchant_id, decided, operations, purchases):
            if row.request_id not in self._requests:
                self._requests.add(row.request_id)
                self._put(OUTCOMES, [_encode(await self._outcome(row)).decode()])

    def _put(self, name: str, rows: Iterable[str]) -> None:
        self._files[name].writelines(f"{row}\n".encode() for row in rows)

    async def _outcome(self, row: ledger.OutcomeRow) -> dict[str, Any]:
        day = moscow_date(row.decided_at)
        if day not in self._days:
            self._days[day] = await proofs_of(self._connection, day, self._merchant_id)
        proofs = self._days[day]
        proof = proofs.of(row.request_id) if proofs else None
        return {
            "request_id": row.request_id,
            "kind": row.kind,
            "terminal_id": row.terminal_id,
            "purchase_id": row.purchase_id,
            "operation_id": row.operation_id,
            "decided_at": row.decided_at,
            "signed_payload": row.signed_payload.hex(),
            "signature": row.signature.hex(),
            "key_id": row.key_id,
            "day": day,
            "proof": proof and {"position": proof[0], "path": [one.hex() for one in proof[1]]},
        }

    def seals(self) -> list[dict[str, Any]]:
        """The seals of the days met, with the merchant's part of each."""
        return [
            {
                "day": day,
                "statement": of.seal.statement,
                "signature": of.seal.signature.hex(),
                "key_id": of.seal.key_id,
                "merchant_id": of.part.merchant_id,
                "outcome_count": of.part.outcome_count,
                "root": of.part.root.hex(),
                "position": of.part.position,
                "merchant_count": of.seal.merchant_count,
                "path": [one.hex() for one in of.part.path],
            }
            for day, of in sorted(self._days.items())
            if of is not None
        ]


async def _history(connection: asyncpg.Connection, claim_id: int) -> str:
    """Steps, approvals, signatures, payments: all rows that name the claim, and its audit log."""
    found: dict[str, list[msgspec.Raw]] = {}
    for name in [row["table_name"] for row in await connection.fetch(_NAMING_A_CLAIM)]:
        quoted = await connection.fetchval("SELECT quote_ident($1)", name)
        rows = await connection.fetch(
            f"SELECT row_to_json(x)::text AS line FROM {quoted} x WHERE claim_id = $1 ORDER BY x.*::text",
            claim_id,
        )
        found[name] = [msgspec.Raw(row["line"].encode()) for row in rows]
    audit = await connection.fetch(f"SELECT row_to_json(x)::text AS line FROM ({_AUDIT}) x", str(claim_id))
    found["audit_entry"] = [msgspec.Raw(row["line"].encode()) for row in audit]
    return _encode(found).decode()


def _is_taken(target: Path) -> bool:
    return os.path.lexists(target)


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())


def _manifest(claim: Claim, control_sum: str, folder: Path) -> bytes:
    files = []
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        files.append({"name": path.name, "bytes": path.stat().st_size, "sha256": digest})
    said = {
        "format": FORMAT,
        "claim_id": claim.id,
        "correction_number": claim.correction_number,
        "control_sum": control_sum,
        "files": files,
    }
    return msgspec.json.format(_encode(said), indent=1) + b"\n"


def _pack(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as package:
        for path in sorted(folder.iterdir()):
            info = zipfile.ZipInfo(path.name, _ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o640 << 16
            with path.open("rb") as source, package.open(info, "w", force_zip64=True) as out:
                while block := source.read(1 << 20):
                    out.write(block)
