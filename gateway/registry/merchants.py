"""Participants: taken over, suspended, resumed, excluded, named as successors; and read.

Every function works in the transaction of its caller. A change of state counts the registry's epoch up, so
that every node knows of it within a second.
"""

from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.registry.admission import Admission, admit, link_successor
from gateway.registry.application_form import Application
from gateway.registry.applications import ask_bank
from gateway.registry.checking import ChecksFailedError, findings_of
from gateway.registry.enrolment_errors import EnrolmentCode, EnrolmentError
from gateway.registry.enrolment_schema import merchant_profile
from gateway.registry.history import Subject, record
from gateway.registry.machine import MERCHANT, MerchantState
from gateway.registry.schema import merchant
from gateway.registry.signing_off import four_eyes, said


class Merchant(Struct, frozen=True):
    """A participant; what a profile tells is empty for one that was entered without one.

    `suspended_at` is since when it sells nothing: the wind-down time runs from it.
    """

    id: int
    inn: str
    name: str
    state: MerchantState
    suspended_at: datetime | None
    suspend_reason: str
    kind: str
    full_name: str
    kpp: str
    ogrn: str
    legal_address: str
    registered_on: date | None
    is_taken_over: bool
    successor_of: int | None


async def take_over(
    connection: AsyncConnection,
    application: Application,
    *,
    by: str,
    approved_by: str,
    reason: str,
    successor_of: int | None = None,
) -> int:
    """Include a participant of the earlier programme without an application (decree 213-ПП, 3.8).

    It sells from the first day of its new agreement, and not before (3.10). Raises EnrolmentError FOUR_EYES,
    UNSIGNED, ALREADY_REGISTERED, SUCCESSOR_CIRCLE, ChecksFailedError.
    """
    by, approved_by = four_eyes(by, approved_by)
    (reason,) = said(reason=reason)
    findings = findings_of(application, await ask_bank(connection, application.bic))
    if findings:
        raise ChecksFailedError(findings)
    admission = Admission(application, by, approved_by, reason, is_taken_over=True)
    return await admit(connection, admission, successor_of=successor_of)


async def suspend(connection: AsyncConnection, merchant_id: int, *, by: str, reason: str) -> None:
    """No new authorizations from now on, and the wind-down time begins.

    Raises EnrolmentError MERCHANT_UNKNOWN, STEP_NOT_ALLOWED, UNSIGNED.
    """
    await _move(connection, merchant_id, "suspend", by=by, reason=reason)


async def resume(connection: AsyncConnection, merchant_id: int, *, by: str, reason: str) -> None:
    """A suspended merchant sells again. Raises as `suspend`."""
    await _move(connection, merchant_id, "resume", by=by, reason=reason)


async def exclude(connection: AsyncConnection, merchant_id: int, *, by: str, reason: str) -> None:
    """Exclude from the register; the wind-down time of a suspended one goes on, and never begins anew.

    Its agreements stay claimable. Raises as `suspend`.
    """
    await _move(connection, merchant_id, "exclude", by=by, reason=reason)


async def name_successor(
    connection: AsyncConnection,
    merchant_id: int,
    predecessor_id: int,
    *,
    by: str,
    approved_by: str,
    reason: str,
) -> None:
    """Note that a merchant came out of another's reorganisation.

    Raises EnrolmentError FOUR_EYES, UNSIGNED, MERCHANT_UNKNOWN, SUCCESSOR_CIRCLE, PROFILE_MISSING.
    """
    by, approved_by = four_eyes(by, approved_by)
    (reason,) = said(reason=reason)
    state = (await get_merchant(connection, merchant_id)).state
    await link_successor(connection, merchant_id, predecessor_id)
    await record(
        connection, Subject.MERCHANT, merchant_id, f"succeed {predecessor_id}", (state, state),
        by=by, approved_by=approved_by, reason=reason,
    )  # fmt: skip


async def get_merchant(connection: AsyncConnection, merchant_id: int) -> Merchant:
    """One participant; raises EnrolmentError MERCHANT_UNKNOWN."""
    row = (await connection.execute(_merchants().where(merchant.c.id == merchant_id))).one_or_none()
    if row is None:
        raise EnrolmentError(EnrolmentCode.MERCHANT_UNKNOWN, merchant_id=merchant_id)
    return _merchant(row)


async def list_merchants(
    connection: AsyncConnection,
    *,
    state: MerchantState | None = None,
    inn: str = "",
    after_id: int = 0,
    limit: int = 1000,
) -> list[Merchant]:
    """Participants in the order of their ids; of one state or INN, if it is named."""
    statement = _merchants().where(merchant.c.id > after_id).order_by(merchant.c.id).limit(limit)
    if state is not None:
        statement = statement.where(merchant.c.state == state)
    if inn:
        statement = statement.where(merchant.c.inn == inn)
    return [_merchant(row) for row in await connection.execute(statement)]


async def _move(connection: AsyncConnection, merchant_id: int, step: str, *, by: str, reason: str) -> None:
    by, reason = said(by=by, reason=reason)
    # Not against whoever only refers to it, and may hold what this change waits for: the registry's epoch.
    locked = select(merchant.c.state).where(merchant.c.id == merchant_id).with_for_update(key_share=True)
    before = (await connection.execute(locked)).scalar_one_or_none()
    if before is None:
        raise EnrolmentError(EnrolmentCode.MERCHANT_UNKNOWN, merchant_id=merchant_id)
    after = MERCHANT.after(before, step)
    is_active = after == MerchantState.ACTIVE
    values = {
        "state": after,
        "suspended_at": None if is_active else func.coalesce(merchant.c.suspended_at, func.tillgate_now()),
        "suspend_reason": None if is_active else reason,
    }
    await connection.execute(update(merchant).where(merchant.c.id == merchant_id).values(values))
    await record(connection, Subject.MERCHANT, merchant_id, step, (before, after), by=by, reason=reason)


def _merchants() -> Select[Any]:
    profile = merchant_profile.c
    return select(
        merchant.c.id,
        merchant.c.inn,
        merchant.c.name,
        merchant.c.state,
        merchant.c.suspended_at,
        func.coalesce(merchant.c.suspend_reason, ""),
        func.coalesce(profile.kind, ""),
        func.coalesce(profile.full_name, ""),
        func.coalesce(profile.kpp, ""),
        func.coalesce(profile.ogrn, ""),
        func.coalesce(profile.legal_address, ""),
        profile.registered_on,
        func.coalesce(profile.is_taken_over, False),
        profile.successor_of,
    ).select_from(merchant.outerjoin(merchant_profile, profile.merchant_id == merchant.c.id))


def _merchant(row: Any) -> Merchant:
    found = Merchant(*row)
    return msgspec.structs.replace(found, state=MerchantState(found.state))
