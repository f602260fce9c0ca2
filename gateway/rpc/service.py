"""PurchaseService over grpc.aio: bytes in, bytes out, errors by name.

Handlers take raw bytes, because a message that cannot be parsed is answered MESSAGE_MALFORMED
here, and INTERNAL by gRPC. A deadline or a hang-up of the client cancels a handler wherever it
waits; the ledger then decides the command all the same.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias, cast

import grpc

from gateway.rpc.accounting import Accounting
from gateway.rpc.errors import language_of, wire_error
from gateway.rpc.exchange import NAME as EXCHANGE
from gateway.rpc.exchange import Exchange
from gateway.rpc.identity import Identity
from gateway.rpc.methods import Call, Method, PurchaseMethods
from tillgate.v1 import purchase_service_pb2 as service

SERVICE_NAME: Final = service.DESCRIPTOR.services_by_name["PurchaseService"].full_name

Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"


class PurchaseService:
    """Serves a table of methods as gRPC calls, and all of them over streams."""

    def __init__(self, methods: PurchaseMethods, identity: Identity, accounting: Accounting) -> None:
        self._methods = methods
        self._identity = identity
        self._accounting = accounting
        self._exchange = Exchange(methods, identity, accounting)

    def handler(self) -> grpc.GenericRpcHandler:
        """What a grpc.aio server is given."""
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            name: grpc.unary_unary_rpc_method_handler(self._unary(name, method))
            for name, method in self._methods.table.items()
        }
        handlers[EXCHANGE] = grpc.stream_stream_rpc_method_handler(self._exchange.handle)
        return grpc.method_handlers_generic_handler(SERVICE_NAME, handlers)

    def drain(self) -> None:
        """Take nothing new from streams; single calls are gRPC's to turn away."""
        self._exchange.drain()

    def _unary(self, name: str, method: Method) -> Callable[[bytes, Context], Awaitable[bytes]]:
        accounting = self._accounting

        async def handle(body: bytes, context: Context) -> bytes:
            loop = asyncio.get_running_loop()
            started = loop.time()
            # The stubs forget that a call without a deadline has None here.
            remaining_s = cast("float | None", context.time_remaining())
            call = Call(None if remaining_s is None else started + remaining_s)
            accounting.begin()
            try:
                request = accounting.parse(method.request, body)
                client = self._identity.client(context)
                answer = (await method.answer(request, client, call)).SerializeToString()
            except asyncio.CancelledError:
                accounting.done(name, grpc.StatusCode.CANCELLED.name, call, loop.time() - started)
                raise
            except Exception as error:
                refusal = accounting.refusal(error, name, call)
                failure = wire_error(refusal, language_of(context.invocation_metadata()))
                accounting.done(name, failure.code.name, call, loop.time() - started)
                await context.abort(failure.code, failure.message, failure.trailing)
                raise
            accounting.done(name, grpc.StatusCode.OK.name, call, loop.time() - started)
            return answer

        return handle
