"""Subsidy agreements: drafted, sent, signed and returned; from then on they let points be authorized.

(merchant, program, day) finds one agreement at most, which the database sees to. What was sold on a day
belongs to the agreement in force on that day, and stays claimable after its end until it is settled (decree
213-ПП, 3.9 and 3.10). Every function works in the transaction of its caller.
"""

from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Date, Select, cast, func, insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.registry.agreement_terms import AgreementSettings, Terms, check_terms, read_settings
from gateway.registry.enrolment_errors import EnrolmentCode, EnrolmentError
from gateway.registry.enrolment_schema import merchant_profile
from gateway.registry.history import Subject, record
from gateway.registry.machine import AGREEMENT, AgreementState
from gateway.registry.merchants import get_merchant
from gateway.registry.schema import agreement, agreement_program
from gateway.registry.signing_off import said
from gateway.workdays import last_day_of_term

_DAY: Final = timedelta(days=1)
_IN_FORCE: Final = (AgreementState.CONCLUDED, AgreementState.SETTLED)
_TODAY: Final = cast(func.timezone("Europe/Moscow", func.tillgate_now()), Date)


class SubsidyAgreement(Struct, frozen=True):
    """An agreement; days are Moscow's, `last_day` None without end.

    It is sent until `send_due_on` and returned signed until `return_due_on`, as far as a term runs.
    `sales_closed_at` is since when its ceiling stops new authorizations.
    """

    id: int
    merchant_id: int
    number: str
    first_day: date
    last_day: date | None
    program_codes: tuple[str, ...]
    state: AgreementState
    send_due_on: date | None
    sent_on: date | None
    return_due_on: date | None
    signed_on: date | None
    returned_on: date | None
    ceiling_kopecks: int | None
    settings: AgreementSettings
    sales_closed_at: datetime | None

    def has_ended(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.last_day is not None and self.last_day < today

    def is_claimable(self) -> bool:
        """Whether claims under it are taken: from its conclusion until it is settled, ended or not."""
        return self.state is AgreementState.CONCLUDED


async def add_agreement(connection: AsyncConnection, merchant_id: int, terms: Terms, *, by: str) -> int:
    """Draft an agreement; nobody sells by it yet. Its id.

    The term of sending a merchant's first one runs from its registration, that of a later one from today.
    Raises EnrolmentError MERCHANT_UNKNOWN, UNSIGNED, DAYS_MALFORMED, PROGRAMS_MISSING, CEILING_MALFORMED,
    AGREEMENT_EXISTS, AGREEMENT_OVERLAP.
    """
    by, number = said(by=by, number=terms.number)
    check_terms(terms)
    await get_merchant(connection, merchant_id)
    today = await _today(connection)
    in_force = Range(terms.first_day, terms.last_day + _DAY if terms.last_day else None)
    begun = await _registered_on_if_first(connection, merchant_id) or today
    due = last_day_of_term(begun, terms.settings.send_within_working_days).day
    values = {
        "merchant_id": merchant_id,
        "number": number,
        "in_force": in_force,
        "state": AgreementState.DRAFT,
        "drafted_on": today,
        "send_due_on": due,
        "ceiling_kopecks": terms.ceiling_kopecks,
        "settings": msgspec.to_builtins(terms.settings),
    }
    try:
        async with connection.begin_nested():
            new = insert(agreement).values(values).returning(agreement.c.id)
            agreement_id: int = (await connection.execute(new)).scalar_one()
            await add_programs(connection, agreement_id, merchant_id, in_force, terms.program_codes)
    except IntegrityError as error:
        raise refused_by_database(error, merchant_id, terms.number) from error
    states = ("", AgreementState.DRAFT)
    await record(connection, Subject.AGREEMENT, agreement_id, "add", states, by=by)
    return agreement_id


async def send(connection: AsyncConnection, agreement_id: int, *, on: date, by: str) -> None:
    """Two copies went to the merchant; the term of its answer begins.

    Raises EnrolmentError AGREEMENT_UNKNOWN, STEP_NOT_ALLOWED, DAY_TO_COME, UNSIGNED.
    """
    found = await lock_agreement(connection, agreement_id)
    due = last_day_of_term(on, found.settings.return_within_working_days).day
    await _move(connection, found, "send", by=by, on=on, sent_on=on, return_due_on=due)


async def sign(connection: AsyncConnection, agreement_id: int, *, on: date, by: str) -> None:
    """The merchant signed. Raises as `send`, and DATE_ORDER for a day before it was sent."""
    found = await lock_agreement(connection, agreement_id)
    _check_order("signed", on, found.sent_on)
    await _move(connection, found, "sign", by=by, on=on, signed_on=on)


async def take_back(connection: AsyncConnection, agreement_id: int, *, on: date, by: str) -> None:
    """The merchant's signed copy came back: the agreement is concluded, and counts on its days.

    Raises as `send`, and DATE_ORDER for a day before it was signed.
    """
    found = await lock_agreement(connection, agreement_id)
    _check_order("returned", on, found.signed_on)
    await _move(connection, found, "return", by=by, on=on, returned_on=on)


async def cancel(connection: AsyncConnection, agreement_id: int, *, by: str, reason: str) -> None:
    """Drop an agreement that was never concluded; its programs are free for another one.

    Raises EnrolmentError AGREEMENT_UNKNOWN, STEP_NOT_ALLOWED, UNSIGNED.
    """
    found = await lock_agreement(connection, agreement_id)
    (reason,) = said(reason=reason)
    await _move(connection, found, "cancel", by=by, reason=reason)
    programs = agreement_program.delete().where(agreement_program.c.agreement_id == agreement_id)
    await connection.execute(programs)


async def end(
    connection: AsyncConnection, agreement_id: int, *, last_day: date, by: str, reason: str
) -> None:
    """Give an agreement an earlier last day, today or later; it stays claimable after it.

    Raises EnrolmentError AGREEMENT_UNKNOWN, STEP_NOT_ALLOWED (cancelled or settled), UNSIGNED,
    AGREEMENT_STARTED (the day is over, or the agreement ends before it), DAYS_MALFORMED.
    """
    by, reason = said(by=by, reason=reason)
    found = await lock_agreement(connection, agreement_id)
    if found.state in (AgreementState.CANCELLED, AgreementState.SETTLED):
        AGREEMENT.after(found.state, "end")
    if last_day < found.first_day:
        raise EnrolmentError(EnrolmentCode.DAYS_MALFORMED)
    is_later = found.last_day is not None and last_day > found.last_day
    if last_day < await _today(connection) or is_later:
        raise EnrolmentError(EnrolmentCode.AGREEMENT_STARTED, day=last_day)
    await set_days(connection, found, last_day)
    step = f"end {last_day}"
    await record(
        connection, Subject.AGREEMENT, agreement_id, step, (found.state, found.state), by=by, reason=reason
    )


async def settle(connection: AsyncConnection, agreement_id: int, *, by: str, reason: str) -> None:
    """Everything under an ended agreement is settled: no more claims.

    Raises EnrolmentError AGREEMENT_UNKNOWN, STEP_NOT_ALLOWED, UNSIGNED, AGREEMENT_IN_FORCE.
    """
    found = await lock_agreement(connection, agreement_id)
    (reason,) = said(reason=reason)
    AGREEMENT.after(found.state, "settle")
    if not found.has_ended(await _today(connection)):
        raise EnrolmentError(EnrolmentCode.AGREEMENT_IN_FORCE, number=found.number)
    await _move(connection, found, "settle", by=by, reason=reason)


async def agreement_on(
    connection: AsyncConnection, merchant_id: int, program_code: str, day: date
) -> SubsidyAgreement | None:
    """The one agreement to which a purchase of a Moscow day under a program belongs, or None.

    For lost income that arose until 28.02.2022 that was the old one, from 01.03.2022 on the new one (3.9,
    3.10): the day of sale decides, whichever agreement is in force when somebody asks.
    """
    t = agreement_program.c
    covering = select(t.agreement_id).where(
        t.merchant_id == merchant_id, t.program_code == program_code, t.in_force.contains(day)
    )
    statement = _agreements().where(agreement.c.id.in_(covering), agreement.c.state.in_(_IN_FORCE))
    row = (await connection.execute(statement)).one_or_none()
    return _agreement(row) if row else None


async def get_agreement(connection: AsyncConnection, agreement_id: int) -> SubsidyAgreement:
    """One agreement; raises EnrolmentError AGREEMENT_UNKNOWN."""
    statement = _agreements().where(agreement.c.id == agreement_id)
    return _one((await connection.execute(statement)).one_or_none(), agreement_id)


async def list_agreements(
    connection: AsyncConnection, *, merchant_id: int | None = None, state: AgreementState | None = None
) -> list[SubsidyAgreement]:
    """Agreements in the order of their first days; of one merchant or state, if it is named."""
    statement = _agreements().order_by(func.lower(agreement.c.in_force), agreement.c.id)
    if merchant_id is not None:
        statement = statement.where(agreement.c.merchant_id == merchant_id)
    if state is not None:
        statement = statement.where(agreement.c.state == state)
    return [_agreement(row) for row in await connection.execute(statement)]


async def lock_agreement(connection: AsyncConnection, agreement_id: int) -> SubsidyAgreement:
    """The same, locked until the transaction ends."""
    lock = select(agreement.c.id).where(agreement.c.id == agreement_id).with_for_update()
    await connection.execute(lock)
    return await get_agreement(connection, agreement_id)


async def set_days(connection: AsyncConnection, found: SubsidyAgreement, last_day: date | None) -> None:
    """Change the last day, here and, by the foreign key, with every program."""
    in_force = Range(found.first_day, last_day + _DAY if last_day else None)
    await connection.execute(update(agreement).where(agreement.c.id == found.id).values(in_force=in_force))


async def add_programs(
    connection: AsyncConnection,
    agreement_id: int,
    merchant_id: int,
    in_force: Range[date],
    program_codes: tuple[str, ...],
) -> None:
    """Add programs to an agreement; raises IntegrityError if one is another's on one of its days."""
    rows = [
        {
            "agreement_id": agreement_id,
            "program_code": code,
            "merchant_id": merchant_id,
            "in_force": in_force,
        }
        for code in sorted(set(program_codes))
    ]
    await connection.execute(insert(agreement_program), rows)


def refused_by_database(
    error: IntegrityError, merchant_id: int, number: str
) -> EnrolmentError | IntegrityError:
    """The error to raise instead of one of a constraint; the same if no rule of ours is behind it."""
    text = str(error.orig)
    if "agreement_program_one_a_day" in text:
        return EnrolmentError(EnrolmentCode.AGREEMENT_OVERLAP, merchant_id=merchant_id)
    if "agreement_merchant_id_number_key" in text:
        return EnrolmentError(EnrolmentCode.AGREEMENT_EXISTS, merchant_id=merchant_id, number=number)
    return error


async def _move(
    connection: AsyncConnection,
    found: SubsidyAgreement,
    step: str,
    *,
    by: str,
    on: date | None = None,
    reason: str = "",
    **values: Any,
) -> None:
    (by,) = said(by=by)
    after = AGREEMENT.after(found.state, step)
    if on is not None and on > await _today(connection):
        raise EnrolmentError(EnrolmentCode.DAY_TO_COME, what=step, day=on)
    statement = update(agreement).where(agreement.c.id == found.id).values(state=after, **values)
    await connection.execute(statement)
    told = reason or (on.isoformat() if on else "")
    await record(connection, Subject.AGREEMENT, found.id, step, (found.state, after), by=by, reason=told)


def _check_order(what: str, day: date, before: date | None) -> None:
    if before is not None and day < before:
        raise EnrolmentError(EnrolmentCode.DATE_ORDER, what=what, day=day, before=before)


async def _today(connection: AsyncConnection) -> date:
    today: date = (await connection.execute(select(_TODAY))).scalar_one()
    return today


async def _registered_on_if_first(connection: AsyncConnection, merchant_id: int) -> date | None:
    earlier = select(agreement.c.id).where(
        agreement.c.merchant_id == merchant_id, agreement.c.state != AgreementState.CANCELLED
    )
    if (await connection.execute(earlier.limit(1))).first():
        return None
    t = merchant_profile.c
    found: date | None = (
        await connection.execute(select(t.registered_on).where(t.merchant_id == merchant_id))
    ).scalar_one_or_none()
    return found


def _agreements() -> Select[Any]:
    t = agreement.c
    codes = (
        select(func.array_agg(agreement_program.c.program_code))
        .where(agreement_program.c.agreement_id == t.id)
        .scalar_subquery()
    )
    return select(
        t.id, t.merchant_id, t.number, t.in_force, codes.label("codes"), t.state, t.send_due_on, t.sent_on,
        t.return_due_on, t.signed_on, t.returned_on, t.ceiling_kopecks, t.settings, t.sales_closed_at,
    )  # fmt: skip


def _one(row: Any, agreement_id: int) -> SubsidyAgreement:
    if row is None:
        raise EnrolmentError(EnrolmentCode.AGREEMENT_UNKNOWN, agreement=agreement_id)
    return _agreement(row)


def _agreement(row: Any) -> SubsidyAgreement:
    days = row.in_force
    return SubsidyAgreement(
        id=row.id,
        merchant_id=row.merchant_id,
        number=row.number,
        first_day=days.lower,
        last_day=days.upper - _DAY if days.upper else None,
        program_codes=tuple(sorted(row.codes or ())),
        state=AgreementState(row.state),
        send_due_on=row.send_due_on,
        sent_on=row.sent_on,
        return_due_on=row.return_due_on,
        signed_on=row.signed_on,
        returned_on=row.returned_on,
        ceiling_kopecks=row.ceiling_kopecks,
        settings=read_settings(row.settings),
        sales_closed_at=row.sales_closed_at,
    )
