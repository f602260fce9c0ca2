"""PurchaseService over grpc.aio: bytes in, bytes out, errors by name, one log line a request.

Handlers take raw bytes, because a message that cannot be parsed is answered MESSAGE_MALFORMED
here, and INTERNAL by gRPC. A deadline or a hang-up of the client cancels a handler wherever it
waits; the ledger then decides the command all the same.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

import grpc
import structlog
from google.protobuf.message import DecodeError, Message

from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError
from gateway.rpc import metrics
from gateway.rpc.errors import RefusalError, language_of, wire_error
from gateway.rpc.identity import Identity
from gateway.rpc.methods import Call, Method, PurchaseMethods
from gateway.rpc.validation.findings import InvalidRequestError, invalid
from tillgate.v1 import purchase_service_pb2 as service

SERVICE_NAME: Final = service.DESCRIPTOR.services_by_name["PurchaseService"].full_name
OVERLOAD_PAUSE_S: Final = 0.2

Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """The largest message that is read, and how many requests are served at once."""

    message_bytes: int = 1_048_576
    in_flight: int = 4_000


class PurchaseService:
    """Serves a table of methods as gRPC calls."""

    def __init__(self, methods: PurchaseMethods, identity: Identity, limits: ServiceLimits) -> None:
        self._methods = methods
        self._identity = identity
        self._limits = limits
        self._in_flight = 0

    def handler(self) -> grpc.GenericRpcHandler:
        """What a grpc.aio server is given."""
        return grpc.method_handlers_generic_handler(
            SERVICE_NAME,
            {
                name: grpc.unary_unary_rpc_method_handler(self._unary(name, method))
                for name, method in self._methods.table.items()
            },
        )

    def _unary(self, name: str, method: Method) -> Callable[[bytes, Context], Awaitable[bytes]]:
        async def handle(body: bytes, context: Context) -> bytes:
            loop = asyncio.get_running_loop()
            started = loop.time()
            # The stubs forget that a call without a deadline has None here.
            remaining_s = cast("float | None", context.time_remaining())
            call = Call(None if remaining_s is None else started + remaining_s)
            self._in_flight += 1
            try:
                request = self._parse(method.request, body)
                client = self._identity.client(context)
                answer = (await method.answer(request, client, call)).SerializeToString()
            except asyncio.CancelledError:
                self._done(name, grpc.StatusCode.CANCELLED, call, loop.time() - started)
                raise
            except Exception as error:
                refusal = _refusal(error, name, call)
                call.reason = refusal.reason.name
                failure = wire_error(refusal, language_of(context.invocation_metadata()))
                self._done(name, failure.code, call, loop.time() - started)
                await context.abort(failure.code, failure.message, failure.trailing)
                raise
            self._done(name, grpc.StatusCode.OK, call, loop.time() - started)
            return answer

        return handle

    def _parse(self, request_type: type[Message], body: bytes) -> Message:
        """The message of a request; refuses what is too large, too much or no message."""
        if len(body) > self._limits.message_bytes:
            raise invalid(Reason.MESSAGE_TOO_LARGE)
        if self._in_flight > self._limits.in_flight:
            raise CommandError(Reason.OVERLOADED, retry_after_s=OVERLOAD_PAUSE_S)
        try:
            return request_type.FromString(body)
        except DecodeError as error:
            raise invalid(Reason.MESSAGE_MALFORMED) from error

    def _done(self, name: str, code: grpc.StatusCode, call: Call, seconds: float) -> None:
        """Metrics, and the access log: who, what and how it ended; nothing of the card or the basket."""
        self._in_flight -= 1
        metrics.IN_FLIGHT.set(self._in_flight)
        metrics.requests_by(name, code.name, call.decision, call.reason).inc()
        metrics.seconds_of(name).observe(seconds)
        origin = call.origin
        _log.info(
            "request",
            method=name,
            code=code.name,
            decision=call.decision,
            reason=call.reason,
            merchant_id=origin.merchant_id if origin else 0,
            terminal_id=origin.terminal_id if origin else 0,
            concentrator_id=origin.concentrator_id if origin else 0,
            request_id=str(call.request_id) if call.request_id else "",
            duration_ms=round(seconds * 1000, 3),
        )


def _refusal(error: Exception, name: str, call: Call) -> RefusalError:
    """What a till is told of an error: a fault of ours is UNAVAILABLE, the same id may be sent again."""
    if isinstance(error, InvalidRequestError | CommandError):
        return error
    _log.error("a request failed", method=name, request_id=str(call.request_id), exc_info=error)
    return CommandError(Reason.UNAVAILABLE)
