"""The ways in which a till's message may travel: what holds of one must hold of each."""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, cast

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

AnyResponse = Any
Stream = Any  # grpc.aio's streams, whose stubs know nothing of their read and write

RESPONSES: Final[Mapping[str, type[Message]]] = {
    method.name: GetMessageClass(method.output_type)
    for method in service.DESCRIPTOR.services_by_name["PurchaseService"].methods
}
_FIELDS: Final = {
    cast(Any, item.message_type).name.removesuffix("Request"): item.name
    for item in service.ExchangeMessage.DESCRIPTOR.oneofs_by_name["request"].fields
}
_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(eq=False)
class Refused(Exception):  # noqa: N818 it is what the gateway answered, not a fault of the test
    """An error as a till reads it: status code and the details that come with it."""

    code: grpc.StatusCode
    reason: str
    field: str
    line_number: str
    locale: str
    text: str
    retry_after_s: float | None = None


class Transport(Protocol):
    """Carries a message to the method of its name and brings its answer; raises Refused."""

    async def call(self, method: str, request: Message, timeout_s: float, language: str) -> AnyResponse: ...

    async def close(self) -> None: ...


@dataclass(frozen=True)
class Unary:
    """One call a message."""

    channel: grpc.aio.Channel

    def begin(self, method: str, body: bytes, **options: Any) -> "grpc.aio.UnaryUnaryCall[bytes, bytes]":
        """Begin a call with bytes, and return it before it is answered."""
        stub: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self.channel.unary_unary(
            f"/{SERVICE_NAME}/{method}"
        )
        return stub(body, **options)

    async def call(self, method: str, request: Message, timeout_s: float, language: str) -> AnyResponse:
        metadata = (("accept-language", language),) if language else None
        call = self.begin(method, request.SerializeToString(), timeout=timeout_s, metadata=metadata)
        try:
            return RESPONSES[method].FromString(await call)
        except grpc.aio.AioRpcError as error:
            raise refused(error) from error

    async def close(self) -> None:
        """Nothing is kept open."""


@dataclass
class Exchange:
    """One stream for all messages, opened by the first; answers are matched by their number."""

    channel: grpc.aio.Channel
    stream: Stream = None
    _waiting: dict[int, "asyncio.Future[service.ExchangeAnswer]"] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _reader: "asyncio.Task[None] | None" = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def open(self) -> Stream:
        """The stream."""
        if self.stream is None:
            self.stream = open_stream(self.channel)
            self._reader = asyncio.create_task(self._read())
        return self.stream

    async def call(self, method: str, request: Message, timeout_s: float, language: str) -> AnyResponse:
        stream, number = self.open(), next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        burst = service.ExchangeRequest()
        message = burst.messages.add(message_id=number, timeout_ms=round(timeout_s * 1000), language=language)
        getattr(message, _FIELDS[method]).CopyFrom(request)
        try:
            async with self._turn:  # a stream takes one write at a time
                await stream.write(burst.SerializeToString())
            async with asyncio.timeout(timeout_s):
                response = await answer
        except TimeoutError:
            raise Refused(grpc.StatusCode.DEADLINE_EXCEEDED, "", "", "", "", "") from None
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            raise refused(await end_of(stream)) from None
        if response.HasField("error"):
            raise refusal_in(response.error)
        return getattr(response, _FIELDS[method])

    async def _read(self) -> None:
        while (burst := await next_burst(self.stream)) is not None:
            for response in burst:
                waiting = self._waiting.pop(response.message_id)
                if not waiting.done():
                    waiting.set_result(response)
        error = await end_of(self.stream)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(error)
                waiting.exception()

    async def close(self) -> None:
        """Hang up."""
        if self._reader is not None:
            self.stream.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)


@dataclass(frozen=True)
class Json:
    """The JSON door, one HTTP request a message."""

    client: JsonClient

    async def call(self, method: str, request: Message, timeout_s: float, language: str) -> AnyResponse:
        headers = {"Request-Timeout": f"{timeout_s:.3f}"} | (
            {"Accept-Language": language} if language else {}
        )
        try:
            async with asyncio.timeout(timeout_s):
                said = await self.client.post(method, MessageToDict(request), **headers)
        except TimeoutError:
            raise Refused(grpc.StatusCode.DEADLINE_EXCEEDED, "", "", "", "", "") from None
        if said.status == 200:
            return ParseDict(said.body, RESPONSES[method]())
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


TRANSPORTS: Final[Mapping[str, Callable[[Way], Transport]]] = {
    "unary": lambda way: Unary(way.channel),
    "exchange": lambda way: Exchange(way.channel),
    "json": lambda way: Json(JsonClient(way.folder, way.json_port)),
}


def open_stream(channel: grpc.aio.Channel) -> Stream:
    """A new Exchange stream of bytes."""
    make: Any = channel.stream_stream(f"/{SERVICE_NAME}/Exchange")
    return make()


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
