"""Verifying an audit bundle with nothing but itself and public keys: what was tampered with is named."""

import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from settlement.documents import bundle as names
from settlement.documents.claim_json import read_head, read_lines
from settlement.documents.control import Tally, control_sum
from settlement.errors import SettlementError
from settlement.ledger_reader.seal_proofs import merchant_leaf, outcome_leaf, read_statement, root_from
from settlement.signing.seal import HEADER as CLAIM_SEAL

_SPENT: Final = "SPENT"
_REQUIRED: Final = (
    *names.LEDGER_FILES, names.SEALS, names.KEYS, names.HISTORY, names.AGREEMENT, names.OUTLETS, names.README,
)  # fmt: skip
_BAD: Final = (ValueError, KeyError, TypeError, AttributeError, OSError, zipfile.BadZipFile)


class Problem(Struct, frozen=True):
    """What is wrong, and in which file."""

    file: str
    what: str


class Checked(Struct, frozen=True):
    """What was found; `manifest_sha256` in hex is to be compared with what was noted elsewhere.

    `documents` are those that the claim's own seal vouches for: none before it was filed and sealed.
    """

    manifest_sha256: str
    claim_id: int
    control_sum: str
    lines: int
    outcomes: int
    sealed: int
    documents: int
    problems: tuple[Problem, ...]


class _Files:
    """The files of a bundle, in a folder or packed; no name leads out of it."""

    def __init__(self, path: Path) -> None:
        self._folder = path if path.is_dir() else None
        self._package = None if self._folder else zipfile.ZipFile(path)
        found = self._package.namelist() if self._package else [one.name for one in path.iterdir()]
        self.twice = sorted(name for name, count in Counter(found).items() if count > 1)
        self.names = set(found)

    def open(self, name: str) -> BinaryIO:
        if name not in self.names:
            raise FileNotFoundError(f"{name} is missing")
        if self._package is not None:
            return cast(BinaryIO, self._package.open(name))
        return (cast(Path, self._folder) / name).open("rb")

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            return file.read()

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        with self.open(name) as file:
            for text in file:
                yield msgspec.json.decode(text)

    def close(self) -> None:
        if self._package is not None:
            self._package.close()


