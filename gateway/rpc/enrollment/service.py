"""EnrollmentService over grpc.aio: single calls by anybody, few at once and none too often."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import grpc
from google.protobuf.message import Message

from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError
from gateway.rpc.accounting import Accounting, parse
from gateway.rpc.calls import Context
from gateway.rpc.enrollment.methods import EnrollmentMethod, EnrollmentMethods
from gateway.rpc.enrollment.rates import Rates, address_of
from gateway.rpc.errors import language_of, wire_error
from gateway.rpc.methods import Call
from tillgate.v1 import enrollment_service_pb2 as wire

SERVICE_NAME: Final = wire.DESCRIPTOR.services_by_name["EnrollmentService"].full_name


class EnrollmentService:
    """Serves the methods of enrolment."""

    name = SERVICE_NAME

    def __init__(self, methods: EnrollmentMethods, accounting: Accounting, rates: Rates) -> None:
        self._methods = methods
        self._accounting = accounting
        self._rates = rates

    def handler(self, turns_away: Callable[[], bool]) -> grpc.GenericRpcHandler:
        """What a grpc.aio server is given; calls are sent away whenever `turns_away` says so."""
        handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            name: grpc.unary_unary_rpc_method_handler(self._unary(name, method, turns_away))
            for name, method in self._methods.table.items()
        }
        return grpc.method_handlers_generic_handler(SERVICE_NAME, handlers)

    def drain(self) -> None:
        """Nothing here lasts."""

    def _unary(
        self, name: str, method: EnrollmentMethod, turns_away: Callable[[], bool]
    ) -> Callable[[bytes, Context], Awaitable[bytes]]:
        accounting = self._accounting

        async def handle(body: bytes, context: Context) -> bytes:
            loop = asyncio.get_running_loop()
            started, call, code = loop.time(), Call(), grpc.StatusCode.CANCELLED
            peer, language = context.peer(), language_of(context.invocation_metadata())
            accounting.begin()
            try:
                accounting.admit(len(body))
                wait_s = self._rates.wait_s(address_of(peer))
                if wait_s > 0 or turns_away():
                    raise CommandError(Reason.OVERLOADED, retry_after_s=max(wait_s, 0.2))
                # A client that hangs up does not cut off the database in the middle of a statement.
                work = asyncio.ensure_future(method.answer(parse(method.request, body)))
                work.add_done_callback(_looked_at)
                answer = (await asyncio.shield(work)).SerializeToString()
                code = grpc.StatusCode.OK
            except Exception as error:
                failure = wire_error(accounting.refusal(error, name, call), language)
                code = failure.code
                await context.abort(failure.code, failure.message, failure.trailing)
                raise
            finally:
                accounting.done(name, code.name, call, loop.time() - started)
            return answer

        return handle


def _looked_at(work: "asyncio.Future[Message]") -> None:
    """A failure for which nobody waits any more is not reported as lost."""
    if not work.cancelled():
        work.exception()
