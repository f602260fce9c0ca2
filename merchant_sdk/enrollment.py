"""How a client joins: an application, a first certificate by a one-time code, renewal before the end.

    with EnrollmentClient("gateway.example:7445", ca_pem=Path("ca.pem").read_bytes()) as gateway:
        enroll(gateway, "till-1", "7K3QW-…")          # once, with the code that the merchant was given
    credentials = fresh_credentials("till-1")         # from then on; renews in the last third of its time

The key is made here, is never sent, and lies in the folder with mode 0600. Everything may be killed at any
moment and done again: the same code with the same key gets the same certificate.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from uuid import UUID

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from google.protobuf.message import Message

from merchant_sdk.credentials import TillCredentials
from merchant_sdk.enrollment_files import (
    CONCENTRATOR,
    TERMINAL,
    CredentialsFolder,
    PublishedKey,
)
from merchant_sdk.enums import Reason
from merchant_sdk.errors import (
    ConfigurationError,
    GatewayError,
    OverloadedError,
    RequestIdConflictError,
    UnavailableError,
)
from merchant_sdk.failures import read_failure
from merchant_sdk.signatures import ALGORITHM
from tillgate.v1 import enrollment_service_pb2 as wire
from tillgate.v1 import enrollment_service_pb2_grpc as stubs

TIMEOUT_S: Final = 15.0
PATIENCE_S: Final = 60.0
SECRET_BYTES: Final = 32

KNOWN_AFTER_S: Final = 1.0
"""How long it takes until every node of the gateway knows a renewed certificate."""
_RENEWAL_CONTEXT: Final = b"tillgate-renew-v1\0"
_PAUSE_S: Final = 1.0

log = logging.getLogger(__name__)

Response = TypeVar("Response", bound=Message)


@dataclass(frozen=True, slots=True)
class ApplicationStatus:
    """Where an application stands; `state` as in the wire's ApplicationState, without the prefix."""

    number: str
    state: str
    submitted_at: datetime
    changed_at: datetime
    reasons: tuple[str, ...]
    merchant_id: int


