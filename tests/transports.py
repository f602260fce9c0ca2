"""The ways in which a till's message may travel: what holds of one must hold of each."""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, cast

import aiohttp
import grpc
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import ErrorInfo, LocalizedMessage, RetryInfo
from google.rpc.status_pb2 import Status

from gateway.domain.reasons import Reason
from gateway.rpc.errors import CODES, DETAILS_KEY
from gateway.rpc.service import SERVICE_NAME
from tests.json_client import JsonClient
from tillgate.v1 import purchase_service_pb2 as service

Stream = Any  # grpc.aio's streams, whose stubs know nothing of their read and write

_METHODS: Final = service.DESCRIPTOR.services_by_name["PurchaseService"].methods
REQUESTS: Final[Mapping[str, type[Message]]] = {m.name: GetMessageClass(m.input_type) for m in _METHODS}
RESPONSES: Final[Mapping[str, type[Message]]] = {m.name: GetMessageClass(m.output_type) for m in _METHODS}
_FIELDS: Final = {
    cast(Any, item.message_type).name.removesuffix("Request"): item.name
    for item in service.ExchangeMessage.DESCRIPTOR.oneofs_by_name["request"].fields
}
_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(eq=False)
class Refused(Exception):  # noqa: N818 it is what the gateway answered, not a fault of the test
    """An error as a till reads it: status code and the details that come with it."""

    code: grpc.StatusCode
    reason: str = ""
    field: str = ""
    line_number: str = ""
    locale: str = ""
    text: str = ""
    retry_after_s: float | None = None


class Transport(Protocol):
    """Carries the bytes of a message to the method of its name, and brings those of its answer.

    `carry` raises Refused; what it began may be done all the same. One of gRPC that `waits` waits for a
    gateway that is away, as long as the call may take.
    """

    async def carry(self, method: str, body: bytes, timeout_s: float, language: str = "") -> bytes: ...

    async def close(self) -> None: ...


@dataclass(frozen=True)
class Unary:
    """One call a message."""

    channel: grpc.aio.Channel
    waits: bool = False

    def begin(self, method: str, body: bytes, **options: Any) -> "grpc.aio.UnaryUnaryCall[bytes, bytes]":
        """Begin a call with bytes, and return it before it is answered."""
        stub: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self.channel.unary_unary(
            f"/{SERVICE_NAME}/{method}"
        )
        return stub(body, **options)

    async def carry(self, method: str, body: bytes, timeout_s: float, language: str = "") -> bytes:
        metadata = (("accept-language", language),) if language else None
        call = self.begin(method, body, timeout=timeout_s, metadata=metadata, wait_for_ready=self.waits)
        try:
            return await call
        except grpc.aio.AioRpcError as error:
            raise refused(error) from error

    async def close(self) -> None:
        """Nothing is kept open."""


@dataclass
class Exchange:
    """One stream for all messages, opened by the first, and anew by the first after its end.

    What is to be sent while a burst is on its way makes the next; answers are matched by their number.
    """

    channel: grpc.aio.Channel
    waits: bool = False
    _outgoing: list[service.ExchangeMessage] = field(default_factory=list)
    _has_outgoing: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: "dict[int, asyncio.Future[service.ExchangeAnswer]]" = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _stream: "asyncio.Task[None] | None" = None

    async def carry(self, method: str, body: bytes, timeout_s: float, language: str = "") -> bytes:
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        message = service.ExchangeMessage(
            message_id=number, timeout_ms=round(timeout_s * 1000), language=language
        )
        getattr(message, _FIELDS[method]).CopyFrom(REQUESTS[method].FromString(body))
        self._outgoing.append(message)
        self._has_outgoing.set()
        if self._stream is None:
            self._stream = asyncio.create_task(self._live())
        try:
            async with asyncio.timeout(timeout_s):
                response = await answer
        except TimeoutError:
            raise Refused(grpc.StatusCode.DEADLINE_EXCEEDED) from None
        if response.HasField("error"):
            raise refusal_in(response.error)
        carried: Message = getattr(response, _FIELDS[method])
        return carried.SerializeToString()

    async def _live(self) -> None:
        """A stream from its opening to its end, which is told to all that still wait."""
        stream = open_stream(self.channel, wait_for_ready=self.waits)
        writer = asyncio.create_task(self._write(stream))
        try:
            while (burst := await next_burst(stream)) is not None:
                for response in burst:
                    waiting = self._waiting.pop(response.message_id)
                    if not waiting.done():
                        waiting.set_result(response)
            error = refused(await end_of(stream))
            if error.code is grpc.StatusCode.OK:
                # A door that drains ends its streams well; whoever is left without an answer is in doubt.
                error = Refused(grpc.StatusCode.UNAVAILABLE)
        finally:
            stream.cancel()
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        left, self._waiting, self._outgoing, self._stream = self._waiting, {}, [], None
        for waiting in left.values():
            if not waiting.done():
                waiting.set_exception(error)

    async def _write(self, stream: Stream) -> None:
        while await self._has_outgoing.wait():
            burst, self._outgoing = service.ExchangeRequest(messages=self._outgoing), []
            self._has_outgoing.clear()
            await stream.write(burst.SerializeToString())

    async def close(self) -> None:
        """Hang up."""
        if self._stream is not None:
            self._stream.cancel()
            await asyncio.gather(self._stream, return_exceptions=True)


