"""Copies of the gateway's lists: received in full or as changes, and believed only with the right SHA-256.

A list is lines by their keys. Its SHA-256 is that of its lines, each in UTF-8 and ended by a line feed, in
the order of their keys; `protos/tillgate/v1/reference_service.proto` tells what lines and keys are.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Self

from merchant_sdk.enums import ReferenceKind
from merchant_sdk.errors import ReferenceMismatchError
from tillgate.v1 import reference_service_pb2 as pb

DOWNLOAD_TIMEOUT_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class ReferenceVersion:
    """A published version of a list: in force from `effective_from` until a later one of its kind is.

    `act` is the publishing act in one text; its parts are empty or None where only the text is known.
    """

    kind: ReferenceKind
    version: str
    is_in_force: bool
    effective_from: datetime
    act: str
    act_body: str
    act_number: str
    act_date: date | None
    address: str
    announced_at: datetime
    is_urgent: bool
    row_count: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ReferenceCopy:
    """A list as it was received and checked: the lines of a version by their keys."""

    kind: ReferenceKind
    version: str
    sha256: str
    lines: Mapping[str, str] = field(repr=False)

    def save(self, path: Path) -> None:
        """Write it to a file, which is there whole or as it was before. Raises OSError."""
        unfinished = path.with_name(f"{path.name}.unfinished")
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            for part in (self._head(), *self.lines.items()):
                file.write(f"{json.dumps(part, ensure_ascii=False)}\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)

    def _head(self) -> dict[str, Any]:
        return {"kind": self.kind.name, "version": self.version, "sha256": self.sha256}

    @classmethod
    def load(cls, path: Path) -> Self:
        """What `save` wrote; raises OSError, and ReferenceMismatchError if the file is not what it was."""
        try:
            with path.open(encoding="utf-8") as file:
                head = json.loads(file.readline())
                lines = dict(json.loads(line) for line in file)
            copy = cls(ReferenceKind[head["kind"]], head["version"], head["sha256"], lines)
            found = sha256_of(copy.lines)
        except (ValueError, KeyError, TypeError) as error:
            raise ReferenceMismatchError(f"{path.name} is no copy of a list: {error!r}") from error
        if found != copy.sha256:
            raise ReferenceMismatchError(f"{path.name} is damaged: its lines have the SHA-256 {found}")
        return copy


def sha256_of(lines: Mapping[str, str]) -> str:
    """The SHA-256 of lines by their keys, as the gateway tells it."""
    found = sha256()
    # Python sorts texts by code points, which is the order of their bytes in UTF-8.
    for key in sorted(lines):
        found.update(f"{lines[key]}\n".encode())
    return found.hexdigest()


def kind_on_wire(kind: ReferenceKind) -> str:
    """The name of a kind in messages."""
    return f"REFERENCE_KIND_{kind.name}"


@dataclass(slots=True)
class Receiving:
    """A download while it arrives; `since` is what its changes are applied to."""

    kind: ReferenceKind
    since: ReferenceCopy | None = None
    version: str = ""
    _header: pb.DownloadHeader | None = field(default=None, init=False)
    _lines: dict[str, str] = field(default_factory=dict, init=False)

    def request(self) -> pb.DownloadReferenceRequest:
        """What to ask for; raises ValueError if `since` is of another list."""
        if self.since is not None and self.since.kind is not self.kind:
            raise ValueError(f"{self.since.kind.name} is not {self.kind.name}")
        return pb.DownloadReferenceRequest(
            kind=kind_on_wire(self.kind),
            from_version=self.since.version if self.since else "",
            to_version=self.version,
        )

    def begin(self) -> None:
        """Forget what was received: another attempt begins."""
        self._header = None
        self._lines = dict(self.since.lines) if self.since else {}

    def take(self, message: pb.DownloadReferenceResponse) -> None:
        """The next message; raises ReferenceMismatchError for a download that is not the one asked for."""
        if message.HasField("header"):
            self._header = message.header
            self._check(message.header)
        for row in message.rows.rows:
            if row.is_removed:
                self._lines.pop(row.key, None)
            else:
                self._lines[row.key] = row.line

    def _check(self, header: pb.DownloadHeader) -> None:
        told = (ReferenceKind(header.version.kind), header.from_version, header.from_sha256)
        asked = (self.kind, self.since.version, self.since.sha256) if self.since else (self.kind, "", "")
        if told != asked or self.version not in ("", header.version.version):
            raise ReferenceMismatchError(f"{asked} to {self.version!r} was asked for, and {told} comes")

    def whole(self) -> ReferenceCopy:
        """What is there after the last message; raises ReferenceMismatchError if its SHA-256 is another."""
        if self._header is None:
            raise ReferenceMismatchError("a download without a header")
        version = self._header.version
        found = sha256_of(self._lines)
        if found != version.sha256:
            raise ReferenceMismatchError(
                f"{self.kind.name} {version.version} has the SHA-256 {found} instead of {version.sha256}"
            )
        return ReferenceCopy(self.kind, version.version, found, self._lines)
