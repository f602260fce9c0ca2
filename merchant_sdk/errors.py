"""Everything that the SDK raises. A decline is an answer, never an exception.

    TillgateError
    ├── ConfigurationError          the credentials folder or a setting is wrong
    ├── ClientClosedError           the client was closed
    ├── NotRememberedError          resolve(): the journal holds no such open request
    ├── SignatureError              an answer whose signature is wrong or of an unknown key
    │   └── WrongAnswerError        signed, but the answer to something else
    ├── ReferenceMismatchError      a list that was received, or kept, is not what its SHA-256 says
    ├── ClaimDocumentMismatchError  a document of a claim that was received is not what its SHA-256 says
    ├── SealMismatchError           what was sent of a sealed day is not what its seal vouches for
    ├── OutcomeUnknownError         no answer, and nothing could be confirmed: resolve(request_id) later
    └── GatewayError                the gateway refused, or could not be reached (table below)
        ├── InvalidRequestError     INVALID_ARGUMENT: `reason`, `field` and `line_number` tell what is wrong
        ├── UnauthenticatedError    UNAUTHENTICATED: the client's key is unknown or revoked
        ├── PermissionDeniedError   PERMISSION_DENIED: the terminal is not yours
        ├── NotFoundError           NOT_FOUND: not there yet; only a Void makes sure that it never will be.
        │                           Of a list: no such version is published
        ├── RefusedError            FAILED_PRECONDITION: as things stand it cannot be done
        ├── RequestIdConflictError  ALREADY_EXISTS: the id stands for another body; `field` differs
        ├── OverloadedError         RESOURCE_EXHAUSTED: `retry_after_s`, if the gateway named a wait
        ├── DeadlineExceededError   DEADLINE_EXCEEDED
        ├── UnavailableError        UNAVAILABLE; CANCELLED, if the gateway's side has cancelled
        └── UnexpectedStatusError   any other status

A GatewayError of a command means that it left no trace: its request id is free. Whenever the
command may have been done, OutcomeUnknownError is raised instead.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from grpc import StatusCode

from merchant_sdk.enums import Reason
from merchant_sdk.notices import UNKNOWN
from merchant_sdk.purchases import Notice

if TYPE_CHECKING:
    from merchant_sdk.results import PurchaseResult
    from merchant_sdk.signatures import SignedBytes


class TillgateError(Exception):
    """Root of all that the SDK raises."""


class ConfigurationError(TillgateError):
    """The credentials folder or a setting is wrong; the message names which."""


class ClientClosedError(TillgateError):
    """The client was closed and takes no more calls."""


class NotRememberedError(TillgateError):
    """The journal holds no open request of this id: it is settled, or was never sent."""

    def __init__(self, request_id: UUID) -> None:
        super().__init__(f"no open request {request_id} in the journal")
        self.request_id = request_id


class SignatureError(TillgateError):
    """An answer that cannot be believed. Its request stays open in the journal; `signed` is the evidence."""

    def __init__(self, message: str, signed: "SignedBytes") -> None:
        super().__init__(message)
        self.signed = signed


class WrongAnswerError(SignatureError):
    """A signed answer to another request, of another kind, or for another terminal or merchant."""


class ReferenceMismatchError(TillgateError):
    """A list is not what its SHA-256 says: nothing of it may be used. Download it in full."""


class ClaimDocumentMismatchError(TillgateError):
    """A claim's document that was received is not what its SHA-256 says; download it anew."""


class SealMismatchError(TillgateError):
    """What was sent of a sealed day is not what its signed seal vouches for: evidence for the operator."""


class OutcomeUnknownError(TillgateError):
    """The command may or may not have been done, and the time for finding out is over.

    The request stays open in the journal: `client.resolve(request_id)` finishes it later. Until then an
    authorize or sale counts as not done; its Void has `undo_request_id` if one was begun, and `refusal`
    if the gateway refused that Void. `__cause__` is the last failure.
    """

    def __init__(
        self, request_id: UUID, undo_request_id: UUID | None = None, refusal: "PurchaseResult | None" = None
    ) -> None:
        refused = f"; its void was refused: {refusal.reason.name}" if refusal else ""
        super().__init__(f"the outcome of request {request_id} is unknown{refused}: resolve it later")
        self.request_id = request_id
        self.undo_request_id = undo_request_id
        self.refusal = refusal

    @property
    def notice(self) -> Notice:
        """What cashier and buyer should read meanwhile."""
        return UNKNOWN


