"""Outlets of participants: in Moscow, enabled or disabled, each with its history.

Every function works in the transaction of its caller; a change counts the registry's epoch up.
"""

from msgspec import Struct
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.registry.checking import ChecksFailedError, address_findings, text_findings
from gateway.registry.enrolment_errors import EnrolmentCode, EnrolmentError
from gateway.registry.history import Subject, record
from gateway.registry.merchants import get_merchant
from gateway.registry.schema import outlet
from gateway.registry.signing_off import said, said_or_empty


class Outlet(Struct, frozen=True):
    """A shop."""

    id: int
    merchant_id: int
    name: str
    address: str
    is_enabled: bool


async def add_outlet(
    connection: AsyncConnection, merchant_id: int, *, name: str, address: str, by: str, reason: str = ""
) -> int:
    """One more shop of a participant; its id.

    Raises EnrolmentError MERCHANT_UNKNOWN, UNSIGNED, OUTLET_EXISTS, and ChecksFailedError, with
    ADDRESS_NOT_IN_MOSCOW for an address elsewhere.
    """
    (by,), reason = said(by=by), said_or_empty(reason=reason)
    findings = [*text_findings("name", name), *address_findings("address", address)]
    if findings:
        raise ChecksFailedError(findings)
    await get_merchant(connection, merchant_id)
    new = (
        insert(outlet)
        .values(merchant_id=merchant_id, name=name.strip(), address=address.strip())
        .on_conflict_do_nothing()
        .returning(outlet.c.id)
    )
    outlet_id: int | None = (await connection.execute(new)).scalar_one_or_none()
    if outlet_id is None:
        raise EnrolmentError(EnrolmentCode.OUTLET_EXISTS, merchant_id=merchant_id, name=name)
    await record(connection, Subject.OUTLET, outlet_id, "add", ("", "enabled"), by=by, reason=reason)
    return outlet_id


async def set_outlet_enabled(
    connection: AsyncConnection, outlet_id: int, *, is_enabled: bool, by: str, reason: str
) -> None:
    """Enable or disable a shop. Raises EnrolmentError OUTLET_UNKNOWN, UNSIGNED, STEP_NOT_ALLOWED."""
    by, reason = said(by=by, reason=reason)
    lock = select(outlet.c.is_enabled).where(outlet.c.id == outlet_id).with_for_update(key_share=True)
    before: bool | None = (await connection.execute(lock)).scalar_one_or_none()
    if before is None:
        raise EnrolmentError(EnrolmentCode.OUTLET_UNKNOWN, outlet_id=outlet_id)
    step, states = switched(("магазин", "outlet"), before, is_enabled)
    await connection.execute(update(outlet).where(outlet.c.id == outlet_id).values(is_enabled=is_enabled))
    await record(connection, Subject.OUTLET, outlet_id, step, states, by=by, reason=reason)


async def list_outlets(connection: AsyncConnection, *, merchant_id: int | None = None) -> list[Outlet]:
    """Shops in the order of their ids; of one participant, if it is named."""
    t = outlet.c
    statement = select(t.id, t.merchant_id, t.name, t.address, t.is_enabled).order_by(t.id)
    if merchant_id is not None:
        statement = statement.where(t.merchant_id == merchant_id)
    return [Outlet(*row) for row in await connection.execute(statement)]


def switched(names: tuple[str, str], before: bool, after: bool) -> tuple[str, tuple[str, str]]:
    """The step and the states of switching something; raises EnrolmentError STEP_NOT_ALLOWED if it is so."""
    states = {True: "enabled", False: "disabled"}
    step = "enable" if after else "disable"
    if before is after:
        ru, en = names
        raise EnrolmentError(EnrolmentCode.STEP_NOT_ALLOWED, ru=ru, en=en, state=states[before], step=step)
    return step, (states[before], states[after])
