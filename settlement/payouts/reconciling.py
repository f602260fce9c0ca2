"""Reconciliation: what was handed on to be paid against what statements say, for any days."""

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

import asyncpg
from msgspec import Struct

from settlement.payouts.matching import Effect
from settlement.payouts.model import TransferState, rubles
from settlement.payouts.statement import Direction

_TRANSFERS: Final = """
SELECT t.end_to_end_id, t.claim_id, t.dated, t.state,
  t.amount_kopecks, t.executed_kopecks, t.returned_kopecks,
  coalesce(sum(e.amount_kopecks) FILTER (WHERE e.effect = 'EXECUTED'), 0)::bigint AS left_kopecks,
  coalesce(sum(e.amount_kopecks) FILTER (WHERE e.effect = 'RETURNED'), 0)::bigint AS came_kopecks
FROM transfer t LEFT JOIN statement_entry e ON e.transfer_id = t.id
WHERE t.dated BETWEEN $1 AND $2 AND t.state NOT IN ('DRAFT', 'DISCARDED')
GROUP BY t.id ORDER BY t.id"""

_ENTRIES: Final = """
SELECT e.statement_id, e.n, e.direction, e.booked_on, e.amount_kopecks, e.order_number, e.counterparty_name,
  e.effect, e.problem, t.end_to_end_id
FROM statement_entry e LEFT JOIN transfer t ON t.id = e.transfer_id
WHERE e.booked_on BETWEEN $1 AND $2 ORDER BY e.booked_on, e.statement_id, e.n"""

_COVERED: Final = "SELECT first_day, last_day FROM statement WHERE last_day >= $1 AND first_day <= $2"


class FindingKind(StrEnum):
    """What does not agree."""

    MISSING = "MISSING"
    """Handed on, and in no statement."""
    IN_PART = "IN_PART"
    """Executed in part."""
    RETURNED = "RETURNED"
    EXTRA = "EXTRA"
    """Left our account and is no transfer of ours."""
    DIFFERS = "DIFFERS"
    """A statement contradicts a transfer; such an entry was set aside."""
    BROKEN = "BROKEN"
    """What is noted of a transfer is not the sum of its entries: somebody changed the database."""
    NO_STATEMENT = "NO_STATEMENT"
    """A day that no imported statement covers."""


class Finding(Struct, frozen=True):
    """One thing that does not agree; `transfer` is "" where none is concerned."""

    kind: FindingKind
    day: date
    transfer: str
    amount_kopecks: int
    what: str


class Reconciliation(Struct, frozen=True):
    """Transfers dated in these days and entries booked in them; sums in kopecks."""

    first_day: date
    last_day: date
    transfer_count: int
    transfer_kopecks: int
    executed_kopecks: int
    returned_kopecks: int
    entry_count: int
    debit_kopecks: int
    credit_kopecks: int
    findings: Sequence[Finding]

    @property
    def is_whole(self) -> bool:
        """Whether everything agrees."""
        return not self.findings


async def reconcile(connection: asyncpg.Connection, first_day: date, last_day: date) -> Reconciliation:
    """Compare both sides in one snapshot."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        transfers = await connection.fetch(_TRANSFERS, first_day, last_day)
        entries = await connection.fetch(_ENTRIES, first_day, last_day)
        covered = await connection.fetch(_COVERED, first_day, last_day)
    findings = [finding for row in transfers for finding in _of_transfer(row)]
    findings += [finding for row in entries for finding in _of_entry(row)]
    findings += _days_without(first_day, last_day, [(row["first_day"], row["last_day"]) for row in covered])
    return Reconciliation(
        first_day=first_day,
        last_day=last_day,
        transfer_count=len(transfers),
        transfer_kopecks=sum(row["amount_kopecks"] for row in transfers),
        executed_kopecks=sum(row["executed_kopecks"] for row in transfers),
        returned_kopecks=sum(row["returned_kopecks"] for row in transfers),
        entry_count=len(entries),
        debit_kopecks=sum(row["amount_kopecks"] for row in entries if row["direction"] == Direction.DEBIT),
        credit_kopecks=sum(row["amount_kopecks"] for row in entries if row["direction"] == Direction.CREDIT),
        findings=findings,
    )


def _of_transfer(row: asyncpg.Record) -> list[Finding]:
    name, day, amount = row["end_to_end_id"], row["dated"], row["amount_kopecks"]
    executed, returned = row["executed_kopecks"], row["returned_kopecks"]
    claim = f"claim {row['claim_id']}"
    found = []
    if (executed, returned) != (row["left_kopecks"], row["came_kopecks"]):
        said = f"{rubles(executed)} / {rubles(returned)}"
        entries = f"{rubles(row['left_kopecks'])} / {rubles(row['came_kopecks'])}"
        what = f"{claim}: executed / returned {said}, by entries {entries}"
        found.append(Finding(FindingKind.BROKEN, day, name, amount, what))
    if row["state"] == TransferState.RETURNED:
        what = f"{claim}: executed {rubles(executed)}, returned {rubles(returned)}"
        found.append(Finding(FindingKind.RETURNED, day, name, returned or amount, what))
    elif not executed:
        found.append(Finding(FindingKind.MISSING, day, name, amount, claim))
    elif executed < amount:
        what = f"{claim}: executed {rubles(executed)} of {rubles(amount)}"
        found.append(Finding(FindingKind.IN_PART, day, name, amount - executed, what))
    return found


def _of_entry(row: asyncpg.Record) -> list[Finding]:
    name, day, amount = row["end_to_end_id"] or "", row["booked_on"], row["amount_kopecks"]
    where = f"entry {row['statement_id']}-{row['n']}"
    if row["effect"] == Effect.SET_ASIDE:
        return [Finding(FindingKind.DIFFERS, day, name, amount, f"{where}: {row['problem']}")]
    if row["effect"] == Effect.OTHER and row["direction"] == Direction.DEBIT:
        what = f"{where}: order {row['order_number']}, {row['counterparty_name']}"
        return [Finding(FindingKind.EXTRA, day, name, amount, what)]
    return []


def _days_without(first_day: date, last_day: date, covered: Sequence[tuple[date, date]]) -> list[Finding]:
    days = (first_day + timedelta(n) for n in range((last_day - first_day).days + 1))
    missing = [day for day in days if not any(first <= day <= last for first, last in covered)]
    return [Finding(FindingKind.NO_STATEMENT, day, "", 0, "no imported statement") for day in missing]
