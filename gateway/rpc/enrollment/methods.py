"""The methods of EnrollmentService, from a parsed message to its answer; nothing of gRPC here."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from google.protobuf.message import Message

from gateway.domain.reasons import Reason
from gateway.registry.keys import enrolling
from gateway.registry.keys.enrolling import EnrollmentRefusedError, Granted
from gateway.registry.keys.outcome_keys import OutcomeKey
from gateway.registry.keys.requests import CertificateRequestError
from gateway.registry.signing import ALGORITHM
from gateway.rpc.enrollment.applications import (
    NUMBER_MAX_CHARS,
    Applications,
    check_secret,
    read_submission,
)
from gateway.rpc.validation.findings import Findings, invalid
from tillgate.v1 import enrollment_service_pb2 as wire

RENEWED_IN_LAST: Final = 3
"""A certificate should be renewed in this part of its time: the last third."""

_REASONS: Final[Mapping[type[EnrollmentRefusedError], Reason]] = {
    enrolling.CodeWrongError: Reason.ENROLLMENT_CODE_WRONG,
    enrolling.CodeSpentError: Reason.ENROLLMENT_CODE_SPENT,
    enrolling.KeyInUseError: Reason.KEY_IN_USE,
    enrolling.CertificateUnknownError: Reason.CLIENT_UNKNOWN,
    enrolling.CertificateRevokedError: Reason.CLIENT_REVOKED,
    enrolling.ProofWrongError: Reason.ENROLLMENT_PROOF_WRONG,
}


class Enrolls(Protocol):
    """Who admits clients: `gateway.registry.keys.enrolling.Enroller`."""

    async def enroll(self, code_text: str, request_der: bytes) -> Granted: ...

    async def renew(self, certificate_der: bytes, request_der: bytes, signature: bytes) -> Granted: ...


@dataclass(frozen=True, slots=True)
class Told:
    """What every client is told besides its certificate; endpoints are host:port or empty."""

    roots_pem: bytes
    endpoint: str = ""
    json_endpoint: str = ""
    enrollment_endpoint: str = ""


@dataclass(frozen=True, slots=True)
class EnrollmentMethod:
    """A method as the service serves it: the type to parse, and the way to the answer."""

    request: type[Message]
    answer: Callable[[Any], Awaitable[Message]]


class EnrollmentMethods:
    """Answers every method; `table` holds them by name. They raise InvalidRequestError and CommandError."""

    def __init__(
        self,
        enroller: Enrolls,
        applications: Applications,
        keys: Callable[[], Awaitable[list[OutcomeKey]]],
        told: Told,
    ) -> None:
        self._enroller = enroller
        self._applications = applications
        self._keys = keys
        self._told = told
        self._roots = [_der(root) for root in x509.load_pem_x509_certificates(told.roots_pem)]
        self.table: Mapping[str, EnrollmentMethod] = {
            "SubmitApplication": EnrollmentMethod(wire.SubmitApplicationRequest, self._submit),
            "GetApplication": EnrollmentMethod(wire.GetApplicationRequest, self._get),
            "EnrollTerminal": EnrollmentMethod(wire.EnrollTerminalRequest, self._enroll),
            "RenewCertificate": EnrollmentMethod(wire.RenewCertificateRequest, self._renew),
            "GetKeySet": EnrollmentMethod(wire.GetKeySetRequest, self._key_set),
        }

    async def _submit(self, request: wire.SubmitApplicationRequest) -> Message:
        submitted = await self._applications.submit(read_submission(request))
        answer = wire.SubmitApplicationResponse(application_number=submitted.number)
        answer.submitted_at.FromDatetime(submitted.submitted_at)
        return answer

    async def _get(self, request: wire.GetApplicationRequest) -> Message:
        findings = Findings()
        check_secret(request.access_secret, findings)
        findings.settle()
        number = request.application_number
        found = None
        if 0 < len(number) <= NUMBER_MAX_CHARS and number.isprintable():
            found = await self._applications.find(number, request.access_secret)
        if found is None:
            raise invalid(Reason.APPLICATION_UNKNOWN)
        answer = wire.GetApplicationResponse(
            application_number=found.number,
            state=f"APPLICATION_STATE_{found.state}",
            reasons=found.reasons,
            merchant_id=found.merchant_id,
        )
        answer.submitted_at.FromDatetime(found.submitted_at)
        answer.changed_at.FromDatetime(found.changed_at)
        return answer

    async def _enroll(self, request: wire.EnrollTerminalRequest) -> Message:
        asked = self._enroller.enroll(request.code, request.certificate_request)
        return wire.EnrollTerminalResponse(enrollment=await self._granted(asked))

    async def _renew(self, request: wire.RenewCertificateRequest) -> Message:
        asked = self._enroller.renew(request.certificate, request.certificate_request, request.signature)
        return wire.RenewCertificateResponse(enrollment=await self._granted(asked))

    async def _granted(self, asked: Awaitable[Granted]) -> wire.Enrollment:
        try:
            granted = await asked
        except CertificateRequestError as error:
            reason = Reason.CERTIFICATE_REQUEST_INVALID
            raise invalid(reason, "certificate_request", error.ru, error.en) from error
        except EnrollmentRefusedError as error:
            raise invalid(_REASONS[type(error)]) from error
        chain = x509.load_pem_x509_certificates(granted.chain_pem)
        client, told = granted.client, self._told
        answer = wire.Enrollment(
            certificate_chain=map(_der, chain),
            roots=self._roots,
            client=wire.EnrolledClient(
                merchant_id=client.merchant_id,
                outlet_id=client.outlet_id,
                terminal_id=client.terminal_id,
                concentrator_id=client.concentrator_id,
                terminal_ids=client.terminal_ids if client.concentrator_id else (),
            ),
            outcome_keys=map(key_message, await self._keys()),
            endpoint=told.endpoint,
            json_endpoint=told.json_endpoint,
            enrollment_endpoint=told.enrollment_endpoint,
        )
        begins, ends = chain[0].not_valid_before_utc, chain[0].not_valid_after_utc
        answer.not_after.FromDatetime(ends)
        answer.renew_from.FromDatetime(ends - (ends - begins) / RENEWED_IN_LAST)
        return answer

    async def _key_set(self, _: wire.GetKeySetRequest) -> Message:
        return wire.GetKeySetResponse(outcome_keys=map(key_message, await self._keys()))


def key_message(key: OutcomeKey) -> wire.OutcomeKey:
    """A published key as clients are told of it."""
    message = wire.OutcomeKey(key_id=key.key_id, algorithm=ALGORITHM, public_key=key.public_key)
    if key.retired_at is not None:
        message.retired_at.FromDatetime(key.retired_at)
    return message


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
