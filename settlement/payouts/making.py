"""Registers of payouts: made of claims, approved by a second person, handed on, or dropped."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import asyncpg
import msgspec

from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record
from settlement.claims.model import BankAccount
from settlement.claims.moving import move
from settlement.claims.states import ClaimState, ClaimStep
from settlement.ledger_reader.payees import Payable, payables
from settlement.payouts.errors import PayoutCode, PayoutError
from settlement.payouts.model import (
    NAME_MAX_CHARS,
    Payee,
    Payer,
    Payout,
    PayoutState,
    Transfer,
    TransferState,
    control_sum,
)
from settlement.payouts.onec_writer import payer_name
from settlement.payouts.purpose import checked_text, end_to_end_id, order_number_of, period_text, purpose_of
from settlement.payouts.storing import read_payout, transfer_by_id

_PAID_STATES: Final = (ClaimState.PAYABLE, ClaimState.PARTLY_PAID, ClaimState.RETURNED_BY_BANK)

_IDS: Final = """
SELECT nextval(pg_get_serial_sequence('payout', 'id')) AS payout_id,
  array_agg(nextval(pg_get_serial_sequence('transfer', 'id'))) AS transfer_ids
FROM generate_series(1, $1)"""

_OPEN: Final = """
SELECT claim_id, end_to_end_id FROM transfer WHERE claim_id = ANY ($1) AND state IN ('DRAFT', 'EXPORTED')"""

# To where the newest transfer of a claim went, if the bank returned it.
_RETURNED_FROM: Final = """
SELECT claim_id, account_id FROM (
  SELECT DISTINCT ON (claim_id) claim_id, account_id, state FROM transfer
  WHERE claim_id = ANY ($1) AND state <> 'DISCARDED' ORDER BY claim_id, id DESC) AS last
WHERE state = 'RETURNED'"""

_NEW_PAYOUT: Final = """
INSERT INTO payout (id, dated, payer, transfer_count, sum_kopecks, sha256, made_by)
OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, $6, $7)"""

_NEW_TRANSFER: Final = """
INSERT INTO transfer (id, end_to_end_id, payout_id, claim_id, order_number, dated, amount_kopecks, account_id,
  payee, kbk, personal_account, obligation_number, purpose_code, purpose)
