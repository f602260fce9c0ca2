"""Including a participant in the register: by an application, or taken over without one."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Date, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain.policy import moscow_date
from gateway.registry.application_form import Application
from gateway.registry.enrolment_errors import EnrolmentCode, EnrolmentError
from gateway.registry.enrolment_schema import merchant_account, merchant_profile
from gateway.registry.history import Subject, record
from gateway.registry.machine import MERCHANT, AccountState, MerchantState
from gateway.registry.schema import agreement, merchant, outlet

SUCCESSION_LOCK_KEY: Final = 0x7375_6363
"""Advisory lock of noting successors."""


class Admission(Struct, frozen=True):
    """Who includes whom, and why; `is_taken_over` tells a participant of the earlier programme."""

    application: Application
    by: str
    approved_by: str
    reason: str
    is_taken_over: bool


async def admit(connection: AsyncConnection, admission: Admission, *, successor_of: int | None = None) -> int:
    """The merchant's id, new or, of an excluded one, as before.

    It may sell nothing yet: that needs an agreement in force. Raises EnrolmentError ALREADY_REGISTERED,
    AGREEMENT_IN_FORCE (of an excluded one that comes back: its old agreement would revive),
    MERCHANT_UNKNOWN, SUCCESSOR_CIRCLE.
    """
    form = admission.application
    today = moscow_date((await connection.execute(select(func.tillgate_now()))).scalar_one())
    new = insert(merchant).values(inn=form.inn, name=form.name).on_conflict_do_nothing()
    merchant_id: int | None = (await connection.execute(new.returning(merchant.c.id))).scalar_one_or_none()
    before, step = "", "take-over" if admission.is_taken_over else "register"
    if merchant_id is None:
        merchant_id, before = await _readmit(connection, form)
    profile = {
        "kind": form.kind,
        "full_name": form.full_name,
        "kpp": form.kpp,
        "ogrn": form.ogrn,
        "legal_address": form.legal_address,
        "postal_address": form.postal_address,
        "signatory": msgspec.to_builtins(form.signatory),
        "contact": msgspec.to_builtins(form.contact),
        "registered_on": today,
        "is_taken_over": admission.is_taken_over,
    }
    await connection.execute(
        insert(merchant_profile)
        .values(merchant_id=merchant_id, **profile)
        .on_conflict_do_update(index_elements=["merchant_id"], set_=profile)
    )
    if successor_of is not None:
        await link_successor(connection, merchant_id, successor_of)
    outlet_ids = await _add_outlets(connection, merchant_id, admission)
    account_id = await _add_account(connection, merchant_id, admission)
    # After every change: each of them may have to wait for somebody who waits to record.
    made = (
        (Subject.MERCHANT, merchant_id, step, (before, MerchantState.ACTIVE)),
        *((Subject.OUTLET, outlet_id, "add", ("", "enabled")) for outlet_id in outlet_ids),
        (Subject.ACCOUNT, account_id, "confirm", ("", AccountState.CONFIRMED)),
    )
    for subject, subject_id, taken, states in made:
        await record(
            connection, subject, subject_id, taken, states,
            by=admission.by, approved_by=admission.approved_by, reason=admission.reason,
        )  # fmt: skip
    return merchant_id


async def link_successor(connection: AsyncConnection, merchant_id: int, predecessor_id: int) -> None:
    """Note that a merchant succeeds another.

    Raises EnrolmentError MERCHANT_UNKNOWN, SUCCESSOR_CIRCLE, PROFILE_MISSING.
    """
    known = select(merchant.c.id).where(merchant.c.id == predecessor_id)
    if (await connection.execute(known)).first() is None:
        raise EnrolmentError(EnrolmentCode.MERCHANT_UNKNOWN, merchant_id=predecessor_id)
    # Two at once could close a circle that neither of them sees.
    await connection.execute(select(func.pg_advisory_xact_lock(SUCCESSION_LOCK_KEY)))
    ancestor: int | None = predecessor_id
    while ancestor is not None:
        if ancestor == merchant_id:
            raise EnrolmentError(
                EnrolmentCode.SUCCESSOR_CIRCLE, merchant_id=merchant_id, predecessor_id=predecessor_id
            )
        before = select(merchant_profile.c.successor_of).where(merchant_profile.c.merchant_id == ancestor)
        ancestor = (await connection.execute(before)).scalar_one_or_none()
    linked = (
        update(merchant_profile)
        .where(merchant_profile.c.merchant_id == merchant_id)
        .values(successor_of=predecessor_id)
    )
    if (await connection.execute(linked)).rowcount == 0:
        raise EnrolmentError(EnrolmentCode.PROFILE_MISSING, merchant_id=merchant_id)


async def _readmit(connection: AsyncConnection, form: Application) -> tuple[int, MerchantState]:
    statement = (
        select(merchant.c.id, merchant.c.state)
        .where(merchant.c.inn == form.inn)
        .with_for_update(key_share=True)
    )
    merchant_id, state = (await connection.execute(statement)).one()
    if state != MerchantState.ENDED:
        raise EnrolmentError(EnrolmentCode.ALREADY_REGISTERED, inn=form.inn)
    after = MERCHANT.after(state, "readmit")
    today = func.timezone("Europe/Moscow", func.tillgate_now()).cast(Date)
    in_force = select(agreement.c.number).where(
        agreement.c.merchant_id == merchant_id,
        agreement.c.state != "CANCELLED",
        func.upper_inf(agreement.c.in_force) | (func.upper(agreement.c.in_force) > today),
    )
    number = (await connection.execute(in_force)).scalars().first()
    if number is not None:
        raise EnrolmentError(EnrolmentCode.AGREEMENT_IN_FORCE, number=number)
    values = {"state": after, "name": form.name, "suspended_at": None, "suspend_reason": None}
    await connection.execute(update(merchant).where(merchant.c.id == merchant_id).values(values))
    return merchant_id, MerchantState(state)


async def _add_outlets(connection: AsyncConnection, merchant_id: int, admission: Admission) -> Sequence[int]:
    rows = [
        {"merchant_id": merchant_id, "name": one.name, "address": one.address}
        for one in admission.application.outlets
    ]
    statement = insert(outlet).on_conflict_do_nothing().returning(outlet.c.id)
    outlet_ids: Sequence[int] = (await connection.execute(statement, rows)).scalars().all()
    return outlet_ids


async def _add_account(connection: AsyncConnection, merchant_id: int, admission: Admission) -> int:
    """The first account needs no change confirmed: both people saw it in the application."""
    new = (
        insert(merchant_account)
        .values(
            merchant_id=merchant_id,
            bic=admission.application.bic,
            account=admission.application.account,
            state=AccountState.CONFIRMED,
            reason=admission.reason,
            proposed_by=admission.by,
            decided_by=admission.approved_by,
            decided_at=func.tillgate_now(),
        )
        .returning(merchant_account.c.id)
    )
    account_id: int = (await connection.execute(new)).scalar_one()
    return account_id
