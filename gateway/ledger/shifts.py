"""Closing a fiscal shift: totals of a terminal, and no void of its captures afterwards.

A shift touches many accounts, so it does not fit a batch. It uses the same guard all the same:
it locks the accounts of the shift in id order and bumps their versions with what it writes.
"""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from gateway.domain.commands import CloseShift
from gateway.domain.outcome import Outcome, ShiftTotals
from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError, Seal, SealedAnswer, StoredAnswer
from gateway.ledger.canonical import canonical, difference
from gateway.ledger.ids import uuid7

# Shown as a writing transaction before the clock is read: whoever seals the day afterwards waits for it.
_NOW = "SELECT CASE WHEN pg_current_xact_id() IS NOT NULL THEN tillgate_now() END"

_ACCOUNTS = """
SELECT DISTINCT account_id FROM purchase
WHERE shift_terminal_id = $1 AND shift_number = $2 AND state = 'CAPTURED' AND NOT is_shift_closed
ORDER BY account_id"""

_TOTALS = """
SELECT
  count(*) FILTER (WHERE state = 'CAPTURED') AS captured_count,
  coalesce(sum(captured_kopecks) FILTER (WHERE state = 'CAPTURED'), 0)::bigint AS captured_kopecks,
  count(*) FILTER (WHERE state = 'VOIDED') AS voided_count,
  count(*) FILTER (WHERE is_open) AS open_count,
  coalesce(sum(approved_kopecks) FILTER (WHERE is_open), 0)::bigint AS open_kopecks
FROM (
  SELECT state, captured_kopecks, approved_kopecks,
    state = 'AUTHORIZED' AND hold_expires_at > tillgate_now() AS is_open
  FROM purchase WHERE shift_terminal_id = $1 AND shift_number = $2) p"""

_REFUNDS = """
SELECT count(*) AS refund_count, coalesce(sum(points_kopecks), 0)::bigint AS refunded_kopecks
FROM refund WHERE terminal_id = $1 AND shift_number = $2"""


async def close_shift(connection: asyncpg.Connection, command: CloseShift, seal: Seal) -> StoredAnswer:
    """Close a shift once; a second close under another request id is declined.

    Raises CommandError(REQUEST_ID_CONFLICT) if the request id was used with another body.
    """
    try:
        async with connection.transaction():
            return await _close(connection, command, seal)
    except asyncpg.UniqueViolationError:
        # The same request id was decided meanwhile: a new transaction reads the winner.
        async with connection.transaction():
            return await _close(connection, command, seal)


async def _close(connection: asyncpg.Connection, command: CloseShift, seal: Seal) -> StoredAnswer:
    stored = await _stored(connection, command)
    if stored is not None:
        return stored
    origin = command.origin
    accounts = await _lock_accounts(connection, origin.terminal_id, origin.shift_number)
    now: datetime = await connection.fetchval(_NOW)
    operation_id = uuid7(now)
    was_closed = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM closed_shift WHERE terminal_id = $1 AND shift_number = $2)",
        origin.terminal_id,
        origin.shift_number,
    )
    if was_closed and not accounts:
        outcome = Outcome(Reason.SHIFT_ALREADY_CLOSED)
    else:
        outcome = Outcome(shift=await _total(connection, origin.terminal_id, origin.shift_number))
        await _write_close(connection, command, accounts, operation_id, now, outcome)
    answer = seal(command, outcome, {}, now)
    await connection.execute(
        "INSERT INTO outcome (merchant_id, request_id, kind, terminal_id, concentrator_id, operation_id,"
        " canonical, reason, signed_payload, signature, key_id, decided_at)"
        " VALUES ($1, $2, 'CLOSE_SHIFT', $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        origin.merchant_id,
        command.request_id,
        origin.terminal_id,
        origin.concentrator_id,
        operation_id,
        canonical(command, None),
        outcome.reason.name if outcome.reason else None,
        answer.signed_payload,
        answer.signature,
        answer.key_id,
        now,
    )
    return StoredAnswer(answer, is_replay=False, outcome=outcome)


async def _stored(connection: asyncpg.Connection, command: CloseShift) -> StoredAnswer | None:
    row = await connection.fetchrow(
        "SELECT canonical, signed_payload, signature, key_id FROM outcome"
        " WHERE merchant_id = $1 AND request_id = $2",
        command.origin.merchant_id,
        command.request_id,
    )
    if row is None:
        return None
    conflict = difference(row["canonical"], command, None)
    if conflict is not None:
        raise CommandError(Reason.REQUEST_ID_CONFLICT, conflict)
    return StoredAnswer(SealedAnswer(row["signed_payload"], row["signature"], row["key_id"]), is_replay=True)


async def _lock_accounts(connection: asyncpg.Connection, terminal_id: int, shift_number: int) -> list[int]:
    """Lock the accounts of the shift's captures, again until no capture of another account slipped in."""
    locked: list[int] = []
    while True:
        rows = await connection.fetch(_ACCOUNTS, terminal_id, shift_number)
        found = [row["account_id"] for row in rows]
        if set(found) <= set(locked):
            return found
        locked = sorted({*locked, *found})
        await connection.execute(
            "SELECT FROM card_account WHERE id = ANY ($1::bigint[]) ORDER BY id FOR UPDATE", locked
        )


async def _total(connection: asyncpg.Connection, terminal_id: int, shift_number: int) -> ShiftTotals:
    purchases = await connection.fetchrow(_TOTALS, terminal_id, shift_number)
    refunds = await connection.fetchrow(_REFUNDS, terminal_id, shift_number)
    return ShiftTotals(shift_number, **dict(purchases or {}), **dict(refunds or {}))


async def _write_close(
    connection: asyncpg.Connection,
    command: CloseShift,
    accounts: list[int],
    operation_id: UUID,
    now: datetime,
    outcome: Outcome,
) -> None:
    terminal_id, shift_number = command.origin.terminal_id, command.origin.shift_number
    await connection.execute(
        "UPDATE purchase SET is_shift_closed = true WHERE shift_terminal_id = $1 AND shift_number = $2"
        " AND state = 'CAPTURED' AND NOT is_shift_closed AND account_id = ANY ($3::bigint[])",
        terminal_id,
        shift_number,
        accounts,
    )
    await connection.execute(
        "UPDATE card_account SET version = version + 1 WHERE id = ANY ($1::bigint[])", accounts
    )
    await connection.execute(
        "INSERT INTO closed_shift"
        " (operation_id, merchant_id, terminal_id, shift_number, closed_at, totals)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        operation_id,
        command.origin.merchant_id,
        terminal_id,
        shift_number,
        now,
        msgspec.json.encode(outcome.shift).decode(),
    )
