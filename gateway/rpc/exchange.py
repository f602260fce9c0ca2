"""Exchange: all methods over one stream, many messages at a time, answered in any order.

Both sides send bursts: what is ready while the last burst is on its way travels in one. So a
message costs a callback when the ledger has answered, and its share of a burst; no task, no queue
hop. A stream holds at most so many messages whose answers are not written yet. Beyond that the
gateway does not read, and HTTP/2 holds the client back: whoever does not fetch its answers cannot
make anything grow here.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

import grpc
from google.protobuf.message import DecodeError

from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError
from gateway.rpc.accounting import Accounting
from gateway.rpc.errors import CODES, LANGUAGE_KEY, error_status, language_of, wire_error
from gateway.rpc.identity import Identity
from gateway.rpc.methods import Call, Method, PurchaseMethods
from gateway.rpc.validation.findings import InvalidRequestError, invalid
from tillgate.v1 import purchase_service_pb2 as service

NAME: Final = "Exchange"
REVOCATION_LOOK_S: Final = 0.25
"""The registry is half a second behind at most, and a revoked key must be out within one."""

TAKEN: Final = ("tillgate-exchange", "open")
"""The initial metadata of a stream whose messages are taken; a refused one has none."""
BURST_BYTES: Final = 262_144
"""An answer beyond it goes alone: gRPC's clients refuse messages of more than 4 MiB."""
TURN_MESSAGES: Final = 16
"""After so many of a burst, others have their turn on the event loop."""

Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"

_FIELDS: Final = {
    field.message_type: field.name
    for field in service.ExchangeMessage.DESCRIPTOR.oneofs_by_name["request"].fields
}


@dataclass(frozen=True, slots=True)
class _Route:
    """Where a message goes that has this field of the oneof."""

    name: str
    method: Method


class Exchange:
    """Serves the streams of a process."""

    def __init__(self, methods: PurchaseMethods, identity: Identity, accounting: Accounting) -> None:
        self.identity = identity
        self.accounting = accounting
        self.routes = {
            _FIELDS[method.request.DESCRIPTOR]: _Route(name, method) for name, method in methods.table.items()
        }
        self._streams: set[_Stream] = set()
        self._is_draining = False

    async def handle(self, _: object, context: Context) -> None:
        """One stream, from its first message to its end."""
        loop = asyncio.get_running_loop()
        started, call, code = loop.time(), Call(), grpc.StatusCode.CANCELLED
        self.accounting.begin()
        try:
            stream = _Stream(self, context)
            self._streams.add(stream)
            if self._is_draining:
                stream.drain()
            try:
                with self.accounting.held_stream(self.identity.fingerprint_of(context)):
                    await stream.serve()
            finally:
                self._streams.discard(stream)
            code = grpc.StatusCode.OK
        except (InvalidRequestError, CommandError) as error:
            failure = wire_error(
                self.accounting.refusal(error, NAME, call), language_of(context.invocation_metadata())
            )
            code = failure.code
            await context.abort(failure.code, failure.message, failure.trailing)
        finally:
            self.accounting.done(NAME, code.name, call, loop.time() - started)

    def drain(self) -> None:
        """Read nothing more; each stream ends when what it has begun is answered."""
        self._is_draining = True
        for stream in self._streams:
            stream.drain()


