"""How the client reaches a target: a way each to send an Authorize's bytes and get those of its answer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Protocol

import grpc

CALL_TIMEOUT_S = 10.0
AUTHORIZE = "/tillgate.v1.PurchaseService/Authorize"

Call = Callable[[bytes], Awaitable[bytes]]
UnaryCall = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]


class Transport(Protocol):
    """Open connections to one target; `error` is what a refused call raises."""

    error: type[Exception]

    def caller(self, n: int) -> Call:
        """The way that caller n sends; callers are spread over the connections in turn."""

    def name_of(self, error: Exception) -> str:
        """The short name of a refusal."""


@asynccontextmanager
async def open_transport(name: str, port: int, identity: str, connections: int) -> AsyncIterator[Transport]:
    """A transport by its name, connected; raises KeyError if there is none of this name."""
    async with _TRANSPORTS[name](port, Path(identity), connections) as transport:
        yield transport


class _Unary:
    error: type[Exception] = grpc.aio.AioRpcError

    def __init__(self, channels: list[grpc.aio.Channel]) -> None:
        # Without serializers the library hands bytes through: requests are ready, answers stay unparsed.
        self._calls: list[UnaryCall] = [channel.unary_unary(AUTHORIZE) for channel in channels]

    def caller(self, n: int) -> Call:
        call = self._calls[n % len(self._calls)]
        return lambda body: call(body, timeout=CALL_TIMEOUT_S)

    def name_of(self, error: Exception) -> str:
        return error.code().name if isinstance(error, grpc.aio.AioRpcError) else type(error).__name__


@asynccontextmanager
async def _unary(port: int, identity: Path, connections: int) -> AsyncIterator[Transport]:
    async with AsyncExitStack() as stack:
        yield _Unary([await stack.enter_async_context(channel(port, identity)) for _ in range(connections)])


@asynccontextmanager
async def channel(port: int, identity: Path) -> AsyncIterator[grpc.aio.Channel]:
    """A channel with a connection of its own, made and ready."""
    credentials = grpc.ssl_channel_credentials(
        *((identity / name).read_bytes() for name in ("ca.pem", "key.pem", "cert.pem"))
    )
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
    async with grpc.aio.secure_channel(f"localhost:{port}", credentials, options=options) as opened:
        await opened.channel_ready()
        yield opened


_TRANSPORTS = {"unary": _unary}
