"""Entries that no transfer took when their statement came: a person says later what each of them is.

An entry is named by the number of its statement and its own, such as 3-7. Applied, it does what it would have
done then: who sent or got the money the person answers for, sums and states are checked as ever. It keeps the
key by which its statement knows it, and gets the one that another statement, which names the transfer, would
know it by. Dismissed, it is nothing of ours.
"""

import re
from datetime import date
from itertools import count
from typing import Any, Final, Self

import asyncpg
from msgspec import Struct

from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import kept_text, record
from settlement.ledger_reader.payees import waiting_demands
from settlement.payouts.errors import PayoutCode, PayoutError
from settlement.payouts.importing import IMPORT_LOCK_KEY, apply
from settlement.payouts.making import close_finished
from settlement.payouts.matching import Demand, Effect, Planned, applied, key_of
from settlement.payouts.model import Transfer
from settlement.payouts.statement import Direction, Entry, EntryError
from settlement.payouts.storing import transfer_by_id

_NAME: Final = re.compile(r"([1-9][0-9]{0,17})-([1-9][0-9]{0,8})", re.ASCII)

_ENTRY: Final = """
SELECT e.statement_id, e.n, e.direction, e.booked_on, e.amount_kopecks, e.order_number,
  e.counterparty_account, e.counterparty_name, e.purpose, e.effect, e.problem, e.demand_id,
  coalesce(t.end_to_end_id, '') AS transfer
FROM statement_entry AS e LEFT JOIN transfer AS t ON t.id = e.transfer_id"""

_WAITING: Final = f"""{_ENTRY}
WHERE e.effect = ANY ($1::text[]) ORDER BY e.booked_on, e.statement_id, e.n"""

_ONE: Final = f"{_ENTRY} WHERE e.statement_id = $1 AND e.n = $2 FOR UPDATE OF e"

_IS_DECIDED: Final = "SELECT EXISTS (SELECT FROM statement_entry_decision WHERE statement_id = $1 AND n = $2)"

_KNOWN_IN: Final = """
SELECT statement_id FROM statement_entry WHERE key = $1
UNION ALL
SELECT statement_id FROM statement_entry_decision WHERE key = $1"""

_UPDATE: Final = """
UPDATE statement_entry SET effect = $3, problem = '', demand_id = $5,
  transfer_id = CASE $3 WHEN 'DISMISSED' THEN transfer_id ELSE $4 END
WHERE statement_id = $1 AND n = $2"""

