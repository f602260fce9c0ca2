"""The chain of the audit log: what bytes of an entry are hashed, and how one hash leads to the next.

hash = SHA-256(previous hash ‖ canonical bytes). The canonical bytes are JSON in UTF-8, an array with sorted
keys and no blanks: [1, id, instant in UTC with microseconds, actor kind, actor id, action, subject kind,
subject id, approved by or null, details]. The 1 names this form; the first previous hash is 32 zero bytes.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from msgspec import Struct

FORM: Final = 1
GENESIS: Final = bytes(32)


class Entry(Struct, frozen=True):
    """One entry of the log, as it is stored."""

    id: int
    at: datetime
    actor_kind: str
    actor_id: str
    action: str
    subject_kind: str
    subject_id: str
    details: Mapping[str, Any]
    approved_by: str | None
    previous_hash: bytes
    hash: bytes = b""


def canonical(entry: Entry) -> bytes:
    """The bytes of an entry that its hash vouches for."""
    fields = [
        FORM,
        entry.id,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor_kind,
        entry.actor_id,
        entry.action,
        entry.subject_kind,
        entry.subject_id,
        entry.approved_by,
        entry.details,
    ]
    return json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def hash_of(entry: Entry) -> bytes:
    """The hash that an entry should have after its previous one."""
    return sha256(entry.previous_hash + canonical(entry)).digest()
