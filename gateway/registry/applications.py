"""Applications to join: submitted, reviewed, and registered or refused.

Every function works in the transaction of its caller, who commits or rolls back.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec
from msgspec import Struct
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain.policy import moscow_date
from gateway.record import words, writing
from gateway.record.words import Actor
from gateway.registry.admission import Admission, admit
from gateway.registry.application_form import Application
from gateway.registry.bic.directory import find_bank, newest_directory
from gateway.registry.checking import BankAnswer, ChecksFailedError, Finding, findings_of
from gateway.registry.enrolment_errors import EnrolmentCode, EnrolmentError
from gateway.registry.enrolment_schema import application as table
from gateway.registry.history import Subject, record
from gateway.registry.machine import APPLICATION, ApplicationState, MerchantState
from gateway.registry.schema import merchant
from gateway.registry.signing_off import four_eyes, said, said_or_empty

ENROLLMENT: Final = Actor.system("enrollment")


class ApplicationReceipt(Struct, frozen=True):
    """What an applicant keeps: `request_id` asks for the status, and nobody else can guess it."""

    application_id: int
    request_id: UUID
    submitted_at: datetime


class ApplicationStatus(Struct, frozen=True):
    """Where an application stands; `reason` is why it was refused, `merchant_id` set once registered."""

    application_id: int
    request_id: UUID
    inn: str
    name: str
    state: ApplicationState
    submitted_at: datetime
    changed_at: datetime
    reason: str
    merchant_id: int | None


class Reviewed(Struct, frozen=True):
    """An application as the department reads it, with what is wrong with it today."""

    status: ApplicationStatus
    application: Application
    findings: tuple[Finding, ...]
    has_directory: bool


async def apply_for(
    connection: AsyncConnection,
    application: Application,
    *,
    request_id: UUID | None = None,
    by: Actor = ENROLLMENT,
) -> ApplicationReceipt:
    """Submit an application; under a `request_id` that was used the same application gets the same receipt.

    `by` is who entered one that came on paper, else the part of us that took it.

    Raises ChecksFailedError with every failed check, and EnrolmentError ALREADY_REGISTERED,
    APPLICATION_OPEN (another one of this INN is under way), APPLICATION_ID_CONFLICT (another one was
    submitted under this id).
    """
    body = msgspec.json.encode(application)
    digest = sha256(body).digest()
    wanted = request_id or uuid4()
    known = await _receipt(connection, wanted, digest)
    if known is not None:
        return known
    findings = findings_of(application, await ask_bank(connection, application.bic))
    if findings:
        raise ChecksFailedError(findings)
    await _refuse_registered(connection, application.inn)
    new = (
        insert(table)
        .values(
            request_id=wanted,
            inn=application.inn,
            name=application.name,
            body=msgspec.to_builtins(application),
            body_sha256=digest,
        )
        .on_conflict_do_nothing()
        .returning(table.c.id, table.c.request_id, table.c.submitted_at)
    )
    row = (await connection.execute(new)).one_or_none()
    if row is not None:
        subject = words.Subject(words.SubjectKind.APPLICATION, str(row.id))
        details = {"inn": application.inn}
        await writing.record(
            connection, actor=by, action=words.Action.APPLICATION_SUBMITTED, subject=subject, details=details
        )
        return ApplicationReceipt(*row)
    # Somebody was faster: the same call, or another application of this INN.
    known = await _receipt(connection, wanted, digest)
    if known is None:
        raise EnrolmentError(EnrolmentCode.APPLICATION_OPEN, inn=application.inn)
    return known


async def application_status(connection: AsyncConnection, request_id: UUID) -> ApplicationStatus:
    """What an applicant may know of its application; raises EnrolmentError APPLICATION_UNKNOWN."""
    statement = select(*_STATUS).where(table.c.request_id == request_id)
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise EnrolmentError(EnrolmentCode.APPLICATION_UNKNOWN, application=request_id)
    return _status(row)


async def list_applications(
    connection: AsyncConnection, *, state: ApplicationState | None = None, limit: int = 100
) -> list[ApplicationStatus]:
    """Applications, the oldest first; of one state, if it is named."""
    statement = select(*_STATUS).order_by(table.c.id).limit(limit)
    if state is not None:
        statement = statement.where(table.c.state == state)
    return [_status(row) for row in await connection.execute(statement)]


async def read_application(connection: AsyncConnection, application_id: int) -> Reviewed:
    """An application whole, checked anew as of today; raises EnrolmentError APPLICATION_UNKNOWN."""
    statement = select(*_STATUS, table.c.body).where(table.c.id == application_id)
    return await _reviewed(connection, application_id, (await connection.execute(statement)).one_or_none())


async def review(connection: AsyncConnection, application_id: int, *, by: str) -> Reviewed:
    """Take an application under review. Raises EnrolmentError APPLICATION_UNKNOWN, STEP_NOT_ALLOWED."""
    (by,) = said(by=by)
    found = await _locked(connection, application_id)
    await _move(connection, found.status, "review", by=by)
    return await read_application(connection, application_id)


async def register(
    connection: AsyncConnection,
    application_id: int,
    *,
    by: str,
    approved_by: str,
    reason: str = "",
    successor_of: int | None = None,
) -> int:
    """Include the applicant in the register, with its outlets and bank account; the merchant's id.

    Two people decide it. Whoever was excluded before comes back under the same id. Raises EnrolmentError
    APPLICATION_UNKNOWN, STEP_NOT_ALLOWED, FOUR_EYES, UNSIGNED, ALREADY_REGISTERED, SUCCESSOR_CIRCLE, and
    ChecksFailedError if a requisite no longer holds (a bank may have lost its licence since).
    """
    by, approved_by = four_eyes(by, approved_by)
    found = await _locked(connection, application_id)
    APPLICATION.after(found.status.state, "register")
    if found.findings:
        raise ChecksFailedError(found.findings)
    why = said_or_empty(reason=reason) or f"заявка {application_id}"
    admission = Admission(found.application, by, approved_by, why, is_taken_over=False)
    merchant_id = await admit(connection, admission, successor_of=successor_of)
    await _move(
        connection,
        found.status,
        "register",
        by=by,
        approved_by=approved_by,
        reason=why,
        merchant_id=merchant_id,
    )
    return merchant_id


async def refuse(connection: AsyncConnection, application_id: int, *, by: str, reason: str) -> None:
    """Refuse an application under review; the applicant reads the reason.

    Raises EnrolmentError APPLICATION_UNKNOWN, STEP_NOT_ALLOWED, UNSIGNED.
    """
    by, reason = said(by=by, reason=reason)
    found = await _locked(connection, application_id)
    await _move(connection, found.status, "refuse", by=by, reason=reason)


async def ask_bank(connection: AsyncConnection, bic: str) -> BankAnswer:
    """What the newest directory says of a BIK today, Moscow."""
    today = moscow_date((await connection.execute(select(func.tillgate_now()))).scalar_one())
    directory = await newest_directory(connection)
    if directory is None:
        return BankAnswer(today, None, None)
    return BankAnswer(today, directory.business_day, await find_bank(connection, bic))


async def _refuse_registered(connection: AsyncConnection, inn: str) -> None:
    statement = select(merchant.c.id).where(merchant.c.inn == inn, merchant.c.state != MerchantState.ENDED)
    if (await connection.execute(statement)).first():
        raise EnrolmentError(EnrolmentCode.ALREADY_REGISTERED, inn=inn)


async def _receipt(connection: AsyncConnection, request_id: UUID, digest: bytes) -> ApplicationReceipt | None:
    t = table.c
    statement = select(t.id, t.request_id, t.submitted_at, t.body_sha256).where(t.request_id == request_id)
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return None
    if row.body_sha256 != digest:
        raise EnrolmentError(EnrolmentCode.APPLICATION_ID_CONFLICT, request_id=request_id)
    return ApplicationReceipt(row.id, row.request_id, row.submitted_at)


async def _locked(connection: AsyncConnection, application_id: int) -> Reviewed:
    statement = select(*_STATUS, table.c.body).where(table.c.id == application_id).with_for_update()
    return await _reviewed(connection, application_id, (await connection.execute(statement)).one_or_none())


async def _reviewed(connection: AsyncConnection, application_id: int, row: Any) -> Reviewed:
    if row is None:
        raise EnrolmentError(EnrolmentCode.APPLICATION_UNKNOWN, application=application_id)
    application = msgspec.convert(row.body, Application)
    answer = await ask_bank(connection, application.bic)
    return Reviewed(
        status=_status(row),
        application=application,
        findings=tuple(findings_of(application, answer)),
        has_directory=answer.directory_day is not None,
    )


async def _move(
    connection: AsyncConnection,
    before: ApplicationStatus,
    step: str,
    *,
    by: str,
    approved_by: str = "",
    reason: str = "",
    merchant_id: int | None = None,
) -> None:
    after = APPLICATION.after(before.state, step)
    told = reason if after == ApplicationState.REFUSED else ""
    statement = (
        update(table)
        .where(table.c.id == before.application_id)
        .values(state=after, changed_at=func.tillgate_now(), reason=told, merchant_id=merchant_id)
    )
    await connection.execute(statement)
    await record(
        connection, Subject.APPLICATION, before.application_id, step, (before.state, after),
        by=by, approved_by=approved_by, reason=reason,
    )  # fmt: skip


_STATUS = (
    table.c.id,
    table.c.request_id,
    table.c.inn,
    table.c.name,
    table.c.state,
    table.c.submitted_at,
    table.c.changed_at,
    table.c.reason,
    table.c.merchant_id,
)


def _status(row: Any) -> ApplicationStatus:
    return ApplicationStatus(
        row.id, row.request_id, row.inn, row.name, ApplicationState(row.state),
        row.submitted_at, row.changed_at, row.reason, row.merchant_id,
    )  # fmt: skip
