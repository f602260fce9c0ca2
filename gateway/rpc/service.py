"""The tills' services over grpc.aio: bytes in, bytes out, errors by name.

Handlers take raw bytes, because a message that cannot be parsed is answered MESSAGE_MALFORMED
here, and INTERNAL by gRPC. A deadline or a hang-up of the client cancels a handler wherever it
waits; the ledger then decides the command all the same.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias, cast

import grpc
from google.protobuf.message import Message

from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError
from gateway.registry.snapshot import ClientIdentity
from gateway.rpc.accounting import OVERLOAD_PAUSE_S, Accounting, parse
from gateway.rpc.errors import language_of, wire_error
from gateway.rpc.exchange import NAME as EXCHANGE
from gateway.rpc.exchange import Exchange
from gateway.rpc.identity import Identity, fingerprint_of
from gateway.rpc.methods import Call, Method, PurchaseMethods
from tillgate.v1 import purchase_service_pb2 as service

SERVICE_NAME: Final = service.DESCRIPTOR.services_by_name["PurchaseService"].full_name

NO_OTHERS: Final[Mapping[str, Mapping[str, Method]]] = {}

Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class PurchaseService:
    """Serves the methods of PurchaseService as gRPC calls and over streams.

    `others` are further services by their full names, each a table of methods that are served as calls alone.
    """

    def __init__(
        self,
        methods: PurchaseMethods,
        identity: Identity,
        accounting: Accounting,
        others: Mapping[str, Mapping[str, Method]] = NO_OTHERS,
    ) -> None:
        self._tables = {SERVICE_NAME: methods.table, **others}
        self._identity = identity
        self._accounting = accounting
        self._exchange = Exchange(methods, identity, accounting)

    def handler(self, turns_away: Callable[[], bool]) -> grpc.GenericRpcHandler:
        """What a grpc.aio server is given; single calls are sent away whenever `turns_away` says so."""
        methods = {
            f"/{service_name}/{name}": (name, method)
            for service_name, table in self._tables.items()
            for name, method in table.items()
        }
        handlers = {path: self._unary(*named) for path, named in methods.items()}
        turned_away = {path: self._turned_away(name) for path, (name, _) in methods.items()}
        return _Handlers(handlers, turned_away, self._exchange.handle, turns_away)

    @property
    def names(self) -> tuple[str, ...]:
        """The full names of the services."""
        return tuple(self._tables)

    def drain(self) -> None:
        """Take nothing new from streams; single calls are gRPC's to turn away."""
        self._exchange.drain()

    def _turned_away(self, name: str) -> Callable[[object, Context], Awaitable[None]]:
        accounting = self._accounting
        error = CommandError(Reason.OVERLOADED, retry_after_s=OVERLOAD_PAUSE_S)
        # Made once: when it is needed nobody has time to spare.
        failures = {language: wire_error(error, language) for language in ("ru", "en")}

        async def handle(_: object, context: Context) -> None:
            call = Call(reason=error.reason.name)
            failure = failures[language_of(context.invocation_metadata())]
            accounting.begin()
            accounting.done(name, failure.code.name, call, 0.0)
            await context.abort(failure.code, failure.message, failure.trailing)

        return handle

    def _unary(self, name: str, method: Method) -> Callable[[bytes, Context], Awaitable[bytes]]:
        accounting = self._accounting

        def arrived(body: bytes, fingerprint: bytes) -> tuple[Message, ClientIdentity]:
            return parse(method.request, body), self._identity.client_of(fingerprint)

        async def handle(body: bytes, context: Context) -> bytes:
            loop = asyncio.get_running_loop()
            started = loop.time()
            # The stubs forget that a call without a deadline has None here.
            remaining_s = cast("float | None", context.time_remaining())
            call = Call(None if remaining_s is None else started + remaining_s)
            accounting.begin()
            try:
                accounting.admit(len(body))
                # Asked now: gRPC's context is not to be touched any more when its call has been cut off.
                read = partial(arrived, body, fingerprint_of(context))
                answer = (await method.answer(read, call)).SerializeToString()
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


class _Handlers(grpc.GenericRpcHandler):
    """Finds the handler of each call, by its path, when gRPC has fetched it."""

    def __init__(
        self,
        served: Mapping[str, Callable[[bytes, Context], Awaitable[bytes]]],
        turned_away: Mapping[str, Callable[[object, Context], Awaitable[None]]],
        exchange: Callable[[object, Context], Awaitable[None]],
        turns_away: Callable[[], bool],
    ) -> None:
        self._served: dict[str, Handler] = {
            path: grpc.unary_unary_rpc_method_handler(handle) for path, handle in served.items()
        }
        # As a stream, of which gRPC reads no message before the handler asks: that saves a fifth of the cost.
        self._turned_away: dict[str, Handler] = {
            path: grpc.stream_stream_rpc_method_handler(handle) for path, handle in turned_away.items()
        }
        self._served[f"/{SERVICE_NAME}/{EXCHANGE}"] = grpc.stream_stream_rpc_method_handler(exchange)
        self._turns_away = turns_away

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "Handler | None":
        path = handler_call_details.method
        if path in self._turned_away and self._turns_away():
            return self._turned_away[path]
        return self._served.get(path)