class EnrollmentClient:
    """A connection to where clients enrol. Its methods raise the GatewayErrors of `merchant_sdk.errors`.

    `ca_pem` is whom to believe there; None: the system's roots. What is overloaded or away is asked again
    for `patience_s`, which harms nothing: every request may be repeated.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        ca_pem: bytes | None = None,
        language: str = "ru",
        timeout_s: float = TIMEOUT_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.endpoint = endpoint
        self.ca_pem = ca_pem
        self._metadata = (("accept-language", language),)
        self._timeout_s, self._patience_s = timeout_s, patience_s
        self._channel = grpc.secure_channel(
            endpoint, grpc.ssl_channel_credentials(ca_pem), [("grpc.enable_retries", 0)]
        )
        self._stub = stubs.EnrollmentServiceStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._channel.close()

    def submit_application(
        self, application: wire.Application, request_id: UUID, access_secret: bytes
    ) -> str:
        """The number of an application. Keep id and secret before: they get the same number again."""
        request = wire.SubmitApplicationRequest(
            request_id=str(request_id), access_secret=access_secret, application=application
        )
        return self._call(self._stub.SubmitApplication, request).application_number

    def application(self, number: str, access_secret: bytes) -> ApplicationStatus:
        """What became of an application; raises NotFoundError."""
        request = wire.GetApplicationRequest(application_number=number, access_secret=access_secret)
        said = self._call(self._stub.GetApplication, request)
        return ApplicationStatus(
            number=said.application_number,
            state=wire.ApplicationState.Name(said.state).removeprefix("APPLICATION_STATE_"),
            submitted_at=said.submitted_at.ToDatetime(UTC),
            changed_at=said.changed_at.ToDatetime(UTC),
            reasons=tuple(said.reasons),
            merchant_id=said.merchant_id,
        )

    def enroll(self, code: str, certificate_request: bytes) -> wire.Enrollment:
        """A first certificate; raises UnauthenticatedError if the code is wrong, used or has ended."""
        request = wire.EnrollTerminalRequest(code=code, certificate_request=certificate_request)
        return self._call(self._stub.EnrollTerminal, request).enrollment

    def renew(self, certificate: bytes, certificate_request: bytes, signature: bytes) -> wire.Enrollment:
        """The next certificate; raises UnauthenticatedError if the one in use is revoked."""
        request = wire.RenewCertificateRequest(
            certificate=certificate, certificate_request=certificate_request, signature=signature
        )
        return self._call(self._stub.RenewCertificate, request).enrollment

    def outcome_keys(self) -> list[PublishedKey]:
        """All public keys by which outcomes are verified, also those that sign no more."""
        said = self._call(self._stub.GetKeySet, wire.GetKeySetRequest())
        return published(said.outcome_keys)

    def _call(self, method: Callable[..., Response], request: Message) -> Response:
        until = time.monotonic() + self._patience_s
        while True:
            try:
                return method(request, timeout=self._timeout_s, metadata=self._metadata)
            except grpc.RpcError as failure:
                error = read_failure(failure, None)
                wait_s = _PAUSE_S if isinstance(error, UnavailableError) else None
                if isinstance(error, OverloadedError):
                    wait_s = error.retry_after_s or _PAUSE_S
                if wait_s is None or time.monotonic() + wait_s > until:
                    raise error from failure
            time.sleep(wait_s)


def enroll(gateway: EnrollmentClient, folder: str | Path, code: str) -> TillCredentials:
    """Make a key, get its certificate, and fill a credentials folder; also again after a crash.

    Raises GatewayErrors, and ConfigurationError if the folder cannot be used.
    """
    place = CredentialsFolder(folder)
    place.prepare()
    if place.is_enrolled:
        # The same code again, after the answer had come: it is answered as before.
        try:
            granted = gateway.enroll(code, _request(place.key()))
        except RequestIdConflictError:
            granted = _with_new_key(place, lambda request: gateway.enroll(code, request))
        else:
            _check_answer(granted, place.key())
            place.keep_outcome_keys(published(granted.outcome_keys))
            return TillCredentials.from_folder(place.path)
    else:
        granted = _with_new_key(place, lambda request: gateway.enroll(code, request))
    place.keep_enrollment_roots(gateway.ca_pem)
    _keep(place, granted, gateway.endpoint)
    return TillCredentials.from_folder(place.path)


def renew(folder: str | Path, *, even_if_early: bool = False, **options: Any) -> bool:
    """Renew the certificate of a folder if a third of its time or less is left; whether that was so.

    Published keys of outcomes are fetched in any case. `options` are those of EnrollmentClient. Raises
    GatewayErrors and ConfigurationError; the certificate in use stays then.
    """
    place = CredentialsFolder(folder)
    place.prepare()
    with _gateway_of(place, options) as gateway:
        if not (even_if_early or place.is_due()):
            place.keep_outcome_keys(gateway.outcome_keys())
            return False
        key = place.key()
        in_use = place.certificate().public_bytes(Encoding.DER)

        def ask(request: bytes) -> wire.Enrollment:
            signature = key.sign(_RENEWAL_CONTEXT + request, ECDSA(SHA256()))
            return gateway.renew(in_use, request, signature)

        _keep(place, _with_new_key(place, ask), gateway.endpoint)
    time.sleep(KNOWN_AFTER_S)
    return True


def fresh_credentials(folder: str | Path, *, endpoint: str = "", **options: Any) -> TillCredentials:
    """The credentials of a folder, renewed first if they are due: call it at each start, and once a day.

    A renewal that fails is logged and tried again the next time, as long as the certificate still holds.
    """
    place = CredentialsFolder(folder)
    place.prepare()
    if place.is_due():
        try:
            renew(folder, even_if_early=True, **{"patience_s": TIMEOUT_S} | options)
        except GatewayError as error:
            if place.certificate().not_valid_after_utc <= datetime.now(UTC):
                raise
            log.warning("the certificate could not be renewed yet: %s", error)
    return TillCredentials.from_folder(folder, endpoint=endpoint)


def published(keys: Any) -> list[PublishedKey]:
    """The keys of an answer that this release can verify by."""
    return [PublishedKey(key.key_id, key.public_key) for key in keys if key.algorithm == ALGORITHM]


def _gateway_of(place: CredentialsFolder, options: Mapping[str, Any]) -> EnrollmentClient:
    endpoint = place.description().get("enrollment_endpoint")
    if not endpoint:
        raise ConfigurationError(f"{place.path} does not say where to renew: enrol anew")
    return EnrollmentClient(str(endpoint), ca_pem=place.enrollment_roots(), **options)


def _with_new_key(place: CredentialsFolder, ask: Callable[[bytes], wire.Enrollment]) -> wire.Enrollment:
    """What is granted to the key that waits in the folder; one that was granted something else is dropped."""
    key = place.new_key()
    try:
        granted = ask(_request(key))
    except RequestIdConflictError as error:
        if error.reason is not Reason.KEY_IN_USE:
            raise
        place.drop_new_key()
        key = place.new_key()
        granted = ask(_request(key))
    _check_answer(granted, key)
    return granted


def _request(key: EllipticCurvePrivateKey) -> bytes:
    """PKCS#10; the name is for people, the gateway knows whose it is."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tillgate-till")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, SHA256())
    return request.public_bytes(Encoding.DER)


def _check_answer(granted: wire.Enrollment, key: EllipticCurvePrivateKey) -> None:
    """Raises ConfigurationError unless the certificate is of our key, and everything else is there."""
    try:
        certificate = x509.load_der_x509_certificate(granted.certificate_chain[0])
        roots = [x509.load_der_x509_certificate(root) for root in granted.roots]
    except (IndexError, ValueError) as error:
        raise ConfigurationError("the gateway's answer holds no certificates") from error
    if certificate.public_key() != key.public_key() or not roots or not granted.outcome_keys:
        raise ConfigurationError("the gateway's answer is not for this key, or is not whole")


def _keep(place: CredentialsFolder, granted: wire.Enrollment, enrollment_endpoint: str) -> None:
    client = granted.client
    description: dict[str, Any] = {"merchant_id": client.merchant_id}
    if client.concentrator_id:
        description |= {"concentrator_id": client.concentrator_id, "terminal_ids": list(client.terminal_ids)}
    else:
        description |= {"terminal_id": client.terminal_id, "outlet_id": client.outlet_id}
    description |= {
        "endpoint": granted.endpoint,
        "json_endpoint": granted.json_endpoint,
        "enrollment_endpoint": enrollment_endpoint,
        "not_after": granted.not_after.ToDatetime(UTC).isoformat(),
        "renew_from": granted.renew_from.ToDatetime(UTC).isoformat(),
    }
    place.keep_outcome_keys(published(granted.outcome_keys))
    name = CONCENTRATOR if client.concentrator_id else TERMINAL
    place.keep(_pem(granted.certificate_chain), _pem(granted.roots), name, description)


def _pem(certificates: Any) -> bytes:
    loaded = (x509.load_der_x509_certificate(one) for one in certificates)
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in loaded)
