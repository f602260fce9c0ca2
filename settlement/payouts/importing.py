"""Importing a statement: in one transaction all of its entries have their effects, or none has any."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import kept_text, record
from settlement.claims.demands import returned
from settlement.claims.moving import move
from settlement.claims.states import STEPS, ClaimState, ClaimStep
from settlement.ledger_reader.payees import waiting_demands
from settlement.payouts.making import close_finished
from settlement.payouts.matching import Demand, Effect, Known, Planned, names_in, plan
from settlement.payouts.model import Transfer
from settlement.payouts.statement import Direction, Entry, Problem, Statement
from settlement.payouts.storing import TRANSFER, transfer_of

IMPORT_LOCK_KEY: Final = 0x7374_6174_6500
"""Advisory lock of importing: of two at once the second sees what the first did."""

_OWN_ACCOUNTS: Final = (
    "SELECT DISTINCT payer ->> 'account' AS account FROM payout WHERE approved_by IS NOT NULL"
)

_BY_ID: Final = f"{TRANSFER} WHERE end_to_end_id = ANY ($1) ORDER BY id FOR UPDATE"
_BY_ORDER: Final = f"""
{TRANSFER}
WHERE (order_number, dated) IN (SELECT * FROM unnest($1::text[], $2::date[])) ORDER BY id FOR UPDATE"""

_NEW_STATEMENT: Final = """
INSERT INTO statement (sha256, format, account, first_day, last_day, entry_count, imported_by)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id"""

_NEW_ENTRY: Final = """
INSERT INTO statement_entry (statement_id, n, key, direction, booked_on, amount_kopecks, order_number,
  end_to_end_id, counterparty_account, counterparty_name, purpose, effect, problem, transfer_id, demand_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"""

_KEYS: Final = """
SELECT key FROM statement_entry WHERE booked_on BETWEEN $1 AND $2
UNION ALL
SELECT d.key FROM statement_entry_decision AS d JOIN statement_entry AS e USING (statement_id, n)
WHERE e.booked_on BETWEEN $1 AND $2 AND d.key IS NOT NULL"""

_EXECUTE: Final = """
UPDATE transfer SET executed_kopecks = executed_kopecks + $2, executed_on = $3,
  state = CASE WHEN executed_kopecks + $2 = amount_kopecks THEN 'EXECUTED' ELSE state END
WHERE id = $1"""

_RETURN: Final = """
UPDATE transfer SET returned_kopecks = returned_kopecks + $2, returned_on = $3, state = 'RETURNED'
WHERE id = $1"""

_PAID: Final = """
UPDATE claim SET paid_kopecks = paid_kopecks + $2, changed_at = tillgate_now() WHERE id = $1
RETURNING state, paid_kopecks, approved_kopecks"""

_OTHER_OPEN: Final = """
SELECT EXISTS (SELECT FROM transfer WHERE claim_id = $1 AND id <> $2 AND state IN ('DRAFT', 'EXPORTED'))"""


class Imported(Struct, frozen=True):
    """What came of a statement. With problems and without `is_done` nothing was changed.

    `is_known` means that this very file was imported before.
    """

    is_done: bool
    is_known: bool
    planned: Sequence[Planned]
    problems: Sequence[Problem]
    not_booked: int

    def count(self, effect: Effect) -> int:
        """How many entries have an effect."""
        return sum(one.effect is effect for one in self.planned)


async def own_accounts(connection: asyncpg.Connection) -> set[str]:
    """The accounts from which approved registers pay."""
    return {row["account"] for row in await connection.fetch(_OWN_ACCOUNTS)}


async def import_statement(
    connection: asyncpg.Connection,
    statement: Statement,
    *,
    by: Actor,
    sets_aside: bool = False,
    progress: Callable[[int], object] = lambda _: None,
) -> Imported:
    """Take over a statement in the transaction of the caller; the same file again changes nothing.

    If an entry cannot be taken, nothing is changed and every problem is told; `sets_aside` takes all others
    and keeps these for the reconciliation. Entries that could not be read are never set aside. `progress`
    gets how many entries are done.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", IMPORT_LOCK_KEY)
    is_known = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM statement WHERE sha256 = $1)", statement.sha256
    )
    if is_known:
        return Imported(True, True, (), (), statement.not_booked)
    known = await _known(connection, statement.entries)
    planned = plan(statement.entries, known)
    problems = [*statement.problems, *(one.problem for one in planned if one.problem is not None)]
    if statement.problems or (problems and not sets_aside):
        return Imported(False, False, planned, problems, statement.not_booked)
    await _store(connection, statement, planned, by)
    for done, one in enumerate(planned, start=1):
        await apply(connection, one, by)
        progress(done)
    payouts = {one.transfer.payout_id for one in planned if one.transfer is not None}
    await close_finished(connection, sorted(payouts))
    done_now = Imported(True, False, planned, problems, statement.not_booked)
    await _record(connection, statement, done_now, by)
    return done_now