_DECISION: Final = """
INSERT INTO statement_entry_decision (statement_id, n, problem, effect, key, reason, decided_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""

_SHA256: Final = "SELECT sha256 FROM statement WHERE id = $1"


class EntryName(Struct, frozen=True):
    """Which entry of which statement."""

    statement_id: int
    n: int

    @classmethod
    def of(cls, text: str) -> Self:
        """Reads "3-7"; raises PayoutError ENTRY_UNKNOWN."""
        found = _NAME.fullmatch(text)
        if found is None:
            raise PayoutError(PayoutCode.ENTRY_UNKNOWN, entry=text)
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.statement_id}-{self.n}"


class StoredEntry(Struct, frozen=True):
    """An entry as it is kept; `problem` is why it was set aside, `transfer` the one that it contradicted."""

    name: EntryName
    direction: Direction
    booked_on: date
    amount_kopecks: int
    order_number: str
    counterparty_account: str
    counterparty_name: str
    purpose: str
    effect: Effect
    problem: str
    transfer: str
    demand_id: int | None


class Decided(Struct, frozen=True):
    """What became of an entry; `is_known` means that it had been decided so before."""

    effect: Effect
    is_known: bool


async def waiting_entries(connection: asyncpg.Connection, *, with_others: bool = False) -> list[StoredEntry]:
    """Entries that were set aside, by day; `with_others`: and those in which nothing of ours was found."""
    effects = [Effect.SET_ASIDE, *([Effect.OTHER] if with_others else [])]
    return [_stored(row) for row in await connection.fetch(_WAITING, effects)]


async def apply_entry(
    connection: asyncpg.Connection,
    name: EntryName,
    *,
    to: str | int,
    by: Actor,
    reason: str,
) -> Decided:
    """Let an entry be of a transfer (by its id) or for a demand (by its number), in the caller's transaction.

    The same once more changes nothing. Raises PayoutError REASON_MISSING, ENTRY_UNKNOWN, ENTRY_TAKEN,
    ENTRY_DECIDED, TRANSFER_UNKNOWN, DEMAND_NOT_WAITING, ENTRY_UNFIT with what contradicts, and ENTRY_KNOWN
    if another statement told of the same movement of this transfer.
    """
    found, is_decided = await _locked(connection, name, reason)
    if is_decided:
        return _known(found, is_same=to in (found.demand_id, found.transfer) and _is_applied(found))
    target = await (_demand(connection, to) if isinstance(to, int) else transfer_by_id(connection, to))
    entry = _entry(found)
    try:
        planned = applied(entry, target)
    except EntryError as error:
        raise PayoutError(PayoutCode.ENTRY_UNFIT, entry=name, what=error.at(name.n)) from None
    key = None
    if isinstance(target, Transfer) and found.transfer != target.end_to_end_id:
        key = await _new_key(connection, name, entry, target.end_to_end_id)
    await _decide(connection, found, planned, key=key, by=by, reason=reason)
    await apply(connection, planned, by)
    if isinstance(target, Transfer):
        await close_finished(connection, [target.payout_id])
    await _record(connection, found, planned.effect, to=str(to), by=by, reason=reason)
    return Decided(planned.effect, is_known=False)


async def dismiss_entry(
    connection: asyncpg.Connection, name: EntryName, *, by: Actor, reason: str
) -> Decided:
    """Say of an entry that no transfer took that it is nothing of ours, in the caller's transaction.

    The same once more changes nothing. Raises PayoutError REASON_MISSING, ENTRY_UNKNOWN, ENTRY_TAKEN,
    ENTRY_DECIDED.
    """
    found, is_decided = await _locked(connection, name, reason)
    if is_decided:
        return _known(found, is_same=found.effect is Effect.DISMISSED)
    planned = Planned(_entry(found), b"", Effect.DISMISSED)
    await _decide(connection, found, planned, key=None, by=by, reason=reason)
    await _record(connection, found, planned.effect, to="", by=by, reason=reason)
    return Decided(planned.effect, is_known=False)


async def _locked(connection: asyncpg.Connection, name: EntryName, reason: str) -> tuple[StoredEntry, bool]:
    """An entry with its row locked, and whether it was decided before; no import runs beside it."""
    if not reason.strip():
        raise PayoutError(PayoutCode.REASON_MISSING)
    await connection.execute("SELECT pg_advisory_xact_lock($1)", IMPORT_LOCK_KEY)
    row = await connection.fetchrow(_ONE, name.statement_id, name.n)
    if row is None:
        raise PayoutError(PayoutCode.ENTRY_UNKNOWN, entry=name)
    found = _stored(row)
    is_decided = bool(await connection.fetchval(_IS_DECIDED, name.statement_id, name.n))
    if not is_decided and found.effect not in (Effect.SET_ASIDE, Effect.OTHER):
        raise PayoutError(PayoutCode.ENTRY_TAKEN, entry=name, effect=found.effect.value)
    return found, is_decided


async def _new_key(connection: asyncpg.Connection, name: EntryName, entry: Entry, transfer: str) -> bytes:
    """The key of an entry as one of this transfer: of equal movements of one statement each has its own."""
    for nth in count(1):
        key = key_of(entry, transfer, nth)
        statement_id = await connection.fetchval(_KNOWN_IN, key)
        if statement_id is None:
            break
        if statement_id != name.statement_id:
            raise PayoutError(
                PayoutCode.ENTRY_KNOWN, entry=name, transfer=transfer, statement_id=statement_id
            )
    return key


def _is_applied(found: StoredEntry) -> bool:
    return found.effect is not Effect.DISMISSED


def _known(found: StoredEntry, *, is_same: bool) -> Decided:
    if not is_same:
        what = (found.demand_id or found.transfer) if _is_applied(found) else ""
        raise PayoutError(PayoutCode.ENTRY_DECIDED, entry=found.name, effect=found.effect.value, what=what)
    return Decided(found.effect, is_known=True)


async def _demand(connection: asyncpg.Connection, number: int) -> Demand:
    rows = await waiting_demands(connection, [number])
    if not rows:
        raise PayoutError(PayoutCode.DEMAND_NOT_WAITING, demand=number)
    return Demand(rows[0]["id"], rows[0]["inn"], rows[0]["left_kopecks"])


async def _decide(
    connection: asyncpg.Connection,
    found: StoredEntry,
    planned: Planned,
    *,
    key: bytes | None,
    by: Actor,
    reason: str,
) -> None:
    at = (found.name.statement_id, found.name.n)
    transfer_id = None if planned.transfer is None else planned.transfer.id
    demand_id = None if planned.demand is None else planned.demand.id
    await connection.execute(_UPDATE, *at, planned.effect, transfer_id, demand_id)
    said = kept_text(reason.strip())
    await connection.execute(_DECISION, *at, found.problem, planned.effect, key, said, by.id)


def _entry(found: StoredEntry) -> Entry:
    return Entry(
        n=found.name.n,
        direction=found.direction,
        booked_on=found.booked_on,
        amount_kopecks=found.amount_kopecks,
        order_number=found.order_number,
        counterparty_account=found.counterparty_account,
        purpose=found.purpose,
    )


def _stored(row: Any) -> StoredEntry:
    return StoredEntry(
        name=EntryName(row["statement_id"], row["n"]),
        direction=Direction(row["direction"]),
        booked_on=row["booked_on"],
        amount_kopecks=row["amount_kopecks"],
        order_number=row["order_number"],
        counterparty_account=row["counterparty_account"],
        counterparty_name=row["counterparty_name"],
        purpose=row["purpose"],
        effect=Effect(row["effect"]),
        problem=row["problem"],
        transfer=row["transfer"],
        demand_id=row["demand_id"],
    )


async def _record(
    connection: asyncpg.Connection, found: StoredEntry, effect: Effect, *, to: str, by: Actor, reason: str
) -> None:
    sha256: bytes = await connection.fetchval(_SHA256, found.name.statement_id)
    await record(
        connection,
        actor=by,
        action=Action.STATEMENT_ENTRY_DECIDED,
        subject=Subject(SubjectKind.STATEMENT, sha256.hex()),
        details={
            "entry": str(found.name),
            "problem": found.problem,
            "effect": effect.value,
            "to": to,
            "amount_kopecks": found.amount_kopecks,
            "reason": reason.strip(),
        },
    )
