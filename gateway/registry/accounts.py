"""Bank accounts of participants: a change is proposed by one person and confirmed by another.

A payout goes to the account confirmed last; a fraud would begin with a change that nobody else saw.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.registry.applications import ask_bank
from gateway.registry.checking import ChecksFailedError, account_findings
from gateway.registry.enrolment_errors import EnrolmentCode, EnrolmentError
from gateway.registry.enrolment_schema import merchant_account as table
from gateway.registry.history import Subject, record
from gateway.registry.machine import ACCOUNT, AccountState
from gateway.registry.merchants import get_merchant
from gateway.registry.signing_off import four_eyes, said


class Account(Struct, frozen=True):
    """A bank account of a merchant, with who proposed it and who decided."""

    id: int
    merchant_id: int
    bic: str
    account: str
    state: AccountState
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None


async def propose_account(
    connection: AsyncConnection, merchant_id: int, *, bic: str, account: str, by: str, reason: str
) -> int:
    """Propose another account; the old one is in use until this one is confirmed. The account's id.

    Raises EnrolmentError MERCHANT_UNKNOWN, UNSIGNED, ACCOUNT_PROPOSED, ACCOUNT_SAME, ChecksFailedError.
    """
    by, reason = said(by=by, reason=reason)
    await get_merchant(connection, merchant_id)
    await _check(connection, bic, account)
    current = await account_of(connection, merchant_id)
    if current is not None and (current.bic, current.account) == (bic, account):
        raise EnrolmentError(EnrolmentCode.ACCOUNT_SAME)
    new = (
        insert(table)
        .values(merchant_id=merchant_id, bic=bic, account=account, reason=reason, proposed_by=by)
        .on_conflict_do_nothing()
        .returning(table.c.id)
    )
    account_id: int | None = (await connection.execute(new)).scalar_one_or_none()
    if account_id is None:
        raise EnrolmentError(EnrolmentCode.ACCOUNT_PROPOSED, merchant_id=merchant_id)
    states = ("", AccountState.PROPOSED)
    await record(connection, Subject.ACCOUNT, account_id, "propose", states, by=by, reason=reason)
    return account_id


async def confirm_account(connection: AsyncConnection, account_id: int, *, by: str) -> None:
    """Confirm a proposed account: from now on it is the merchant's.

    Raises EnrolmentError ACCOUNT_UNKNOWN, STEP_NOT_ALLOWED, UNSIGNED, FOUR_EYES (whoever proposed it), and
    ChecksFailedError if the directory says no by now.
    """
    found = await _locked(connection, account_id)
    proposed_by, by = four_eyes(found.proposed_by, by)
    await _check(connection, found.bic, found.account)
    await _decide(connection, found, "confirm", by=by, reason=f"предложил(а) {proposed_by}")


async def reject_account(connection: AsyncConnection, account_id: int, *, by: str, reason: str) -> None:
    """Drop a proposed account. Raises EnrolmentError ACCOUNT_UNKNOWN, STEP_NOT_ALLOWED, UNSIGNED."""
    by, reason = said(by=by, reason=reason)
    await _decide(connection, await _locked(connection, account_id), "reject", by=by, reason=reason)


async def account_of(
    connection: AsyncConnection, merchant_id: int, *, at: datetime | None = None
) -> Account | None:
    """The account in use now, or at an instant."""
    t = table.c
    statement = (
        select(table)
        .where(t.merchant_id == merchant_id, t.state == AccountState.CONFIRMED)
        .where(t.decided_at <= (at or func.tillgate_now()))
        .order_by(t.decided_at.desc(), t.id.desc())
        .limit(1)
    )
    row = (await connection.execute(statement)).one_or_none()
    return _account(row) if row else None


async def get_account(connection: AsyncConnection, account_id: int) -> Account:
    """One account; raises EnrolmentError ACCOUNT_UNKNOWN."""
    row = (await connection.execute(select(table).where(table.c.id == account_id))).one_or_none()
    if row is None:
        raise EnrolmentError(EnrolmentCode.ACCOUNT_UNKNOWN, account_id=account_id)
    return _account(row)


async def accounts_of(connection: AsyncConnection, merchant_id: int) -> list[Account]:
    """Every account that was ever proposed, the earliest first."""
    statement = select(table).where(table.c.merchant_id == merchant_id).order_by(table.c.id)
    return [_account(row) for row in await connection.execute(statement)]


async def _check(connection: AsyncConnection, bic: str, account: str) -> None:
    findings = list(account_findings(bic, account, "", await ask_bank(connection, bic)))
    if findings:
        raise ChecksFailedError(findings)


async def _locked(connection: AsyncConnection, account_id: int) -> Account:
    statement = select(table).where(table.c.id == account_id).with_for_update()
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise EnrolmentError(EnrolmentCode.ACCOUNT_UNKNOWN, account_id=account_id)
    return _account(row)


async def _decide(connection: AsyncConnection, found: Account, step: str, *, by: str, reason: str) -> None:
    after = ACCOUNT.after(found.state, step)
    values = {"state": after, "decided_by": by, "decided_at": func.tillgate_now()}
    await connection.execute(update(table).where(table.c.id == found.id).values(values))
    await record(connection, Subject.ACCOUNT, found.id, step, (found.state, after), by=by, reason=reason)


def _account(row: Any) -> Account:
    return Account(
        row.id, row.merchant_id, row.bic, row.account, AccountState(row.state), row.reason,
        row.proposed_by, row.proposed_at, row.decided_by, row.decided_at,
    )  # fmt: skip