async def _known(connection: asyncpg.Connection, entries: Sequence[Entry]) -> Known:
    ids, orders, demands = names_in(entries)
    numbers, days = [one[0] for one in orders], [one[1] for one in orders]
    by_order: dict[tuple[str, date], list[Transfer]] = {}
    for row in await connection.fetch(_BY_ORDER, numbers, days):
        found = transfer_of(row)
        by_order.setdefault((found.order_number, found.dated), []).append(found)
    by_id = {row["end_to_end_id"]: transfer_of(row) for row in await connection.fetch(_BY_ID, list(ids))}
    keys: set[bytes] = set()
    if entries:
        booked = [one.booked_on for one in entries]
        keys = {row["key"] for row in await connection.fetch(_KEYS, min(booked), max(booked))}
    waiting = {
        row["id"]: Demand(row["id"], row["inn"], row["left_kopecks"])
        for row in await waiting_demands(connection, sorted(demands))
    }
    return Known(by_id, by_order, waiting, keys)


async def _store(
    connection: asyncpg.Connection, statement: Statement, planned: Sequence[Planned], by: Actor
) -> None:
    new = [one for one in planned if one.effect is not Effect.DUPLICATE]
    statement_id = await connection.fetchval(
        _NEW_STATEMENT, statement.sha256, statement.format, statement.account, statement.first_day,
        statement.last_day, len(new), by.id,
    )  # fmt: skip
    rows = [
        (
            statement_id, n, one.key, one.entry.direction, one.entry.booked_on, one.entry.amount_kopecks,
            kept_text(one.entry.order_number), kept_text(one.entry.end_to_end_id),
            kept_text(one.entry.counterparty_account), kept_text(one.entry.counterparty_name),
            kept_text(one.entry.purpose), one.effect, one.problem.code.name if one.problem else "",
            one.transfer.id if one.transfer else None, one.demand.id if one.demand else None,
        )
        for n, one in enumerate(new, start=1)
    ]  # fmt: skip
    await connection.executemany(_NEW_ENTRY, rows)


async def apply(connection: asyncpg.Connection, one: Planned, by: Actor) -> None:
    """Let a planned entry have its effect, in the caller's transaction."""
    entry, transfer = one.entry, one.transfer
    if one.effect is Effect.DEMAND and one.demand is not None:
        await returned(connection, one.demand.id, entry.amount_kopecks, by=by)
    elif one.effect is Effect.EXECUTED and transfer is not None:
        await connection.execute(_EXECUTE, transfer.id, entry.amount_kopecks, entry.booked_on)
        claim = await connection.fetchrow(_PAID, transfer.claim_id, entry.amount_kopecks)
        is_whole = claim["paid_kopecks"] == claim["approved_kopecks"]
        step = ClaimStep.PAY if is_whole else ClaimStep.PAY_IN_PART
        await move(connection, transfer.claim_id, step, by=by, reason=transfer.end_to_end_id)
    elif one.effect is Effect.RETURNED and transfer is not None:
        await connection.execute(_RETURN, transfer.id, entry.amount_kopecks, entry.booked_on)
        claim = await connection.fetchrow(_PAID, transfer.claim_id, -entry.amount_kopecks)
        # While another transfer is on its way the claim waits for that one; so it does after a first return.
        is_on_its_way = await connection.fetchval(_OTHER_OPEN, transfer.claim_id, transfer.id)
        step = ClaimStep.RETURN_BY_BANK
        if not is_on_its_way and (ClaimState(claim["state"]), step) in STEPS:
            reason = entry.purpose or transfer.end_to_end_id
            await move(connection, transfer.claim_id, step, by=by, reason=reason)


async def _record(connection: asyncpg.Connection, statement: Statement, done: Imported, by: Actor) -> None:
    effects = (effect for effect in Effect if effect is not Effect.DISMISSED)
    counts = {effect.value.lower(): done.count(effect) for effect in effects}
    debits = sum(one.amount_kopecks for one in statement.entries if one.direction is Direction.DEBIT)
    await record(
        connection,
        actor=by,
        action=Action.STATEMENT_IMPORTED,
        subject=Subject(SubjectKind.STATEMENT, statement.sha256.hex()),
        details={
            "format": statement.format.value,
            "first_day": statement.first_day.isoformat(),
            "last_day": statement.last_day.isoformat(),
            "debit_kopecks": debits,
            **counts,
        },
    )
