"""The till's own stop list: cards that may not be served, also while the gateway cannot be reached.

The list is in the code of its merchant. To look a card up costs tens of milliseconds and 16 MiB of memory,
so that whoever steals list and key cannot try all numbers; `protos/tillgate/v1/reference_service.proto` tells
how an entry is made.
"""

import base64
import hashlib
import hmac
import json
import os
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from google.protobuf.message import DecodeError

from merchant_sdk.basket import Card
from merchant_sdk.errors import ReferenceMismatchError
from merchant_sdk.from_wire import instant
from merchant_sdk.signatures import OutcomeKeys, SignedBytes
from tillgate.v1 import reference_service_pb2 as pb

ENTRY_BYTES: Final = 16
_SALT: Final = b"tillgate stop list 1"
_SCRYPT: Final = {"n": 16_384, "r": 8, "p": 1, "dklen": 32, "maxmem": 64 * 1024 * 1024}


@dataclass(frozen=True, slots=True)
class StopListKey:
    """The key of a merchant's list; to be kept as the till's private key is."""

    version: int
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StopList:
    """A merchant's stop list as it was received and checked.

    `made_at` is when its version was made (None: nothing was ever stopped), `read_at` until when it was
    complete: the time of the last download, also one that brought nothing new.
    """

    merchant_id: int
    version: int
    made_at: datetime | None
    read_at: datetime
    sha256: str
    key: StopListKey
    entries: frozenset[bytes] = field(repr=False)

    def age(self, now: datetime) -> timedelta:
        """How long ago the list was complete. `now` is aware."""
        return now - self.read_at

    def is_stopped(self, card: Card) -> bool:
        """Whether the card may not be served; tens of milliseconds of a processor."""
        return stop_list_entry(card, self.key.key) in self.entries

    def save(self, path: Path) -> None:
        """Write it with its key to a file for this user alone, whole or as it was before. Raises OSError."""
        content = {
            "merchant_id": self.merchant_id,
            "version": self.version,
            "made_at": self.made_at.isoformat() if self.made_at else None,
            "read_at": self.read_at.isoformat(),
            "sha256": self.sha256,
            "key_version": self.key.version,
            "key_base64": base64.b64encode(self.key.key).decode(),
            "entries_base64": base64.b64encode(b"".join(sorted(self.entries))).decode(),
        }
        unfinished = path.with_name(f"{path.name}.unfinished")
        unfinished.unlink(missing_ok=True)
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """What `save` wrote; raises OSError, and ReferenceMismatchError if the file is not what it was."""
        try:
            content = json.loads(path.read_bytes())
            made_at = content["made_at"]
            found = cls(
                content["merchant_id"],
                content["version"],
                datetime.fromisoformat(made_at) if made_at else None,
                datetime.fromisoformat(content["read_at"]),
                content["sha256"],
                StopListKey(content["key_version"], base64.b64decode(content["key_base64"], validate=True)),
                frozenset(_parts(base64.b64decode(content["entries_base64"], validate=True))),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ReferenceMismatchError(f"{path.name} is no stop list: {error!r}") from error
        if sha256_of(found.entries) != found.sha256:
            raise ReferenceMismatchError(f"{path.name} is damaged: its entries have another SHA-256")
        return found


def stop_list_entry(card: Card, key: bytes) -> bytes:
    """What stands for a card in the list of a merchant with this key."""
    digits = "".join(char for char in card.number if char.isdigit())
    folded = unicodedata.normalize("NFKC", card.series).upper()
    marks = "".join(char for char in folded if char.isalnum())
    digest = hashlib.scrypt(f"card\0{digits}\0{marks}".encode(), salt=_SALT, **_SCRYPT)
    return hmac.digest(key, digest, "sha256")[:ENTRY_BYTES]


def sha256_of(entries: frozenset[bytes]) -> str:
    """The SHA-256 of a list, as the gateway tells it."""
    return sha256(b"".join(sorted(entries))).hexdigest()


def _parts(joined: bytes) -> list[bytes]:
    return [joined[first : first + ENTRY_BYTES] for first in range(0, len(joined), ENTRY_BYTES)]


@dataclass(slots=True)
class ReceivingStopList:
    """A download while it arrives; `since` is the list that changes are applied to."""

    keys: OutcomeKeys
    merchant_id: int
    since: StopList | None = None
    _key: StopListKey | None = field(default=None, init=False)
    _statement: pb.StopListStatement | None = field(default=None, init=False)
    _entries: set[bytes] = field(default_factory=set, init=False)

    def request(self) -> pb.DownloadStopListRequest:
        """What to ask for: what has changed, if there is an earlier list."""
        if self.since is None:
            return pb.DownloadStopListRequest()
        return pb.DownloadStopListRequest(base_version=self.since.version, key_version=self.since.key.version)

    def begin(self) -> None:
        """Forget what was received: another attempt begins."""
        self._statement = self._key = None
        self._entries = set()

    def take(self, message: pb.DownloadStopListResponse) -> None:
        """The next message; raises SignatureError and, for another list, ReferenceMismatchError."""
        if message.HasField("header"):
            said = self._statement = self._read(message.header)
            if message.header.list_key:
                self._key = StopListKey(said.key_version, message.header.list_key)
            elif self.since is not None and self.since.key.version == said.key_version:
                self._key = self.since.key
            base = message.header.base_version
            if base and (self.since is None or self.since.version != base):
                raise ReferenceMismatchError(f"changes of version {base} come, which was not asked for")
            self._entries = set(self.since.entries) if self.since and base else set()
        self._entries.update(message.entries.added)
        self._entries.difference_update(message.entries.removed)

    def _read(self, header: pb.StopListHeader) -> pb.StopListStatement:
        self.keys.verify(SignedBytes(header.signed_payload, header.signature, header.key_id))
        try:
            said = pb.StopListStatement.FromString(header.signed_payload)
        except DecodeError as error:
            raise ReferenceMismatchError("what is signed is no statement of a stop list") from error
        if said.merchant_id != self.merchant_id:
            raise ReferenceMismatchError(f"the list of merchant {said.merchant_id} comes")
        return said

    def whole(self) -> StopList:
        """What is there after the last message; raises ReferenceMismatchError if its SHA-256 is another."""
        said, key = self._statement, self._key
        if said is None or key is None:
            raise ReferenceMismatchError("a download without a header or without its key")
        entries = frozenset(self._entries)
        if sha256_of(entries) != said.sha256 or len(entries) != said.entry_count:
            raise ReferenceMismatchError(f"stop list {said.version} is not what its SHA-256 says")
        # An older list than the one at hand would free cards that are stopped.
        if self.since is not None and said.version < self.since.version:
            raise ReferenceMismatchError(f"stop list {said.version} is older than {self.since.version}")
        return StopList(
            said.merchant_id,
            said.version,
            instant(said.made_at) if said.HasField("made_at") else None,
            instant(said.read_at),
            said.sha256,
            key,
            entries,
        )