class _Stream:
    """One stream: what it has taken and not answered, and what is answered and not written."""

    def __init__(self, exchange: Exchange, context: Context) -> None:
        self.exchange = exchange
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._fingerprint = exchange.identity.fingerprint_of(context)
        self._language = language_of(context.invocation_metadata())
        self._unanswered: set[int] = set()
        self._answers: deque[bytes] = deque()
        self._open = 0
        self._is_read = False
        self._room = asyncio.Event()
        self._work = asyncio.Event()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._reader: asyncio.Task[None] | None = None
        self._is_draining = False

    async def serve(self) -> None:
        """Return when all that was read is answered; raises InvalidRequestError where that ends it before."""
        self.exchange.identity.client_of(self._fingerprint)
        if (known := self.exchange.accounting.known) is not None:
            known.note(self._fingerprint, self._context.peer())
        # A client that has seen this knows that it may speak; without it nothing was ever taken.
        await self._context.send_initial_metadata((TAKEN,))
        self._reader = self._loop.create_task(self._read(), name="exchange-read")
        if self._is_draining:
            self._reader.cancel()
        writer = self._loop.create_task(self._write(), name="exchange-write")
        look = self._loop.create_task(self._watch(), name="exchange-watch")
        tasks = (self._reader, writer, look)
        for task in tasks:
            task.add_done_callback(self._end_with)
        try:
            await self._ended
        finally:
            for task in tasks:
                task.cancel()

    def drain(self) -> None:
        """Read no further."""
        self._is_draining = True
        if self._reader is not None:
            self._reader.cancel()

    def _end_with(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not self._ended.done():
            self._ended.set_exception(error)
        self._is_read = self._is_read or task is self._reader
        self._work.set()

    async def _watch(self) -> None:
        """End the stream of a revoked key also while nothing is sent on it."""
        while True:
            self.exchange.identity.client_of(self._fingerprint)
            await asyncio.sleep(REVOCATION_LOOK_S)

    async def _read(self) -> None:
        limits = self.exchange.accounting.limits
        while True:
            await self._until_room(limits.exchange_in_flight)
            body = cast(object, await self._context.read())  # bytes, or gRPC's sign of the end
            if not isinstance(body, bytes):
                return
            try:
                messages = service.ExchangeRequest.FromString(body).messages
            except DecodeError as error:
                raise invalid(Reason.MESSAGE_MALFORMED) from error
            may_be_large = len(body) > limits.message_bytes
            for number, message in enumerate(messages, 1):
                await self._until_room(limits.exchange_in_flight)
                self._take(message, message.ByteSize() if may_be_large else 0)
                if number % TURN_MESSAGES == 0:
                    await asyncio.sleep(0)

    async def _until_room(self, limit: int) -> None:
        while self._open >= limit:
            self._room.clear()
            await self._room.wait()

    def _take(self, request: service.ExchangeMessage, size_bytes: int) -> None:
        exchange = self.exchange
        client = exchange.identity.client_of(self._fingerprint)
        field = request.WhichOneof("request")
        message = _Message(self, request.message_id, request.language, field, self._loop.time())
        self._open += 1
        exchange.accounting.begin()
        try:
            self._check(request)
            message.is_numbered = True
            exchange.accounting.admit(size_bytes)
            exchange.accounting.count(self._fingerprint)
            if field is None:
                raise invalid(Reason.FIELD_MISSING, "request")
            if request.timeout_ms:
                message.call.deadline = message.started + request.timeout_ms / 1000
            method, body = exchange.routes[field].method, getattr(request, field)
            answer = asyncio.ensure_future(method.begin(lambda: (body, client), message.call))
        except Exception as error:
            message.refuse(error)
        else:
            answer.add_done_callback(message.answered)

    def _check(self, request: service.ExchangeMessage) -> None:
        if request.message_id < 1:
            raise invalid(Reason.FIELD_INVALID, "message_id", "меньше 1", "below 1")
        if request.timeout_ms < 0:
            raise invalid(Reason.FIELD_INVALID, "timeout_ms", "меньше 0", "below 0")
        if request.message_id in self._unanswered:
            ru, en = "прежнее сообщение с этим номером ещё без ответа", "an earlier one is not answered yet"
            raise invalid(Reason.FIELD_INVALID, "message_id", ru, en)
        self._unanswered.add(request.message_id)

    async def _write(self) -> None:
        while self._open or not self._is_read:
            burst = self._next_burst()
            if not burst:
                self._work.clear()
                await self._work.wait()
                continue
            # Messages of protobuf that stand one after another are one message with all their elements.
            await self._context.write(b"".join(burst))
            self._open -= len(burst)
            self._room.set()
        if not self._ended.done():
            self._ended.set_result(None)

    def _next_burst(self) -> list[bytes]:
        burst: list[bytes] = []
        size_bytes = 0
        while self._answers and (not burst or size_bytes + len(self._answers[0]) <= BURST_BYTES):
            burst.append(self._answers.popleft())
            size_bytes += len(burst[-1])
        return burst

    def put(self, message: "_Message", **answer: Any) -> None:
        """The answer of a message, to be written; nobody fetches it if the stream has ended."""
        if message.is_numbered:
            self._unanswered.discard(message.message_id)
        if not self._ended.done():
            response = service.ExchangeResponse()
            response.answers.add(message_id=message.message_id, **answer)
            self._answers.append(response.SerializeToString())
            self._work.set()

    def language(self, asked: str) -> str:
        """That of a refusal, if a message asks for one or for none."""
        return language_of(((LANGUAGE_KEY, asked),)) if asked else self._language


class _Message:
    """A message that was taken and is not answered yet."""

    __slots__ = ("_asked_language", "_field", "_stream", "call", "is_numbered", "message_id", "started")

    def __init__(
        self, stream: _Stream, message_id: int, asked_language: str, field: str | None, started: float
    ) -> None:
        self._stream = stream
        self._asked_language = asked_language
        self._field = field
        self.message_id = message_id
        self.is_numbered = False
        self.started = started
        self.call = Call()

    def answered(self, answer: asyncio.Future[Any]) -> None:
        """What was begun is done: make the answer of it."""
        field = cast(str, self._field)
        route = self._stream.exchange.routes[field]
        try:
            response = route.method.finish(answer.result(), self.call)
        except Exception as error:
            self.refuse(error)
            return
        self._stream.put(self, **{field: response})
        self._done(route.name, grpc.StatusCode.OK)

    def refuse(self, error: Exception) -> None:
        """Answer with an error."""
        exchange, field = self._stream.exchange, self._field
        name = NAME if field is None else exchange.routes[field].name
        refusal = exchange.accounting.refusal(error, name, self.call)
        status = error_status(refusal, self._stream.language(self._asked_language))
        self._stream.put(self, error=status)
        self._done(name, CODES[refusal.reason])

    def _done(self, name: str, code: grpc.StatusCode) -> None:
        seconds = asyncio.get_running_loop().time() - self.started
        self._stream.exchange.accounting.done(name, code.name, self.call, seconds)