@dataclass(frozen=True)
class Json:
    """The JSON door, one HTTP request a message."""

    client: JsonClient

    async def carry(self, method: str, body: bytes, timeout_s: float, language: str = "") -> bytes:
        headers = {"Request-Timeout": f"{timeout_s:.3f}"} | (
            {"Accept-Language": language} if language else {}
        )
        try:
            async with asyncio.timeout(timeout_s):
                said = await self.client.post(
                    method, MessageToDict(REQUESTS[method].FromString(body)), **headers
                )
        except TimeoutError:
            raise Refused(grpc.StatusCode.DEADLINE_EXCEEDED) from None
        except aiohttp.ClientConnectionError as error:
            raise Refused(grpc.StatusCode.UNAVAILABLE, text=repr(error)) from error
        if said.status == 200:
            return ParseDict(said.body, RESPONSES[method]()).SerializeToString()
        problem = said.body
        raise Refused(
            CODES[Reason[problem["reason"]]],
            problem["reason"],
            problem.get("field", ""),
            str(problem.get("line_number", "")),
            said.headers["content-language"],
            problem["detail"],
            problem.get("retry_after_s"),
        )

    async def close(self) -> None:
        """Hang up."""
        await self.client.close()


@dataclass(frozen=True)
class Way:
    """Where a till's messages may go: its connection, its keys, and the port of the JSON door."""

    channel: grpc.aio.Channel
    folder: Path
    json_port: int
    waits: bool = False


TRANSPORTS: Final[Mapping[str, Callable[[Way], Transport]]] = {
    "unary": lambda way: Unary(way.channel, way.waits),
    "exchange": lambda way: Exchange(way.channel, way.waits),
    "json": lambda way: Json(JsonClient(way.folder, way.json_port, timeout_s=None)),
}


def open_stream(channel: grpc.aio.Channel, **options: Any) -> Stream:
    """A new Exchange stream of bytes."""
    make: Any = channel.stream_stream(f"/{SERVICE_NAME}/Exchange")
    return make(**options)


async def next_burst(stream: Stream) -> Sequence[service.ExchangeAnswer] | None:
    """The answers that come next; None when the stream has ended, however it did."""
    try:
        body = await stream.read()
    except grpc.aio.AioRpcError:
        return None
    return service.ExchangeResponse.FromString(body).answers if isinstance(body, bytes) else None


async def end_of(stream: Stream) -> grpc.aio.AioRpcError:
    """What a stream ended with, also if that was well."""
    return grpc.aio.AioRpcError(
        await stream.code(),
        await stream.initial_metadata(),
        await stream.trailing_metadata(),
        await stream.details(),
    )


def refused(error: grpc.aio.AioRpcError) -> Refused:
    """What a call failed with."""
    status = Status()
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY:
            status.MergeFromString(bytes(cast(bytes, value)))
    return refusal(error.code(), status)


def refusal_in(status: Status) -> Refused:
    """What an error inside a stream tells."""
    return refusal(_CODES[status.code], status)


def refusal(code: grpc.StatusCode, status: Status) -> Refused:
    """What a status tells."""
    info, text, retry = ErrorInfo(), LocalizedMessage(), RetryInfo()
    for detail in status.details:
        for message in (info, text, retry):
            detail.Unpack(message)
    field, line_number = (info.metadata.get(name, "") for name in ("field", "line_number"))
    retry_after_s = retry.retry_delay.ToTimedelta().total_seconds() if retry.HasField("retry_delay") else None
    return Refused(code, info.reason, field, line_number, text.locale, text.message, retry_after_s)
