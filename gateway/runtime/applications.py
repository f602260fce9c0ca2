"""Applications that come over the wire, as the registry of participants keeps them."""

from collections.abc import Mapping
from enum import Enum
from hashlib import sha256
from hmac import compare_digest
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.domain.reasons import Reason
from gateway.registry.application_form import (
    ApplicantKind,
    Application,
    Contact,
    OutletForm,
    Signatory,
)
from gateway.registry.applications import application_status, apply_for
from gateway.registry.checking import ChecksFailedError
from gateway.registry.enrolment_errors import EnrolmentCode, EnrolmentError
from gateway.registry.keys.schema import application_access
from gateway.registry.machine import ApplicationState, MerchantState
from gateway.registry.schema import merchant
from gateway.rpc.enrollment.applications import ApplicationStatus, Submission, Submitted
from gateway.rpc.validation.findings import InvalidRequestError, Violation, invalid
from tillgate.v1 import enrollment_service_pb2 as wire

_KINDS: Final = {
    wire.APPLICANT_KIND_LEGAL_ENTITY: ApplicantKind.ENTITY,
    wire.APPLICANT_KIND_INDIVIDUAL_ENTREPRENEUR: ApplicantKind.ENTREPRENEUR,
}
_REASONS: Final[Mapping[Enum, Reason]] = {
    EnrolmentCode.ALREADY_REGISTERED: Reason.APPLICATION_EXISTS,
    EnrolmentCode.APPLICATION_OPEN: Reason.APPLICATION_EXISTS,
    EnrolmentCode.APPLICATION_ID_CONFLICT: Reason.REQUEST_ID_CONFLICT,
}
# A participant that is registered may be shut out later, and its applicant is told so.
_STATES_SINCE: Final = {MerchantState.SUSPENDED: "SUSPENDED", MerchantState.ENDED: "EXCLUDED"}


class RegistryApplications:
    """Takes applications to the registry, and tells their senders what became of them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def submit(self, submission: Submission) -> Submitted:
        """As `Applications.submit`: checked, kept, and asked for later by its sender's secret alone."""
        digest = _digest(submission.access_secret)
        try:
            async with self._engine.begin() as connection:
                receipt = await apply_for(
                    connection, form_of(submission.application), request_id=submission.request_id
                )
                number = str(receipt.application_id)
                row = insert(application_access).values(
                    application_number=number, request_id=receipt.request_id, secret_sha256=digest
                )
                await connection.execute(row.on_conflict_do_nothing())
                if await _request_id(connection, number, digest) is None:
                    ru, en = "другой секрет", "another secret"
                    raise invalid(Reason.REQUEST_ID_CONFLICT, "access_secret", ru, en)
        except ChecksFailedError as error:
            raise _named(error) from error
        except EnrolmentError as error:
            reason = _REASONS.get(error.code)
            if reason is None:
                raise
            raise invalid(reason, "", error.ru, error.en) from error
        return Submitted(number, receipt.submitted_at)

    async def find(self, number: str, access_secret: bytes) -> ApplicationStatus | None:
        """As `Applications.find`."""
        async with self._engine.connect() as connection:
            request_id = await _request_id(connection, number, _digest(access_secret))
            if request_id is None:
                return None
            found = await application_status(connection, request_id)
            state, reasons = str(found.state), [found.reason]
            if found.state == ApplicationState.REGISTERED:
                since = select(merchant.c.state, merchant.c.suspend_reason).where(
                    merchant.c.id == found.merchant_id
                )
                row = (await connection.execute(since)).one()
                state, reasons = _STATES_SINCE.get(row.state, state), [row.suspend_reason]
        return ApplicationStatus(
            number=number,
            state=state,
            submitted_at=found.submitted_at,
            changed_at=found.changed_at,
            reasons=tuple(filter(None, reasons)),
            merchant_id=found.merchant_id or 0,
        )


async def _request_id(connection: AsyncConnection, number: str, digest: bytes) -> UUID | None:
    """The id of the application with this number, for whoever knows its secret."""
    access = application_access.c
    kept = select(access.request_id, access.secret_sha256).where(access.application_number == number)
    row = (await connection.execute(kept)).one_or_none()
    return row.request_id if row is not None and compare_digest(row.secret_sha256, digest) else None


def _digest(secret: bytes) -> bytes:
    """Of 16 random bytes or more, which nobody guesses however fast a hash is."""
    return sha256(b"tillgate-application\0" + secret).digest()


def form_of(told: wire.Application) -> Application:
    """An application as the registry keeps it."""
    return Application(
        kind=_KINDS[told.kind],
        name=told.name,
        full_name=told.full_name,
        inn=told.inn,
        ogrn=told.ogrn,
        bic=told.bic,
        account=told.account,
        legal_address=told.legal_address,
        signatory=Signatory(told.signatory.name, told.signatory.position, told.signatory.basis),
        contact=Contact(told.contact.name, told.contact.phone, told.contact.email),
        outlets=tuple(OutletForm(outlet.name, outlet.address) for outlet in told.outlets),
        kpp=told.kpp,
        correspondent_account=told.correspondent_account,
        postal_address=told.postal_address,
    )


def _named(error: ChecksFailedError) -> InvalidRequestError:
    """Each failed check as a violation of its field."""
    violations = [
        Violation(
            Reason.FIELD_MISSING if finding.code.endswith("MISSING") else Reason.FIELD_INVALID,
            f"application.{finding.field}",
            None,
            finding.ru,
            finding.en,
        )
        for finding in error.findings
    ]
    return InvalidRequestError(*sorted(violations, key=lambda violation: violation.reason))
