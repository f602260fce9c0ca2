"""Addenda (дополнительные соглашения): what they change of an agreement, with the value before and after."""

from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import UNSET, Struct
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain.policy import moscow_date
from gateway.registry.agreement_terms import NOTHING, Changes, check_ceiling
from gateway.registry.agreements import (
    SubsidyAgreement,
    add_programs,
    get_agreement,
    lock_agreement,
    refused_by_database,
    set_days,
)
from gateway.registry.enrolment_errors import EnrolmentCode, EnrolmentError
from gateway.registry.enrolment_schema import agreement_addendum as table
from gateway.registry.history import Subject, record
from gateway.registry.machine import AGREEMENT, AgreementState
from gateway.registry.schema import agreement
from gateway.registry.signing_off import said


class Addendum(Struct, frozen=True):
    """An addendum; `changes` has for every field that changed the values [before, after]."""

    id: int
    number: str
    signed_on: date
    changes: dict[str, Any]
    made_by: str
    made_at: datetime


async def add_addendum(
    connection: AsyncConnection,
    agreement_id: int,
    changes: Changes,
    *,
    number: str,
    signed_on: date,
    by: str,
) -> int:
    """Enter a signed addendum, which changes a concluded agreement from now on; its id.

    What was sold on a day that is over is never moved to or from an agreement: a last day lies ahead, and
    of an ended agreement nothing is prolonged. Raises EnrolmentError AGREEMENT_UNKNOWN, STEP_NOT_ALLOWED,
    UNSIGNED, DAY_TO_COME, ADDENDUM_EMPTY, ADDENDUM_EXISTS, AGREEMENT_STARTED, AGREEMENT_OVERLAP,
    DAYS_MALFORMED, CEILING_MALFORMED.
    """
    number, by = said(number=number, by=by)
    found = await lock_agreement(connection, agreement_id)
    if found.state is not AgreementState.CONCLUDED:
        AGREEMENT.after(found.state, "amend")
    now: datetime = (await connection.execute(select(func.tillgate_now()))).scalar_one()
    today = moscow_date(now)
    if signed_on > today:
        raise EnrolmentError(EnrolmentCode.DAY_TO_COME, what=number, day=signed_on)
    if changes == NOTHING:
        raise EnrolmentError(EnrolmentCode.ADDENDUM_EMPTY)
    _check(found, changes, today)
    try:
        async with connection.begin_nested():
            await _apply(connection, found, changes)
    except IntegrityError as error:
        raise refused_by_database(error, found.merchant_id, found.number) from error
    differences = _differences(found, await get_agreement(connection, agreement_id))
    if not differences:
        raise EnrolmentError(EnrolmentCode.ADDENDUM_EMPTY)
    new = (
        insert(table)
        .values(
            agreement_id=agreement_id, number=number, signed_on=signed_on, changes=differences, made_by=by
        )
        .on_conflict_do_nothing()
        .returning(table.c.id)
    )
    addendum_id: int | None = (await connection.execute(new)).scalar_one_or_none()
    if addendum_id is None:
        raise EnrolmentError(EnrolmentCode.ADDENDUM_EXISTS, agreement=agreement_id, number=number)
    states = (found.state, found.state)
    await record(connection, Subject.AGREEMENT, agreement_id, f"amend {number}", states, by=by)
    return addendum_id


async def addenda_of(connection: AsyncConnection, agreement_id: int) -> list[Addendum]:
    """Every addendum of an agreement, the earliest first."""
    t = table.c
    statement = (
        select(t.id, t.number, t.signed_on, t.changes, t.made_by, t.made_at)
        .where(t.agreement_id == agreement_id)
        .order_by(t.id)
    )
    return [Addendum(*row) for row in await connection.execute(statement)]


def _check(found: SubsidyAgreement, changes: Changes, today: date) -> None:
    if changes.ceiling_kopecks is not UNSET:
        check_ceiling(changes.ceiling_kopecks)
    if changes.last_day is UNSET:
        return
    if found.last_day is not None and found.last_day < today:
        raise EnrolmentError(EnrolmentCode.AGREEMENT_STARTED, day=found.last_day)
    if changes.last_day is not None:
        if changes.last_day < found.first_day:
            raise EnrolmentError(EnrolmentCode.DAYS_MALFORMED)
        if changes.last_day < today:
            raise EnrolmentError(EnrolmentCode.AGREEMENT_STARTED, day=changes.last_day)


async def _apply(connection: AsyncConnection, found: SubsidyAgreement, changes: Changes) -> None:
    if changes.last_day is not UNSET:
        await set_days(connection, found, changes.last_day)
    values: dict[str, Any] = {}
    if changes.ceiling_kopecks is not UNSET:
        values["ceiling_kopecks"] = changes.ceiling_kopecks
    if changes.settings is not UNSET:
        values["settings"] = msgspec.to_builtins(changes.settings)
    if values:
        await connection.execute(update(agreement).where(agreement.c.id == found.id).values(values))
    added = tuple(set(changes.added_program_codes) - set(found.program_codes))
    if added:
        now = (
            await connection.execute(select(agreement.c.in_force).where(agreement.c.id == found.id))
        ).scalar_one()
        days: Range[date] = now
        await add_programs(connection, found.id, found.merchant_id, days, added)


def _differences(before: SubsidyAgreement, after: SubsidyAgreement) -> dict[str, Any]:
    was, is_ = msgspec.to_builtins(before), msgspec.to_builtins(after)
    return {name: [was[name], is_[name]] for name in is_ if was[name] != is_[name]}
