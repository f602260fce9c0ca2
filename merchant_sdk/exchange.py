"""Many calls over one stream: what a concentrator's client stands on.

There is no synchronous twin: a stream pays where many calls are under way at once, and one that a
program of threads shared would be an event loop in a thread of its own. Such a program takes
`SyncTillClient`, whose calls run side by side over one connection.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

import grpc
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status

from merchant_sdk._async.client import TillClient
from merchant_sdk._async.transport import Transport
from merchant_sdk.failures import STATUS_KEY
from merchant_sdk.methods import Method
from tillgate.v1 import purchase_service_pb2 as pb

BURST_BYTES: Final = 262_144
"""A message beyond it goes alone."""

TAKEN: Final = ("tillgate-exchange", "open")
"""The initial metadata of a stream that the gateway takes."""

_SERVICE: Final = pb.DESCRIPTOR.services_by_name["PurchaseService"]
_PATH: Final = f"/{_SERVICE.full_name}/Exchange"
_BY_TYPE: Final = {
    field.message_type: field.name for field in pb.ExchangeMessage.DESCRIPTOR.oneofs_by_name["request"].fields
}
_FIELDS: Final[Mapping[Method, str]] = {
    method: _BY_TYPE[_SERVICE.methods_by_name[method].input_type] for method in Method
}
_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}

_Stream = Any  # the stubs of grpc.aio's streams know nothing of read and write


class StreamTransport(Transport):
    """A transport whose calls are messages of one stream, opened at the first call and anew when it ended."""

    def _open(self) -> None:
        super()._open()
        # Lists and goods are no messages of a stream: they come over the same connection, by themselves.
        self._calls |= {method: partial(self._ask, method) for method in Method}
        self._turn = asyncio.Lock()
        self._conversation: _Conversation | None = None

    async def close(self) -> None:
        """As every transport; and let go of the stream."""
        was_open = self._channel is not None
        await super().close()
        if was_open and self._conversation is not None:
            await self._conversation.close()

    async def _ask(self, method: Method, body: bytes, *, timeout: float, metadata: Any) -> Message:  # noqa: ASYNC109 as gRPC's calls have it
        try:
            async with asyncio.timeout(timeout):
                conversation = await self._current(metadata)
                answer = await conversation.ask(_FIELDS[method], body, timeout)
        except TimeoutError:
            raise _failed(grpc.StatusCode.DEADLINE_EXCEEDED, "no answer in time") from None
        if answer.HasField("error"):
            raise _failed(_CODES[answer.error.code], answer.error.message, answer.error)
        response: Message = getattr(answer, _FIELDS[method])
        return response

    async def _current(self, metadata: Any) -> "_Conversation":
        async with self._turn:
            if self._conversation is None or self._conversation.is_over:
                stream: _Stream = self._channel.stream_stream(_PATH)(metadata=metadata)  # type: ignore[union-attr]
                try:
                    await _until_taken(stream)
                except BaseException:
                    stream.cancel()
                    raise
                self._conversation = _Conversation(stream)
            return self._conversation


async def _until_taken(stream: _Stream) -> None:
    """Return once the gateway takes messages; raises AioRpcError of a stream of which it takes none.

    Its first words tell a client that was let in from one that was refused, of which nothing was done.
    """
    if TAKEN not in tuple(await stream.initial_metadata() or ()):
        raise grpc.aio.AioRpcError(
            await stream.code(),
            await stream.initial_metadata(),
            await stream.trailing_metadata(),
            await stream.details(),
        )


class _Conversation:
    """One stream: what waits to be sent, and who waits for an answer."""

    def __init__(self, stream: _Stream) -> None:
        self.is_over = False
        self._stream = stream
        self._last_id = 0
        self._unsent: deque[bytes] = deque()
        self._work = asyncio.Event()
        self._waiting: dict[int, asyncio.Future[pb.ExchangeAnswer]] = {}
        self._writer = asyncio.create_task(self._write(), name="exchange-write")
        self._reader = asyncio.create_task(self._read(), name="exchange-read")

    async def ask(self, field: str, body: bytes, timeout_s: float) -> pb.ExchangeAnswer:
        """The answer to a message; raises AioRpcError (UNAVAILABLE) if the stream ends without it."""
        self._last_id = message_id = self._last_id + 1
        burst = pb.ExchangeRequest()
        message = burst.messages.add(message_id=message_id, timeout_ms=max(int(timeout_s * 1000), 1))
        request = getattr(message, field)
        request.SetInParent()
        request.MergeFromString(body)
        answer: asyncio.Future[pb.ExchangeAnswer] = asyncio.get_running_loop().create_future()
        self._waiting[message_id] = answer
        self._unsent.append(burst.SerializeToString())
        self._work.set()
        try:
            return await answer
        finally:
            self._waiting.pop(message_id, None)

    async def close(self) -> None:
        """Let go of the stream."""
        self._stream.cancel()
        self._reader.cancel()
        await asyncio.gather(self._reader, self._writer, return_exceptions=True)

    async def _write(self) -> None:
        # A write on a stream that has ended fails; the reader tells everybody.
        with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            while True:
                await self._work.wait()
                self._work.clear()
                while self._unsent:
                    # Messages of protobuf that stand one after another are one with all their elements.
                    await self._stream.write(b"".join(self._next_burst()))

    def _next_burst(self) -> list[bytes]:
        burst = [self._unsent.popleft()]
        size_bytes = len(burst[0])
        while self._unsent and size_bytes + len(self._unsent[0]) <= BURST_BYTES:
            burst.append(self._unsent.popleft())
            size_bytes += len(burst[-1])
        return burst

    async def _read(self) -> None:
        said = "the stream has ended"
        try:
            while isinstance(body := await self._stream.read(), bytes):
                for answer in pb.ExchangeResponse.FromString(body).answers:
                    waiting = self._waiting.get(answer.message_id)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(answer)
        except grpc.aio.AioRpcError as error:
            said = f"{said}: {error.code().name}"
        finally:
            self.is_over = True
            self._writer.cancel()
            for waiting in self._waiting.values():
                if not waiting.done():
                    # Whatever ended it: a message without an answer may have been done.
                    waiting.set_exception(_failed(grpc.StatusCode.UNAVAILABLE, said))


def _failed(code: grpc.StatusCode, details: str, status: Status | None = None) -> grpc.aio.AioRpcError:
    """The same error as of a single call."""
    trailing = grpc.aio.Metadata()
    if status is not None:
        trailing.add(STATUS_KEY, status.SerializeToString())
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, details)


class Concentrator(TillClient):
    """A chain's server or a shop's agent at the gateway: a TillClient whose calls share one stream.

        async with Concentrator(TillCredentials.from_folder("concentrator")) as chain:
            result = await chain.sale(card, basket, desk=Desk(terminal_id=33))

    Each command names its terminal in its desk, each reading by `terminal_id`. Any number of calls may be
    under way. What is repeated, undone and raised is the same as with a TillClient: when the stream breaks,
    another is opened, and what has no answer goes out again with the same request ids.
    """

    _transport_type = StreamTransport
