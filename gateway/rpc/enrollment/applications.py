"""Applications as they come over the wire; what they say is checked by the registry."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from gateway.domain.reasons import Reason
from gateway.rpc.validation.fields import read_request_id
from gateway.rpc.validation.findings import Findings
from tillgate.v1 import enrollment_service_pb2 as wire

SECRET_MIN_BYTES: Final = 16
SECRET_MAX_BYTES: Final = 64
NUMBER_MAX_CHARS: Final = 64


@dataclass(frozen=True, slots=True)
class Submission:
    """An application that is well-formed, the id under which it comes, and the secret to ask with later."""

    request_id: UUID
    access_secret: bytes
    application: wire.Application


@dataclass(frozen=True, slots=True)
class Submitted:
    """What an applicant is told."""

    number: str
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class ApplicationStatus:
    """Where an application stands; `state` is a name of the registry's states."""

    number: str
    state: str
    submitted_at: datetime
    changed_at: datetime
    reasons: tuple[str, ...] = ()
    merchant_id: int = 0


class Applications(Protocol):
    """Where applications go."""

    async def submit(self, submission: Submission) -> Submitted:
        """Keep an application under a number; the same one again has the same number.

        Raises InvalidRequestError with the failed checks, or APPLICATION_EXISTS or REQUEST_ID_CONFLICT.
        """

    async def find(self, number: str, access_secret: bytes) -> ApplicationStatus | None:
        """What became of it; None if there is no such number, or its secret is another."""


def read_submission(request: wire.SubmitApplicationRequest) -> Submission:
    """Raises InvalidRequestError that names every field that is wrong."""
    findings = Findings()
    request_id = read_request_id(request.request_id, "request_id", findings)
    check_secret(request.access_secret, findings)
    if not request.HasField("application"):
        _missing("application", findings)
    elif request.application.kind not in (
        wire.APPLICANT_KIND_LEGAL_ENTITY,
        wire.APPLICANT_KIND_INDIVIDUAL_ENTREPRENEUR,
    ):
        _missing("application.kind", findings)
    findings.settle()
    return Submission(request_id, request.access_secret, request.application)


def check_secret(secret: bytes, findings: Findings) -> None:
    """A secret is as long as one that cannot be guessed."""
    if not SECRET_MIN_BYTES <= len(secret) <= SECRET_MAX_BYTES:
        ru, en = (
            f"нужно от {SECRET_MIN_BYTES} до {SECRET_MAX_BYTES} байт",
            f"{SECRET_MIN_BYTES} to {SECRET_MAX_BYTES} bytes are needed",
        )
        findings.add(Reason.FIELD_INVALID, "access_secret", ru, en)


def _missing(field: str, findings: Findings) -> None:
    findings.add(Reason.FIELD_MISSING, field, "не заполнено", "not set")
