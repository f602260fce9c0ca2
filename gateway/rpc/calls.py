"""Single gRPC calls, from bytes to bytes, and how the calls of a service are found; errors by name.

Handlers take raw bytes, because a message that cannot be parsed is answered MESSAGE_MALFORMED
here, and INTERNAL by gRPC. A deadline or a hang-up of the client cancels a handler wherever it
waits; the ledger then decides the command all the same.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeAlias, cast

import grpc
from google.protobuf.message import Message

from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError
from gateway.registry.snapshot import ClientIdentity
from gateway.rpc.accounting import OVERLOAD_PAUSE_S, Accounting, parse
from gateway.rpc.errors import language_of, wire_error
from gateway.rpc.identity import Identity
from gateway.rpc.methods import Call, Method

Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class Calls:
    """Makes gRPC's handlers of tables of methods."""

    def __init__(self, identity: Identity, accounting: Accounting) -> None:
        self._identity = identity
        self._accounting = accounting

    def handler(
        self,
        service_name: str,
        methods: Mapping[str, Method],
        streams: Mapping[str, Handler],
        turned_away: Iterable[str],
        turns_away: Callable[[], bool],
    ) -> grpc.GenericRpcHandler:
        """What a grpc.aio server is given; calls `turned_away` are sent away when `turns_away` says so."""
        served: dict[str, Handler] = {
            name: grpc.unary_unary_rpc_method_handler(self._unary(name, method))
            for name, method in methods.items()
        }
        return _Handlers(
            {f"/{service_name}/{name}": handler for name, handler in (served | dict(streams)).items()},
            # As a stream, of which gRPC reads no message before the handler asks: a fifth of the cost.
            {
                f"/{service_name}/{name}": grpc.stream_stream_rpc_method_handler(self._turned_away(name))
                for name in turned_away
            },
            turns_away,
        )

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
                fingerprint = self._identity.fingerprint_of(context)
                known = accounting.known
                peer = context.peer() if known and known.wants(fingerprint) else None
                with accounting.held(fingerprint):
                    read = partial(arrived, body, fingerprint)
                    answer = (await method.answer(read, call)).SerializeToString()
                if known and peer:
                    known.note(fingerprint, peer)
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
    """Finds the handler of each call when gRPC has fetched it."""

    def __init__(
        self,
        served: Mapping[str, Handler],
        turned_away: Mapping[str, Handler],
        turns_away: Callable[[], bool],
    ) -> None:
        self._served = served
        self._turned_away = turned_away
        self._turns_away = turns_away

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "Handler | None":
        path = handler_call_details.method
        if path in self._turned_away and self._turns_away():
            return self._turned_away[path]
        return self._served.get(path)
