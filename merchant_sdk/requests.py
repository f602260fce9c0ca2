"""Commands with their request ids, made before anything is sent, and the same bytes at every attempt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from merchant_sdk.journal import JournalRecord
from merchant_sdk.methods import AFTERMATH, Aftermath, Method
from merchant_sdk.results import CommandResult, PurchaseResult, RefundResult, ShiftResult

ResultT = TypeVar("ResultT", bound=CommandResult)

RESULT_TYPES: Final[Mapping[Method, type[CommandResult]]] = {
    Method.AUTHORIZE: PurchaseResult,
    Method.SALE: PurchaseResult,
    Method.CAPTURE: PurchaseResult,
    Method.VOID: PurchaseResult,
    Method.REFUND: RefundResult,
    Method.ATTACH_RECEIPT: PurchaseResult,
    Method.CLOSE_SHIFT: ShiftResult,
}


class Body(bytes):
    """A serialized message, which may hold a card number: whatever prints it shows only its length."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class PreparedRequest(Generic[ResultT]):
    """A command ready to be sent with `client.send`; sending it twice does it once.

    Store `request_id` if you keep a journal of your own. `terminal_id` is the one that a concentrator
    names, else 0. `undoes_request_id` is set in the Void that the SDK makes by itself.
    """

    request_id: UUID
    method: Method
    result_type: type[ResultT]
    terminal_id: int
    body: bytes
    undoes_request_id: UUID | None = None

    @property
    def record(self) -> JournalRecord:
        """What the journal remembers: the body only where it would be repeated later."""
        body = b"" if AFTERMATH[self.method] is Aftermath.UNDO else self.body
        return JournalRecord(self.request_id, self.method, self.terminal_id, body, self.undoes_request_id)


def from_record(record: JournalRecord) -> PreparedRequest[CommandResult]:
    """A remembered command, to be repeated; not for Authorize and Sale, which are undone."""
    return PreparedRequest(
        record.request_id,
        record.method,
        RESULT_TYPES[record.method],
        record.terminal_id,
        record.body,
        record.undoes_request_id,
    )


def prepared(
    request_id: UUID,
    method: Method,
    result_type: type[ResultT],
    terminal_id: int,
    message: Message,
) -> PreparedRequest[ResultT]:
    """Freeze a message into a command."""
    return PreparedRequest(request_id, method, result_type, terminal_id, Body(message.SerializeToString()))
