"""Terminals: the tills of an outlet, the fiscal numbers that they have on which days, enabled or disabled.

Every function works in the transaction of its caller; a change counts the registry's epoch up.
"""

from datetime import date, timedelta
from typing import Final

from msgspec import Struct
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.registry.checking import ChecksFailedError, Finding, text_findings
from gateway.registry.enrolment_errors import EnrolmentCode, EnrolmentError
from gateway.registry.enrolment_schema import terminal_fiscal as fiscal
from gateway.registry.history import Subject, record
from gateway.registry.outlets import switched
from gateway.registry.requisites import check_drive_number, check_kkt_number
from gateway.registry.schema import outlet, terminal
from gateway.registry.signing_off import said, said_or_empty

_DAY: Final = timedelta(days=1)


class FiscalNumbers(Struct, frozen=True):
    """Registration number of a till and number of its fiscal drive, and the days; None is without end."""

    kkt_number: str
    drive_number: str
    first_day: date
    last_day: date | None


class Terminal(Struct, frozen=True):
    """A till."""

    id: int
    outlet_id: int
    merchant_id: int
    name: str
    is_enabled: bool


async def add_terminal(
    connection: AsyncConnection, outlet_id: int, *, name: str, by: str, reason: str = ""
) -> int:
    """One more till of a shop; its id. It may connect once it has a key.

    Raises EnrolmentError OUTLET_UNKNOWN, UNSIGNED, TERMINAL_EXISTS, ChecksFailedError.
    """
    (by,), reason = said(by=by), said_or_empty(reason=reason)
    findings = list(text_findings("name", name))
    if findings:
        raise ChecksFailedError(findings)
    known = select(outlet.c.id).where(outlet.c.id == outlet_id)
    if (await connection.execute(known)).first() is None:
        raise EnrolmentError(EnrolmentCode.OUTLET_UNKNOWN, outlet_id=outlet_id)
    new = (
        insert(terminal)
        .values(outlet_id=outlet_id, name=name.strip())
        .on_conflict_do_nothing()
        .returning(terminal.c.id)
    )
    terminal_id: int | None = (await connection.execute(new)).scalar_one_or_none()
    if terminal_id is None:
        raise EnrolmentError(EnrolmentCode.TERMINAL_EXISTS, outlet_id=outlet_id, name=name)
    states = ("", "enabled")
    await record(connection, Subject.TERMINAL, terminal_id, "add", states, by=by, reason=reason)
    return terminal_id


async def set_terminal_enabled(
    connection: AsyncConnection, terminal_id: int, *, is_enabled: bool, by: str, reason: str
) -> None:
    """Enable or disable a till. Raises EnrolmentError TERMINAL_UNKNOWN, UNSIGNED, STEP_NOT_ALLOWED."""
    by, reason = said(by=by, reason=reason)
    before = await _lock(connection, terminal_id)
    step, states = switched(("касса", "terminal"), before, is_enabled)
    await connection.execute(
        update(terminal).where(terminal.c.id == terminal_id).values(is_enabled=is_enabled)
    )
    await record(connection, Subject.TERMINAL, terminal_id, step, states, by=by, reason=reason)