def check_bundle(
    path: Path,
    keys: Mapping[str, bytes] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Checked:
    """Verify a bundle; `keys` are the public keys to believe, else those in it.

    `progress` hears the name of each file that is read. Whatever is wrong is a problem, never an exception,
    but that nothing of it can be read: ValueError.
    """
    try:
        files = _Files(path)
        manifest = files.read(names.MANIFEST)
        said = msgspec.json.decode(manifest)
        claim_id, listed = int(said["claim_id"]), {one["name"]: one["sha256"] for one in said["files"]}
        stated, correction = str(said["control_sum"]), int(said["correction_number"])
    except _BAD as error:
        raise ValueError(f"{path} is no audit bundle: {error}") from error
    checking = _Checking(files, progress)
    try:
        checking.manifest(listed)
        checking.claim(f"claim-{claim_id}-{correction}.json", stated)
        checking.money()
        checking.certificates()
        checking.receipts()
        checking.purchases()
        trusted = keys if keys is not None else checking.own_keys()
        checking.seals(trusted)
        checking.outcomes(trusted)
        checking.sealed_documents(trusted)
    finally:
        files.close()
    return Checked(
        sha256(manifest).hexdigest(), claim_id, stated, checking.line_count, checking.outcome_count,
        checking.sealed_count, checking.document_count, tuple(checking.problems),
    )  # fmt: skip


class _Checking:
    def __init__(self, files: _Files, progress: Callable[[str], None]) -> None:
        self._files = files
        self._progress = progress
        self.problems: list[Problem] = []
        self.line_count = self.outcome_count = self.sealed_count = self.document_count = 0
        self._lines_sha256 = ""
        self._amounts: Counter[tuple[str, str]] = Counter()
        self._receipts: dict[tuple[str, str, int], int] = {}
        self._certificates: dict[str, str] = {}
        self._operations: set[str] = set()
        """Which must have a signed answer; a purchase has the id of the operation that authorized it."""
        self._purchases: set[str] = set()
        self._seals: dict[str, dict[str, Any]] = {}

    def _bad(self, file: str, what: str) -> None:
        self.problems.append(Problem(file, what))

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        """Whatever cannot be read is a problem of this file."""
        self._progress(name)
        try:
            yield
        except _BAD as error:
            self._bad(name, f"it cannot be read: {error}")

    def manifest(self, listed: Mapping[str, str]) -> None:
        """Every file is there as it was written, and no other."""
        for name in self._files.twice:
            self._bad(name, "it is there twice")
        for name, digest in listed.items():
            with self._reading(name), self._files.open(name) as file:
                if _digest(file) != digest:
                    self._bad(name, "its SHA-256 is not the one of the manifest")
        for name in sorted(self._files.names - listed.keys() - {names.MANIFEST}):
            self._bad(name, "the manifest does not know it")
        for name in _REQUIRED:
            if name not in listed:
                self._bad(name, "the manifest does not name it")

    def claim(self, name: str, stated: str) -> None:
        """Lines, sums, digest and control sum fit each other."""
        with self._reading(name), self._files.open(name) as file:
            lines = list(read_lines(file))
            of = read_head(file)
            self._lines_sha256 = of.claim.lines_sha256.hex()
            self.line_count = len(lines)
            tally = Tally(of.claim)
            tally.take(lines)
            for line in lines:
                self._amounts[str(line.operation_id), line.program_code] += line.amount_kopecks
                self._operations |= {str(line.operation_id), str(line.purchase_id)}
                self._purchases.add(str(line.purchase_id))
                if line.receipt:
                    self._receipts[str(line.purchase_id), *line.receipt] = line.n
            try:
                tally.finish()
            except SettlementError as error:
                self._bad(name, str(error))
            if not of.control_sum == stated == control_sum(of.claim):
                self._bad(name, "its control sum is not that of its head")

    def money(self) -> None:
        """Every line is the sum of the entries of its operation under its program."""
        with self._reading(names.ENTRIES):
            booked: Counter[tuple[str, str]] = Counter()
            for row in self._files.rows(names.ENTRIES):
                place = (row["operation_id"], row["program_code"])
                self._certificates[row["certificate_id"]] = row["program_code"]
                if row["target"] == _SPENT:
                    booked[place] += row["amount_kopecks"]
                elif row["source"] == _SPENT:
                    booked[place] -= row["amount_kopecks"]
            for place, kopecks in self._amounts.items():
                if booked[place] != kopecks:
                    what = (
                        f"operation {place[0]}, {place[1]}: {booked[place]} kopecks, {kopecks} in the claim"
                    )
                    self._bad(names.ENTRIES, what)

    def certificates(self) -> None:
        """Every entry's certificate is there, of the same program, with its act."""
        with self._reading(names.CERTIFICATES):
            known = {row["id"]: row for row in self._files.rows(names.CERTIFICATES)}
            for certificate_id, program_code in self._certificates.items():
                row = known.get(certificate_id)
                if row is None or row["program_code"] != program_code or not row["act_number"]:
                    self._bad(names.CERTIFICATES, f"certificate {certificate_id} is missing or another")

    def receipts(self) -> None:
        """Every receipt that a line names is there, of the same purchase."""
        with self._reading(names.RECEIPTS):
            known = {
                (row["purchase_id"], row["fiscal_drive_number"], row["fiscal_document_number"])
                for row in self._files.rows(names.RECEIPTS)
            }
            for receipt, n in self._receipts.items():
                if receipt not in known:
                    self._bad(names.RECEIPTS, f"line {n}: its receipt {receipt[1]}-{receipt[2]} is missing")

    def purchases(self) -> None:
        """Every line's purchase is there, with the list that it was judged by."""
        with self._reading(names.PURCHASES):
            known = {row["id"] for row in self._files.rows(names.PURCHASES) if row["list_version"]}
            for purchase_id in sorted(self._purchases - known):
                self._bad(names.PURCHASES, f"purchase {purchase_id} is missing")

    def own_keys(self) -> dict[str, bytes]:
        """The keys that the bundle brings."""
        keys: dict[str, bytes] = {}
        with self._reading(names.KEYS):
            told = msgspec.json.decode(self._files.read(names.KEYS))
            keys.update({name: bytes.fromhex(key) for name, key in told.items()})
        return keys

    def seals(self, keys: Mapping[str, bytes]) -> None:
        """Every seal is signed, and the merchant's part leads to its root."""
        with self._reading(names.SEALS):
            for seal in msgspec.json.decode(self._files.read(names.SEALS)):
                what = _wrong_with_seal(seal, keys)
                if what:
                    self._bad(names.SEALS, f"day {seal['day']}: {what}")
                self._seals[seal["day"]] = seal

    def outcomes(self, keys: Mapping[str, bytes]) -> None:
        """Every operation has its signed answer, which stands in the seal of its day if there is one."""
        with self._reading(names.OUTCOMES):
            missing = set(self._operations)
            for row in self._files.rows(names.OUTCOMES):
                self.outcome_count += 1
                missing.discard(row["operation_id"])
                what = self._wrong_with_outcome(row, keys)
                if what:
                    self._bad(names.OUTCOMES, f"request {row['request_id']}: {what}")
            for operation_id in sorted(missing):
                self._bad(names.OUTCOMES, f"operation {operation_id} has no signed answer")

    def sealed_documents(self, keys: Mapping[str, bytes]) -> None:
        """The seal of the claim is signed, and its documents and lines are what it says."""
        with self._reading(names.HISTORY):
            for row in msgspec.json.decode(self._files.read(names.HISTORY)).get("claim_seal", ()):
                statement, signature = row["statement"], bytes.fromhex(row["signature"].removeprefix("\\x"))
                if not _is_signed(keys, row["key_id"], signature, statement.encode()):
                    what = f"its signature does not fit, or its key {row['key_id']} is not given"
                    self._bad(names.HISTORY, f"the claim's seal: {what}")
                    continue
                said = msgspec.json.decode(statement.removeprefix(CLAIM_SEAL))
                if said["lines_sha256"] != self._lines_sha256:
                    self._bad(names.HISTORY, "the claim's seal is of other lines")
                for name, digest in said["documents"].items():
                    with self._reading(name), self._files.open(name) as file:
                        if _digest(file) != digest:
                            self._bad(name, "its SHA-256 is not the one of the claim's seal")
                        else:
                            self.document_count += 1

    def _wrong_with_outcome(self, row: Mapping[str, Any], keys: Mapping[str, bytes]) -> str | None:
        payload, signature = bytes.fromhex(row["signed_payload"]), bytes.fromhex(row["signature"])
        if not _is_signed(keys, row["key_id"], signature, payload):
            return f"its signature does not fit, or its key {row['key_id']} is not given"
        seal, proof = self._seals.get(row["day"]), row["proof"]
        if seal is None:
            return None if proof is None else f"the seal of {row['day']} is missing"
        if proof is None:
            return f"it is not in the seal of {row['day']}"
        leaf = outcome_leaf(UUID(row["request_id"]), payload, signature)
        path = [bytes.fromhex(one) for one in proof["path"]]
        found = root_from(leaf, proof["position"], seal["outcome_count"], path)
        if found is None or found.hex() != seal["root"]:
            return f"it does not lead to the seal of {row['day']}"
        self.sealed_count += 1
        return None


def _digest(file: BinaryIO) -> str:
    digest = sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _wrong_with_seal(seal: Mapping[str, Any], keys: Mapping[str, bytes]) -> str | None:
    if not _is_signed(keys, seal["key_id"], bytes.fromhex(seal["signature"]), seal["statement"].encode()):
        return f"its signature does not fit, or its key {seal['key_id']} is not given"
    said = read_statement(seal["statement"])
    leaf = merchant_leaf(seal["merchant_id"], seal["outcome_count"], bytes.fromhex(seal["root"]))
    path = [bytes.fromhex(one) for one in seal["path"]]
    if said.day.isoformat() != seal["day"]:
        return "its statement is of another day"
    if root_from(leaf, seal["position"], said.merchant_count, path) != said.root:
        return "the merchant's part does not lead to its root"
    return None


def _is_signed(keys: Mapping[str, bytes], key_id: str, signature: bytes, payload: bytes) -> bool:
    key = keys.get(key_id)
    if key is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, payload)
    except (InvalidSignature, ValueError):
        return False
    return True