OVERRIDING SYSTEM VALUE
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"""


async def make(
    connection: asyncpg.Connection,
    payer: Payer,
    *,
    by: Actor,
    dated: date,
    claim_ids: Sequence[int] | None = None,
) -> Payout:
    """A draft register of what claims have still to be paid, in the transaction of the caller.

    Without `claim_ids` those are all claims that wait for money and have no transfer under way. A claim whose
    money came back is paid again only by name, and to an account that was confirmed since.

    Raises PayoutError NOTHING_TO_PAY, CLAIM_UNKNOWN, CLAIM_NOT_PAYABLE, TRANSFER_OPEN, ACCOUNT_MISSING,
    ACCOUNT_NOT_RENEWED, BANK_UNKNOWN, PURPOSE_MALFORMED, TEXT_TOO_LONG, CHARACTER_UNFIT.
    """
    wanted = None if claim_ids is None else sorted(set(claim_ids))
    found = await payables(connection, wanted)
    ids = [one.claim_id for one in found]
    under_way = {row["claim_id"]: row["end_to_end_id"] for row in await connection.fetch(_OPEN, ids)}
    if wanted is None:
        found = [one for one in found if one.due_kopecks > 0 and one.claim_id not in under_way]
    else:
        _check_wanted(wanted, found, under_way)
    if not found:
        raise PayoutError(PayoutCode.NOTHING_TO_PAY)
    returned = {row["claim_id"]: row["account_id"] for row in await connection.fetch(_RETURNED_FROM, ids)}
    for one in found:
        _check_account(one, returned.get(one.claim_id))
    numbers = await connection.fetchrow(_IDS, len(found))
    payout_id: int = numbers["payout_id"]
    transfers = [
        _transfer(one, payer, payout_id, transfer_id, dated)
        for one, transfer_id in zip(found, sorted(numbers["transfer_ids"]), strict=True)
    ]
    await _store(connection, payout_id, payer, transfers, by=by, dated=dated)
    for one in found:
        if one.state is ClaimState.RETURNED_BY_BANK:
            await move(connection, one.claim_id, ClaimStep.PAY_AGAIN, by=by, reason=f"реестр {payout_id}")
    made = await read_payout(connection, payout_id)
    await _record(connection, Action.PAYOUT_MADE, made, by)
    return made


def _check_wanted(wanted: Sequence[int], found: Sequence[Payable], under_way: dict[int, str]) -> None:
    missing = set(wanted) - {one.claim_id for one in found}
    if missing:
        raise PayoutError(PayoutCode.CLAIM_UNKNOWN, claim_id=min(missing))
    for one in found:
        if one.claim_id in under_way:
            open_one = under_way[one.claim_id]
            raise PayoutError(PayoutCode.TRANSFER_OPEN, claim_id=one.claim_id, transfer=open_one)
        if one.state not in _PAID_STATES or one.due_kopecks <= 0:
            raise PayoutError(PayoutCode.CLAIM_NOT_PAYABLE, claim_id=one.claim_id, state=one.state.value)


def _check_account(one: Payable, returned_from: int | None) -> None:
    if one.account_id is None:
        raise PayoutError(PayoutCode.ACCOUNT_MISSING, claim_id=one.claim_id)
    if one.account_id == returned_from:
        raise PayoutError(PayoutCode.ACCOUNT_NOT_RENEWED, claim_id=one.claim_id)
    if one.bank_name is None:
        raise PayoutError(PayoutCode.BANK_UNKNOWN, claim_id=one.claim_id, bic=one.bic)


def _transfer(one: Payable, payer: Payer, payout_id: int, transfer_id: int, dated: date) -> Transfer:
    name, terms = end_to_end_id(payout_id, transfer_id), one.terms
    made = Transfer(
        id=transfer_id,
        end_to_end_id=name,
        payout_id=payout_id,
        claim_id=one.claim_id,
        state=TransferState.DRAFT,
        order_number=order_number_of(transfer_id),
        dated=dated,
        amount_kopecks=one.due_kopecks,
        account_id=one.account_id or 0,
        payee=Payee(
            checked_text(one.name, name, "payee", NAME_MAX_CHARS),
            one.inn,
            one.kpp,
            BankAccount(one.bic, one.bank_name or "", one.correspondent_account, one.account),
        ),
        kbk=terms.kbk,
        personal_account=checked_text(terms.personal_account, name, "personal account", 20),
        obligation_number=terms.obligation_number,
        purpose_code=terms.purpose_code,
        purpose=purpose_of(
            terms.purpose,
            claim_id=one.claim_id,
            agreement=one.agreement_number,
            period=period_text(one.first_day, one.last_day),
            obligation_number=terms.obligation_number,
            purpose_code=terms.purpose_code,
            transfer=name,
        ),
    )
    checked_text(payer_name(payer, made), name, "payer", NAME_MAX_CHARS)
    return made


async def _store(
    connection: asyncpg.Connection,
    payout_id: int,
    payer: Payer,
    transfers: Sequence[Transfer],
    *,
    by: Actor,
    dated: date,
) -> None:
    control = control_sum(payer, transfers)
    await connection.execute(
        _NEW_PAYOUT, payout_id, dated, _json(payer), control.count, control.sum_kopecks, control.sha256, by.id
    )
    rows = [
        (
            one.id, one.end_to_end_id, payout_id, one.claim_id, one.order_number, one.dated,
            one.amount_kopecks, one.account_id, _json(one.payee), one.kbk, one.personal_account,
            one.obligation_number, one.purpose_code, one.purpose,
        )
        for one in transfers
    ]  # fmt: skip
    await connection.executemany(_NEW_TRANSFER, rows)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


async def approve(connection: asyncpg.Connection, payout_id: int, *, by: Actor, sha256: bytes) -> Payout:
    """Approve a draft as it was looked at, by another person than its maker.

    Raises PayoutError PAYOUT_UNKNOWN, PAYOUT_STATE, SAME_PERSON, PAYOUT_CHANGED.
    """
    found = await read_payout(connection, payout_id, is_locked=True)
    if found.state is not PayoutState.DRAFT or found.approved_by is not None:
        state = "APPROVED" if found.approved_by and found.state is PayoutState.DRAFT else found.state.value
        raise PayoutError(PayoutCode.PAYOUT_STATE, payout_id=payout_id, state=state)
    if found.made_by == by.id:
        raise PayoutError(PayoutCode.SAME_PERSON, by=by.id)
    if found.control.sha256 != sha256:
        raise PayoutError(PayoutCode.PAYOUT_CHANGED, payout_id=payout_id, what="sha256")
    update = "UPDATE payout SET approved_by = $2, approved_at = tillgate_now() WHERE id = $1"
    await connection.execute(update, payout_id, by.id)
    await _record(connection, Action.PAYOUT_APPROVED, found, by, proposed_by=found.made_by)
    return await read_payout(connection, payout_id)


async def discard(connection: asyncpg.Connection, payout_id: int, *, by: Actor, reason: str) -> None:
    """Drop a draft: its claims may be paid by another register, its ids are never used again.

    Raises PayoutError PAYOUT_UNKNOWN, PAYOUT_STATE, REASON_MISSING.
    """
    reason = _said(reason)
    found = await read_payout(connection, payout_id, is_locked=True)
    if found.state is not PayoutState.DRAFT:
        raise PayoutError(PayoutCode.PAYOUT_STATE, payout_id=payout_id, state=found.state.value)
    await connection.execute("UPDATE payout SET state = 'DISCARDED' WHERE id = $1", payout_id)
    await connection.execute("UPDATE transfer SET state = 'DISCARDED' WHERE payout_id = $1", payout_id)
    await _record(connection, Action.PAYOUT_DISCARDED, found, by, reason=reason)


async def hand_on(connection: asyncpg.Connection, payout_id: int, *, by: Actor, form: str) -> Payout:
    """An approved register for a file; the first one opens its transfers to answers of the bank.

    Raises PayoutError PAYOUT_UNKNOWN, PAYOUT_CHANGED, PAYOUT_NOT_APPROVED, PAYOUT_STATE.
    """
    found = await read_payout(connection, payout_id, is_locked=True)
    if found.state is PayoutState.DISCARDED:
        raise PayoutError(PayoutCode.PAYOUT_STATE, payout_id=payout_id, state=found.state.value)
    if found.approved_by is None:
        raise PayoutError(PayoutCode.PAYOUT_NOT_APPROVED, payout_id=payout_id)
    if found.state is PayoutState.DRAFT:
        await connection.execute("UPDATE payout SET state = 'EXPORTED' WHERE id = $1", payout_id)
        await connection.execute("UPDATE transfer SET state = 'EXPORTED' WHERE payout_id = $1", payout_id)
    await _record(connection, Action.PAYOUT_EXPORTED, found, by, form=form)
    return await read_payout(connection, payout_id)


async def reject(connection: asyncpg.Connection, transfer: str, *, by: Actor, reason: str) -> None:
    """Note that the treasury or the bank refused an order before any money moved.

    The claim is RETURNED_BY_BANK then. Raises PayoutError TRANSFER_UNKNOWN, TRANSFER_STATE, REASON_MISSING.
    """
    reason = _said(reason)
    found = await transfer_by_id(connection, transfer)
    if found.state is not TransferState.EXPORTED or found.executed_kopecks:
        state = "PARTLY_EXECUTED" if found.executed_kopecks else found.state.value
        raise PayoutError(PayoutCode.TRANSFER_STATE, transfer=transfer, state=state)
    update = "UPDATE transfer SET state = 'RETURNED', returned_on = $2 WHERE id = $1"
    today = await connection.fetchval("SELECT (tillgate_now() AT TIME ZONE 'Europe/Moscow')::date")
    await connection.execute(update, found.id, today)
    await close_finished(connection, [found.payout_id])
    await move(connection, found.claim_id, ClaimStep.RETURN_BY_BANK, by=by, reason=reason)


async def close_finished(connection: asyncpg.Connection, payout_ids: Sequence[int]) -> None:
    """Close the registers of these whose transfers are all executed or returned."""
    await connection.execute(
        """
        UPDATE payout p SET state = 'CLOSED' WHERE p.id = ANY ($1) AND p.state = 'EXPORTED' AND NOT EXISTS (
          SELECT FROM transfer t WHERE t.payout_id = p.id AND t.state NOT IN ('EXECUTED', 'RETURNED'))
        """,
        payout_ids,
    )


def _said(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise PayoutError(PayoutCode.REASON_MISSING)
    return reason


async def _record(
    connection: asyncpg.Connection, action: Action, found: Payout, by: Actor, **details: str
) -> None:
    control = {
        "transfers": found.control.count,
        "sum_kopecks": found.control.sum_kopecks,
        "sha256": found.control.sha256.hex(),
    }
    await record(
        connection,
        actor=by,
        action=action,
        subject=Subject(SubjectKind.PAYOUT, str(found.id)),
        details={**control, **details},
        approved_by=found.approved_by,
    )