async def set_fiscal_numbers(
    connection: AsyncConnection,
    terminal_id: int,
    *,
    kkt_number: str,
    drive_number: str,
    first_day: date,
    by: str,
) -> None:
    """The till has these numbers from a day on; those it had end on the day before.

    A drive is exchanged about every 15 or 36 months, and the registration number changes with the till.
    Raises EnrolmentError TERMINAL_UNKNOWN, UNSIGNED, FISCAL_OVERLAP, ChecksFailedError.
    """
    (by,) = said(by=by)
    checked = {
        "kkt_number": check_kkt_number(kkt_number),
        "drive_number": check_drive_number(drive_number),
    }
    findings = [Finding(f, p.code.name, p.ru, p.en) for f, p in checked.items() if p is not None]
    if findings:
        raise ChecksFailedError(findings)
    await _lock(connection, terminal_id)
    open_ones = fiscal.c.terminal_id == terminal_id, func.upper_inf(fiscal.c.days)
    ended = (
        update(fiscal)
        .where(*open_ones, func.lower(fiscal.c.days) < first_day)
        .values(days=func.daterange(func.lower(fiscal.c.days), first_day))
    )
    new = insert(fiscal).values(
        terminal_id=terminal_id,
        kkt_number=kkt_number,
        drive_number=drive_number,
        days=Range(first_day, None),
    )
    try:
        async with connection.begin_nested():
            await connection.execute(ended)
            await connection.execute(new)
    except IntegrityError as error:
        if "terminal_fiscal" not in str(error.orig):
            raise
        raise EnrolmentError(
            EnrolmentCode.FISCAL_OVERLAP, kkt_number=kkt_number, drive_number=drive_number
        ) from error
    told = f"РН ККТ {kkt_number}, ФН {drive_number}, {first_day}"
    states = ("", "")
    await record(connection, Subject.TERMINAL, terminal_id, "fiscal numbers", states, by=by, reason=told)


async def end_fiscal_numbers(
    connection: AsyncConnection, terminal_id: int, *, last_day: date, by: str, reason: str
) -> None:
    """The till has no fiscal numbers after a day: it was taken away, or its drive goes to another till.

    Raises EnrolmentError TERMINAL_UNKNOWN, UNSIGNED, DAYS_MALFORMED (it has none that began by then).
    """
    by, reason = said(by=by, reason=reason)
    await _lock(connection, terminal_id)
    ended = (
        update(fiscal)
        .where(fiscal.c.terminal_id == terminal_id, func.upper_inf(fiscal.c.days))
        .where(func.lower(fiscal.c.days) <= last_day)
        .values(days=func.daterange(func.lower(fiscal.c.days), last_day + _DAY))
    )
    if (await connection.execute(ended)).rowcount == 0:
        raise EnrolmentError(EnrolmentCode.DAYS_MALFORMED)
    states = ("", "")
    await record(
        connection, Subject.TERMINAL, terminal_id, "end fiscal numbers", states, by=by, reason=reason
    )


async def fiscal_numbers_of(connection: AsyncConnection, terminal_id: int) -> list[FiscalNumbers]:
    """All that a till ever had, the earliest first."""
    t = fiscal.c
    statement = (
        select(t.kkt_number, t.drive_number, t.days).where(t.terminal_id == terminal_id).order_by(t.id)
    )
    return [
        FiscalNumbers(
            row.kkt_number,
            row.drive_number,
            row.days.lower,
            row.days.upper - _DAY if row.days.upper else None,
        )
        for row in await connection.execute(statement)
    ]


async def list_terminals(
    connection: AsyncConnection, *, merchant_id: int | None = None, outlet_id: int | None = None
) -> list[Terminal]:
    """Tills in the order of their ids; of one participant or shop, if it is named."""
    t = terminal.c
    statement = (
        select(t.id, t.outlet_id, outlet.c.merchant_id, t.name, t.is_enabled)
        .join(outlet, outlet.c.id == t.outlet_id)
        .order_by(t.id)
    )
    if merchant_id is not None:
        statement = statement.where(outlet.c.merchant_id == merchant_id)
    if outlet_id is not None:
        statement = statement.where(t.outlet_id == outlet_id)
    return [Terminal(*row) for row in await connection.execute(statement)]


async def _lock(connection: AsyncConnection, terminal_id: int) -> bool:
    statement = (
        select(terminal.c.is_enabled).where(terminal.c.id == terminal_id).with_for_update(key_share=True)
    )
    found: bool | None = (await connection.execute(statement)).scalar_one_or_none()
    if found is None:
        raise EnrolmentError(EnrolmentCode.TERMINAL_UNKNOWN, terminal_id=terminal_id)
    return found
