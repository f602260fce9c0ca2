"""One channel to the gateway, its life, and single calls with their retries."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

import grpc
from google.protobuf.message_factory import GetMessageClass

from merchant_sdk.configuration import Configuration
from merchant_sdk.credentials import TillCredentials
from merchant_sdk.errors import ClientClosedError
from merchant_sdk.failures import read_failure
from merchant_sdk.methods import AnyMethod, ClaimMethod, GoodsMethod, Method, RecordMethod, ReferenceMethod
from merchant_sdk.retries import Attempts
from tillgate.v1 import claim_service_pb2 as claim_pb
from tillgate.v1 import goods_service_pb2 as goods_pb
from tillgate.v1 import purchase_service_pb2 as pb
from tillgate.v1 import record_service_pb2 as record_pb
from tillgate.v1 import reference_service_pb2 as reference_pb

_SERVICE: Final = pb.DESCRIPTOR.services_by_name["PurchaseService"]
_REFERENCE: Final = reference_pb.DESCRIPTOR.services_by_name["ReferenceService"]
_GOODS: Final = goods_pb.DESCRIPTOR.services_by_name["GoodsService"]
_RECORD: Final = record_pb.DESCRIPTOR.services_by_name["RecordService"]
_CLAIM: Final = claim_pb.DESCRIPTOR.services_by_name["ClaimService"]
_CALLS: Final[Mapping[AnyMethod, Any]] = {
    **{method: _SERVICE.methods_by_name[method] for method in Method},
    **{method: _REFERENCE.methods_by_name[method] for method in ReferenceMethod},
    **{method: _GOODS.methods_by_name[method] for method in GoodsMethod},
    **{method: _RECORD.methods_by_name[method] for method in RecordMethod},
    **{method: _CLAIM.methods_by_name[method] for method in ClaimMethod},
}

ListT = TypeVar("ListT", covariant=True)


class Receives(Protocol[ListT]):
    """A download while it arrives."""

    def begin(self) -> None:
        """Forget what was received: another attempt begins."""

    def take(self, message: Any) -> None:
        """The next message."""

    def whole(self) -> ListT:
        """What is there after the last one."""


def chance() -> float:
    """A number in [0, 1) for jitter, from the system, so that tills started together do not keep step."""
    return secrets.randbelow(1 << 32) / (1 << 32)


class Transport:
    """A channel that is made inside the running loop at the first use and closed when nothing uses it."""

    def __init__(self, credentials: TillCredentials, configuration: Configuration) -> None:
        self._credentials = credentials
        self._configuration = configuration
        self._changed = asyncio.Condition()
        self._channel: grpc.aio.Channel | None = None
        self._calls: dict[AnyMethod, Any] = {}
        self._metadata = (("accept-language", configuration.language),)
        self._operations = 0
        self._busy_ids: set[UUID] = set()
        self._is_changing = False
        self._is_closed = False

    @asynccontextmanager
    async def in_use(self, request_id: UUID | None = None) -> AsyncIterator[None]:
        """Keep the channel open for an operation; two operations on one request id take turns."""
        async with self._changed:
            await self._changed.wait_for(lambda: request_id not in self._busy_ids and not self._is_changing)
            if self._is_closed:
                raise ClientClosedError("the client is closed")
            if self._channel is None:
                self._open()
            self._operations += 1
            if request_id is not None:
                self._busy_ids.add(request_id)
        try:
            yield
        finally:
            async with self._changed:
                self._operations -= 1
                if request_id is not None:
                    self._busy_ids.discard(request_id)
                self._changed.notify_all()

    async def change(self, credentials: TillCredentials, tell: Callable[[], None]) -> None:
        """Speak with other credentials on a new channel, once the operations under way have ended.

        Later ones wait meanwhile. `tell` is called between the two.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: not self._is_changing)
            self._is_changing = True
            try:
                await self._changed.wait_for(lambda: self._operations == 0)
                self._credentials = credentials
                tell()
                channel, self._channel = self._channel, None
            finally:
                self._is_changing = False
                self._changed.notify_all()
        if channel is not None:
            await channel.close()

    async def close(self) -> None:
        """Take no more operations, let those under way end (each has its deadline), close the channel."""
        async with self._changed:
            self._is_closed = True
            await self._changed.wait_for(lambda: self._operations == 0)
            channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def call(self, method: AnyMethod, body: bytes, attempts: Attempts, request_id: UUID | None) -> Any:
        """The response to a call. Raises a GatewayError when the attempts are at an end."""
        while True:
            try:
                return await self._calls[method](
                    body, timeout=attempts.timeout_s(time.monotonic()), metadata=self._metadata
                )
            except grpc.RpcError as failure:
                delay_s = _delay_s(failure, attempts, request_id)
            await asyncio.sleep(delay_s)

    async def download(
        self, method: ReferenceMethod, receiving: Receives[ListT], body: bytes, attempts: Attempts
    ) -> ListT:
        """A list, whole and checked. An attempt may take all the time that is left.

        Raises what `receiving` raises, and a GatewayError when the attempts are at an end.
        """
        while True:
            receiving.begin()
            stream = self._calls[method](
                body, timeout=max(attempts.until - time.monotonic(), 0.0), metadata=self._metadata
            )
            try:
                async for message in stream:
                    receiving.take(message)
                return receiving.whole()
            except grpc.RpcError as failure:
                delay_s = _delay_s(failure, attempts, None)
            finally:
                stream.cancel()
            await asyncio.sleep(delay_s)

    def _open(self) -> None:
        tls = grpc.ssl_channel_credentials(
            self._credentials.ca_pem, self._credentials.private_key_pem, self._credentials.certificate_pem
        )
        self._channel = grpc.aio.secure_channel(self._credentials.endpoint, tls, self._options())
        self._calls = {
            # Requests are bytes already: the same ones go out at every attempt.
            method: (self._channel.unary_stream if on_wire.server_streaming else self._channel.unary_unary)(
                f"/{on_wire.containing_service.full_name}/{method}",
                request_serializer=bytes,
                response_deserializer=GetMessageClass(on_wire.output_type).FromString,
            )
            for method, on_wire in _CALLS.items()
        }

    def _options(self) -> list[tuple[str, int]]:
        settings = self._configuration
        return [
            # gRPC's own retries know nothing of request ids and deadlines of the whole.
            ("grpc.enable_retries", 0),
            ("grpc.keepalive_time_ms", int(settings.keepalive_interval_s * 1000)),
            ("grpc.keepalive_timeout_ms", int(settings.keepalive_timeout_s * 1000)),
            ("grpc.keepalive_permit_without_calls", int(settings.keeps_alive_when_idle)),
            ("grpc.http2.max_pings_without_data", 0),
            # A gateway that comes back is found again as fast as the back-off asks for it.
            ("grpc.initial_reconnect_backoff_ms", int(settings.backoff.first_s * 1000)),
            ("grpc.min_reconnect_backoff_ms", int(settings.attempt_timeout_s * 1000)),
            ("grpc.max_reconnect_backoff_ms", int(settings.backoff.longest_s * 1000)),
        ]


def _delay_s(failure: grpc.RpcError, attempts: Attempts, request_id: UUID | None) -> float:
    """The wait before the next attempt; raises the GatewayError of the last one."""
    error = read_failure(failure, request_id)
    delay_s = attempts.delay_s(error, time.monotonic())
    if delay_s is None:
        raise error from failure
    return delay_s
