"""What a till remembers of its requests, so that none stays half-done.

A request is remembered before its first byte is sent and forgotten when it is settled: answered, refused, or
undone. What a crash leaves behind is found by `open_requests` and finished by `client.resolve(request_id)`.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from merchant_sdk.methods import Method


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """A request as remembered. It holds no card number and may be written to a disk.

    `body` is the message to repeat, empty for Authorize and Sale, which are never repeated later but looked
    up and undone. `terminal_id` is the terminal that a concentrator named, else 0. `undoes_request_id` is,
    of a Void that the SDK made by itself, the request that it undoes.
    """

    request_id: UUID
    method: Method
    terminal_id: int
    body: bytes = b""
    undoes_request_id: UUID | None = None


class Journal(Protocol):
    """Where a client remembers. Called on the caller's thread; SyncTillClient may have several at once."""

    def remember(self, record: JournalRecord) -> None:
        """Keep a record; durable when it returns. Nothing is sent if it raises. Twice is the same as once."""

    def settled(self, request_id: UUID) -> None:
        """Forget a record: its outcome is known, or it is certain that there is none."""

    def open_requests(self) -> Sequence[JournalRecord]:
        """What is remembered and not settled, oldest first."""


class MemoryJournal:
    """A journal that lives as long as the process: enough where a crash of the till is repaired by hand."""

    def __init__(self) -> None:
        self._records: dict[UUID, JournalRecord] = {}
        self._lock = threading.Lock()

    def remember(self, record: JournalRecord) -> None:
        with self._lock:
            self._records.setdefault(record.request_id, record)

    def settled(self, request_id: UUID) -> None:
        with self._lock:
            self._records.pop(request_id, None)

    def open_requests(self) -> Sequence[JournalRecord]:
        with self._lock:
            return tuple(self._records.values())
