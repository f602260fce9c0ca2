"""How the client reaches a target: a way each to send an Authorize's bytes and get those of its answer.

Requests are serialized before they are given to a transport and answers stay unparsed, so that the client
spends its time on the wire and little else, and the same on every target.
"""

import asyncio
import json
import ssl
import time
from abc import ABC, abstractmethod
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import grpc

from loadtests.bench.streams import StreamOfCalls
from tillgate.v1 import purchase_service_pb2 as service

CALL_TIMEOUT_S: Final = 10.0
OVERLOADED: Final = ("RESOURCE_EXHAUSTED", "CANCELLED", "HTTP 429")
"""How a door says that a call came too many; CANCELLED is gRPC's own word, below the gateway."""
PAUSE_S: Final = 0.2
AUTHORIZE: Final = "/tillgate.v1.PurchaseService/Authorize"
SALE: Final = "/tillgate.v1.PurchaseService/Sale"
EXCHANGE: Final = "/tillgate.v1.PurchaseService/Exchange"
JSON_PATH: Final = "/v1/purchases:authorize"

Call = Callable[[bytes], Awaitable[bytes]]
Answered = Callable[[float, Any], None]
"""Is told of each answer: when its request was sent (perf_counter), and what `payload` can read."""

UnaryCall = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]


class Transport(ABC):
    """Open connections to one target."""

    @abstractmethod
    async def closed(
        self, next_body: Callable[[], bytes], ends: float, in_flight: int, answered: Answered
    ) -> None:
        """Keep so many requests in flight until `ends`, each following an answer.

        A call that comes too many on a machine that is slow just now is made again, as a till makes it; it
        is no purchase. Raises on every other refusal, and on any of a stream.
        """

    def payload(self, answer: Any) -> bytes:
        """The signed bytes in an answer, which is bytes but for the stream's."""
        return service.AuthorizeResponse.FromString(answer).answer.signed_payload


class Calls(Transport):
    """A transport of single calls; `errors` are what a refused one raises, or one without an answer."""

    errors: tuple[type[Exception], ...]

    @abstractmethod
    def caller(self, n: int) -> Call:
        """The way that caller n sends; callers are spread over the connections in turn."""

    @abstractmethod
    def name_of(self, error: Exception) -> str:
        """The short name of a refusal."""

    async def closed(
        self, next_body: Callable[[], bytes], ends: float, in_flight: int, answered: Answered
    ) -> None:
        async def repeat(call: Call) -> None:
            while (sent := time.perf_counter()) < ends:
                try:
                    answer = await call(next_body())
                except self.errors as error:
                    if self.name_of(error) not in OVERLOADED:
                        raise
                    await asyncio.sleep(PAUSE_S)
                else:
                    answered(sent, answer)

        await asyncio.gather(*(repeat(self.caller(n)) for n in range(in_flight)))


class _Unary(Calls):
    errors = (grpc.aio.AioRpcError,)

    def __init__(self, channels: list[grpc.aio.Channel], method: str) -> None:
        self._calls: list[UnaryCall] = [channel.unary_unary(method) for channel in channels]

    def caller(self, n: int) -> Call:
        call = self._calls[n % len(self._calls)]
        return lambda body: call(body, timeout=CALL_TIMEOUT_S)

    def name_of(self, error: Exception) -> str:
        return error.code().name if isinstance(error, grpc.aio.AioRpcError) else type(error).__name__


class _Exchange(Transport):
    def __init__(self, channels: list[grpc.aio.Channel]) -> None:
        self._streams = [StreamOfCalls(channel.stream_stream(EXCHANGE)()) for channel in channels]

    async def closed(
        self, next_body: Callable[[], bytes], ends: float, in_flight: int, answered: Answered
    ) -> None:
        each = in_flight // len(self._streams)
        await asyncio.gather(*(s.closed(next_body, ends, each, answered) for s in self._streams))

    def payload(self, answer: Any) -> bytes:
        signed: bytes = answer.authorize.answer.signed_payload
        return signed


class JsonCalls(Calls):
    """POST requests of JSON; aiohttp's error of a timeout is Python's own, and none of aiohttp."""

    errors = (aiohttp.ClientError, TimeoutError)

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url

    def caller(self, n: int) -> Call:  # noqa: ARG002 the session has the connections
        return self._call

    async def _call(self, body: bytes) -> bytes:
        headers = {"content-type": "application/json"}
        async with self._session.post(self._url, data=body, headers=headers) as response:
            answer = await response.read()
            response.raise_for_status()
        return answer

    def name_of(self, error: Exception) -> str:
        if isinstance(error, aiohttp.ClientResponseError):
            return f"HTTP {error.status}"
        return type(error).__name__

    def payload(self, answer: Any) -> bytes:
        return b64decode(json.loads(answer)["answer"]["signed_payload"])


@asynccontextmanager
async def _channels(port: int, identity: Path, connections: int) -> AsyncIterator[list[grpc.aio.Channel]]:
    """Channels that share no connection, connected."""
    credentials = grpc.ssl_channel_credentials(
        *((identity / name).read_bytes() for name in ("ca.pem", "key.pem", "cert.pem"))
    )
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
    async with AsyncExitStack() as stack:
        channels = [
            await stack.enter_async_context(
                grpc.aio.secure_channel(f"localhost:{port}", credentials, options=options)
            )
            for _ in range(connections)
        ]
        for channel in channels:
            await channel.channel_ready()
        yield channels


@asynccontextmanager
async def _unary(port: int, identity: Path, connections: int) -> AsyncIterator[Transport]:
    async with _channels(port, identity, connections) as channels:
        yield _Unary(channels, AUTHORIZE)


@asynccontextmanager
async def _sale(port: int, identity: Path, connections: int) -> AsyncIterator[Transport]:
    """Sale instead of Authorize, in the same bytes: both have the same fields. It leaves no hold behind."""
    async with _channels(port, identity, connections) as channels:
        yield _Unary(channels, SALE)


@asynccontextmanager
async def _exchange(port: int, identity: Path, connections: int) -> AsyncIterator[Transport]:
    async with _channels(port, identity, connections) as channels:
        yield _Exchange(channels)


@asynccontextmanager
async def _json(port: int, identity: Path, connections: int) -> AsyncIterator[Transport]:  # noqa: ARG001
    """HTTP/1.1 has one request at a time on a connection: there are as many as requests in flight."""
    context = ssl.create_default_context(cafile=str(identity / "ca.pem"))
    context.load_cert_chain(identity / "cert.pem", identity / "key.pem")
    timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)
    connector = aiohttp.TCPConnector(ssl=context, limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield JsonCalls(session, f"https://localhost:{port}{JSON_PATH}")


_OPENERS: Final[dict[str, Callable[[int, Path, int], AbstractAsyncContextManager[Transport]]]] = {
    "unary": _unary,
    "sale": _sale,
    "exchange": _exchange,
    "json": _json,
}


def open_transport(
    name: str, port: int, identity: Path, connections: int
) -> AbstractAsyncContextManager[Transport]:
    """A transport by its name, connected; raises KeyError if there is none of this name."""
    return _OPENERS[name](port, identity, connections)
