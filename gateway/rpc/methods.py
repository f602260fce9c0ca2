"""The methods of PurchaseService, from a parsed message to its answer; nothing of gRPC here.

A stream of messages can be answered by the same methods as single calls.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol
from uuid import UUID, uuid4

from google.protobuf.message import Message

from gateway.domain.commands import Authorize, CloseShift, Command, Origin, PurchaseRef
from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError, StoredAnswer
from gateway.ledger.deciding import lock_of
from gateway.ledger.reader import Balance, FoundPurchase, OperationRow, Quote
from gateway.ledger.tries import CountTries, Try, TryKind, count_none
from gateway.registry.snapshot import ClientIdentity as Client
from gateway.rpc import readings
from gateway.rpc.identity import Identity
from gateway.rpc.page_tokens import decode_page_token, encode_page_token
from gateway.rpc.validation import commands as validation
from gateway.rpc.validation.commands import Rules
from gateway.rpc.validation.findings import invalid
from gateway.rpc.validation.listing import read_page
from tillgate.v1 import purchase_service_pb2 as service

IN_HEADER: Final = "header.terminal_id"
IN_MESSAGE: Final = "terminal_id"


Answer = (
    service.AuthorizeResponse
    | service.SaleResponse
    | service.CaptureResponse
    | service.VoidResponse
    | service.RefundResponse
    | service.AttachReceiptResponse
    | service.CloseShiftResponse
)
"""The responses of all commands: each holds its one stored answer."""


class Ledger(Protocol):
    """Where commands are decided and stored: the committer."""

    def enqueue(
        self, read: Callable[[], Command], *, deadline: float | None = None
    ) -> Awaitable[StoredAnswer]:
        """The one stored answer of what is read when its turn comes; raises CommandError, at once or then."""

    def close_shift(self, command: CloseShift) -> Awaitable[StoredAnswer]:
        """The one stored answer, once it is there; raises CommandError, at once or then."""


class Reader(Protocol):
    """Where answers come from that change nothing."""

    async def quote(self, command: Authorize) -> Quote: ...

    async def get_purchase(self, merchant_id: int, ref: PurchaseRef) -> FoundPurchase | None: ...

    async def balance(self, card_token: bytes) -> Balance: ...

    async def list_operations(
        self,
        merchant_id: int,
        terminal_ids: list[int],
        *,
        after: tuple[datetime, UUID] | None,
        decided_from: datetime,
        limit: int,
    ) -> list[OperationRow]: ...


@dataclass(slots=True)
class Call:
    """One message being answered, and what its answer was: for the log and the metrics.

    `deadline` is the loop time after which the till no longer waits.
    """

    deadline: float | None = None
    origin: Origin | None = None
    request_id: UUID | None = None
    decision: str = ""
    reason: str = ""

    def decided(self, reason: Reason | None) -> None:
        """Keep how it was decided."""
        self.decision, self.reason = ("APPROVED", "") if reason is None else ("DECLINED", reason.name)


Arrived = Callable[[], tuple[Any, Client]]
"""Parses a message that has arrived, and tells who sent it; raises what either raises."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method as a door serves it: the type to parse, and the way to the answer in two steps.

    `begin` hands on what a message asks for, to be read there or later; `finish` makes the answer of what
    came back.
    Between them nothing is kept but the call, so that a stream can do many at a time without a task each.
    """

    request: type[Message]
    begin: Callable[[Arrived, Call], Awaitable[Any]]
    finish: Callable[[Any, Call], Message]

    async def answer(self, arrived: Arrived, call: Call) -> Message:
        """Both steps for one call. If it is cancelled, what was begun is done all the same."""
        return self.finish(await asyncio.shield(self.begin(arrived, call)), call)


class PurchaseMethods:
    """Answers every method of PurchaseService; `table` holds them by name.

    Both steps raise InvalidRequestError or CommandError where the message gets no outcome.
    """

    def __init__(
        self,
        ledger: Ledger,
        reader: Reader,
        identity: Identity,
        rules: Rules,
        lists: readings.Lists,
        count_tries: CountTries = count_none,
    ) -> None:
        self._ledger = ledger
        self._reader = reader
        self._identity = identity
        self._rules = rules
        self._lists = lists
        self._count_tries = count_tries
        self.table: Mapping[str, Method] = {
            "Quote": Method(service.QuoteRequest, self._quote, as_read),
            "Authorize": self._command(
                service.AuthorizeRequest,
                service.AuthorizeResponse,
                partial(validation.read_authorize, rules=rules),
            ),
            "Sale": self._command(
                service.SaleRequest, service.SaleResponse, partial(validation.read_authorize, rules=rules)
            ),
            "Capture": self._command(
                service.CaptureRequest, service.CaptureResponse, validation.read_capture
            ),
            "Void": self._command(service.VoidRequest, service.VoidResponse, validation.read_void),
            "Refund": self._command(service.RefundRequest, service.RefundResponse, validation.read_refund),
            "AttachReceipt": self._command(
                service.AttachReceiptRequest, service.AttachReceiptResponse, validation.read_attach_receipt
            ),
            "GetPurchase": Method(service.GetPurchaseRequest, self._get_purchase, as_read),
            "GetBalance": Method(service.GetBalanceRequest, self._get_balance, as_read),
            "CloseShift": self._command(
                service.CloseShiftRequest, service.CloseShiftResponse, validation.read_close_shift
            ),
            "ListOperations": Method(service.ListOperationsRequest, self._list_operations, as_read),
        }

    def _command(
        self,
        request_type: type[Message],
        response_type: Callable[[], Answer],
        read: Callable[[Any, Origin], Command | CloseShift],
    ) -> Method:
        """The one way of all methods that change something: who, what, the ledger, its stored answer."""

        def read_all(arrived: Arrived, call: Call) -> Any:
            request, client = arrived()
            call.origin = origin = self._identity.origin(client, request.header.terminal_id, IN_HEADER)
            command = read(request, origin)
            call.request_id = command.request_id
            return command

        def begin(arrived: Arrived, call: Call) -> Awaitable[StoredAnswer]:
            if request_type is service.CloseShiftRequest:
                return self._ledger.close_shift(read_all(arrived, call))
            return self._ledger.enqueue(lambda: read_all(arrived, call), deadline=call.deadline)

        def finish(stored: StoredAnswer, call: Call) -> Message:
            if stored.outcome is None:
                call.decision = "REPLAYED"
            else:
                call.decided(stored.outcome.reason)
            response = response_type()
            readings.fill_answer(response.answer, stored.sealed)
            return response

        return Method(request_type, begin, finish)

    async def _quote(self, arrived: Arrived, call: Call) -> Message:
        request, client = arrived()
        call.origin = self._identity.origin(client, request.terminal_id, IN_MESSAGE)
        command = validation.read_quote(request, call.origin, self._rules)
        quote = await self._reader.quote(command)
        is_unknown = quote.outcome.reason is Reason.CARD_UNKNOWN
        await self._count(call.origin, command.card_token, is_unknown, command.is_keyed)
        call.decided(quote.outcome.reason)
        return readings.quote_response(quote, self._lists, self._identity.stop_list())

    async def _get_purchase(self, arrived: Arrived, call: Call) -> Message:
        request, client = arrived()
        call.origin = self._identity.origin(client, request.terminal_id, IN_MESSAGE)
        ref = validation.read_purchase_ref(request)
        found = await self._reader.get_purchase(call.origin.merchant_id, ref)
        if found is None:
            raise invalid(Reason.NOT_FOUND)
        return readings.purchase_response(found, self._lists)

    async def _get_balance(self, arrived: Arrived, call: Call) -> Message:
        request, client = arrived()
        call.origin = self._identity.origin(client, request.terminal_id, IN_MESSAGE)
        token, is_keyed = validation.read_card(request, self._rules), validation.is_keyed(request.card)
        balance = await self._reader.balance(token)
        # Asked after the reading, which brought the registry up to date.
        standing = self._identity.standing(call.origin.terminal_id)
        locked = lock_of(standing, balance.read_at, is_keyed=is_keyed) if standing else None
        if locked is not None:
            raise CommandError(locked)
        await self._count(call.origin, token, balance.reason is Reason.CARD_UNKNOWN, is_keyed)
        call.reason = "" if balance.reason is None else balance.reason.name
        return readings.balance_response(balance, self._lists, self._identity.stop_list())

    async def _count(self, origin: Origin, token: bytes, is_unknown: bool, is_keyed: bool) -> None:
        """Count what a question tries before it is answered; raises CommandError beyond a limit."""
        tries = []
        if is_unknown:
            tries.append(Try(TryKind.GUESSING, origin.merchant_id, origin.terminal_id, bytes(token)))
        if is_keyed:
            tries.append(Try(TryKind.KEYED, origin.merchant_id, origin.terminal_id, uuid4().bytes))
        if tries:
            await self._count_tries(tries)

    async def _list_operations(self, arrived: Arrived, call: Call) -> Message:
        request, client = arrived()
        merchant_id, terminal_ids = client.merchant_id, sorted(client.terminal_ids)
        if request.terminal_id:
            call.origin = self._identity.origin(client, request.terminal_id, IN_MESSAGE)
            merchant_id, terminal_ids = call.origin.merchant_id, [call.origin.terminal_id]
        page = read_page(request)
        after = None
        if request.page_token:
            after = decode_page_token(request.page_token, merchant_id, terminal_ids)
        rows = await self._reader.list_operations(
            merchant_id, terminal_ids, after=after, decided_from=page.decided_from, limit=page.size + 1
        )
        token = ""
        if len(rows) > page.size:
            rows = rows[: page.size]
            last = rows[-1].decided_at, rows[-1].request_id
            token = encode_page_token(last, merchant_id, terminal_ids)
        return readings.operations_response(rows, token)


def as_read(message: Message, _: Call) -> Message:
    """The second step of a method whose first one gives the answer already."""
    return message
