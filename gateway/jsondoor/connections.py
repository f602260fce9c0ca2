"""The HTTP under the JSON door: aiohttp's low-level server, bounded wherever a client could hold it up."""

import asyncio
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final, cast

import structlog
from aiohttp import web

from gateway.domain.reasons import Reason
from gateway.jsondoor.authentication import FINGERPRINT
from gateway.jsondoor.problems import HttpFault, HttpFaultError, fault_response, refusal_response
from gateway.jsondoor.service import IS_SURPLUS, JsonService
from gateway.ledger.answers import CommandError

LINGER_S: Final = 2.0
"""How long the rest of a refused body is read and thrown away, so that its sender gets to see the answer."""

_CUT_OFF_S: Final = 1.0

_log = structlog.get_logger(__name__)


class _Connection(web.RequestHandler):
    """One client's connection. Answers that it leaves unread for as long as it may be idle are its last."""

    __slots__ = ("_held", "_left", "_server", "_unread", "fingerprint")

    def __init__(self, manager: "HttpServer", left: Callable[[], None] | None, **options: Any) -> None:
        super().__init__(manager, **options)
        self._server = manager
        self._left = left

    @property
    def is_surplus(self) -> bool:
        """Whether its client key has more connections than it may have; the latest ones are."""
        return self._held > self._server.client_connections > 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        tls = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        self.fingerprint = sha256(certificate).digest() if certificate else b""
        self._unread: asyncio.TimerHandle | None = None
        self._held = self._server.held_of(self.fingerprint) if self.fingerprint else 0
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)
        if self.fingerprint:
            self._server.leave(self.fingerprint)
        if self._left is not None:
            self._left()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self._loop.call_later(self.keepalive_timeout, self._hang_up)

    def resume_writing(self) -> None:
        self._stop_waiting()
        super().resume_writing()

    def _stop_waiting(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _hang_up(self) -> None:
        if self.transport is not None:
            _log.info("a client that does not read its answers was cut off")
            self.transport.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 it may repeat what the client sent
    ) -> web.StreamResponse:
        """What is not HTTP gets a problem as well, and the connection ends."""
        if request.writer.output_size > 0 or isinstance(exc, ConnectionError):
            raise ConnectionError("nobody reads an answer any more, or one has begun that cannot be finished")
        if status < 500:
            response = fault_response(HttpFaultError(HttpFault.HTTP_MALFORMED), "ru")
        else:
            _log.error("a response failed", exc_info=exc)
            response = refusal_response(CommandError(Reason.UNAVAILABLE), "ru")
        response.force_close()
        return response


class HttpServer(web.Server):
    """Makes a connection of each transport, and hands its requests to the service.

    A connection may be idle for `idle_s`, from its beginning to a request's whole head and from each answer
    to the next. A client key has `client_connections` at most (0: no limit): further ones are told so.
    """

    def __init__(
        self, service: JsonService, *, message_bytes: int, idle_s: float, client_connections: int = 0
    ) -> None:
        super().__init__(self._serve, request_factory=self._request)
        self._service = service
        self._message_bytes = message_bytes
        self._idle_s = idle_s
        self.client_connections = client_connections
        self._held: Counter[bytes] = Counter()
        self._serving: dict[asyncio.Task[Any], web.RequestHandler] = {}
        self._is_leaving = False

    def __call__(self, left: Callable[[], None] | None = None) -> web.RequestHandler:
        """A connection; `left` is called when it is lost."""
        return _Connection(
            self,
            left,
            loop=self._loop,
            keepalive_timeout=self._idle_s,
            lingering_time=LINGER_S,
            access_log=cast(Any, None),
            # A small body may not become a large one.
            auto_decompress=False,
        )

    def held_of(self, fingerprint: bytes) -> int:
        """One more connection of a client key; how many it has now."""
        self._held[fingerprint] += 1
        return self._held[fingerprint]

    def leave(self, fingerprint: bytes) -> None:
        """One connection less."""
        self._held[fingerprint] -= 1
        if not self._held[fingerprint]:
            del self._held[fingerprint]

    def give_notice(self) -> None:
        """Let each answer be the last one of its connection: the client's next request finds another door."""
        self._is_leaving = True

    async def drain(self, grace_s: float) -> None:
        """End idle connections, and the others with the answers to what has begun to arrive.

        What takes longer than `grace_s` is cut off.
        """
        self.give_notice()
        # aiohttp would end them all, and throw away the rest of a body that is on its way.
        for connection in set(self.connections).difference(self._serving.values()):
            connection.force_close()
        if self._serving:
            _, late = await asyncio.wait(self._serving, timeout=grace_s)
            for task in late:
                task.cancel()
        await self.shutdown(_CUT_OFF_S)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        # aiohttp has a task for each request, which ends when the answer is written.
        task = cast(asyncio.Task[Any], asyncio.current_task())
        self._serving[task] = request.protocol
        task.add_done_callback(self._serving.pop)
        response = await self._service.handle(request)
        if self._is_leaving or request[IS_SURPLUS]:
            response.force_close()
        return response

    def _request(
        self, message: Any, payload: Any, protocol: web.RequestHandler, writer: Any, task: asyncio.Task[None]
    ) -> web.BaseRequest:
        size = self._message_bytes
        request = web.BaseRequest(message, payload, protocol, writer, task, self._loop, client_max_size=size)
        connection = cast(_Connection, protocol)
        request[FINGERPRINT], request[IS_SURPLUS] = connection.fingerprint, connection.is_surplus
        return request
