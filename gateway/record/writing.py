"""Writing the audit log: an entry is appended by the transaction that makes the decision, or neither is."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from gateway.record.chain import GENESIS, Entry, hash_of
from gateway.record.connections import Connection, driver_in_transaction
from gateway.record.words import Action, Actor, Subject

CHAIN_LOCK: Final = 0x6175_6469_7400
"""The advisory lock by which writers append one after the other."""

TEXT_MAX_CHARS: Final = 2000
REDACTED: Final = "[card]"

_LAST: Final = """
SELECT tillgate_now() AS at, last.id, last.hash
FROM (SELECT) AS one LEFT JOIN (SELECT id, hash FROM audit_entry ORDER BY id DESC LIMIT 1) AS last ON true"""

_INSERT: Final = """
INSERT INTO audit_entry (id, at, actor_kind, actor_id, action, subject_kind, subject_id, details,
  approved_by, previous_hash, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"""

# Social cards: 9643, then up to 19 digits, in groups or not. A last resort; callers bring no card numbers.
_CARD: Final = re.compile(
    r"(?<![0-9])9[ \u00a0-]?6[ \u00a0-]?4[ \u00a0-]?3(?:[ \u00a0-]?[0-9]){9,15}(?![0-9])"
)
_SECRET: Final = re.compile(r"passw|secret|private_key|card_number|(^|_)(token|pin|otp|totp)$|^code$")
# What PostgreSQL's JSON cannot hold.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


async def record(
    connection: Connection,
    *,
    actor: Actor,
    action: Action,
    subject: Subject,
    details: Mapping[str, Any] | None = None,
    approved_by: str | None = None,
) -> int:
    """Append an entry in the transaction that `connection` is in; returns its number.

    Call it last: whoever appends next waits until this transaction ends. `details` are texts, whole numbers
    (money in kopecks), booleans, None, lists and mappings of these; dates and ids as texts. `approved_by` is
    the login of the second person where there was one.

    Raises RuntimeError outside a transaction, and ValueError for details that are not such values or whose
    names say that they are secrets. Under READ COMMITTED alone: an older snapshot may not see the last entry,
    and the database then refuses the new one.
    """
    driver = await driver_in_transaction(connection)
    fitting = fitted(details or {})
    await driver.execute("SELECT pg_advisory_xact_lock($1)", CHAIN_LOCK)
    last = await driver.fetchrow(_LAST)
    entry = Entry(
        id=(last["id"] or 0) + 1,
        at=last["at"],
        actor_kind=actor.kind.value,
        actor_id=kept_text(actor.id),
        action=action.dotted,
        subject_kind=subject.kind.value,
        subject_id=kept_text(subject.id),
        details=fitting,
        approved_by=None if approved_by is None else kept_text(approved_by),
        previous_hash=last["hash"] or GENESIS,
    )
    await driver.execute(
        _INSERT, entry.id, entry.at, entry.actor_kind, entry.actor_id, entry.action, entry.subject_kind,
        entry.subject_id, json.dumps(fitting, ensure_ascii=False), entry.approved_by, entry.previous_hash,
        hash_of(entry),
    )  # fmt: skip
    return entry.id


def fitted(details: Mapping[Any, Any]) -> dict[str, Any]:
    """Details as they can be stored and hashed; raises ValueError, which names what does not fit."""
    made = {}
    for name, value in details.items():
        if not isinstance(name, str) or _SECRET.search(name.casefold()):
            raise ValueError(f"{name!r} has no place in the audit log")
        made[kept_text(name)] = _fitted(name, value)
    return made


def _fitted(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return kept_text(value)
    if isinstance(value, Mapping):
        return fitted(value)
    if isinstance(value, list | tuple):
        return [_fitted(name, item) for item in value]
    raise ValueError(f"{name}: {type(value).__name__} has no place in the audit log; write it as a text")


def kept_text(value: str) -> str:
    """A text as it is stored: short, without a card number, of characters that the database can hold."""
    text = _CARD.sub(REDACTED, _UNSTORABLE.sub("\ufffd", str(value)))
    return text if len(text) <= TEXT_MAX_CHARS else text[: TEXT_MAX_CHARS - 1] + "…"
