"""What the ledger gives back: stored, signed answers, or an error that leaves the id free."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from gateway.domain.certificate import Certificate
from gateway.domain.commands import CloseShift, Command
from gateway.domain.outcome import Outcome
from gateway.domain.reasons import REASONS, Reason


class SealedAnswer(Struct, frozen=True, gc=False):
    """Bytes of a SignedOutcome, their Ed25519 signature and the id of the key."""

    signed_payload: bytes
    signature: bytes
    key_id: str


class StoredAnswer(Struct, frozen=True, gc=False):
    """The one answer of a request id, as stored. `outcome` is None when it is a replay."""

    sealed: SealedAnswer
    is_replay: bool
    outcome: Outcome | None = None


Seal = Callable[[Command | CloseShift, Outcome, Mapping[UUID, Certificate], datetime], SealedAnswer]
"""Renders and signs an outcome: (command, outcome, certificates after it, decided_at)."""


class CommandError(Exception):
    """A command that got no outcome: its request id stays free.

    `reason` is one of REQUEST_ID_CONFLICT (`field` names what differs), OVERLOADED
    (`retry_after_s`), EXPIRED_IN_QUEUE, UNAVAILABLE, TERMINAL_NOT_YOURS; of a download TOO_MANY_DOWNLOADS
    (`retry_after_s`), DOWNLOAD_STALLED.
    """

    def __init__(self, reason: Reason, field: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(f"{reason.name}: {REASONS[reason].texts.cashier_en} {field}".rstrip())
        self.reason = reason
        self.field = field
        self.retry_after_s = retry_after_s