@dataclass(frozen=True, slots=True)
class Violation:
    """One of the things that are wrong with a request; `field` is the path in the message."""

    reason: Reason
    field: str
    description: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a failed call tells: the gRPC status with the details that the gateway attached to it.

    `messages` are texts by language tag, `violations` all that is wrong. `request_id` is None for reads.
    """

    status: StatusCode
    details: str
    request_id: UUID | None = None
    reason: Reason = Reason.UNSPECIFIED
    field: str = ""
    line_number: int | None = None
    retry_after_s: float | None = None
    messages: Mapping[str, str] = dataclasses.field(default_factory=dict)
    violations: Sequence[Violation] = ()


class GatewayError(TillgateError):
    """The gateway refused the request, or could not be reached."""

    def __init__(self, refusal: Refusal) -> None:
        self.status = refusal.status
        self.reason = refusal.reason
        self.field = refusal.field
        self.line_number = refusal.line_number
        self.request_id = refusal.request_id
        self.retry_after_s = refusal.retry_after_s
        self.messages = refusal.messages
        self.violations = refusal.violations
        self.details = refusal.details
        super().__init__(self._sentence())

    def localized_message(self, language: str = "ru") -> str:
        """What the gateway says in a language, else in any, else the status's own details."""
        for tag, text in self.messages.items():
            if tag.partition("-")[0].lower() == language:
                return text
        return next(iter(self.messages.values()), self.details)

    def _sentence(self) -> str:
        parts = [self.status.name if self.reason is Reason.UNSPECIFIED else self.reason.name]
        if self.field:
            parts.append(self.field)
        if self.line_number is not None:
            parts.append(f"(line {self.line_number})")
        text = self.localized_message("en")
        return " ".join(parts) + (f": {text}" if text else "")


class InvalidRequestError(GatewayError):
    """The request breaks a rule of the wire; sending it again will not help."""


class UnauthenticatedError(GatewayError):
    """The client's key is unknown or revoked."""


class PermissionDeniedError(GatewayError):
    """The client does not speak for this terminal, takes no cards now, or may not see claims (`reason`)."""


class NotFoundError(GatewayError):
    """There is no such purchase yet. Not final: it may still arrive, unless it is voided.

    Or there is no such published version of a list (`reason` REFERENCE_UNKNOWN), no such
    claim (CLAIM_UNKNOWN), or the day is not sealed (DAY_NOT_SEALED): it may be later.
    """


class RefusedError(GatewayError):
    """As things stand it cannot be done (`reason` CLAIM_REFUSED); the text says what is in the way."""


class RequestIdConflictError(GatewayError):
    """The request id already stands for another body; `field` names the first difference."""


class OverloadedError(GatewayError):
    """The gateway is busy; nothing was done. `retry_after_s` is the wait that it asks for."""


class DeadlineExceededError(GatewayError):
    """No answer in time."""


class UnavailableError(GatewayError):
    """The gateway could not be reached, or went away."""


class UnexpectedStatusError(GatewayError):
    """A status that the gateway does not use by design, such as INTERNAL."""


EXCEPTIONS: Final[Mapping[StatusCode, type[GatewayError]]] = {
    StatusCode.INVALID_ARGUMENT: InvalidRequestError,
    StatusCode.UNAUTHENTICATED: UnauthenticatedError,
    StatusCode.PERMISSION_DENIED: PermissionDeniedError,
    StatusCode.NOT_FOUND: NotFoundError,
    StatusCode.FAILED_PRECONDITION: RefusedError,
    StatusCode.ALREADY_EXISTS: RequestIdConflictError,
    StatusCode.RESOURCE_EXHAUSTED: OverloadedError,
    StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    StatusCode.UNAVAILABLE: UnavailableError,
    # What reaches a server that has begun to stop is cancelled by gRPC itself. A till that cancels its own
    # call gets no status.
    StatusCode.CANCELLED: UnavailableError,
}
"""The one table from status to exception; what is not in it is an UnexpectedStatusError."""


def gateway_error(refusal: Refusal) -> GatewayError:
    """The exception of a failed call."""
    return EXCEPTIONS.get(refusal.status, UnexpectedStatusError)(refusal)
