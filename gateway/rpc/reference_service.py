"""ReferenceService over grpc.aio: single calls, and streams that download lists."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

import grpc

from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError
from gateway.registry.snapshot import ClientIdentity
from gateway.rpc.accounting import Accounting, parse
from gateway.rpc.calls import Calls, Context, Handler
from gateway.rpc.errors import language_of, wire_error
from gateway.rpc.identity import Identity
from gateway.rpc.methods import Call
from gateway.rpc.references import ReferenceMethods
from gateway.rpc.stop_list import StopListMethods
from tillgate.v1 import reference_service_pb2 as wire

SERVICE_NAME: Final = wire.DESCRIPTOR.services_by_name["ReferenceService"].full_name
DOWNLOAD: Final = "DownloadReference"
DOWNLOAD_STOP_LIST: Final = "DownloadStopList"

Chunks = AsyncGenerator[bytes, None]


class ReferenceService:
    """Serves lists to whoever has a key; a download that is not read for `stall_s` ends DOWNLOAD_STALLED."""

    name = SERVICE_NAME

    def __init__(
        self,
        methods: ReferenceMethods,
        stop_list: StopListMethods,
        identity: Identity,
        accounting: Accounting,
        stall_s: float,
    ) -> None:
        self._methods = methods
        self._stop_list = stop_list
        self._identity = identity
        self._accounting = accounting
        self._stall_s = stall_s
        self._calls = Calls(identity, accounting)
        self._is_draining = False
        self._leaving: set[asyncio.Task[None]] = set()

    def handler(self, turns_away: Callable[[], bool]) -> grpc.GenericRpcHandler:
        """What a grpc.aio server is given; all calls are sent away whenever `turns_away` says so."""
        streams: dict[str, Handler] = {
            name: grpc.unary_stream_rpc_method_handler(self._download(name, chunks))
            for name, chunks in ((DOWNLOAD, self._reference_of), (DOWNLOAD_STOP_LIST, self._stop_list_of))
        }
        methods = self._methods.table
        return self._calls.handler(SERVICE_NAME, methods, streams, (*methods, *streams), turns_away)

    def drain(self) -> None:
        """End downloads at their next chunk: they can be begun again elsewhere."""
        self._is_draining = True

    def _reference_of(self, body: bytes, _: ClientIdentity) -> Chunks:
        return self._methods.download(parse(wire.DownloadReferenceRequest, body))

    def _stop_list_of(self, body: bytes, client: ClientIdentity) -> Chunks:
        return self._stop_list.download(parse(wire.DownloadStopListRequest, body), client.merchant_id)

    def _download(
        self, name: str, chunks_of: Callable[[bytes, ClientIdentity], Chunks]
    ) -> Callable[[bytes, Context], Awaitable[None]]:
        async def handle(body: bytes, context: Context) -> None:
            loop = asyncio.get_running_loop()
            started, call, code = loop.time(), Call(), grpc.StatusCode.CANCELLED
            self._accounting.begin()
            try:
                self._accounting.admit(len(body))
                fingerprint = self._identity.fingerprint_of(context)
                client = self._identity.client_of(fingerprint)
                with self._accounting.held_stream(fingerprint):
                    await self._send(chunks_of(body, client), fingerprint, context)
                code = grpc.StatusCode.OK
            except Exception as error:
                refusal = self._accounting.refusal(error, name, call)
                failure = wire_error(refusal, language_of(context.invocation_metadata()))
                code = failure.code
                await context.abort(failure.code, failure.message, failure.trailing)
            finally:
                self._accounting.done(name, code.name, call, loop.time() - started)

        return handle

    async def _send(self, chunks: Chunks, fingerprint: bytes, context: Context) -> None:
        step: asyncio.Future[bytes | None] | None = None
        try:
            while True:
                # A client that hangs up cuts off this coroutine wherever it waits, but never the database.
                step = asyncio.ensure_future(anext(chunks, None))
                chunk = await asyncio.shield(step)
                if chunk is None:
                    return
                # Asked anew each time: a revoked key gets nothing more.
                self._identity.client_of(fingerprint)
                await self._write(chunk, context)
        finally:
            leaving = asyncio.create_task(_leave(chunks, step), name="download-leave")
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    async def _write(self, chunk: bytes, context: Context) -> None:
        if self._is_draining:
            raise CommandError(Reason.UNAVAILABLE)
        try:
            async with asyncio.timeout(self._stall_s):
                await context.write(chunk)
        except TimeoutError:
            raise CommandError(Reason.DOWNLOAD_STALLED) from None


async def _leave(chunks: AsyncGenerator[bytes, None], step: "asyncio.Future[bytes | None] | None") -> None:
    """Let the last step end, then give back what the download held."""
    if step is not None:
        await asyncio.gather(step, return_exceptions=True)
    await chunks.aclose()
