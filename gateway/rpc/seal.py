"""The one stored answer of a request id: bytes of a SignedOutcome with their signature."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, Protocol
from uuid import UUID

from gateway.domain.category import ListBook
from gateway.domain.certificate import Certificate
from gateway.domain.commands import (
    AttachReceipt,
    Authorize,
    Capture,
    ChangeValidity,
    CloseShift,
    Command,
    Correct,
    Expire,
    Issue,
    Refund,
    SetBlock,
    Void,
    Withdraw,
)
from gateway.domain.outcome import Outcome
from gateway.ledger.answers import SealedAnswer
from gateway.registry.snapshot import StopListMark
from gateway.rpc.notices import REASON_NOTICES, fill_approved_notice
from gateway.rpc.render import (
    REASONS_ON_WIRE,
    View,
    certificate_message,
    fill_instant,
    fill_purchase,
    refund_message,
    shift_message,
)
from tillgate.v1 import purchase_pb2 as wire

_KINDS: Final[dict[type[Command | CloseShift], wire.CommandKind]] = {
    Capture: wire.COMMAND_KIND_CAPTURE,
    Void: wire.COMMAND_KIND_VOID,
    Refund: wire.COMMAND_KIND_REFUND,
    AttachReceipt: wire.COMMAND_KIND_ATTACH_RECEIPT,
    CloseShift: wire.COMMAND_KIND_CLOSE_SHIFT,
    Issue: wire.COMMAND_KIND_ISSUE,
    Withdraw: wire.COMMAND_KIND_WITHDRAW,
    ChangeValidity: wire.COMMAND_KIND_CHANGE_VALIDITY,
    Correct: wire.COMMAND_KIND_CORRECT,
    Expire: wire.COMMAND_KIND_EXPIRE,
}
_OF_TILLS: Final = (Authorize, Capture, Void, Refund, AttachReceipt, CloseShift)


class Signer(Protocol):
    """Signs answers with the key of `key_id` (Ed25519)."""

    @property
    def key_id(self) -> str: ...

    def sign(self, payload: bytes) -> bytes:
        """The signature over exactly these bytes."""


def _no_stop_list() -> None:
    """Nothing was ever stopped."""


@lru_cache(maxsize=8)
def mark_bytes(mark: StopListMark) -> bytes:
    """A StopListMark as it travels."""
    message = wire.StopListMark(version=mark.version)
    fill_instant(message.made_at, mark.made_at)
    return message.SerializeToString()


@dataclass(frozen=True, slots=True)
class Sealer:
    """Renders and signs outcomes for the ledger, which stores the bytes for ever.

    `stop_list` is the version of the stop list that decisions go by now, None while there is none.
    """

    signer: Signer
    lists: Callable[[datetime], ListBook]
    stop_list: Callable[[], StopListMark | None] = _no_stop_list

    def seal(
        self,
        command: Command | CloseShift,
        outcome: Outcome,
        certificates: Mapping[UUID, Certificate],
        decided_at: datetime,
    ) -> SealedAnswer:
        """The signed bytes of an outcome; `certificates` are those of its account after the command."""
        message = outcome_message(command, outcome, View(decided_at, certificates, self.lists))
        # Of cards alone, as bytes that are made once for each version: next to nothing for a message.
        if isinstance(command, Authorize) and (mark := self.stop_list()) is not None:
            message.stop_list.MergeFromString(mark_bytes(mark))
        payload = message.SerializeToString(deterministic=True)
        return SealedAnswer(payload, self.signer.sign(payload), self.signer.key_id)


def kind_on_wire(command: Command | CloseShift) -> wire.CommandKind:
    """Which command this is."""
    if isinstance(command, Authorize):
        return wire.COMMAND_KIND_SALE if command.is_sale else wire.COMMAND_KIND_AUTHORIZE
    if isinstance(command, SetBlock):
        return wire.COMMAND_KIND_BLOCK if command.is_blocked else wire.COMMAND_KIND_UNBLOCK
    return _KINDS[type(command)]


def outcome_message(command: Command | CloseShift, outcome: Outcome, view: View) -> wire.SignedOutcome:
    """An outcome as it is signed. Department commands have no merchant and no terminal."""
    kind = kind_on_wire(command)
    message = wire.SignedOutcome(request_id=str(command.request_id), kind=kind)
    fill_instant(message.decided_at, view.now)
    if isinstance(command, _OF_TILLS):
        origin = command.origin
        message.merchant_id = origin.merchant_id
        message.terminal_id = origin.terminal_id
        message.concentrator_id = origin.concentrator_id
    if outcome.purchase is not None:
        fill_purchase(message.purchase, outcome.purchase, view)
    if outcome.refund is not None:
        message.refund.CopyFrom(refund_message(outcome.refund, view))
    if outcome.shift is not None:
        message.shift.CopyFrom(shift_message(outcome.shift))
    if outcome.certificate is not None:
        message.certificate.CopyFrom(certificate_message(outcome.certificate))
    message.available_kopecks = outcome.available_kopecks
    message.card_stopped_meanwhile = outcome.card_stopped_meanwhile
    if outcome.reason is None:
        message.decision = wire.DECISION_APPROVED
        fill_approved_notice(message)
    else:
        message.decision = wire.DECISION_DECLINED
        message.reason = REASONS_ON_WIRE[outcome.reason]
        message.notice.CopyFrom(REASON_NOTICES[outcome.reason])
    return message
